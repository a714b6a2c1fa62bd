"""What the reader puts together is one text: no value passes in the pieces that it comes in."""

import json

import pytest

from harness import answers, chat, policy

LEFT, RIGHT = "It is ", " there."
VALUES = [chat.EMAIL, "4111 1111 1111 1111", "536-22-8145"]
# Where the second piece of an answer stands.
PLACES = {"another part": {"content_index": 1}, "another message": {"output_index": 1}}


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    return make_gateway(
        policy.config(policy.target(shared_provider)),
        policy.routed() + policy.stock(shared_provider),
    )


def cuts(value):
    text = LEFT + value + RIGHT
    return [(text[:cut], text[cut:]) for cut in range(1, len(text))]


def assert_hidden(text, value):
    assert value not in text
    assert text.startswith(LEFT + "[") and text.endswith("]" + RIGHT)


def named(kind, place, **members):
    return chat.event({"type": kind, "item_id": "m", **place, **members}, name=kind)


def part_events(text, place):
    """One part of an answer: its deltas, and the events that repeat it."""
    part = {"type": "output_text", "text": text, "annotations": []}
    middle = len(text) // 2
    return [
        *[named("response.output_text.delta", place, delta=t) for t in (text[:middle], text[middle:])],
        named("response.output_text.done", place, text=text),
        named("response.content_part.done", place, part=part),
        named("response.output_item.done", place, item={"type": "message", "content": [part]}),
    ]


def said(body):
    """What the events of each type say, put together."""
    texts = {}
    for value in chat.objects_of(body):
        part = value.get("part") or (value.get("item") or {}).get("content", [{}])[0]
        text = value.get("delta") or value.get("text") or part.get("text")
        texts[value["type"]] = texts.get(value["type"], "") + (text or "")
    return texts


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("place", PLACES)
def test_a_value_over_the_parts_and_messages_of_a_stream(gw, provider, base, place, value):
    first = {"output_index": 0, "content_index": 0}
    for pieces in cuts(value):
        events = [
            event
            for text, where in zip(pieces, (first, {**first, **PLACES[place]}))
            for event in part_events(text, where)
        ]
        parts = [{"type": "output_text", "text": text} for text in pieces]
        whole = {"id": "r", "output": [{"type": "message", "content": parts}]}
        done = {"type": "response.completed", "response": whole}
        provider.answer(answers.stream([*events, chat.event(done, name=done["type"])]))
        body = gw.post(f"{base}/responses", {"model": "m", "input": "Hi", "stream": True}).body
        texts = said(body)
        assert texts.pop("response.completed") == ""
        for text in texts.values():
            assert_hidden(text, value)
        end = chat.objects_of(body)[-1]["response"]["output"][0]["content"]
        assert_hidden("".join(part["text"] for part in end), value)


@pytest.mark.parametrize("value", VALUES)
def test_a_value_over_the_parts_of_a_message(gw, provider, base, value):
    for pieces in cuts(value):
        provider.answer(answers.whole(chat.dump(chat.answer("Fine."))))
        parts = [{"type": "text", "text": text} for text in pieces]
        message = {"role": "user", "content": parts}
        gw.post(f"{base}/chat/completions", {"model": "m", "messages": [message]})
        sent = json.loads(provider.last.body)["messages"][0]["content"]
        assert_hidden("".join(part["text"] for part in sent), value)


def test_halves_of_characters_in_two_deltas(gw, provider, base):
    digits = ["\\ud835\\udfd2", *["\\ud835\\udfcf"] * 15]  # 4111 1111 1111 1111, mathematical
    text = "".join(digits)
    for cut in range(0, len(text) + 1, 6):
        events = [
            b'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n' % piece.encode()
            for piece in (text[:cut], text[cut:])
        ]
        finish = chat.event(chat.chunk({}, finish="stop"))
        provider.answer(answers.stream([*events, finish, chat.DONE]))
        body = gw.chat(path=f"{base}/chat/completions", stream=True).body
        assert chat.text_of(body) == "[CREDIT_CARD]"
