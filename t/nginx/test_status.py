"""The status pages: health, and the running configuration without its secrets."""

import pytest

from harness import chat, policy

SECRET_HEADER = "fixed-header-value-77"


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    target = policy.target(shared_provider, model="m-target")
    return make_gateway(
        policy.config(target),
        policy.routed()
        + "location = /health { keeptrusts_status; }"
        + "location /keeptrusts/ { keeptrusts_status; }",
    )


def test_health_says_that_all_is_well(gw):
    answer = gw.get("/health")
    assert answer.status == 200
    assert answer.header("content-type").startswith("application/json")
    assert answer.json()["status"] == "ok"


def test_health_answers_head(gw):
    with gw.connect() as connection:
        connection.send(b"HEAD /health HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n")
        assert connection.read_head().status == 200
        assert connection.at_end()


def test_the_running_configuration_is_shown(gw):
    answer = gw.get("/keeptrusts/config")
    assert answer.status == 200
    text = answer.body.decode()
    for part in ("test-pack", "main", "m-target", "prompt-injection", policy.KEY_VARIABLE):
        assert part in text


def test_no_status_page_holds_a_secret_or_a_text(gw, provider):
    gw.chat(f"secret-word-4711 {chat.EMAIL}")
    for path in ("/health", "/keeptrusts/config", "/keeptrusts/health", "/keeptrusts/"):
        body = gw.get(path).body
        assert policy.KEY.encode() not in body
        assert b"4711" not in body and b"jane" not in body


def test_an_unknown_status_page_is_a_404(gw):
    answer = gw.get("/keeptrusts/no-such-page")
    assert answer.status == 404
    assert answer.error["code"] == "unsupported_endpoint"
    assert answer.error["request_id"]


def test_a_post_to_a_status_page_is_refused(gw):
    for path in ("/health", "/keeptrusts/config"):
        answer = gw.post(path, b"{}")
        assert answer.status == 405
        assert answer.header("allow") == "GET, HEAD"
        assert answer.error["code"] == "method_not_allowed"


def test_status_pages_are_not_recorded(gw, provider):
    first = gw.record_of(gw.chat())
    gw.get("/health")
    second = gw.record_of(gw.chat())
    assert second["seq"] == first["seq"] + 1
