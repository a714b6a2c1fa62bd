"""The harness proves itself on a stock nginx: what later tests conclude rests on it."""

import pytest

from harness import answers, chat


@pytest.fixture(scope="module")
def plain(make_gateway, shared_provider):
    proxy = f"""location / {{
        proxy_pass http://127.0.0.1:{shared_provider.port};
        proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
        proxy_ignore_client_abort off; }}"""
    return make_gateway(server=proxy, module=False)


def test_a_request_is_recorded_with_its_bytes(plain, provider):
    body = b'{"a" : 0.70}'
    answer = plain.post("/x?y=1", body, [("X-Mine", "1")])
    assert (answer.status, answer.complete) == (200, True)
    assert provider.last.target == "/x?y=1"
    assert provider.last.body == body
    assert provider.last.header("x-mine") == "1"


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_an_answer_arrives_in_every_framing(plain, provider, framing):
    provider.answer(answers.whole(b'{"b":1}', framing=framing))
    assert plain.post("/", b"{}").json() == {"b": 1}


def test_pieces_of_a_stream_are_reads_of_their_own(plain, provider):
    pieces = [bytes([c]) for c in b"data: abc\n\n"]
    provider.answer(answers.stream(pieces, read=True))
    assert plain.post("/", b"{}").body == b"data: abc\n\n"


def test_a_cut_answer_is_seen_as_cut(plain, provider):
    provider.answer(answers.stream([b"data: a\n\n"], end=False))
    answer = plain.post("/", b"{}")
    assert (answer.body, answer.complete) == (b"data: a\n\n", False)


def test_the_test_drives_both_ends(plain, provider):
    manual = provider.manual()
    with plain.connect() as connection:
        connection.post("/", b"{}")
        exchange = manual.take()
        exchange.send_stream_head()
        exchange.chunk(b"data: one\n\n")
        connection.read_head()
        assert connection.read_body(lambda body: b"one" in body).body == b"data: one\n\n"
        exchange.chunk(b"data: two\n\n")
        exchange.end_chunks()
        exchange.done()
        answer = connection.read_body()
    assert (answer.body, answer.complete) == (b"data: one\n\ndata: two\n\n", True)


def test_a_client_that_leaves_is_seen_by_the_provider(plain, provider):
    manual = provider.manual()
    with plain.connect() as connection:
        connection.post("/", b"{}")
        exchange = manual.take()
    assert exchange.gateway_hung_up()
    exchange.close()


def test_a_dripping_provider_drips_until_it_is_left(plain, provider):
    provider.answer(answers.drip_body(b"x"))
    with plain.connect() as connection:
        connection.post("/", b"{}")
        connection.read_head()
        connection.read_body(lambda body: len(body) > 2)
    assert provider.requests


def test_stream_text_is_read_at_every_line_ending():
    for eol in (b"\n", b"\r\n", b"\r"):
        body = b"".join(chat.stream(["a", "b"], eol))
        assert chat.text_of(body) == "ab"
        assert chat.is_done(body)
