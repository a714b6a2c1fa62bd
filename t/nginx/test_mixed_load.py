"""Many clients, two targets that fail in a fifth of the tries, one that never does: nobody notices.

KT_LOAD_SECONDS=60 makes each variant last that long; otherwise it ends after a fixed number of
requests. pytest's -s shows how many there were.
"""

import os
import random
import threading
import time

import pytest

from harness import answers, chat, faults, policy

CLIENTS = 8
REQUESTS = 60  # of each client
SECONDS = float(os.environ.get("KT_LOAD_SECONDS", "0"))
FAULTY_SHARE = 0.2
TEXT = "all is well"

BEFORE_COMMIT = [
    answers.hang_up,
    lambda exchange: exchange.reset(),
    faults.status(500),
    faults.status(503),
    faults.status(529),
    faults.limited(("Retry-After", "0")),
    faults.status(200, faults.ERROR),
    answers.raw(faults.HEAD + b"Content-Length: 50\r\n\r\n"),
    faults.cut([faults.ROLE]),
    answers.stream([chat.event(faults.ERROR)]),
    answers.raw(b"HTTP/1.1 200 OK\r\nContent-Ty"),
]


def answer_well(exchange):
    if exchange.request.json().get("stream"):
        answers.stream(chat.stream([TEXT[:5], TEXT[5:]]))(exchange)
    else:
        answers.whole(chat.dump(chat.answer(TEXT)))(exchange)


def answer_badly_at_times(seed, failed):
    """`failed`: gets an entry for each fault."""
    chance, lock = random.Random(seed), threading.Lock()

    def script(exchange):
        with lock:
            fails = chance.random() < FAULTY_SHARE
            fault = chance.choice(BEFORE_COMMIT)
            if fails:
                failed.append(fault)
        (fault if fails else answer_well)(exchange)

    return script


@pytest.fixture(scope="module")
def failed():
    return []


@pytest.fixture(scope="module")
def providers(make_provider, failed):
    made = [make_provider() for _ in range(3)]
    made[0].answer(answer_badly_at_times(1, failed))
    made[1].answer(answer_badly_at_times(2, failed))
    made[2].answer(answer_well)
    return made


def run_client(gateway, number, answered, problems):
    """Sends requests on one connection, in turn plain and streamed, and checks each answer."""
    deadline = time.monotonic() + SECONDS
    count = 0
    try:
        with gateway.connect() as connection:
            while count < REQUESTS or time.monotonic() < deadline:
                count += 1
                stream = (count + number) % 2 == 0
                more = {"stream": True} if stream else {}
                connection.post("/v1/chat/completions", chat.request(**more))
                answer = connection.read()
                assert (answer.status, answer.complete) == (200, True), answer
                if stream:
                    assert chat.text_of(answer.body) == TEXT and chat.is_done(answer.body), answer
                else:
                    assert answer.json()["choices"][0]["message"]["content"] == TEXT, answer
                answered.append(stream)
    except Exception as problem:  # pylint: disable=broad-except
        problems.append(f"client {number}, request {count}: {problem!r}")


@pytest.mark.parametrize("strategy", ["fallback", "weighted_round_robin", "lowest_latency"])
@pytest.mark.parametrize("workers", [1, 2])
def test_no_client_sees_a_fault_before_commit(make_gateway, providers, failed, strategy, workers):
    failed.clear()
    targets = [policy.target(p, id=f"t{n}") for n, p in enumerate(providers)]
    config = policy.config(*targets, chain=["audit-logger"], providers={"strategy": strategy})
    del config["policy"]["safety-filter"]
    many = "keepalive_requests 1000000;"
    gateway = make_gateway(config, policy.routed(), http=many, workers=workers)
    answered, problems = [], []
    clients = [
        threading.Thread(target=run_client, args=(gateway, number, answered, problems))
        for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert not problems, "\n".join(problems)
    print(f"{strategy}, {workers} workers: {len(answered)} requests, {len(failed)} tries failed")
    assert not any(provider.failures for provider in providers)
