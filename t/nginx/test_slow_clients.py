"""Clients that take their time: filters behind ours keep bytes of their own until they can go."""

import gzip
import random

import pytest

from harness import answers, chat, policy
from harness.client import Connection
from harness.sockets import free_port

GZIP = "gzip on; gzip_types *; gzip_proxied any;"
WORDS = random.Random(7)
# Compresses badly, and is far longer than all that the kernel keeps for such a client.
TEXT = " ".join(f"{WORDS.randrange(1 << 40):x}" for _ in range(6000))


@pytest.fixture(scope="module")
def port(make_gateway, shared_provider):
    number = free_port()
    locations = (
        policy.routed("/routed/", GZIP)
        + policy.stock(shared_provider, "/buffered/", GZIP)
        + policy.stock(shared_provider, "/unbuffered/", GZIP + "proxy_buffering off;")
    )
    server = f"server {{ listen 127.0.0.1:{number} sndbuf=4k; {locations} }}"
    gateway = make_gateway(start=False, http=server)
    config = policy.config(policy.target(shared_provider), chain=["audit-logger"])
    del config["policy"]["safety-filter"]
    gateway.write("policy.yaml", config)
    gateway.start()
    yield number
    gateway.stop()


def send_whole(exchange):
    """Returns when the gateway has read it, and the client still has not."""
    body = chat.dump(chat.answer(TEXT))
    exchange.send_head(200, answers.JSON, "length", len(body))
    exchange.send(body, read=True)


def send_stream(exchange):
    exchange.send_stream_head()
    pieces = [TEXT[i : i + 1000] for i in range(0, len(TEXT), 1000)]
    for event in chat.stream(pieces):
        exchange.chunk(event)
    exchange.end_chunks()


@pytest.mark.parametrize("path", ["/routed", "/buffered/v1", "/unbuffered/v1"])
def test_a_zipped_answer_reaches_a_slow_client_whole(port, provider, path):
    manual = provider.manual()
    with Connection(port, receive_buffer=4096) as client:
        client.post(f"{path}/chat/completions", chat.request(), [("Accept-Encoding", "gzip")])
        exchange = manual.take()
        send_whole(exchange)
        exchange.done()
        answer = client.read()
    assert answer.complete and answer.header("content-encoding") == "gzip"
    assert gzip.decompress(answer.body) == chat.dump(chat.answer(TEXT))


@pytest.mark.parametrize("path", ["/routed", "/buffered/v1", "/unbuffered/v1"])
def test_a_zipped_stream_reaches_a_slow_client_whole(port, provider, path):
    provider.answer(send_stream)
    with Connection(port, receive_buffer=4096) as client:
        more = [("Accept-Encoding", "gzip")]
        client.post(f"{path}/chat/completions", chat.request(stream=True), more)
        answer = client.read()
    assert answer.complete and answer.header("content-encoding") == "gzip"
    body = gzip.decompress(answer.body)
    assert chat.text_of(body) == TEXT and chat.is_done(body)
