"""Framing tricks: refused, and never read as a second request."""

import pytest

from harness import chat
from harness.client import head

INNER_BODY = chat.dump(chat.request("smuggled"))


def inner(base):
    return head("POST", f"{base}/chat/completions", length=len(INNER_BODY)) + INNER_BODY


def top(base, *lines):
    text = "\r\n".join([f"POST {base}/chat/completions HTTP/1.1", "Host: g", *lines])
    return text.encode("latin-1") + b"\r\nContent-Type: application/json\r\n\r\n"


def answers_to(gw, data):
    """Every answer on one connection until the gateway closes it."""
    result = []
    with gw.connect() as connection:
        connection.send(data)
        while not connection.at_end():
            result.append(connection.read())
    return result


# Header lines whose body ends in two ways, depending on who reads them.
AMBIGUOUS = {
    "length and chunked": ("Content-Length: 5", "Transfer-Encoding: chunked"),
    "chunked and length": ("Transfer-Encoding: chunked", "Content-Length: 5"),
    "two lengths": ("Content-Length: 5", "Content-Length: 6"),
    "two equal lengths": ("Content-Length: 5", "Content-Length: 5"),
    "a list of lengths": ("Content-Length: 5, 5",),
    "a signed length": ("Content-Length: +5",),
    "a hex length": ("Content-Length: 0x5",),
    "a huge length": ("Content-Length: 99999999999999999999999",),
    "two codings": ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
    "a coding list": ("Transfer-Encoding: gzip, chunked",),
    "an unknown coding": ("Transfer-Encoding: xchunked",),
    "a tab before chunked and a length": ("Transfer-Encoding:\tchunked", "Content-Length: 5"),
}


@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_ambiguous_framing_is_refused_and_the_connection_closed(gw, provider, base, kind):
    data = top(base, *AMBIGUOUS[kind]) + b"0\r\n\r\n" + inner(base)
    got = answers_to(gw, data)
    assert len(got) == 1
    assert 400 <= got[0].status <= 501 and got[0].status != 409
    assert not provider.requests


BAD_CHUNKS = {
    "no size": b"\r\n\r\n",
    "a size that is no number": b"zz\r\nabc\r\n",
    "a signed size": b"-1\r\nabc\r\n",
    "a huge size": b"ffffffffffffffffff\r\nabc",
    "a missing end of chunk": b"3\r\nabcdef\r\n",
}


@pytest.mark.parametrize("kind", BAD_CHUNKS)
def test_broken_chunks_are_refused_and_the_connection_closed(gw, provider, base, kind):
    data = top(base, "Transfer-Encoding: chunked") + BAD_CHUNKS[kind] + inner(base)
    got = answers_to(gw, data)
    assert [answer.status for answer in got] == [400]
    assert not provider.requests


def test_what_follows_a_refused_chunked_body_is_not_a_request(gw, provider, base):
    # More than client_max_body_size in one chunk whose content looks like a request.
    size = 40 << 20
    data = top(base, "Transfer-Encoding: chunked") + b"%x\r\n" % size + inner(base)
    got = answers_to(gw, data)
    assert [answer.status for answer in got] == [413]
    assert got[0].error["code"] == "body_too_large"
    assert not provider.requests


def test_a_body_behind_a_refused_endpoint_is_not_a_request(gw, provider, base):
    hidden = inner(base)
    data = head("POST", f"{base}/unknown", length=len(hidden)) + hidden
    with gw.connect() as connection:
        connection.send(data)
        assert connection.read().status == 404
        connection.post(f"{base}/chat/completions", chat.request("honest"))
        if not connection.at_end():  # closing is as good as staying in step
            assert connection.read().status == 200
    assert b"smuggled" not in b"".join(r.body for r in provider.requests)


@pytest.mark.parametrize("path", ["chat/completions", "models"])
def test_a_body_of_a_get_neither_goes_up_nor_is_a_request(gw, provider, base, path):
    hidden = inner(base)
    with gw.connect() as connection:
        connection.send(head("GET", f"{base}/{path}", length=len(hidden)) + hidden)
        connection.read()
    assert b"smuggled" not in b"".join(r.body for r in provider.requests)
    assert all(r.method == "GET" for r in provider.requests)


def test_a_refused_body_leaves_the_connection_in_step(gw, provider, base):
    with gw.connect() as connection:
        connection.post(f"{base}/chat/completions", b"not JSON at all")
        assert connection.read().status == 400
        connection.post(f"{base}/chat/completions", chat.request("honest"))
        assert connection.read().status == 200
    assert [r.json()["messages"][0]["content"] for r in provider.requests] == ["honest"]


def test_a_refused_chunked_body_leaves_the_connection_in_step(gw, provider, base):
    with gw.connect() as connection:
        connection.send(top(base, "Transfer-Encoding: chunked") + b"3\r\n{,}\r\n0\r\n\r\n")
        assert connection.read().status == 400
        connection.post(f"{base}/chat/completions", chat.request("honest"))
        assert connection.read().status == 200
    assert len(provider.requests) == 1


@pytest.mark.parametrize("value", ["a\rX-Evil: 1", "a\nX-Evil: 1", "a\x00b"])
def test_control_characters_of_a_passed_header_do_not_reach_the_provider(gw, provider, value):
    line = f"OpenAI-Beta: {value}"
    body = chat.dump(chat.request())
    data = top("/v1", line, f"Content-Length: {len(body)}") + body
    with gw.connect() as connection:
        connection.send(data)
        connection.read()
    for request in provider.requests:
        assert request.header("x-evil") is None
        assert b"\x00" not in request.head
