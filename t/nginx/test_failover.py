"""Two targets: the second answers for the first until something has reached the client."""

import pytest

from harness import answers, chat, policy

OTHER_KEY = "sk-other-target"
ERROR = chat.dump({"error": {"message": "no", "type": "x"}})


@pytest.fixture(scope="module")
def second_provider(make_provider):
    return make_provider()


@pytest.fixture
def second(second_provider):
    second_provider.reset()
    yield second_provider
    second_provider.reset()


def gateway_of(make_gateway, first, other, **providers):
    targets = [
        policy.target(first, id="first", model="m-first"),
        policy.target(
            other, id="second", model="m-second", secret_key_ref={"env": "KT_TEST_OTHER_KEY"}
        ),
    ]
    return make_gateway(
        policy.config(*targets, providers=providers),
        policy.routed(),
        env={"KT_TEST_OTHER_KEY": OTHER_KEY},
    )


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider, second_provider):
    return gateway_of(make_gateway, shared_provider, second_provider)


RECOVERABLE = {
    "hangs up": answers.hang_up,
    "503": answers.whole(ERROR, 503),
    "500": answers.whole(ERROR, 500),
    "429": answers.whole(ERROR, 429),
    "200, then close": answers.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"),
    "no JSON": answers.whole(b"<html>"),
    "cut JSON": answers.whole(chat.dump(chat.answer())[:-9]),
}


@pytest.mark.parametrize("kind", RECOVERABLE)
def test_a_failure_before_commit_goes_to_the_next_target(gw, provider, second, kind):
    provider.answer(RECOVERABLE[kind])
    answer = gw.chat(f"Mail {chat.EMAIL}")
    assert (answer.status, answer.header("x-keeptrusts-target")) == (200, "second")
    assert second.last.json()["messages"][0]["content"] == f"Mail {chat.EMAIL_MARK}"


def test_each_target_gets_its_own_request(gw, provider, second):
    provider.answer(RECOVERABLE["503"])
    gw.chat()
    expected = ((provider, "m-first", policy.KEY), (second, "m-second", OTHER_KEY))
    for upstream, model, key in expected:
        assert upstream.last.json()["model"] == model
        assert upstream.last.header("authorization") == f"Bearer {key}"
        assert upstream.last.header("host") == f"127.0.0.1:{upstream.port}"


STREAMS = {
    "error first": answers.stream([chat.event({"error": {"message": "boom"}})]),
    "cut after the role": answers.stream(chat.stream([])[:1], end=False),
    "comments, then close": answers.stream([b": ping\n\n"], end=False),
}


@pytest.mark.parametrize("kind", STREAMS)
def test_a_stream_fails_over_before_its_first_text(gw, provider, second, kind):
    provider.answer(STREAMS[kind])
    second.answer(answers.stream(chat.stream(["from the second"])))
    answer = gw.chat(stream=True)
    assert chat.text_of(answer.body) == "from the second"
    assert chat.is_done(answer.body)
    assert answer.header("x-keeptrusts-target") == "second"


def test_after_the_first_text_there_is_no_other_try(gw, provider, second):
    provider.answer(answers.stream(chat.content_events(["Hello there ", "and"]), end=False))
    answer = gw.chat(stream=True)
    assert chat.error_of(answer.body)["code"] == "upstream_failed"
    assert not second.requests


def test_the_clients_own_error_is_not_tried_elsewhere(gw, provider, second):
    provider.answer(answers.whole(ERROR, 400))
    assert gw.chat().status == 400
    assert not second.requests


def test_all_tries_are_recorded(gw, provider, second):
    provider.answer(RECOVERABLE["503"])
    record = gw.record_of(gw.chat())
    tries = [(a["target"], a["status"]) for a in record["attempts"]]
    assert tries == [("first", 503), ("second", 200)]
    assert record["target"] == "second"


def test_when_both_fail_the_client_gets_one_error(gw, provider, second):
    provider.answer(answers.hang_up)
    second.answer(answers.hang_up)
    answer = gw.chat()
    assert (answer.status, answer.error["code"]) == (502, "upstream_failed")
    assert answer.header("x-should-retry") == "false"


@pytest.mark.parametrize("model", ["first", "second"])
def test_a_model_that_names_a_target_chooses_it(gw, provider, second, model):
    answer = gw.chat(model=model)
    assert answer.header("x-keeptrusts-target") == model


def test_single_uses_the_first_only(make_gateway, provider, second):
    gateway = gateway_of(make_gateway, provider, second, strategy="single")
    provider.answer(answers.hang_up)
    assert gateway.chat().status == 502
    assert not second.requests
