"""The same target is asked again while no other is left: backoff, Retry-After, and what is not."""

import re
import signal

import pytest

from harness import answers, chat, policy
from harness.wait import until

ERROR = chat.dump({"error": {"message": "no", "type": "x"}})
GOOD = answers.whole(chat.dump(chat.answer("Hello.")))


def failing(status, **headers):
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return answers.whole(ERROR, status, headers=fields)


def gateway_of(make_gateway, upstream, retry=None, **more):
    """A gateway with one target, of its own, since what it learns stays."""
    options = {key: more.pop(key) for key in ("workers", "server") if key in more}
    providers = {"retry": {"jitter": False, "initial_backoff_ms": 20, **(retry or {})}, **more}
    server = policy.routed() + options.pop("server", "")
    config = policy.config(policy.target(upstream), providers=providers)
    return make_gateway(config, server, **options)


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    return gateway_of(make_gateway, shared_provider, circuit_breaker={"enabled": False})


@pytest.mark.parametrize("status", [429, 502, 503, 529])
def test_a_target_that_recovers_is_asked_again(gw, provider, status):
    provider.answer_once(failing(status))
    answer = gw.chat(f"Mail {chat.EMAIL}")
    assert answer.status == 200
    first, second = provider.requests
    assert first.body == second.body
    assert second.json()["messages"][0]["content"] == f"Mail {chat.EMAIL_MARK}"
    tries = [(a["target"], a["status"]) for a in gw.record_of(answer)["attempts"]]
    assert tries == [("main", status), ("main", 200)]


def test_a_stream_is_retried_before_its_first_text(gw, provider):
    provider.answer_once(failing(503))
    provider.answer(answers.stream(chat.stream(["Hello."])))
    answer = gw.chat(stream=True)
    assert chat.text_of(answer.body) == "Hello."
    assert chat.is_done(answer.body)
    assert len(provider.requests) == 2


def test_of_two_targets_the_one_that_may_recover_is_asked_again(make_gateway, make_provider):
    first, second = make_provider(), make_provider()
    targets = [policy.target(first, id="a"), policy.target(second, id="b")]
    gateway = make_gateway(
        policy.config(*targets, providers={"retry": {"jitter": False}}), policy.routed()
    )
    first.answer_once(failing(503))
    second.answer_once(answers.hang_up)  # may be billed: not again
    answer = gateway.chat()
    assert answer.status == 200
    tries = [(a["target"], a["status"]) for a in gateway.record_of(answer)["attempts"]]
    assert tries == [("a", 503), ("b", 0), ("a", 200)]


def test_two_targets_that_both_fail_once_are_no_failure_to_the_client(make_gateway, make_provider):
    first, second = make_provider(), make_provider()
    targets = [policy.target(first, id="a"), policy.target(second, id="b")]
    gateway = make_gateway(policy.config(*targets, providers={"retry": None}), policy.routed())
    first.answer_once(failing(503))
    second.answer_once(failing(503))
    assert gateway.chat().status == 200
    assert (len(first.requests), len(second.requests)) == (2, 1)


def test_the_retries_run_out(gw, provider):
    provider.answer(failing(503))
    answer = gw.chat()
    assert (answer.status, answer.error["code"]) == (502, "upstream_failed")
    assert len(provider.requests) == 3
    assert "asking again in 20 ms" in gw.error_log
    assert "asking again in 40 ms" in gw.error_log


@pytest.mark.parametrize("script", [answers.hang_up, failing(500), failing(400)])
def test_what_may_be_billed_or_is_the_clients_own_is_not_sent_again(gw, provider, script):
    provider.answer_once(script)
    assert gw.chat().status != 200
    assert len(provider.requests) == 1


def test_a_refused_connection_is_retried(make_gateway, make_provider, provider):
    gone = make_provider()
    gone.close()
    gateway = gateway_of(make_gateway, gone)
    answer = gateway.chat()
    assert answer.status == 502
    attempts = gateway.record_of(answer)["attempts"]
    assert [a["error"] for a in attempts] == ["connect_error"] * 3
    assert not any(a.get("maybe_billed") for a in attempts)


