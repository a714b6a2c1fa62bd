"""stream_idle_timeout_seconds: the provider's silence counts, from the head on; a slow client's
does not."""

import time

import pytest

from harness import chat, policy
from harness.wait import until


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    target = policy.target(
        shared_provider, timeout_seconds=60, stream_timeout_seconds=60, stream_idle_timeout_seconds=1
    )
    return make_gateway(policy.config(target), policy.routed())


@pytest.mark.parametrize("events", [0, 1])
def test_silence_before_the_first_text_ends_the_try(gw, provider, events):
    manual = provider.manual()
    with gw.connect() as connection:
        connection.post("/v1/chat/completions", chat.request(stream=True))
        exchange = manual.take()
        exchange.send_stream_head()
        if events:
            exchange.chunk(chat.stream([])[0])
        answer = connection.read()
        exchange.close()
    assert (answer.status, answer.error["code"]) == (504, "upstream_timeout")


def test_silence_in_a_stream_is_an_error_event(gw, provider):
    manual = provider.manual()
    with gw.connect() as connection:
        connection.post("/v1/chat/completions", chat.request(stream=True))
        exchange = manual.take()
        exchange.send_stream_head()
        exchange.chunk(b"".join(chat.content_events(["Hello there ", "and"])))
        answer = connection.read()
        exchange.close()
    assert answer.status == 200
    assert chat.error_of(answer.body)["code"] == "upstream_timeout"


def test_a_client_that_does_not_read_is_not_the_providers_silence(gw, provider):
    sent = []
    block = b"".join(chat.content_events(["ordinary words "] * 100))
    count = 1000

    def script(exchange):
        exchange.send_stream_head(framing="close")
        for _ in range(count):
            exchange.send(block)
            sent.append(time.monotonic())
        exchange.send(b"".join(chat.stream(["the end"])))
        exchange.close()

    provider.answer(script)
    with gw.connect(receive_buffer=8192) as connection:
        connection.post("/v1/chat/completions", chat.request(stream=True))
        until(lambda: sent and time.monotonic() - sent[-1] > 2.5, "the gateway to stop reading")
        assert len(sent) < count
        answer = connection.read()
    assert answer.complete
    assert answer.body.count(b"ordinary words ") == 100 * count
    assert chat.is_done(answer.body)
