"""`redaction.marker_format: reversible`: the provider sees placeholders, the client its values."""

import json

import pytest

from harness import answers, chat, policy

OTHER = "john.roe@acme-mail.com"
OWN = "made.up@acme-mail.com"
QUESTION = f"Write to {chat.EMAIL}, {OTHER} and {chat.EMAIL}."
ANSWER = f"To [EMAIL_2], [EMAIL_1], [EMAIL_3] and {OWN}."
RESTORED = f"To {OTHER}, {chat.EMAIL}, [EMAIL_3] and [EMAIL]."


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    settings = {"pii-detector": {"redaction": {"marker_format": "reversible"}}}
    return make_gateway(
        policy.config(policy.target(shared_provider), settings=settings),
        policy.routed() + policy.stock(shared_provider),
    )


def ask(gw, base, **more):
    return gw.chat(QUESTION, path=f"{base}/chat/completions", **more)


def test_a_whole_answer(gw, provider, base):
    provider.answer(answers.whole(chat.dump(chat.answer(ANSWER))))
    answer = ask(gw, base)
    sent = provider.last.json()["messages"][0]["content"]
    assert sent == "Write to [EMAIL_1], [EMAIL_2] and [EMAIL_1]."
    assert answer.json()["choices"][0]["message"]["content"] == RESTORED
    assert "jane" not in json.dumps(gw.record_of(answer))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_a_stream_in_deltas_of_few_characters(gw, provider, base, size):
    pieces = [ANSWER[i : i + size] for i in range(0, len(ANSWER), size)]
    provider.answer(answers.stream(chat.stream(pieces)))
    assert chat.text_of(ask(gw, base, stream=True).body) == RESTORED


def test_the_next_request_knows_nothing_of_it(gw, provider, base):
    ask(gw, base)
    provider.answer(answers.whole(chat.dump(chat.answer("[EMAIL_1]"))))
    answer = gw.chat("Hello", path=f"{base}/chat/completions")
    assert answer.json()["choices"][0]["message"]["content"] == "[EMAIL_1]"


def test_an_error_of_the_provider_keeps_the_placeholder(gw, provider, base):
    body = chat.dump({"error": {"message": "bad: [EMAIL_1]", "type": "invalid_request_error"}})
    provider.answer(answers.whole(body, status=400))
    assert ask(gw, base).body == body
