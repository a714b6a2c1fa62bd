"""WebSockets through `keeptrusts on`: nginx would join client and upstream past all policies."""

import pytest

from harness import chat, policy
from harness.client import head

SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
ASKED = [("Upgrade", "websocket"), ("Connection", "Upgrade")]
# As every page on proxying WebSockets has it.
PROXIED = 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";'


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    def location(path, more=""):
        stock = policy.stock(shared_provider, path, more + "proxy_buffering off;")
        return stock.replace('proxy_set_header Connection "";', PROXIED)

    unknown = "keeptrusts_unknown_endpoint pass;"
    return make_gateway(
        policy.config(policy.target(shared_provider)),
        location("/stock/") + location("/open/", unknown) + policy.routed(),
    )


def switch(provider):
    """Whatever it is asked, the provider switches, talks, and remembers what it hears."""
    heard = []

    def script(exchange):
        exchange.send(SWITCHED + f"raw {chat.EMAIL}".encode())
        try:
            heard.append(exchange.sock.recv(1000))
        except OSError:
            heard.append(b"")
        exchange.close()

    provider.answer(script)
    return heard


@pytest.mark.parametrize("path", ["/stock/v1/chat/completions", "/v1/chat/completions"])
def test_a_governed_request_is_answered_in_its_own_protocol(gw, provider, path):
    heard = switch(provider)
    with gw.connect() as connection:
        connection.post(path, chat.request(), ASKED)
        answer = connection.read()
        assert (answer.status, answer.error["code"]) == (502, "upstream_invalid_response")
        connection.send(b"secret")
    assert provider.last.header("upgrade") is None
    gw.record_of(answer)
    provider.drop_connections()
    assert chat.EMAIL.encode() not in answer.body and b"secret" not in b"".join(heard)


@pytest.mark.parametrize("endpoint", ["responses", "models", "chat/completions"])
def test_a_read_of_a_known_endpoint_is_no_way_around_the_policies(gw, provider, endpoint):
    heard = switch(provider)
    with gw.connect() as connection:
        connection.send(head("GET", f"/stock/v1/{endpoint}", ASKED))
        answer = connection.read()
        assert answer.status == 502
        assert chat.EMAIL.encode() not in answer.body
        connection.send(b"secret")
    assert provider.last.header("upgrade") is None
    provider.drop_connections()
    assert b"secret" not in b"".join(heard)


def test_an_unknown_endpoint_that_passes_may_switch(gw, provider):
    heard = switch(provider)
    with gw.connect() as connection:
        connection.send(head("GET", "/open/v1/realtime", ASKED))
        assert connection.read_head().status == 101
        assert provider.last.header("upgrade") == "websocket"
        connection.send(b"hello")
        assert connection.read_until(chat.EMAIL.encode())
        assert connection.at_end()
    assert heard == [b"hello"]


def test_without_a_switch_the_answer_is_the_usual_one(gw, provider):
    with gw.connect() as connection:
        connection.post("/stock/v1/chat/completions", chat.request(), ASKED)
        assert connection.read().status == 200
