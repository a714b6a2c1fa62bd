"""One text in two shapes: a value must not come apart between them."""

import json

import pytest

from harness import answers, chat, policy

HALVES = ("Mail jane.doe@acme", "-mail.com now")
VALUE = b"jane"


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    return make_gateway(
        policy.config(policy.target(shared_provider)),
        policy.routed() + policy.stock(shared_provider),
    )


def streamed(gw, provider, deltas, base="/v1"):
    events = [chat.event(chat.chunk(delta)) for delta in deltas]
    provider.answer(
        answers.stream([*events, chat.event(chat.chunk({}, finish="stop")), chat.DONE])
    )
    return gw.chat(path=f"{base}/chat/completions", stream=True)


def parts(text):
    return [{"type": "text", "text": text}]


SHAPES = {
    "string, then parts": ({"content": HALVES[0]}, {"content": parts(HALVES[1])}),
    "parts, then string": ({"content": parts(HALVES[0])}, {"content": HALVES[1]}),
    "parts, then parts": ({"content": parts(HALVES[0])}, {"content": parts(HALVES[1])}),
    "parts of one delta": ({"content": parts(HALVES[0]) + parts(HALVES[1])},),
    "parts with an index": tuple(
        {"content": [{"index": 0, "type": "text", "text": half}]} for half in HALVES
    ),
    "string, then a text with a value": (
        {"content": HALVES[0]},
        {"content": [{"type": "text", "text": {"value": HALVES[1]}}]},
    ),
    "the content of a part, then string": (
        {"content": [{"type": "text", "content": HALVES[0]}]},
        {"content": HALVES[1]},
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_value_split_between_shapes_of_the_content_does_not_pass(gw, provider, base, name):
    answer = streamed(gw, provider, SHAPES[name], base)
    assert VALUE not in answer.body


# Responses: the place of a text is its output index, or its item where there is none.

FIXED = {"item_id": "i", "output_index": 0, "content_index": 0}
PLACES = {
    "the same": [FIXED, FIXED],
    "another item id": [FIXED, {**FIXED, "item_id": "j"}],
    "no output index": [{"item_id": "i", "content_index": 0}] * 2,
    "a text as index": [{**FIXED, "output_index": "0"}] * 2,
}


@pytest.mark.parametrize("name", PLACES)
def test_a_value_split_between_deltas_of_a_response_does_not_pass(gw, provider, base, name):
    kind = "response.output_text.delta"
    events = [
        chat.event({"type": kind, "delta": half, **place}, name=kind)
        for half, place in zip(HALVES, PLACES[name])
    ]
    done = {"type": "response.completed", "response": {"id": "r", "status": "completed"}}
    provider.answer(answers.stream([*events, chat.event(done, name=done["type"])]))
    body = {"model": "m", "input": "Hi", "stream": True}
    assert VALUE not in gw.post(f"{base}/responses", body).body


# The `hash` marker


@pytest.fixture(scope="module")
def hashed(make_gateway, shared_provider):
    settings = {
        "pii-detector": {
            "redaction": {"marker_format": "hash", "hash_key_ref": {"env": policy.KEY_VARIABLE}}
        }
    }
    return make_gateway(
        policy.config(policy.target(shared_provider), settings=settings),
        policy.routed() + policy.stock(shared_provider),
    )


def call(arguments):
    return {"id": "c", "type": "function", "function": {"name": "send", "arguments": arguments}}


def test_hash_marks_in_tool_arguments_are_equal_and_parse(hashed, provider, base):
    arguments = json.dumps({"to": chat.EMAIL, "note": f'say "hi" to {chat.EMAIL}'})
    message = {"role": "assistant", "content": None, "tool_calls": [call(arguments)]}
    provider.answer(answers.whole(chat.dump(chat.answer(choices=[message]))))
    whole = hashed.chat(path=f"{base}/chat/completions").json()
    sent = whole["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]
    read = json.loads(sent)
    assert read["to"].startswith("[EMAIL:") and len(read["to"]) == len("[EMAIL:0123456789ab]")
    assert read["note"] == f'say "hi" to {read["to"]}'

    pieces = [arguments[i : i + 3] for i in range(0, len(arguments), 3)]
    deltas = [{"tool_calls": [{"index": 0, **call(pieces[0])}]}]
    deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": p}}]} for p in pieces[1:]]
    answer = streamed(hashed, provider, deltas, base)
    joined = "".join(
        tool["function"]["arguments"]
        for value in chat.objects_of(answer.body)
        for choice in value["choices"]
        for tool in choice["delta"].get("tool_calls", [])
    )
    assert json.loads(joined) == read
    assert VALUE not in answer.body
