"""Health probes: who is probed with what, and that their results move targets out and in."""

import re
import threading

import pytest

from harness import answers, chat, policy
from harness.wait import until

PROBE = {"interval_seconds": 1, "timeout_seconds": 5, "healthy_threshold": 1,
         "unhealthy_threshold": 2}  # fmt: skip
GOOD = answers.whole(b'{"object":"list","data":[]}')
BAD = answers.whole(b"{}", 503)


class Sick:
    """A script: probes get `probe`, requests their answer. Counts the probes."""

    def __init__(self, probe):
        self.probe = probe
        self.probes = []
        self.lock = threading.Lock()

    def __call__(self, exchange):
        if exchange.request.method == "GET":
            with self.lock:
                self.probes.append(exchange.request)
            return self.probe(exchange)
        return answers.whole(chat.dump(chat.answer()))(exchange)


@pytest.fixture
def first(make_provider):
    provider = make_provider()
    provider.script = Sick(GOOD)
    provider.answer(provider.script)
    return provider


@pytest.fixture
def gateway_for(make_gateway, first, provider):
    """Targets "one" (probed) and "two", in this order."""

    def make(probe=(), more="", **settings):
        one = policy.target(first, id="one", health_probe={**PROBE, **dict(probe)})
        config = policy.config(one, policy.target(provider, id="two"))
        return make_gateway(config, policy.routed(more=more), **settings)

    return make


def asked(gateway):
    answer = gateway.chat()
    assert answer.status == 200
    return answer.header("x-keeptrusts-target")


def test_failing_probes_move_a_target_out_and_good_ones_in(gateway_for, first):
    gateway = gateway_for()
    assert asked(gateway) == "one"
    first.script.probe = BAD
    until(lambda: asked(gateway) == "two", "the target to go")
    first.script.probe = GOOD
    until(lambda: asked(gateway) == "one", "the target to come back")
    log = gateway.error_log
    assert len(re.findall(r'"one" is unhealthy: 2 probes in a row failed, status 503', log)) == 1
    assert len(re.findall(r'target "one" is healthy again', log)) == 1


def test_a_probe_has_the_key_and_nothing_of_a_user(gateway_for, first):
    gateway = gateway_for({"path": "/models?limit=1"})
    gateway.chat("A user's text", headers=[("X-User-Id", "jane"), ("traceparent", "00-1-2-3")])
    until(lambda: first.script.probes, "a probe")
    probe = first.script.probes[0]
    assert (probe.method, probe.target) == ("GET", "/v1/models?limit=1")
    assert probe.header("authorization") == f"Bearer {policy.KEY}"
    assert probe.body == b""
    assert set(probe.header_names) == {
        "host", "accept", "accept-encoding", "connection", "authorization", "user-agent"
    }  # fmt: skip


def test_the_expected_status_may_be_another(gateway_for, first):
    first.script.probe = answers.whole(b"{}", 404)
    gateway = gateway_for({"expected_status": "400-499"})
    until(lambda: len(first.script.probes) >= 4, "some probes")
    assert asked(gateway) == "one"


@pytest.mark.parametrize("kind", ["stalls", "hangs up", "speaks something else"])
def test_what_is_no_answer_fails(gateway_for, first, kind):
    first.script.probe = {
        "stalls": answers.stall,
        "hangs up": answers.hang_up,
        "speaks something else": answers.raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
    }[kind]
    gateway = gateway_for({"timeout_seconds": 1, "unhealthy_threshold": 1})
    until(lambda: asked(gateway) == "two", "the target to go")
    said = {"stalls": "timed out", "hangs up": "closed", "speaks something else": "no HTTP"}[kind]
    assert re.search(r'"one" is unhealthy: .*' + said, gateway.error_log)


def test_a_certificate_is_verified_before_the_key_is_sent(
    make_gateway, make_provider, provider, pki
):
    misnamed = make_provider(pki.server_context("other.example"))
    url = f"https://localhost:{misnamed.port}/v1"
    one = policy.target(misnamed, id="one", base_url=url, health_probe=PROBE)
    more = f"keeptrusts_ssl_trusted_certificate {pki.ca_file};"
    gateway = make_gateway(
        policy.config(one, policy.target(provider, id="two")), policy.routed(more=more)
    )
    until(lambda: "is unhealthy" in gateway.error_log, "the target to go")
    assert "the certificate is not valid" in gateway.error_log
    assert not misnamed.requests


def test_a_probe_over_tls_names_the_provider(make_gateway, make_provider, pki):
    tls = make_provider(pki.server_context("localhost"))
    url = f"https://localhost:{tls.port}/v1"
    more = f"keeptrusts_ssl_trusted_certificate {pki.ca_file};"
    make_gateway(
        policy.config(policy.target(tls, base_url=url, health_probe=PROBE)),
        policy.routed(more=more),
    )
    probe = tls.wait_for_requests(1)[0]
    assert (probe.method, probe.server_name) == ("GET", "localhost")


def test_one_worker_probes_at_a_time(make_gateway, make_provider):
    held, watched = make_provider(), make_provider()
    held.answer(answers.stall)
    patient = {**PROBE, "timeout_seconds": 60}
    gateway = make_gateway(
        policy.config(
            policy.target(held, id="held", health_probe=patient),
            policy.target(watched, id="watched", health_probe=PROBE),
        ),
        policy.routed(),
        workers=4,
    )
    watched.wait_for_requests(4)  # all workers have ticked, several times
    assert len(held.requests) == 1
    assert "unhealthy" not in gateway.error_log


def test_a_target_that_is_out_stays_out_over_a_reload(gateway_for, first):
    first.script.probe = BAD
    gateway = gateway_for()
    until(lambda: asked(gateway) == "two", "the target to go")
    gateway.reload()
    assert asked(gateway) == "two"
    count = len(first.script.probes)
    until(lambda: len(first.script.probes) > count, "the new worker to probe")
    first.script.probe = GOOD
    until(lambda: asked(gateway) == "one", "the target to come back")


def test_a_worker_leaves_with_a_probe_open(gateway_for, first):
    first.script.probe = answers.stall
    gateway = gateway_for({"timeout_seconds": 60})
    until(lambda: first.script.probes, "a probe")
    gateway.reload()  # an open socket would be an alert in the log
    until(lambda: "exited with code 0" in gateway.error_log, "the old worker to leave")


def test_a_disabled_probe_asks_nothing(make_gateway, make_provider, first):
    idle = make_provider()
    config = policy.config(
        policy.target(idle, id="idle", health_probe={**PROBE, "enabled": False}),
        policy.target(first, id="one", health_probe=PROBE),
    )
    make_gateway(config, policy.routed())
    until(lambda: len(first.script.probes) >= 2, "the other's probes")
    assert not idle.requests


def test_the_servers_of_an_upstream_are_probed(make_gateway, make_provider):
    dead, alive = make_provider(), make_provider()
    dead.close()
    http = f"upstream fleet {{ server 127.0.0.1:{dead.port}; server 127.0.0.1:{alive.port}; }}"
    target = policy.target(alive, base_url="http://fleet/v1", allow_plaintext=True,
                           health_probe=PROBE)  # fmt: skip
    gateway = make_gateway(policy.config(target), policy.routed(), http=http)
    alive.wait_for_requests(3)
    assert "unhealthy" not in gateway.error_log
