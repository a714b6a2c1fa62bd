"""Conditional chains: `when`, `stage` and `streaming_mode` of an entry."""

import pytest

from harness import answers, chat, policy

TERM = "Project Heron"
TEXT = f"Write to {chat.EMAIL} about it."
EDITED = f"Write to {chat.EMAIL_MARK} about it."


def chain_of(shared_provider, make_gateway, *entries, settings=None):
    config = policy.config(
        policy.target(shared_provider), chain=[*entries, "audit-logger"], settings=settings
    )
    config["policy"].pop("safety-filter")
    return make_gateway(config, policy.routed() + policy.stock(shared_provider))


def seen_by(provider):
    return provider.last.json()["messages"][0]["content"]


# `when`


@pytest.fixture(scope="module")
def conditional(make_gateway, shared_provider):
    when = {"path": "/v1/chat", "header": {"X-Team": "finance"}, "model": ["m-a", "m-b"]}
    return chain_of(shared_provider, make_gateway, {"pii-detector": {"when": when}})


FINANCE = [("x-team", "finance")]


def test_a_policy_runs_where_all_its_conditions_hold(conditional, provider, base):
    for model in ("m-a", "m-b"):
        conditional.chat(TEXT, f"{base}/chat/completions", FINANCE, model=model)
        assert seen_by(provider) == EDITED


@pytest.mark.parametrize(
    "headers, model",
    [
        ([], "m-a"),
        ([("x-team", "Finance")], "m-a"),
        ([("x-team", "finances")], "m-a"),
        ([("x-other", "finance")], "m-a"),
        (FINANCE, "m-c"),
        (FINANCE, "m-"),
        (FINANCE, "M-A"),
    ],
)
def test_one_condition_that_fails_is_enough(conditional, provider, base, headers, model):
    answer = conditional.chat(TEXT, f"{base}/chat/completions", headers, model=model)
    assert seen_by(provider) == TEXT
    assert "pii-detector" not in [p["kind"] for p in conditional.record_of(answer)["policies"]]


@pytest.mark.parametrize("path", ["completions", "embeddings"])
def test_another_path_does_not_meet_the_condition(conditional, provider, base, path):
    body = {"model": "m-a", "prompt": TEXT, "input": TEXT}
    conditional.post(f"{base}/{path}", body, FINANCE)
    assert TEXT.encode() in provider.last.body


def test_the_path_is_the_same_however_the_client_writes_it(conditional, provider):
    for path in ("/v1/chat/completions", "/v1/chat/completions?x=/v2", "/v1/v1/chat/completions"):
        conditional.chat(TEXT, path, FINANCE, model="m-a")
        assert seen_by(provider) == EDITED, path


@pytest.mark.parametrize("headers", [FINANCE * 2, [("x-team", "sales"), *FINANCE]])
def test_a_header_sent_twice_cannot_switch_a_policy_off(make_gateway, provider, headers):
    """`header` asks for equality; a policy for one team must not be lost by a second header."""
    gateway = chain_of(
        provider, make_gateway, {"pii-detector": {"when": {"header": {"x-team": "finance"}}}}
    )
    gateway.chat(TEXT, headers=headers)
    assert seen_by(provider) == EDITED


def test_conditions_hold_for_the_answer_too(conditional, provider, base):
    provider.answer(answers.whole(chat.dump(chat.answer(TEXT))))
    path = f"{base}/chat/completions"
    for model, expected in (("m-a", EDITED), ("m-c", TEXT)):
        answer = conditional.chat("Hello", path, FINANCE, model=model)
        assert answer.json()["choices"][0]["message"]["content"] == expected


def test_conditions_hold_for_a_streamed_answer_too(conditional, provider, base):
    provider.answer(answers.stream(chat.stream([TEXT[:14], TEXT[14:]])))
    path = f"{base}/chat/completions"
    for model, expected in (("m-a", EDITED), ("m-c", TEXT)):
        answer = conditional.chat("Hello", path, FINANCE, model=model, stream=True)
        assert chat.text_of(answer.body) == expected


