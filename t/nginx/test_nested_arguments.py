"""JSON within strings of tool-call arguments, several levels deep: no value gets past, and every
level still parses behind a redaction."""

import json

import pytest

from harness import answers, chat

CARD = 4111111111111111
LEVELS = [0, 1, 2, 3, 4]
VALUES = {
    "a string": {"to": chat.EMAIL, "n": 1},
    "words around it": {"note": f'say "hi" to {chat.EMAIL}\nand\\go'},
    "a number": {"card": CARD, "n": -1.5e3},
    "numbers of a list": [1, CARD, [CARD], {"x": [CARD, 2]}],
    "a key beside it": {"é\n": {"deep": [{"to": chat.EMAIL}]}},
    "text like a list": {"log": f"[12:30] bob: mail {chat.EMAIL}, card {CARD}"},
    "text like a template": {"text": "{name} of {place}: " + chat.EMAIL},
    "a list in a text": {"log": f"[1, 2] {chat.EMAIL}"},
}


def wrapped(value, levels, write=json.dumps):
    """`value` as JSON, as a string within JSON, and so on."""
    text = write(value)
    for level in range(levels):
        text = json.dumps({"k": level, "body": text, "z": [True]})
    return text


def unwrapped(text, levels):
    for level in reversed(range(levels)):
        outer = json.loads(text)
        assert outer["k"] == level and outer["z"] == [True]
        text = outer["body"]
    return json.loads(text)


def escaped(value):
    """JSON with an escape sequence for each "@"."""
    return json.dumps(value).replace("@", "\\u0040")


def expect_clean(value):
    text = json.dumps(value)
    assert "jane" not in text and str(CARD) not in text
    assert "[EMAIL]" in text or "[CREDIT_CARD]" in text


def call(arguments):
    return {"tool_calls": [{"id": "c1", "type": "function",
                            "function": {"name": "send", "arguments": arguments}}]}  # fmt: skip


@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize("what", VALUES)
def test_arguments_of_a_request(gw, provider, what, levels):
    plain = wrapped(VALUES[what], levels)
    for arguments in (
        plain,
        plain.replace("@", "\\u0040"),
        wrapped(VALUES[what], levels, escaped),
    ):
        message = {"role": "assistant", "content": None, **call(arguments)}
        answer = gw.post("/v1/chat/completions", {"model": "m", "messages": [message]})
        assert answer.status == 200, answer.body
        sent = json.loads(provider.last.body)["messages"][0]
        expect_clean(unwrapped(sent["tool_calls"][0]["function"]["arguments"], levels))


@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize("what", VALUES)
def test_arguments_of_an_answer(gw, provider, what, levels):
    arguments = wrapped(VALUES[what], levels)
    message = {"role": "assistant", "content": None, **call(arguments)}
    provider.answer(answers.whole(chat.dump(chat.answer(choices=[message]))))
    whole = gw.chat().json()["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]
    expect_clean(unwrapped(whole, levels))
    for size in (1, 2, 3, 7, 40):
        pieces = [arguments[i : i + size] for i in range(0, len(arguments), size)]
        events = [
            chat.event(chat.chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}))
            for piece in pieces
        ]
        provider.answer(answers.stream([*events, chat.event(chat.chunk({}, finish="tool_calls")), chat.DONE]))
        body = gw.chat(stream=True).body
        streamed = "".join(
            call["function"].get("arguments", "")
            for _, data in chat.events_of(body)
            if data != "[DONE]"
            for choice in json.loads(data)["choices"]
            for call in choice["delta"].get("tool_calls", [])
        )
        assert streamed == whole, size
