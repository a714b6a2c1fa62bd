"""Every fault, for plain requests and streams, with and without a healthy target behind it."""

import re
import ssl
import threading

import pytest

from harness import answers, chat, faults, listeners, outcomes, policy
from harness.wait import SCALE

NAME = "localhost"
FALLBACK_KEY = "sk-fallback-target"
FALLBACK_VARIABLE = "KT_TEST_FALLBACK_KEY"
TIMEOUT_S = 0.4 * SCALE

# Each cell has a location of its own, so that no breaker remembers another cell.
CELLS = [
    (fault, kind, fallback)
    for fault in faults.ALL
    for kind in ("json", "stream")
    if getattr(fault, kind) is not None
    for fallback in ("healthy", "none")
]


def path_of(cell):
    fault, kind, fallback = cell
    return "/" + re.sub(r"\W+", "-", f"{fault.name} {kind} {fallback}").lower() + "/"


@pytest.fixture(scope="module")
def healthy(make_provider):
    return make_provider()


@pytest.fixture(scope="module")
def expired(pki, make_provider):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pki.expired_certificate(NAME))
    return make_provider(context)


@pytest.fixture(scope="module")
def servers(make_provider, pki, shared_provider, expired):
    refused = make_provider()
    refused.close()
    made = {
        "plain": shared_provider,
        "refused": refused,
        "resetting": listeners.Listener(listeners.reset_at_once, threading.Thread),
        "closing": listeners.Listener(listeners.close_in_handshake, threading.Thread),
        "leaving": listeners.Listener(
            listeners.close_behind_handshake(pki.server_context(NAME)), threading.Thread
        ),
        "misnamed": make_provider(pki.server_context("other.example")),
        "expired": expired,
        "unknown": make_provider(pki.stranger_context(NAME)),
    }
    yield made
    for name in ("resetting", "closing", "leaving"):
        made[name].close()


TLS_SERVERS = ("closing", "leaving", "misnamed", "expired", "unknown")


def targets_of(cell, servers, healthy):
    fault, _, fallback = cell
    server = servers[fault.server]
    faulty = {
        "id": "faulty",
        "model": "m-faulty",
        "timeout_seconds": TIMEOUT_S,
        "stream_timeout_seconds": TIMEOUT_S,
    }
    if fault.server in TLS_SERVERS:
        faulty["base_url"] = f"https://{NAME}:{server.port}/v1"
    targets = [policy.target(server, **faulty)]
    if fallback == "healthy":
        targets.append(
            policy.target(
                healthy, id="healthy", model="m-healthy", secret_key_ref={"env": FALLBACK_VARIABLE}
            )
        )
    return targets


@pytest.fixture(scope="module")
def matrix(make_gateway, servers, healthy, pki):
    more = f"keeptrusts_ssl_trusted_certificate {pki.ca_file};"
    locations = ""
    gateway = make_gateway(start=False, env={FALLBACK_VARIABLE: FALLBACK_KEY})
    for cell in CELLS:
        file = path_of(cell).strip("/") + ".yaml"
        config = policy.config(
            *targets_of(cell, servers, healthy),
            chain=["audit-logger"],  # nothing to compile: there are hundreds of locations
        )
        del config["policy"]["safety-filter"]
        gateway.write(file, config)
        locations += policy.routed(path_of(cell), more=more, policy=file)
    gateway.server = locations
    gateway.start()
    yield gateway
    gateway.stop()


def ask(matrix, cell):
    _, kind, _ = cell
    stream = {"stream": True} if kind == "stream" else {}
    return matrix.chat(path=f"{path_of(cell)}v1/chat/completions", **stream)


def assert_fallback_answered(answer, kind, healthy):
    assert answer.status == 200 and answer.complete
    assert answer.header("x-keeptrusts-target") == "healthy"
    if kind == "stream":
        assert chat.text_of(answer.body) == "from the healthy one" and chat.is_done(answer.body)
    else:
        assert answer.json()["choices"][0]["message"]["content"] == "from the healthy one"
    assert len(healthy.requests) == 1
    assert healthy.last.header("authorization") == f"Bearer {FALLBACK_KEY}"
    assert healthy.last.json()["model"] == "m-healthy"


def assert_client_sees(answer, outcome):
    assert (answer.status, answer.complete) == (outcome.status, True)
    if outcome.code is None:
        return
    assert answer.error["code"] == outcome.code
    assert outcome.status == 429 or answer.header("x-should-retry") == "false"


def attempt_of(record, target):
    found = [a for a in record["attempts"] if a["target"] == target]
    assert len(found) == 1, record["attempts"]
    return found[0]


@pytest.mark.parametrize("cell", CELLS, ids=[path_of(cell).strip("/") for cell in CELLS])
def test_a_fault_has_its_promised_outcome(matrix, servers, healthy, cell):
    fault, kind, fallback = cell
    outcome = getattr(fault, kind)
    healthy.reset()
    healthy.answer(
        answers.stream(chat.stream(["from the healthy one"]))
        if kind == "stream"
        else answers.whole(chat.dump(chat.answer("from the healthy one")))
    )
    server = servers[fault.server]
    if fault.script is not None:
        server.reset()
        server.answer(fault.script)

    answer = ask(matrix, cell)
    record = matrix.record_of(answer)
    attempt = attempt_of(record, "faulty")

    if fault.script is not None:
        assert len(server.requests) == 1
        assert server.last.header("authorization") == f"Bearer {policy.KEY}"
    if isinstance(outcome, outcomes.Fails):
        if outcome.races_with and attempt["error"] != outcome.error:
            outcome = outcome.races_with
        assert attempt["error"] == outcome.error
        assert attempt.get("maybe_billed", False) is outcome.maybe_billed
        if fallback == "healthy":
            assert_fallback_answered(answer, kind, healthy)
            assert record["target"] == "healthy"
            assert attempt_of(record, "healthy")["status"] == 200
        else:
            assert_client_sees(answer, outcome)
            assert record["verdict"] == outcome.verdict
        return
    assert not healthy.requests
    assert answer.complete
    if isinstance(outcome, outcomes.Breaks):
        assert answer.status == 200
        assert chat.error_of(answer.body)["code"] == outcome.code
        assert not chat.is_done(answer.body)
        assert attempt["error"] == outcome.error
        assert record["verdict"] == "error"
    else:
        assert answer.status == outcome.status
        assert kind == "json" or outcome.status != 200 or chat.is_done(answer.body)
