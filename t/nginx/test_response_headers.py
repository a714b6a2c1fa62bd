"""Response headers: an allow-list for the provider's, and ours."""

import re

import pytest

from harness import answers, chat, policy

ALLOWED = [
    ("Retry-After", "7"),
    ("retry-after-ms", "7000"),
    ("x-should-retry", "false"),
    ("x-ratelimit-remaining-requests", "99"),
    ("x-ratelimit-reset-tokens", "6ms"),
    ("openai-processing-ms", "123"),
]
DROPPED = [
    ("Set-Cookie", "provider=1"),
    ("X-Powered-By", "provider-software"),
    ("Server-Timing", "db;dur=5"),
    ("X-Internal-Node", "node-17"),
    ("Access-Control-Allow-Origin", "*"),
    ("Location", "/somewhere"),
    ("Link", "</x>; rel=preload"),
    ("ETag", '"abc"'),
    ("Accept-Ranges", "bytes"),
    ("Last-Modified", "Tue, 01 Jan 2030 00:00:00 GMT"),
    ("x-request-id", "provider-req-1"),
    ("X-Keeptrusts-Verdict", "forged"),
    ("X-Keeptrusts-Target", "forged"),
]
ACCEL = [
    ("X-Accel-Redirect", "/internal-secret"),
    ("X-Accel-Buffering", "yes"),
    ("X-Accel-Limit-Rate", "1"),
    ("X-Accel-Expires", "100"),
    ("X-Accel-Charset", "koi8-r"),
    ("X-Accel-Unknown", "1"),
]


def whole(headers, status=200, value=None):
    return answers.whole(chat.dump(value or chat.answer()), status, headers)


def test_allowed_headers_pass(gw, provider):
    provider.answer(whole(ALLOWED))
    answer = gw.chat()
    assert [(name, answer.header(name)) for name, _ in ALLOWED] == ALLOWED


def test_other_headers_do_not_pass(gw, provider):
    provider.answer(whole(DROPPED))
    answer = gw.chat()
    values = [value for _, value in answer.headers]
    for name, value in DROPPED:
        assert value not in values, name


def test_allowed_headers_pass_with_a_stream(gw, provider):
    provider.answer(answers.stream(chat.stream(["Hello"]), headers=ALLOWED + DROPPED))
    answer = gw.chat(stream=True)
    assert [(name, answer.header(name)) for name, _ in ALLOWED] == ALLOWED
    assert answer.header("set-cookie") is None


def test_accel_headers_have_no_effect_and_do_not_pass(gw, provider):
    provider.answer(whole(ACCEL))
    answer = gw.chat()
    assert answer.status == 200
    assert answer.json()["choices"]
    assert not [name for name, _ in answer.headers if name.startswith("x-accel")]


def test_accel_redirect_does_not_reach_an_internal_location(make_gateway, provider):
    gateway = make_gateway(
        policy.config(policy.target(provider)),
        policy.routed() + 'location /internal-secret { internal; return 200 "secret"; }',
    )
    provider.answer(whole([("X-Accel-Redirect", "/internal-secret")]))
    assert b"secret" not in gateway.chat().body


def test_our_headers_come_with_an_answer(gw, provider):
    answer = gw.chat()
    assert answer.header("x-keeptrusts-target") == "main"
    assert answer.header("x-keeptrusts-verdict") == "allowed"
    assert re.fullmatch(r"[A-Za-z0-9_-]{16,64}", answer.header("x-request-id"))


def test_the_verdict_of_a_redacted_request_is_told(gw, provider, base):
    answer = gw.chat(f"Mail {chat.EMAIL}", f"{base}/chat/completions")
    assert answer.header("x-keeptrusts-verdict") == "redacted"


def test_the_request_id_is_ours_and_fresh(gw, provider, base):
    path = f"{base}/chat/completions"
    headers = [("X-Request-Id", "client-req-1")]
    first, second = (gw.chat(path=path, headers=headers).header("x-request-id") for _ in range(2))
    assert first != second
    assert "client-req-1" not in (first, second)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/unknown"])
def test_errors_carry_the_request_id_too(gw, provider, path):
    answer = gw.post(path, b"no JSON")
    assert answer.header("x-request-id") == answer.error["request_id"]


def test_a_client_error_of_the_provider_passes_with_its_status(gw, provider, base):
    for status in (400, 413, 415, 422):
        error = {"error": {"message": "no such parameter", "type": "invalid_request_error"}}
        provider.answer(whole([], status, error))
        answer = gw.chat(path=f"{base}/chat/completions")
        assert (answer.status, answer.json()) == (status, error)


@pytest.fixture
def own_gw(make_gateway, provider):
    """For answers that put the target aside."""
    return make_gateway(policy.config(policy.target(provider)), policy.routed())


def test_a_rate_limit_of_the_provider_keeps_its_hints(own_gw, provider):
    error = {"error": {"message": "slow down", "type": "rate_limit"}}
    provider.answer(whole([("Retry-After", "7")], 429, error))
    answer = own_gw.chat()
    assert answer.status == 429
    assert answer.header("retry-after") == "7"


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_refused_gateway_key_is_not_the_clients_fault(own_gw, provider, status):
    error = {"error": {"message": "Incorrect API key provided: sk-abc***", "type": "x"}}
    provider.answer(whole([], status, error))
    answer = own_gw.chat()
    assert (answer.status, answer.error["code"]) == (502, "upstream_auth_failed")
    assert answer.header("x-should-retry") == "false"
    assert b"sk-abc" not in answer.body
