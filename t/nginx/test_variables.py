"""$keeptrusts_* in log_format, add_header and map; and the roll-out switch."""

import json

import pytest

from harness import answers, chat, policy
from harness.wait import until

NAMES = (
    "verdict policy reason target provider model attempts redactions injection_score "
    "prompt_tokens completion_tokens cost_usd ttft"
).split()
FORMAT = ",".join(f'"{name}":"$keeptrusts_{name}"' for name in NAMES)


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    http = f"""
        log_format facts escape=json '{{"id":"$http_x_test",{FORMAT}}}';
        map $keeptrusts_verdict $mark {{ default "other"; blocked "stopped"; redacted "edited"; }}
    """
    more = """
        access_log {dir}/facts.log facts;
        add_header X-Mark $mark always;
        add_header X-Redactions $keeptrusts_redactions always;
    """
    off = more + "keeptrusts_enforce off;"
    target = policy.target(shared_provider, model="m-target")
    return make_gateway(
        policy.config(target),
        policy.routed(more=more)
        + policy.stock(shared_provider, more=more)
        + policy.routed("/off/", off)
        + policy.stock(shared_provider, "/stock-off/", off),
        http=http,
    )


def facts_of(gw, name):
    """The access log's line of the request with `X-Test: name`."""

    def find():
        path = gw.directory / "facts.log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in map(json.loads, lines) if line["id"] == name]

    return until(find, f"the log line of {name}")[0]


def test_an_allowed_request_is_logged(gw, provider, base):
    name = f"allowed {base}"
    gw.chat(path=f"{base}/chat/completions", headers=[("X-Test", name)])
    facts = facts_of(gw, name)
    assert (facts["verdict"], facts["redactions"]) == ("allowed", "0")
    assert (facts["prompt_tokens"], facts["completion_tokens"]) == ("11", "7")
    assert 0 <= float(facts["injection_score"]) < 0.8


def test_the_target_is_logged(gw, provider):
    gw.chat(headers=[("X-Test", "target")])
    facts = facts_of(gw, "target")
    assert (facts["target"], facts["provider"]) == ("main", "openai-compatible")
    assert facts["model"] == "m-target"
    assert "main" in facts["attempts"] and "200" in facts["attempts"]


def test_a_block_is_logged(gw, provider, base):
    name = f"blocked {base}"
    gw.chat(chat.INJECTION, f"{base}/chat/completions", headers=[("X-Test", name)])
    facts = facts_of(gw, name)
    assert (facts["verdict"], facts["policy"]) == ("blocked", "prompt-injection")
    assert facts["reason"] == "prompt_injection.detected"
    assert float(facts["injection_score"]) >= 0.8
    assert facts["target"] in ("", "-")


def test_the_redactions_of_a_stream_are_logged(gw, provider, base):
    name = f"stream {base}"
    provider.answer(answers.stream(chat.stream(["ask jane.doe", "@acme-mail.com"])))
    path = f"{base}/chat/completions"
    gw.chat(chat.EMAIL, path, headers=[("X-Test", name)], stream=True)
    facts = facts_of(gw, name)
    assert (facts["verdict"], facts["redactions"]) == ("redacted", "2")
    assert facts["ttft"]


def test_a_map_and_add_header_see_the_verdict(gw, provider, base):
    path = f"{base}/chat/completions"
    assert gw.chat(chat.INJECTION, path).header("x-mark") == "stopped"
    redacted = gw.chat(chat.EMAIL, path)
    assert redacted.header("x-mark") == "edited"
    assert redacted.header("x-redactions") == "1"
    assert gw.chat(path=path).header("x-mark") == "other"


def test_the_variables_of_an_ungoverned_request_are_empty(make_gateway, shared_provider):
    gateway = make_gateway(
        policy.config(policy.target(shared_provider)),
        policy.routed() + 'location /free { return 200 "<$keeptrusts_verdict>"; }',
    )
    assert gateway.get("/free").body == b"<>"


# keeptrusts_enforce off: all is seen and recorded, nothing is changed.


@pytest.fixture(params=["/off", "/stock-off/v1"])
def off(request):
    return request.param


def test_enforce_off_lets_an_injection_pass_as_a_flag(gw, provider, off):
    answer = gw.chat(chat.INJECTION, f"{off}/chat/completions")
    assert answer.status == 200
    record = gw.record_of(answer)
    assert record["verdict"] == "allowed"
    flagged = [p for p in record["policies"] if p["verdict"] == "flagged"]
    assert [p["kind"] for p in flagged] == ["prompt-injection"]
    assert flagged[0]["reason_code"] == "prompt_injection.detected"


def test_enforce_off_leaves_request_and_answer_alone(gw, provider, off):
    body = chat.dump(chat.answer(f"ask {chat.EMAIL}"))
    provider.answer(answers.whole(body))
    answer = gw.chat(f"Mail {chat.EMAIL}", f"{off}/chat/completions")
    assert provider.last.json()["messages"][0]["content"] == f"Mail {chat.EMAIL}"
    assert answer.body == body


def test_enforce_off_leaves_a_stream_alone(gw, provider, off):
    events = chat.stream(["ask jane.doe", "@acme-mail.com", " now"])
    provider.answer(answers.stream(events))
    answer = gw.chat(path=f"{off}/chat/completions", stream=True)
    assert answer.body == b"".join(events)


def test_enforce_off_still_refuses_malformed_requests(gw, provider, off):
    assert gw.post(f"{off}/chat/completions", b"no JSON").status == 400
