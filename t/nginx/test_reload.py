"""Reload and several workers: open streams end well, new requests see the new configuration."""

import signal

import pytest

from harness import answers, chat, policy
from harness.wait import until

STREAMS = 20
RELOADS = 3


@pytest.fixture
def gw(make_gateway, shared_provider):
    """A gateway of its own for each test: reloads change it."""
    return make_gateway(
        policy.config(policy.target(shared_provider)),
        policy.routed() + policy.stock(shared_provider),
        workers=2,
    )


def open_streams(gw, provider, base):
    pairs = []
    for _ in range(STREAMS):
        manual = provider.manual()
        connection = gw.connect()
        connection.post(f"{base}/chat/completions", chat.request(stream=True))
        exchange = manual.take()
        exchange.send_stream_head()
        exchange.chunk(b"".join(chat.content_events(["Hello there ", "write to jane.doe"])))
        connection.read_head()
        connection.read_body(lambda body: b"Hello" in body)
        pairs.append((connection, exchange))
    return pairs


def test_open_streams_survive_reloads(gw, provider, base):
    pairs = open_streams(gw, provider, base)
    for _ in range(RELOADS):
        gw.reload()
        assert gw.chat(path=f"{base}/chat/completions").status == 200
    for connection, exchange in pairs:
        exchange.chunk(b"".join(chat.stream(["@acme-mail.com now"])))
        exchange.end_chunks()
        exchange.done()
        answer = connection.read_body()
        connection.close()
        assert chat.text_of(answer.body) == f"Hello there write to {chat.EMAIL_MARK} now"
        assert chat.is_done(answer.body) and answer.complete


def test_requests_under_reload_all_succeed(gw, provider):
    for round_number in range(RELOADS):
        connections = [gw.connect() for _ in range(10)]
        for connection in connections:
            connection.post("/v1/chat/completions", chat.request())
        gw.reload()
        statuses = [connection.read().status for connection in connections]
        assert statuses == [200] * 10, f"round {round_number}"
        for connection in connections:
            connection.close()


def test_every_request_under_reload_is_recorded_once(gw, provider):
    ids = []
    for _ in range(RELOADS):
        ids += [gw.chat().header("x-request-id") for _ in range(5)]
        gw.reload()
    recorded = [r["request_id"] for r in gw.wait_for_records(len(ids))]
    assert sorted(recorded) == sorted(ids)


def test_a_reload_takes_the_new_policy(gw, provider):
    assert gw.chat("say open-sesame").status == 200
    settings = {"prompt-injection": {"attack_patterns": ["open-sesame"]}}
    gw.write("policy.yaml", policy.config(policy.target(provider), settings=settings))
    gw.reload()
    assert gw.chat("say open-sesame").status == 409


def test_a_broken_policy_keeps_the_old_configuration(gw, provider):
    gw.allowed_in_log = r"policy\.yaml"
    gw.write("policy.yaml", "pack: [")
    gw.reload()
    assert gw.chat(f"Mail {chat.EMAIL}").status == 200
    assert provider.last.json()["messages"][0]["content"] == f"Mail {chat.EMAIL_MARK}"


def test_both_workers_serve_and_record(gw, provider):
    until(lambda: gw.error_log.count("start worker process ") == 2, "two workers")
    connections = [gw.connect() for _ in range(40)]
    ids = set()
    for connection in connections:
        connection.post("/v1/chat/completions", chat.request())
    for connection in connections:
        answer = connection.read()
        assert answer.status == 200
        ids.add(answer.header("x-request-id"))
        connection.close()
    assert len(ids) == 40
    assert {r["request_id"] for r in gw.wait_for_records(40)} == ids


def test_quit_lets_an_open_stream_end(make_gateway, provider):
    gateway = make_gateway(policy.config(policy.target(provider)), policy.routed())
    (connection, exchange), *others = open_streams(gateway, provider, "/v1")
    for other, its_exchange in others:
        other.close()
        its_exchange.close()
    gateway.signal(signal.SIGQUIT)
    until(lambda: "gracefully shutting down" in gateway.error_log, "the worker to drain")
    exchange.chunk(b"".join(chat.stream([" now"])))
    exchange.end_chunks()
    exchange.done()
    answer = connection.read_body()
    connection.close()
    assert chat.text_of(answer.body) == "Hello there write to jane.doe now"
    assert chat.is_done(answer.body)


def test_a_request_is_not_answered_twice_after_a_reload(gw, provider):
    provider.answer(answers.whole(chat.dump(chat.answer("one"))))
    with gw.connect() as connection:
        connection.post("/v1/chat/completions", chat.request())
        assert connection.read().status == 200
        gw.reload()
        assert connection.at_end()  # the old worker closes its idle connections
    assert len(provider.requests) == 1
