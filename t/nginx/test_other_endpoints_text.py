"""Text of completions, embeddings and responses, in requests and in answers."""

import json

import pytest

from harness import answers, chat

PLACE = f"Mail {chat.EMAIL} now"
EDITED = f"Mail {chat.EMAIL_MARK} now"

REQUESTS = {
    "prompt": ("completions", {"prompt": PLACE}),
    "prompt array": ("completions", {"prompt": ["Hi", PLACE]}),
    "suffix": ("completions", {"prompt": "Hi", "suffix": PLACE}),
    "embedding input": ("embeddings", {"input": PLACE}),
    "embedding inputs": ("embeddings", {"input": ["Hi", PLACE, PLACE]}),
    "responses input": ("responses", {"input": PLACE}),
    "instructions": ("responses", {"input": "Hi", "instructions": PLACE}),
    "input item": ("responses", {"input": [{"role": "user", "content": PLACE}]}),
    "input part": (
        "responses",
        {
            "input": [
                {
                    "type": "message",
                    "role": "user",
                    "content": [{"type": "input_text", "text": PLACE}],
                }
            ]
        },
    ),
    "output part of history": (
        "responses",
        {
            "input": [
                {
                    "type": "message",
                    "role": "assistant",
                    "content": [{"type": "output_text", "text": PLACE}],
                }
            ]
        },
    ),
    "function output": (
        "responses",
        {"input": [{"type": "function_call_output", "call_id": "c", "output": PLACE}]},
    ),
    "reasoning summary": (
        "responses",
        {
            "input": [
                {"type": "reasoning", "summary": [{"type": "summary_text", "text": PLACE}]},
                {"role": "user", "content": "Hi"},
            ]
        },
    ),
    "responses tool description": (
        "responses",
        {"input": "Hi", "tools": [{"type": "function", "name": "f", "description": PLACE}]},
    ),
    "item of an unknown type": ("responses", {"input": [{"type": "x", "y": {"z": PLACE}}]}),
}


@pytest.mark.parametrize("place", REQUESTS)
def test_request_text_is_redacted(gw, provider, place):
    endpoint, fields = REQUESTS[place]
    body = chat.dump({"model": "m", **fields})
    provider.answer(answers.whole(b'{"object":"x"}'))
    assert gw.post(f"/v1/{endpoint}", body).status == 200
    assert provider.last.body == body.replace(PLACE.encode(), EDITED.encode())


def test_function_call_arguments_of_history_still_parse(gw, provider):
    arguments = json.dumps({"to": chat.EMAIL})
    item = {"type": "function_call", "call_id": "c", "name": "send", "arguments": arguments}
    provider.answer(answers.whole(b'{"object":"response"}'))
    gw.post("/v1/responses", {"model": "m", "input": [item, {"role": "user", "content": "x"}]})
    assert json.loads(provider.last.json()["input"][0]["arguments"]) == {"to": chat.EMAIL_MARK}


@pytest.mark.parametrize("endpoint,field", [("completions", "prompt"), ("embeddings", "input")])
def test_token_arrays_pass_unchanged(gw, provider, endpoint, field):
    body = chat.dump({"model": "m", field: [[1, 2, 3], [4]]})
    provider.answer(answers.whole(b'{"object":"x"}'))
    assert gw.post(f"/v1/{endpoint}", body).status == 200
    assert provider.last.body == body


@pytest.mark.parametrize(
    "endpoint,fields",
    [
        ("completions", {"prompt": ["Hi", chat.INJECTION]}),
        ("embeddings", {"input": [chat.INJECTION]}),
        ("responses", {"input": [{"role": "user", "content": chat.INJECTION}]}),
        (
            "responses",
            {"input": [{"type": "function_call_output", "call_id": "c", "output": chat.INJECTION}]},
        ),
    ],
)
def test_an_injection_is_found_at_every_endpoint(gw, provider, endpoint, fields):
    answer = gw.post(f"/v1/{endpoint}", {"model": "m", **fields})
    assert (answer.status, answer.error["code"]) == (409, "input_blocked")
    assert not provider.requests


def test_background_responses_are_refused(gw, provider):
    answer = gw.post("/v1/responses", {"model": "m", "input": "Hi", "background": True})
    assert (answer.status, answer.error["code"]) == (400, "unsupported_parameter")
    assert not provider.requests


def test_state_references_are_recorded_as_unscanned(gw, provider):
    provider.answer(answers.whole(b'{"object":"response"}'))
    body = {"model": "m", "input": "Hi", "previous_response_id": "resp_1"}
    record = gw.record_of(gw.post("/v1/responses", body))
    assert "previous_response_id" in record["unscanned"]


ANSWERS = {
    "completion": ("completions", {"choices": [{"index": 0, "text": PLACE, "finish_reason": "x"}]}),
    "output text": (
        "responses",
        {
            "object": "response",
            "output": [
                {
                    "type": "message",
                    "role": "assistant",
                    "content": [{"type": "output_text", "text": PLACE, "annotations": []}],
                }
            ],
        },
    ),
    "output refusal": (
        "responses",
        {"output": [{"type": "message", "content": [{"type": "refusal", "refusal": PLACE}]}]},
    ),
    "reasoning": (
        "responses",
        {"output": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": PLACE}]}]},
    ),
    "echoed instructions": ("responses", {"output": [], "instructions": PLACE}),
}


@pytest.mark.parametrize("place", ANSWERS)
def test_answer_text_is_redacted(gw, provider, base, place):
    endpoint, fields = ANSWERS[place]
    body = chat.dump({"id": "x1", **fields})
    provider.answer(answers.whole(body))
    answer = gw.post(f"{base}/{endpoint}", {"model": "m", "input": "Hi", "prompt": "Hi"})
    assert (answer.status, answer.body) == (200, body.replace(PLACE.encode(), EDITED.encode()))


@pytest.mark.parametrize("vector", [[0.1, -0.25], "zczMPQAAgL4="], ids=["floats", "base64"])
def test_embeddings_come_back_as_the_same_bytes(gw, provider, base, vector):
    body = chat.dump({"object": "list", "data": [{"index": 0, "embedding": vector}]})
    provider.answer(answers.whole(body))
    assert gw.post(f"{base}/embeddings", {"model": "m", "input": "Hi"}).body == body
