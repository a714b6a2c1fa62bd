"""Deadlines are totals: a provider that drips is cut as surely as one that stalls."""

import time

import pytest

from harness import answers, chat, policy
from harness.wait import DEADLINE_S

TIMEOUT_S = 0.6


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    target = policy.target(
        shared_provider, timeout_seconds=TIMEOUT_S, stream_timeout_seconds=TIMEOUT_S
    )
    return make_gateway(policy.config(target), policy.routed())


def timed_chat(gw, **more):
    start = time.monotonic()
    answer = gw.chat(**more)
    return answer, time.monotonic() - start


def assert_cut_in_time(elapsed):
    assert TIMEOUT_S * 0.9 <= elapsed < DEADLINE_S / 2


HEAD_PIECES = [b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n", b"X-A: 1\r\n"]


def drip_head(exchange):
    exchange.send(HEAD_PIECES[0])
    exchange.drip(HEAD_PIECES[1])


BEFORE_COMMIT = {
    "stall": (answers.stall, False),
    "dripping head": (drip_head, False),
    "dripping body": (answers.drip_body(b" "), False),
    "stall of a stream": (answers.stall, True),
    "stream of comments": (answers.drip_body(b": ping\n\n", tuple(answers.SSE)), True),
    "stream of role chunks": (
        answers.drip_body(chat.event(chat.chunk({"role": "assistant"})), tuple(answers.SSE)),
        True,
    ),
    "one endless event": (answers.drip_body(b"data: ", tuple(answers.SSE)), True),
}


@pytest.mark.parametrize("kind", BEFORE_COMMIT)
def test_a_timeout_before_commit_is_a_504(gw, provider, kind):
    script, stream = BEFORE_COMMIT[kind]
    provider.answer(script)
    answer, elapsed = timed_chat(gw, stream=stream)
    assert (answer.status, answer.error["code"]) == (504, "upstream_timeout")
    assert answer.error["type"] == "upstream_error"
    assert answer.header("x-should-retry") == "false"
    assert_cut_in_time(elapsed)


def test_a_timeout_closes_the_upstream(gw, provider):
    manual = provider.manual()
    with gw.connect() as connection:
        connection.post("/v1/chat/completions", chat.request())
        exchange = manual.take()
        assert connection.read().status == 504
        assert exchange.gateway_hung_up()
        exchange.close()


AFTER_COMMIT = {
    "stall": None,
    "dripping text": chat.event(chat.chunk({"content": "more "})),
    "dripping comments": b": ping\n\n",
}


@pytest.mark.parametrize("kind", AFTER_COMMIT)
def test_a_timeout_after_commit_is_an_error_event(gw, provider, kind):
    first = chat.event(chat.chunk({"content": "Hello there "})) * 2
    if AFTER_COMMIT[kind]:
        script = answers.drip_body(AFTER_COMMIT[kind], tuple(answers.SSE), before=first)
    else:

        def script(exchange):
            exchange.send_stream_head()
            exchange.chunk(first)
            answers.stall(exchange)

    provider.answer(script)
    answer, elapsed = timed_chat(gw, stream=True)
    assert answer.status == 200 and answer.complete
    assert chat.error_of(answer.body)["code"] == "upstream_timeout"
    assert not chat.is_done(answer.body)
    assert_cut_in_time(elapsed)


def test_a_timeout_is_recorded(gw, provider):
    provider.answer(answers.stall)
    answer, _ = timed_chat(gw)
    record = gw.record_of(answer)
    assert (record["verdict"], record["status"]) == ("error", 504)
    assert [a["error"] for a in record["attempts"]] == ["timeout"]
    assert record["attempts"][0]["latency_ms"] >= TIMEOUT_S * 900


def test_the_next_request_is_served_after_a_timeout(gw, provider):
    provider.answer_once(answers.stall)
    with gw.connect() as connection:
        connection.post("/v1/chat/completions", chat.request())
        assert connection.read().status == 504
        connection.post("/v1/chat/completions", chat.request())
        assert connection.read().status == 200


@pytest.fixture(scope="module")
def split_gw(make_gateway, shared_provider):
    target = policy.target(
        shared_provider, timeout_seconds=TIMEOUT_S, stream_timeout_seconds=4 * DEADLINE_S
    )
    return make_gateway(policy.config(target), policy.routed())


def test_a_stream_has_a_deadline_of_its_own(split_gw, provider):
    manual = provider.manual()
    with split_gw.connect() as connection:
        connection.post("/v1/chat/completions", chat.request(stream=True))
        exchange = manual.take()
        exchange.send_stream_head()
        exchange.chunk(chat.event(chat.chunk({"content": "Hello there "})))
        # Longer than timeout_seconds, shorter than the stream's own.
        assert not exchange.gateway_hung_up(3 * TIMEOUT_S)
        exchange.chunk(b"".join(chat.stream(["and good-bye"])))
        exchange.end_chunks()
        exchange.done()
        answer = connection.read()
    assert chat.text_of(answer.body) == "Hello there and good-bye"
    assert chat.is_done(answer.body)


def test_the_whole_answers_deadline_holds_beside_it(split_gw, provider):
    provider.answer(answers.stall)
    answer, elapsed = timed_chat(split_gw)
    assert answer.status == 504
    assert_cut_in_time(elapsed)
