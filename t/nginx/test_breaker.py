"""What workers know together: breakers, targets that are put aside, and how long."""

import os
import pathlib
import re
import signal
import threading

import pytest

from harness import answers, chat, policy
from harness.wait import until

ERROR = chat.dump({"error": {"message": "no", "type": "x"}})


@pytest.fixture(scope="module")
def second_provider(make_provider):
    return make_provider()


@pytest.fixture
def second(second_provider):
    second_provider.reset()
    yield second_provider
    second_provider.reset()


def gateway_of(make_gateway, *upstreams, workers=1, **providers):
    """Targets a, b, … under fallback; a gateway of its own, since what it learns stays."""
    targets = [
        policy.target(upstream, id="abc"[i], model=f"model-{i}")
        for i, upstream in enumerate(upstreams)
    ]
    providers = {"circuit_breaker": None, **providers}
    return make_gateway(
        policy.config(*targets, providers=providers), policy.routed(), workers=workers
    )


def failing(status, **headers):
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return answers.whole(ERROR, status, headers=fields)


def target_of(answer):
    assert answer.status == 200
    return answer.header("x-keeptrusts-target")


def state_of(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def each_worker(gateway):
    """Lets one worker after the other take all requests: the rest are stopped meanwhile."""
    find = lambda: re.findall(r"start worker process (\d+)", gateway.error_log)
    until(lambda: len(find()) == gateway.workers, "the workers to start")
    workers = [int(pid) for pid in find()]
    for serving in workers:
        others = [pid for pid in workers if pid != serving]
        for pid in others:
            os.kill(pid, signal.SIGSTOP)
            until(lambda pid=pid: state_of(pid) == "T", "the worker to stop")
        try:
            yield serving
        finally:
            for pid in others:
                os.kill(pid, signal.SIGCONT)


def test_a_target_that_keeps_failing_is_left_alone(make_gateway, provider, second):
    gateway = gateway_of(make_gateway, provider, second)
    provider.answer(failing(500))
    for _ in range(20):
        assert target_of(gateway.chat()) == "b"
    assert len(provider.requests) == 5
    assert len(re.findall(r'\[warn\].*breaker of target "a" opened', gateway.error_log)) == 1


def test_two_workers_share_a_breaker(make_gateway, provider, second):
    gateway = gateway_of(make_gateway, provider, second, workers=2)
    provider.answer(failing(500))
    for _ in each_worker(gateway):
        for _ in range(4):
            assert target_of(gateway.chat()) == "b"
    assert len(provider.requests) == 5


def test_a_breaker_survives_a_reload(make_gateway, provider, second):
    gateway = gateway_of(make_gateway, provider, second)
    provider.answer(failing(500))
    for _ in range(5):
        gateway.chat()
    gateway.reload()
    for _ in range(5):
        assert target_of(gateway.chat()) == "b"
    assert len(provider.requests) == 5


def test_a_real_request_closes_a_breaker_whose_time_is_over(make_gateway, provider, second):
    gateway = gateway_of(
        make_gateway,
        provider,
        second,
        circuit_breaker={"failure_threshold": 1, "cooldown_seconds": 1},
    )
    provider.answer_once(failing(503))
    assert target_of(gateway.chat()) == "b"
    until(lambda: target_of(gateway.chat()) == "a", "the breaker to close")
    until(lambda: 'breaker of target "a" closed' in gateway.error_log, "the line in the log")


def test_a_client_that_leaves_does_not_open_a_breaker(make_gateway, provider, second):
    gateway = gateway_of(make_gateway, provider, second, circuit_breaker={"failure_threshold": 1})
    provider.answer_once(answers.stall)
    with gateway.connect() as connection:
        connection.post("/v1/chat/completions", chat.request("Hello there."))
        provider.wait_for_requests(1)
    gateway.wait_for_records(1)
    assert target_of(gateway.chat()) == "a"


def test_a_stale_kept_connection_does_not_open_a_breaker(make_gateway, provider, second):
    gateway = gateway_of(make_gateway, provider, second, circuit_breaker={"failure_threshold": 1})
    assert target_of(gateway.chat()) == "a"
    provider.drop_connections()
    for _ in range(3):
        assert target_of(gateway.chat()) == "a"
    assert not second.requests


def test_the_clients_own_errors_do_not_open_a_breaker(make_gateway, provider, second):
    gateway = gateway_of(make_gateway, provider, second, circuit_breaker={"failure_threshold": 1})
    for status in (400, 413, 422):
        provider.answer_once(failing(status))
        assert gateway.chat().status == status
    assert target_of(gateway.chat()) == "a"


@pytest.mark.parametrize("status", [401, 402, 403, 404])
def test_a_refused_key_or_model_puts_the_target_aside(make_gateway, provider, second, status):
    gateway = gateway_of(make_gateway, provider, second)
    provider.answer(failing(status))
    for _ in range(4):
        assert target_of(gateway.chat()) == "b"
    assert len(provider.requests) == 1
    lines = re.findall(r'target "a" is put aside for 60 s: \w+_error, status \d+; check its \w+', gateway.error_log)
    assert len(lines) == 1


def test_when_every_key_is_refused_the_gateway_says_so(make_gateway, provider, second):
    gateway = gateway_of(make_gateway, provider, second)
    for upstream in (provider, second):
        upstream.answer(failing(401))
    for _ in range(3):
        answer = gateway.chat()
        assert (answer.status, answer.error["code"]) == (502, "upstream_auth_failed")
    assert (len(provider.requests), len(second.requests)) == (1, 1)


@pytest.mark.parametrize("status", [402, 403, 404])
def test_a_request_that_every_target_refuses_takes_none_away(
    make_gateway, provider, second, status
):
    gateway = gateway_of(make_gateway, provider, second)
    for upstream in (provider, second):
        upstream.answer_once(failing(status))
    answer = gateway.chat()
    assert (answer.status, answer.error["code"]) == (502, "upstream_auth_failed")
    assert target_of(gateway.chat()) == "a"
    assert "put aside" not in gateway.error_log


@pytest.mark.parametrize("status", [402, 403, 404])
def test_one_refused_request_does_not_take_a_lone_target_away(make_gateway, provider, status):
    gateway = gateway_of(make_gateway, provider)
    provider.answer_once(failing(status))
    answer = gateway.chat()
    assert (answer.status, answer.error["code"]) == (502, "upstream_auth_failed")
    assert target_of(gateway.chat()) == "a"


def test_two_workers_and_a_reload_share_what_is_put_aside(make_gateway, provider, second):
    gateway = gateway_of(make_gateway, provider, second, workers=2)
    provider.answer_once(failing(429, retry_after="600"))
    for _ in each_worker(gateway):
        assert target_of(gateway.chat()) == "b"
    gateway.reload()
    for _ in range(4):
        assert target_of(gateway.chat()) == "b"
    assert len(provider.requests) == 1


def test_a_long_retry_after_puts_the_target_aside(make_gateway, provider, second):
    gateway = gateway_of(make_gateway, provider, second)
    provider.answer_once(failing(429, retry_after="3"))
    for _ in range(3):
        assert target_of(gateway.chat()) == "b"
    assert len(provider.requests) == 1
    until(lambda: target_of(gateway.chat()) == "a", "the target's return")
    until(lambda: 'target "a" is asked again' in gateway.error_log, "the line in the log")


def test_when_all_are_out_the_soonest_return_is_told(make_gateway, provider, second):
    gateway = gateway_of(make_gateway, provider, second)
    provider.answer_once(failing(429, retry_after="600"))
    second.answer_once(failing(429, retry_after="50"))
    first = gateway.chat()
    assert (first.status, first.header("retry-after")) == (429, "50")
    refused = gateway.chat()
    assert (refused.status, refused.error["code"]) == (503, "no_target_available")
    assert 45 <= int(refused.header("retry-after")) <= 50
    assert (len(provider.requests), len(second.requests)) == (1, 1)


def test_round_robin_is_exact_over_two_workers(make_gateway, provider, second):
    gateway = gateway_of(make_gateway, provider, second, workers=2, strategy="round_robin")
    for _ in each_worker(gateway):
        for _ in range(7):
            assert gateway.chat().status == 200
    assert (len(provider.requests), len(second.requests)) == (7, 7)


def test_weights_are_exact_over_two_workers(make_gateway, provider, second):
    targets = [
        policy.target(provider, id="a", weight=0.75),
        policy.target(second, id="b", weight=0.25),
    ]
    gateway = make_gateway(
        policy.config(*targets, providers={"strategy": "weighted_round_robin"}),
        policy.routed(),
        workers=2,
    )
    for _ in each_worker(gateway):
        for _ in range(10):
            assert gateway.chat().status == 200
    assert (len(provider.requests), len(second.requests)) == (15, 5)


def test_weights_are_exact_when_two_workers_choose_at_once(make_gateway, make_provider):
    upstreams = [make_provider() for _ in range(3)]
    targets = [
        policy.target(upstream, id=name, weight=weight)
        for upstream, name, weight in zip(upstreams, "abc", (0.5, 0.3, 0.2))
    ]
    gateway = make_gateway(
        policy.config(*targets, providers={"strategy": "weighted_round_robin"}),
        policy.routed(),
        workers=2,
    )

    def ask():
        with gateway.connect() as connection:
            for _ in range(20):
                connection.post("/v1/chat/completions", chat.request())
                assert connection.read().status == 200

    clients = [threading.Thread(target=ask) for _ in range(10)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert [len(upstream.requests) for upstream in upstreams] == [100, 60, 40]


def test_a_strategy_still_fails_over(make_gateway, provider, second):
    gateway = gateway_of(make_gateway, provider, second, strategy="round_robin")
    provider.answer(answers.hang_up)
    for _ in range(10):
        assert target_of(gateway.chat()) == "b"


def test_the_cheapest_is_asked_first(make_gateway, provider, second):
    targets = [
        policy.target(provider, id="a", pricing={"prompt": 3, "completion": 15}),
        policy.target(second, id="b", pricing={"prompt": 0.2, "completion": 0.8}),
    ]
    gateway = make_gateway(
        policy.config(*targets, providers={"strategy": "lowest_cost"}), policy.routed()
    )
    assert target_of(gateway.chat()) == "b"
    second.answer_once(failing(500))
    assert target_of(gateway.chat()) == "a"


STATUS = "location /metrics { keeptrusts_status; } location /keeptrusts/ { keeptrusts_status; }"


def metrics_gateway(make_gateway, provider, second, **breaker):
    targets = [policy.target(provider, id="a"), policy.target(second, id="b")]
    providers = {"circuit_breaker": {"failure_threshold": 1, **breaker}}
    config = policy.config(*targets, providers=providers)
    return make_gateway(config, policy.routed() + STATUS, workers=2)


def test_the_state_of_each_target_is_told(make_gateway, provider, second):
    gateway = metrics_gateway(make_gateway, provider, second)
    provider.answer_once(failing(503))
    assert target_of(gateway.chat()) == "b"
    gateway.wait_for_records(1)
    answer = gateway.get("/keeptrusts/providers/metrics")
    first, other = answer.json()["targets"]
    assert (first["target"], first["state"], first["breaker"]) == ("a", "breaker_open", "open")
    assert 20_000 < first["back_in_ms"] <= 30_000
    assert (first["requests"], first["failures"], first["fallbacks"]) == (1, 1, 0)
    assert (other["target"], other["state"], other["breaker"]) == ("b", "up", "closed")
    assert (other["requests"], other["failures"], other["fallbacks"]) == (1, 0, 1)
    assert other["first_token"]["whole"]["samples"] == 1
    assert policy.KEY.encode() not in answer.body


def test_a_half_open_breaker_lets_one_request_through_over_workers_and_a_reload(
    make_gateway, provider, second
):
    gateway = metrics_gateway(make_gateway, provider, second, cooldown_seconds=1)
    state = lambda: gateway.get("/keeptrusts/providers/metrics").json()["targets"][0]["breaker"]
    provider.answer_once(failing(503))
    assert target_of(gateway.chat()) == "b"
    until(lambda: state() == "half_open", "the pause to be over")
    probe = provider.manual()
    with gateway.connect() as connection:
        connection.post("/v1/chat/completions", chat.request("Hello there."))
        exchange = probe.take()
        for _ in range(6):
            assert target_of(gateway.chat()) == "b"
        gateway.reload()
        for _ in range(6):
            assert target_of(gateway.chat()) == "b"
        answers.whole(chat.dump(chat.answer()))(exchange)
        exchange.done()
        assert target_of(connection.read()) == "a"
    assert state() == "closed"
    assert target_of(gateway.chat()) == "a"


def test_prometheus_gets_the_same(make_gateway, provider, second):
    gateway = metrics_gateway(make_gateway, provider, second)
    provider.answer_once(failing(401))
    assert target_of(gateway.chat()) == "b"
    gateway.wait_for_records(1)
    answer = gateway.get("/metrics")
    assert answer.header("content-type").startswith("text/plain")
    lines = answer.body.decode().splitlines()
    for line in (
        'keeptrusts_target_up{pack="test-pack",target="a"} 0',
        'keeptrusts_target_up{pack="test-pack",target="b"} 1',
        'keeptrusts_target_requests_total{pack="test-pack",target="a"} 1',
        'keeptrusts_target_fallbacks_total{pack="test-pack",target="b"} 1',
        "# TYPE keeptrusts_target_requests_total counter",
    ):
        assert line in lines
    for line in lines:
        assert line.startswith("# ") or re.fullmatch(r'\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? \d+', line)


def test_a_target_whose_model_was_corrected_is_asked_after_a_reload(make_gateway, provider, second):
    targets = lambda model: [
        policy.target(provider, id="a", model=model),
        policy.target(second, id="b", model="m"),
    ]
    gateway = make_gateway(policy.config(*targets("mistyped")), policy.routed())
    provider.answer_once(failing(404))
    assert target_of(gateway.chat()) == "b"
    assert target_of(gateway.chat()) == "b"
    gateway.write("policy.yaml", policy.config(*targets("right")))
    gateway.reload()
    assert target_of(gateway.chat()) == "a"


def test_a_zone_of_another_size_begins_empty(make_gateway, provider, second):
    gateway = gateway_of(make_gateway, provider, second)
    provider.answer_once(failing(401))
    for _ in range(2):
        assert target_of(gateway.chat()) == "b"
    gateway.http = "keeptrusts_zone 1m;"
    gateway.reload()
    assert target_of(gateway.chat()) == "a"