# `stage`


@pytest.fixture(
    scope="module",
    params=[("input", True, False), ("output", False, True), ("both", True, True)],
    ids=lambda p: p[0],
)
def staged(request, make_gateway, shared_provider):
    """(a gateway, requests are judged, answers are judged)"""
    stage, asked, answered = request.param
    settings = {"dlp-filter": {"blocked_terms": [TERM]}}
    entries = [{kind: {"stage": stage}} for kind in ("pii-detector", "dlp-filter")]
    gateway = chain_of(shared_provider, make_gateway, *entries, settings=settings)
    return gateway, asked, answered


BOTH = f"{TEXT} For {TERM}."
BOTH_EDITED = f"{EDITED} For [REDACTED]."


def test_a_stage_says_what_is_judged(staged, provider, base):
    gateway, asked, answered = staged
    provider.answer(answers.whole(chat.dump(chat.answer(BOTH))))
    answer = gateway.chat(BOTH, f"{base}/chat/completions")
    assert seen_by(provider) == (BOTH_EDITED if asked else BOTH)
    content = answer.json()["choices"][0]["message"]["content"]
    assert content == (BOTH_EDITED if answered else BOTH)
    phases = {p["phase"] for p in gateway.record_of(answer)["policies"]}
    assert phases == {name for name, on in (("input", asked), ("output", answered)) if on}


def test_a_stage_says_what_of_a_stream_is_judged(staged, provider, base):
    gateway, _, answered = staged
    events = chat.stream([BOTH[:20], BOTH[20:]])
    provider.answer(answers.stream(events))
    answer = gateway.chat("Hello", f"{base}/chat/completions", stream=True)
    if answered:
        assert chat.text_of(answer.body) == BOTH_EDITED
    else:
        assert answer.body == b"".join(events)


# `streaming_mode`


@pytest.fixture(scope="module", params=["buffered", "incremental"])
def mode(request, make_gateway, shared_provider):
    """(a gateway whose answers are blocked for a term, its streaming_mode)"""
    settings = {"dlp-filter": {"blocked_terms": [TERM], "action": "block"}}
    entry = {"dlp-filter": {"streaming_mode": request.param}}
    gateway = chain_of(shared_provider, make_gateway, entry, "pii-detector", settings=settings)
    return gateway, request.param


def test_a_buffered_answer_waits_for_its_end(mode, provider, base):
    gateway, name = mode
    manual = provider.manual()
    with gateway.connect() as connection:
        connection.post(f"{base}/chat/completions", chat.request(stream=True))
        exchange = manual.take()
        exchange.send_stream_head()
        exchange.chunk(chat.content_events(["All is well. Then "])[0], read=True)
        if name == "incremental":
            connection.read_head()
            connection.read_body(lambda body: b"All is well." in body)
        rest = b"".join(chat.content_events([f"came {TERM}", " and ended it."]))
        rest += chat.event(chat.chunk({}, finish="stop")) + chat.DONE
        # One write: a blocked stream is not read to its end.
        exchange.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(rest), rest))
        answer = connection.read_body() if name == "incremental" else connection.read()
        exchange.done()
    assert TERM.encode() not in answer.body
    if name == "buffered":  # nothing had gone out: a proper status
        assert (answer.status, answer.error["code"]) == (409, "output_blocked")
    else:
        assert chat.error_of(answer.body)["code"] == "output_blocked"


def test_the_texts_of_both_modes_are_the_same(mode, provider, base):
    gateway, _ = mode
    provider.answer(answers.stream(chat.stream(list(TEXT))))
    answer = gateway.chat(path=f"{base}/chat/completions", stream=True)
    assert chat.text_of(answer.body) == EDITED
    assert chat.is_done(answer.body)
