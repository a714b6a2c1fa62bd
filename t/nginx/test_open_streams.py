"""What a stream holds while it is open: not its request, once no other target can be asked."""

import contextlib
import pathlib

import pytest

from harness import answers, chat, policy, processes
from harness.wait import SCALE, until

# No text, so that it is read and edited, but not judged for long.
URL = "data:image/png;base64," + "iVBORw0KGgoA" * 200_000
PARTS = [{"type": "text", "text": f"Mail {chat.EMAIL}"}, {"type": "image_url",
         "image_url": {"url": URL}}]  # fmt: skip
LARGE = chat.dump({"model": "m", "stream": True, "messages": [{"role": "user", "content": PARTS}]})
IN_MEMORY = "client_body_buffer_size 4m;"
ROLE = chat.event(chat.chunk({"role": "assistant", "content": ""}))
STREAMS = 12


def content(text):
    return chat.event(chat.chunk({"content": text}))


def resident_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no resident memory")


@pytest.mark.skipif(SCALE > 1, reason="a sanitizer keeps what is freed for a while")
@pytest.mark.parametrize("buffer", [IN_MEMORY, ""], ids=["in memory", "in a file"])
def test_an_open_stream_does_not_hold_its_request(make_gateway, make_provider, buffer):
    upstream = make_provider()
    gw = make_gateway(policy.config(policy.target(upstream)), policy.routed(more=buffer))
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(STREAMS):
            connection = stack.enter_context(gw.connect())
            manual = upstream.manual()
            connection.post("/v1/chat/completions", LARGE)
            exchange = manual.take()
            exchange.send_stream_head()
            exchange.chunk(ROLE + content("Hello everybody ") + content("and"))
            connection.read_until(b"Hello")
            # Once more, since the first bytes may come before the gateway knows that all was sent.
            exchange.chunk(content(" those who came later ") + content("on"))
            connection.read_until(b"those who")
            opened.append((connection, exchange))
            if len(opened) == 2:
                before = resident_bytes(processes.worker(gw))
        grown = resident_bytes(processes.worker(gw)) - before
        assert grown < (STREAMS - 2) * len(LARGE) // 2
        for connection, exchange in opened:
            exchange.chunk(chat.event(chat.chunk({}, finish="stop")) + chat.DONE)
            exchange.end_chunks()
            exchange.done()
            connection.read_until(b"[DONE]")
    for request in upstream.requests:
        assert request.json()["messages"][0]["content"][0]["text"] == f"Mail {chat.EMAIL_MARK}"
        assert request.json()["messages"][0]["content"][1]["image_url"]["url"] == URL


@pytest.mark.parametrize("buffer", [IN_MEMORY, ""], ids=["in memory", "in a file"])
def test_a_request_is_whole_for_the_next_target(make_gateway, make_provider, buffer):
    """The first stream has begun, but holds no text when it ends."""
    first, second = make_provider(), make_provider()
    first.answer(answers.stream([ROLE, b": keep-alive\n\n"], read=True, end=False))
    second.answer(answers.stream(chat.stream(["Hello."])))
    targets = [policy.target(first, id="a", model="one"), policy.target(second, id="b")]
    gw = make_gateway(policy.config(*targets), policy.routed(more=buffer))
    answer = gw.post("/v1/chat/completions", LARGE)
    assert chat.text_of(answer.body) == "Hello."
    (one,), (two,) = first.requests, second.requests
    assert one.json()["model"] == "one"
    assert one.json()["messages"] == two.json()["messages"]
    assert two.json()["messages"][0]["content"][1]["image_url"]["url"] == URL


def test_a_log_that_names_the_body_still_gets_it(make_gateway, make_provider):
    upstream = make_provider()
    upstream.answer(answers.stream(chat.stream(["Hello ", "there."]), read=True))
    gw = make_gateway(
        policy.config(policy.target(upstream)),
        policy.routed(more="access_log {dir}/bodies.log bodies;"),
        http="log_format bodies escape=json '$request_body|$request_length';",
    )
    log = gw.directory / "bodies.log"
    for text, seen in (("Hi", "Hi"), (f"Mail {chat.EMAIL}", f"Mail {chat.EMAIL_MARK}")):
        answer = gw.chat(text, stream=True)
        assert chat.is_done(answer.body)
        until(lambda seen=seen: log.exists() and seen in log.read_text(), "the line")


def test_a_connection_is_used_again_after_a_stream(make_gateway, make_provider):
    """With a body that had nowhere to stand but in a buffer that is given back."""
    upstream = make_provider()
    upstream.answer(answers.stream(chat.stream(["Hello ", "there."]), read=True))
    gw = make_gateway(policy.config(policy.target(upstream)), policy.routed(more=IN_MEMORY))
    with gw.connect() as connection:
        for _ in range(4):
            connection.post("/v1/chat/completions", LARGE)
            assert chat.text_of(connection.read().body) == "Hello there."
