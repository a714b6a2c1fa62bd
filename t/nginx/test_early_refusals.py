"""Refusals before the body is read, and what then happens on the connection."""

import pytest

from harness import chat, policy
from harness.client import head


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    return make_gateway(
        policy.config(policy.target(shared_provider)),
        policy.routed() + policy.stock(shared_provider),
    )


BODY = chat.dump(chat.request("x" * 5000))
EXPECT = [("Expect", "100-continue")]


def test_a_refused_head_does_not_ask_for_its_body(gw, provider, base):
    with gw.connect() as connection:
        connection.send(head("POST", f"{base}/nonsense", EXPECT, length=len(BODY)))
        assert connection.read_until(b"\r\n").startswith(b"HTTP/1.1 404 ")
    assert not provider.requests


def test_a_body_that_comes_all_the_same_is_no_request(gw, provider, base):
    inner = head("POST", f"{base}/chat/completions", length=len(BODY)) + BODY
    with gw.connect() as connection:
        connection.send(head("POST", f"{base}/nonsense", EXPECT, length=len(inner)))
        assert connection.read().status == 404
        connection.send(inner)
        assert connection.at_end()
    assert not provider.requests


def test_without_expect_the_connection_goes_on(gw, provider, base):
    with gw.connect() as connection:
        connection.post(f"{base}/nonsense", BODY)
        assert connection.read().status == 404
        connection.post(f"{base}/chat/completions", chat.request())
        assert connection.read().status == 200


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_an_absolute_uri_is_governed(gw, provider, base, version):
    body = chat.dump(chat.request(f"Mail {chat.EMAIL}"))
    request = head("POST", f"http://gateway.test{base}/chat/completions", length=len(body))
    with gw.connect() as connection:
        connection.send(request.replace(b"HTTP/1.1", version.encode()) + body)
        assert connection.read().status == 200
    assert provider.last.json()["messages"][0]["content"] == f"Mail {chat.EMAIL_MARK}"


def test_head_is_answered_without_a_body(gw, provider):
    with gw.connect() as connection:
        connection.send(head("HEAD", "/v1/chat/completions", [("Connection", "close")]))
        answer = connection.read_head()
        assert answer.status in (404, 405)
        assert connection.at_end()
    assert not provider.requests
