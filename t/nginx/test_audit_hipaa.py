"""hipaa_audit_controls: nobody unnamed, and no answer ends before its record is durable."""

import os
import re
import signal

import pytest

from harness import answers, audit, chat, policy
from harness.processes import writer
from harness.wait import SCALE, until

USER = [("X-User-Id", "user-1")]


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    settings = {"audit-logger": {"hipaa_audit_controls": True}}
    return make_gateway(
        policy.config(policy.target(shared_provider), settings=settings),
        policy.routed() + policy.stock(shared_provider),
    )


def is_recorded(gw, answer):
    """Now, without waiting for it."""
    request_id = answer.header("x-request-id")
    return [r["request_id"] for r in gw.audit()].count(request_id) == 1


@pytest.mark.parametrize("user", [[], [("X-User-Id", " ")]])
def test_a_request_without_a_user_is_refused(gw, provider, base, user):
    answer = gw.chat(path=f"{base}/chat/completions", headers=user)
    assert (answer.status, answer.error["code"]) == (401, "user_id_required")
    assert not provider.requests


@pytest.mark.parametrize("stream", [False, True])
def test_a_whole_answer_means_that_its_record_is_in_the_log(gw, provider, base, stream):
    if stream:
        provider.answer(answers.stream(chat.stream(["Hello there ", "you"])))
    for _ in range(20):
        answer = gw.chat(path=f"{base}/chat/completions", headers=USER, stream=stream)
        assert answer.status == 200 and answer.complete
        assert is_recorded(gw, answer)


def test_a_block_waits_too(gw, provider, base):
    answer = gw.chat(chat.INJECTION, f"{base}/chat/completions", headers=USER)
    assert answer.status == 409
    assert is_recorded(gw, answer)


def test_a_failure_of_the_provider_waits_too(gw, provider, base):
    provider.answer(answers.hang_up)
    answer = gw.chat(path=f"{base}/chat/completions", headers=USER)
    assert answer.status == 502
    assert is_recorded(gw, answer)


def reset_in_a_stream(exchange):
    exchange.send_stream_head()
    exchange.chunk(b"".join(chat.stream(["Hello there "])[:2]), read=True)
    exchange.reset()


def test_a_stream_that_the_provider_cuts_waits_too(gw, provider, base):
    provider.answer(reset_in_a_stream)
    for _ in range(20):
        answer = gw.chat(path=f"{base}/chat/completions", headers=USER, stream=True)
        assert answer.status == 200
        assert chat.error_of(answer.body)["code"] == "upstream_failed"
        assert answer.complete
        assert is_recorded(gw, answer)


def test_requests_on_one_connection_follow_each_other(gw, provider, base):
    with gw.connect() as connection:
        for _ in range(5):
            connection.post(f"{base}/chat/completions", chat.request(), USER)
            answer = connection.read()
            assert answer.status == 200 and is_recorded(gw, answer)


def test_a_client_that_leaves_while_its_answer_waits_harms_nobody(gw, provider, base):
    pid = writer(gw)
    os.kill(pid, signal.SIGSTOP)
    try:
        with gw.connect() as connection:
            connection.post(f"{base}/chat/completions", chat.request(), USER)
            provider.wait_for_requests(1)
    finally:
        os.kill(pid, signal.SIGCONT)
    until(lambda: gw.chat(headers=USER).status == 200, "service")


def test_an_answer_whose_record_never_gets_durable_is_cut(make_gateway, provider):
    settings = {"audit-logger": {"hipaa_audit_controls": True}}
    gw = make_gateway(
        policy.config(policy.target(provider), settings=settings), policy.routed()
    )
    assert gw.chat(headers=USER).status == 200
    pid = writer(gw)
    os.kill(pid, signal.SIGSTOP)
    try:
        with gw.connect() as connection:
            connection.post("/v1/chat/completions", chat.request(), USER)
            until(lambda: "not durable" in gw.error_log, "the cut", 30 * SCALE)
            assert re.search(r"not durable after \d+ ms, request \w{32}", gw.error_log)
            assert connection.at_end() or not connection.read().complete
    finally:
        os.kill(pid, signal.SIGCONT)
    until(lambda: len(gw.audit()) == 2, "both records")
    audit.assert_whole(gw.audit_dir)
