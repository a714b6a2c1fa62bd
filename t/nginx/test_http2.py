"""Streams over HTTP/2: redacted, ended properly, and closed when the client leaves."""

import subprocess

import pytest

from harness import answers, chat, policy
from harness.client import curl
from harness.sockets import free_port
from harness.wait import DEADLINE_S


@pytest.fixture(scope="module")
def port():
    return free_port()


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider, port):
    return make_gateway(
        policy.config(policy.target(shared_provider)),
        f"listen 127.0.0.1:{port} http2;" + policy.routed() + policy.stock(shared_provider),
    )


@pytest.fixture
def command(gw, port, base):
    """curl's arguments for a chat."""
    return ["--http2-prior-knowledge", f"http://127.0.0.1:{port}{base}/chat/completions",
            "-H", "Content-Type: application/json", "--data-binary", "@-"]  # fmt: skip


STREAM = chat.dump(chat.request(stream=True))


def test_a_stream_is_redacted(provider, command):
    provider.answer(answers.stream(chat.stream(["ask jane.doe", "@acme-mail.com", " now"])))
    status, headers, body = curl(*command, data=STREAM)
    assert (status, headers["content-type"].split(";")[0]) == (200, "text/event-stream")
    assert chat.text_of(body) == f"ask {chat.EMAIL_MARK} now"
    assert chat.is_done(body)


def test_a_cut_stream_ends_with_an_error_event(provider, command):
    provider.answer(answers.stream(chat.stream(["Hello there ", "and"])[:3], end=False))
    # curl fails on a stream that was reset.
    status, _, body = curl(*command, data=STREAM)
    assert status == 200
    assert chat.error_of(body)["type"] == "upstream_error"
    assert not chat.is_done(body)


def test_an_upstream_failure_is_a_502(provider, command):
    provider.answer(answers.hang_up)
    status, _, body = curl(*command, data=STREAM)
    assert status == 502
    assert b"upstream_failed" in body


def test_a_client_that_leaves_closes_the_upstream(provider, command):
    manual = provider.manual()
    with subprocess.Popen(
        ["curl", "-sN", "--max-time", str(DEADLINE_S), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as client:
        client.stdin.write(STREAM)
        client.stdin.close()
        exchange = manual.take()
        exchange.send_stream_head()
        exchange.chunk(b"".join(chat.content_events(["Hello there ", "and so on "])))
        assert client.stdout.read(5) == b"data:"
        client.kill()
    assert exchange.gateway_hung_up()
    exchange.close()
