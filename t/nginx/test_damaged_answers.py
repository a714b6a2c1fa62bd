"""Answers with random damage: with a healthy target behind, no client sees an error before the
commit, and every stream has an end that says what it is."""

import contextlib
import itertools
import json
import random
import re
import threading

import pytest

from harness import answers, chat, faults, policy

CLIENTS = 4
REQUESTS = 100  # of each client
TEXT = "from the healthy one"
OTHER = re.compile(rb"All is well|Hello there|dear|friend")

STREAMS = [
    faults.SSE_HEAD + faults.CHUNKED + faults.END + faults.chunks(*faults.WHOLE),
    faults.SSE_HEAD + faults.END + b"".join(faults.WHOLE),
]
WHOLE = [
    faults.GOOD_ANSWER,
    faults.HEAD + faults.CHUNKED + faults.END + faults.chunks(faults.GOOD[:30], faults.GOOD[30:]),
]
PIECES = [b"\r\n", b"\n\n", b"\0", b"data: ", b"0\r\n\r\n", b"\xff", b"HTTP/1.1 200 OK\r\n\r\n", b"}"]


def damage(chance, data):
    data = bytearray(data)
    for _ in range(chance.choice([0, 1, 1, 1, 2, 4])):
        at = chance.randrange(chance.choice([120, len(data)]))
        length = chance.randrange(1, 60)
        kind = chance.randrange(5)
        if kind == 0:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[at : at + length // 6] = b""
        elif kind == 2:
            data[at:at] = chance.choice(PIECES)
        elif kind == 3:
            data[at:at] = data[at : at + length]
        elif len(data) > 240:
            del data[max(at, 120) :]
    return bytes(data)


def damaged(number, exchange):
    chance = random.Random(number)
    stream = exchange.request.json().get("stream", False)
    data = damage(chance, chance.choice(STREAMS if stream else WHOLE))
    cut = chance.randrange(len(data))
    with contextlib.suppress(OSError):  # the gateway may have seen enough
        for piece in (data[:cut], data[cut : cut + 7], data[cut + 7 :]):
            exchange.send(piece)
    end = chance.randrange(10)
    if end > 7:
        exchange.gateway_hung_up()
    (exchange.reset if end > 5 else exchange.close)()


def healthy(exchange):
    if exchange.request.json().get("stream"):
        answers.stream(chat.stream([TEXT]))(exchange)
    else:
        answers.whole(chat.dump(chat.answer(TEXT)))(exchange)


def assert_sound(answer, stream):
    assert 200 <= answer.status < 300 or 400 <= answer.status < 500, answer
    assert answer.complete, answer
    assert not (TEXT.encode() in answer.body and OTHER.search(answer.body)), "two targets' answers"
    if answer.status != 200 or not stream:
        json.loads(answer.body)
    elif not is_done(answer.body):
        assert b"upstream_" in answer.body.rpartition(b"data: ")[2], answer


def is_done(body):
    return body.rstrip().endswith(b"[DONE]")


@pytest.mark.parametrize("workers", [1, 2])
def test_damage_is_no_clients_business_before_the_commit(make_gateway, make_provider, workers):
    numbers = itertools.count(1000 * workers)
    broken, good = make_provider(), make_provider()
    broken.answer(lambda exchange: damaged(next(numbers), exchange))
    good.answer(healthy)
    short = {"timeout_seconds": 0.3, "stream_timeout_seconds": 0.3}
    targets = [policy.target(broken, id="broken", **short), policy.target(good, id="good")]
    config = policy.config(*targets, chain=["audit-logger"])  # nothing is held back
    del config["policy"]["safety-filter"]
    gateway = make_gateway(config, policy.routed(), workers=workers)
    problems = []

    def ask(stream):
        for number in range(REQUESTS):
            try:
                more = {"stream": True} if stream else {}
                assert_sound(gateway.chat(**more), stream)
            except (AssertionError, OSError, ValueError) as problem:
                problems.append(f"request {number}: {problem!r}")

    clients = [threading.Thread(target=ask, args=(n % 2 == 0,)) for n in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert not problems, "\n".join(problems)
    assert not broken.failures and not good.failures
