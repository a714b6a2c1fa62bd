"""Connections to the provider: kept alive, renewed when stale, closed when the client leaves."""

import contextlib
import threading

import pytest

from harness import answers, chat, client, policy
from harness.wait import DEADLINE_S, until


def connections_of(provider):
    return [request.connection for request in provider.requests]


def whole_stream():
    """In one write: where the end of the chunks comes later, the client, which has its last event,
    may ask again before the connection is free."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in chat.stream(["Hello"])]
    return answers.raw(head + b"".join(chunks) + b"0\r\n\r\n", close=False)


@pytest.mark.parametrize("stream", [False, True])
def test_a_connection_is_used_again(gw, provider, stream):
    if stream:
        provider.answer(whole_stream())
    for _ in range(3):
        assert gw.chat(stream=stream).complete
    assert len(set(connections_of(provider))) == 1


@pytest.mark.parametrize("framing", [b"Content-Length: 500\r\n", b"Transfer-Encoding: chunked\r\n", b""])
def test_the_answer_to_head_is_whole_without_a_body(make_gateway, provider, framing):
    gateway = make_gateway(
        policy.config(policy.target(provider)), policy.routed(more="keeptrusts_unknown_endpoint pass;")
    )
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + framing + b"\r\n"
    provider.answer(answers.raw(head, close=False))
    with gateway.connect() as connection:
        connection.send(client.head("HEAD", "/v1/files/1"))
        answer = connection.read_head()
        assert answer.status == 200
        if b"Length" in framing:
            assert answer.header("content-length") == "500"
        # Nothing of a body stands before the next answer.
        connection.send(client.head("HEAD", "/v1/files/2"))
        assert connection.read_until(b"\r\n").startswith(b"HTTP/1.1 200")
    record = gateway.record_of(answer)
    assert record["verdict"] == "allowed"
    assert record["attempts"][0]["error"] is None


@pytest.mark.parametrize("buffering", ["on", "off"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_stock_upstreams_connection_is_used_again(make_gateway, provider, stream, buffering):
    address = f"127.0.0.1:{provider.port}"
    location = policy.stock(provider, more=f"proxy_buffering {buffering};")
    gateway = make_gateway(
        policy.config(policy.target(provider)),
        location.replace(f"http://{address}/", "http://kept/"),
        http=f"upstream kept {{ server {address}; keepalive 4; }}",
    )
    if stream:
        provider.answer(whole_stream())
    for _ in range(3):
        assert gateway.chat(path="/stock/v1/chat/completions", stream=stream).complete
    assert len(set(connections_of(provider))) == 1


def test_a_connection_closed_while_idle_is_replaced(gw, provider):
    gw.chat()
    provider.drop_connections()
    assert gw.chat().status == 200
    first, second = connections_of(provider)
    assert first != second


def test_a_connection_closed_under_a_request_is_replaced(gw, provider):
    # The provider's idle timeout fires at the moment the next request is on its way.
    gw.chat()
    provider.answer_once(answers.hang_up)
    answer = gw.chat()
    assert answer.status == 200
    first, stale, renewed = connections_of(provider)
    assert first == stale != renewed
    assert provider.requests[1].body == provider.requests[2].body


def test_a_request_is_repeated_once_however_many_connections_are_stale(make_gateway, provider):
    gateway = make_gateway(policy.config(policy.target(provider)), policy.routed())
    arrived = threading.Barrier(4)

    def together(exchange):
        arrived.wait(DEADLINE_S)
        answers.whole(chat.dump(chat.answer()))(exchange)

    provider.answer(together)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(gateway.connect()) for _ in range(4)]
        for client in clients:
            client.post("/v1/chat/completions", chat.request())
        for client in clients:
            assert client.read().status == 200
    seen = len(provider.requests)
    assert len(set(connections_of(provider))) == 4  # all are kept
    provider.answer(answers.hang_up)
    assert gateway.chat().status == 502
    assert len(provider.requests) == seen + 2


def test_a_kept_connection_that_ends_while_a_request_is_worked_on_is_no_stale_one(
    make_gateway, provider
):
    def give_up_later(exchange):
        assert not exchange.gateway_hung_up(1.2)
        exchange.close()

    gateway = make_gateway(policy.config(policy.target(provider)), policy.routed())
    assert gateway.chat().status == 200
    provider.answer(give_up_later)
    answer = gateway.chat()
    assert (answer.status, answer.error["code"]) == (502, "upstream_failed")
    assert len(provider.requests) == 2
    assert connections_of(provider)[0] == connections_of(provider)[1]
    assert gateway.record_of(answer)["attempts"][0]["maybe_billed"]


def test_a_fresh_connection_that_closes_is_a_failure_not_a_stale_one(gw, provider):
    provider.drop_connections()
    provider.answer(answers.hang_up)
    assert gw.chat().status == 502
    assert len(provider.requests) <= 2


def test_a_cut_answer_does_not_leave_its_connection_in_the_pool(gw, provider):
    provider.answer_once(answers.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{", close=True))
    gw.chat()
    provider.wait_for_requests(1)
    assert gw.chat().status == 200
    assert connections_of(provider)[0] != connections_of(provider)[-1]


def test_bytes_behind_an_answer_spoil_its_connection(gw, provider):
    body = chat.dump(chat.answer("one"))
    forged = chat.dump(chat.answer("forged"))
    response = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
    both = response % (len(body), body) + response % (len(forged), forged)
    provider.answer_once(answers.raw(both, close=False))
    gw.chat()
    answer = gw.chat()
    assert b"forged" not in answer.body


def test_an_interim_response_is_no_answer(gw, provider):
    body = chat.dump(chat.answer("final"))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    provider.answer(answers.raw(b"HTTP/1.1 103 Early Hints\r\n\r\n", head % len(body) + body))
    answer = gw.chat()
    assert answer.status in (200, 502)
    if answer.status == 200:
        assert answer.body == body


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_before_the_answer_closes_the_upstream(gw, provider, base, stream):
    manual = provider.manual()
    with gw.connect() as connection:
        connection.post(f"{base}/chat/completions", chat.request(stream=stream))
        exchange = manual.take()
    assert exchange.gateway_hung_up()
    exchange.close()


def test_a_client_that_leaves_in_a_stream_closes_the_upstream(gw, provider, base):
    manual = provider.manual()
    with gw.connect() as connection:
        connection.post(f"{base}/chat/completions", chat.request(stream=True))
        exchange = manual.take()
        exchange.send_stream_head()
        exchange.chunk(b"".join(chat.content_events(["Hello there ", "and so on "])))
        connection.read_head()
        connection.read_body(lambda body: b"Hello" in body)
    assert exchange.gateway_hung_up()
    exchange.close()


def test_a_client_that_leaves_before_the_first_text_closes_the_upstream(gw, provider):
    manual = provider.manual()
    with gw.connect() as connection:
        connection.post("/v1/chat/completions", chat.request(stream=True))
        exchange = manual.take()
        exchange.send_stream_head()
        exchange.chunk(b": ping\n\n", read=True)
    assert exchange.gateway_hung_up()
    exchange.close()


@pytest.mark.parametrize("begun", [False, True])
def test_a_client_that_leaves_is_recorded(gw, provider, base, begun):
    manual, name = provider.manual(), f"gone-{base}-{begun}".replace("/", "")
    with gw.connect() as connection:
        connection.post(f"{base}/chat/completions", chat.request(stream=begun), [("X-Request-Id", name)])
        exchange = manual.take()
        if begun:
            exchange.send_stream_head()
            exchange.chunk(chat.stream(["Hello you there, and "])[1])
            connection.read_head()
            connection.read_body(enough=bool)
    assert exchange.gateway_hung_up()
    exchange.close()
    # Records of the tests before this one may come late, too.
    ours = lambda: [r for r in gw.audit() if r["client_request_id"] == name]
    assert until(ours, "the record")[0]["status"] == 499


def test_many_requests_at_once_are_kept_apart(gw, provider):
    def script(exchange):
        text = exchange.request.json()["messages"][0]["content"]
        answers.whole(chat.dump(chat.answer(f"echo {text}")))(exchange)

    provider.answer(script)
    connections = [gw.connect() for _ in range(60)]
    for number, connection in enumerate(connections):
        connection.post("/v1/chat/completions", chat.request(f"number {number}"))
    for number, connection in enumerate(connections):
        content = connection.read().json()["choices"][0]["message"]["content"]
        assert content == f"echo number {number}"
        connection.close()