def test_retry_after_is_waited_for(gw, provider):
    provider.answer_once(failing(429, retry_after_ms="300"))
    answer = gw.chat()
    assert answer.status == 200
    assert gw.record_of(answer)["latency_ms"] >= 300


@pytest.fixture(scope="module")
def other_gw(make_gateway, shared_provider):
    """With a retry budget of its own."""
    return gateway_of(make_gateway, shared_provider, circuit_breaker={"enabled": False})


@pytest.mark.parametrize("value", ["-5", "NaN", "1e9", "Thu, 01 Jan 1970 00:00:00 GMT", "0", ""])
def test_a_retry_after_of_no_use_does_not_keep_the_target_out(other_gw, provider, value):
    provider.answer_once(failing(429, retry_after=value))
    assert other_gw.chat().status == 200
    assert len(provider.requests) == 2


def test_a_client_that_leaves_while_waiting_ends_the_request(make_gateway, provider):
    gateway = gateway_of(
        make_gateway, provider, {"initial_backoff_ms": 60_000, "max_backoff_ms": 60_000}
    )
    provider.answer_once(failing(503))
    with gateway.connect() as connection:
        connection.post("/v1/chat/completions", chat.request("Hello there."))
        until(lambda: "asking again in 60000 ms" in gateway.error_log, "the wait")
    record = gateway.wait_for_records(1)[0]
    assert record["status"] == 499
    assert [a["status"] for a in record["attempts"]] == [503]
    assert len(provider.requests) == 1


def test_the_total_time_leaves_no_room_for_a_long_wait(make_gateway, provider):
    gateway = gateway_of(
        make_gateway,
        provider,
        {"initial_backoff_ms": 60_000, "max_backoff_ms": 60_000},
        fallback={"total_timeout_seconds": 30},
    )
    provider.answer_once(failing(503))
    assert gateway.chat().status == 502
    assert len(provider.requests) == 1


def test_a_reload_while_waiting_breaks_nothing(make_gateway, provider):
    gateway = gateway_of(
        make_gateway, provider, {"initial_backoff_ms": 1500, "max_backoff_ms": 1500}
    )
    provider.answer_once(failing(503))
    with gateway.connect() as connection:
        connection.post("/v1/chat/completions", chat.request("Hello there."))
        until(lambda: "asking again in 1500 ms" in gateway.error_log, "the wait")
        gateway.reload()
        assert connection.read().status == 200
    assert len(provider.requests) == 2


def test_other_requests_go_on_while_one_waits(make_gateway, provider):
    gateway = gateway_of(
        make_gateway, provider, {"initial_backoff_ms": 60_000, "max_backoff_ms": 60_000}
    )
    provider.answer_once(failing(503))
    with gateway.connect() as waiting:
        waiting.post("/v1/chat/completions", chat.request("Hello there."))
        until(lambda: "asking again" in gateway.error_log, "the wait")
        assert gateway.chat().status == 200
    gateway.wait_for_records(2)


def test_a_wait_logs_no_error_of_nginx(gw, provider):
    provider.answer_once(failing(503))
    mark = len(gw.error_log)
    assert gw.chat().status == 200
    assert not re.search(r"\[(error|crit)\]", gw.error_log[mark:])


def test_an_outage_is_not_multiplied(make_gateway, provider):
    gateway = gateway_of(
        make_gateway,
        provider,
        {"initial_backoff_ms": 0},
        circuit_breaker={"enabled": False},
        workers=2,
    )
    provider.answer(failing(503))
    for _ in range(100):
        gateway.chat()
    assert 100 < len(provider.requests) <= 130


def test_one_who_waits_is_told_to_go_by_a_quick_stop(make_gateway, provider):
    gateway = gateway_of(
        make_gateway, provider, {"initial_backoff_ms": 60_000, "max_backoff_ms": 60_000}
    )
    provider.answer_once(failing(503))
    with gateway.connect() as connection:
        connection.post("/v1/chat/completions", chat.request("Hello there."))
        until(lambda: "asking again" in gateway.error_log, "the wait")
        gateway.signal(signal.SIGTERM)
        assert connection.at_end()
