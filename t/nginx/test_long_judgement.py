"""A body whose judging holds a worker for long leaves a line for whoever wonders why others waited."""

import random
import re

import pytest

from harness import answers, chat, policy

# Made for each other: seconds of work, as the README's Limits say.
PATTERN = r"[a-z]{2,9}.{0,90}\d{5}"
LINE = r"\[warn\].* keeptrusts: judging (\d+) bytes of text held this worker for (\d+) ms, (.*)"


def costly_text(size):
    choice = random.Random(1)
    words = []
    while sum(map(len, words)) < size:
        words.append("".join(choice.choices("abcdefgh 1234", k=choice.randint(5, 60))) + " ")
    return "".join(words)[:size]


@pytest.fixture(scope="module")
def gateway(make_gateway, shared_provider):
    config = policy.config(
        policy.target(shared_provider),
        chain=["dlp-filter", "audit-logger"],
        settings={"dlp-filter": {"detect_patterns": [PATTERN], "action": "log"}},
    )
    return make_gateway(
        config,
        policy.routed() + policy.stock(shared_provider),
        http="keeptrusts_verdict_cache off;",
    )


def lines_behind(gateway, mark):
    return re.findall(LINE, gateway.error_log[mark:])


def test_a_request_that_took_long_is_named_with_its_bytes_and_without_its_text(gateway, base):
    text = costly_text(400_000)
    mark = len(gateway.error_log)
    answer = gateway.post(
        f"{base}/chat/completions",
        {"model": "m-client", "messages": [{"role": "user", "content": text}]},
    )
    assert answer.status == 200
    [(size, held, rest)] = lines_behind(gateway, mark)
    assert int(size) == len(text)
    assert int(held) >= 100
    assert rest.startswith(f"request {gateway.record_of(answer)['request_id']}")
    assert text[:40] not in gateway.error_log


def test_an_answer_that_took_long_is_named_too(gateway, provider, base):
    mark = len(gateway.error_log)
    provider.answer(answers.whole(chat.dump(chat.answer(costly_text(400_000)))))
    answer = gateway.post(f"{base}/chat/completions", chat.request())
    assert answer.status == 200
    gateway.record_of(answer)
    [(_, _, rest)] = lines_behind(gateway, mark)
    assert rest.startswith("answer to request ")


def test_a_request_of_ordinary_size_leaves_no_line(gateway, base):
    mark = len(gateway.error_log)
    answer = gateway.post(f"{base}/chat/completions", chat.request())
    assert answer.status == 200
    gateway.record_of(answer)
    assert not lines_behind(gateway, mark)
