"""Every place of a request that can hold text is read and edited."""

import json

import pytest

from harness import chat

PLACE = f"Mail {chat.EMAIL} now"
EDITED = f"Mail {chat.EMAIL_MARK} now"
ARGUMENTS = json.dumps({"to": chat.EMAIL, "n": 1})


def assistant(**more):
    return {"role": "assistant", "content": None, **more}


def call(arguments):
    function = {"name": "send", "arguments": arguments}
    return [{"id": "call_1", "type": "function", "function": function}]


def tool(**function):
    return [{"type": "function", "function": {"name": "send", **function}}]


def after(*messages):
    """A conversation that ends with `messages`."""
    return {"messages": [{"role": "user", "content": "Hello"}, *messages]}


def schema(**field):
    return {"type": "object", "properties": {"to": {"type": "string", **field}}}


# place -> the part of the request that holds it
CHAT_PLACES = {
    "user message": after({"role": "user", "content": PLACE}),
    "system message": after({"role": "system", "content": PLACE}),
    "developer message": after({"role": "developer", "content": PLACE}),
    "assistant message": after({"role": "assistant", "content": PLACE}),
    "tool result": after({"role": "tool", "tool_call_id": "call_1", "content": PLACE}),
    "function result": after({"role": "function", "name": "send", "content": PLACE}),
    "message of an unknown role": after({"role": "critic", "content": PLACE}),
    "message before its role": after({"content": PLACE, "role": "user"}),
    "text part": after({"role": "user", "content": [{"type": "text", "text": PLACE}]}),
    "text part behind an image": after(
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
                {"type": "text", "text": PLACE},
            ],
        }
    ),
    "part of an unknown type": after({"role": "user", "content": [{"type": "x", "note": PLACE}]}),
    "tool result part": after(
        {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": PLACE}]}
    ),
    "refusal part": after(assistant(content=[{"type": "refusal", "refusal": PLACE}])),
    "refusal": after(assistant(refusal=PLACE)),
    "reasoning history": after(assistant(content="x", reasoning_content=PLACE)),
    "custom tool call input": after(
        assistant(
            tool_calls=[{"id": "c", "type": "custom", "custom": {"name": "run", "input": PLACE}}]
        )
    ),
    "tool description": {"tools": tool(description=PLACE)},
    "parameter description": {"tools": tool(parameters=schema(description=PLACE))},
    "parameter default": {"tools": tool(parameters=schema(default=PLACE))},
    "legacy function description": {"functions": [{"name": "send", "description": PLACE}]},
    "response format description": {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "r", "description": PLACE, "schema": schema()},
        }
    },
    "prediction": {"prediction": {"type": "content", "content": PLACE}},
    "documents": {"documents": [{"id": "d1", "text": PLACE}]},
    "nested documents": {"documents": [{"data": {"title": "t", "snippet": PLACE}}]},
    "stop sequence": {"stop": [PLACE]},
    "unknown field": {"x_vendor_note": PLACE},
    "unknown nested field": {"x_vendor": {"deep": [[{"note": PLACE}]]}},
}


@pytest.mark.parametrize("place", CHAT_PLACES)
def test_chat_text_is_redacted(gw, provider, base, place):
    body = chat.dump({**chat.request(), **CHAT_PLACES[place]})
    assert gw.post(f"{base}/chat/completions", body).status == 200
    assert provider.last.body == body.replace(PLACE.encode(), EDITED.encode())


@pytest.mark.parametrize(
    "field",
    [
        {"messages": [{"role": "user", "content": "x"}, assistant(tool_calls=call(ARGUMENTS))]},
        {
            "messages": [
                {"role": "user", "content": "x"},
                assistant(function_call={"name": "send", "arguments": ARGUMENTS}),
            ]
        },
    ],
    ids=["tool call", "legacy function call"],
)
def test_arguments_are_redacted_and_still_parse(gw, provider, field):
    gw.post("/v1/chat/completions", {**chat.request(), **field})
    message = provider.last.json()["messages"][1]
    function = message.get("function_call") or message["tool_calls"][0]["function"]
    assert json.loads(function["arguments"]) == {"to": chat.EMAIL_MARK, "n": 1}


ESCAPED = ["jane.doe\\u0040acme-mail.com", "\\u006aane.doe@acme-mail.com"]


@pytest.mark.parametrize("escaped", ESCAPED)
def test_escaped_text_is_read_as_what_it_means(gw, provider, escaped):
    body = b'{"model":"m","messages":[{"role":"user","content":"Mail %s now"}]}'
    gw.post("/v1/chat/completions", body % escaped.encode())
    assert provider.last.json()["messages"][0]["content"] == EDITED


def test_arguments_with_escaped_text_inside_are_redacted(gw, provider):
    arguments = '{"to":"jane.doe\\u0040acme-mail.com"}'
    message = assistant(tool_calls=call(arguments))
    gw.post("/v1/chat/completions", {**chat.request(), **after(message)})
    function = provider.last.json()["messages"][1]["tool_calls"][0]["function"]
    assert json.loads(function["arguments"]) == {"to": chat.EMAIL_MARK}


@pytest.mark.parametrize("field", ["user", "metadata", "name"])
def test_replaceable_identifiers_get_a_marker_of_their_character_set(gw, provider, field):
    values = {
        "user": {"user": chat.EMAIL},
        "metadata": {"metadata": {"owner": chat.EMAIL}},
        "name": after({"role": "user", "name": chat.EMAIL, "content": "x"}),
    }
    assert gw.post("/v1/chat/completions", {**chat.request(), **values[field]}).status == 200
    seen = provider.last.json()
    value = {
        "user": lambda: seen["user"],
        "metadata": lambda: seen["metadata"]["owner"],
        "name": lambda: seen["messages"][1]["name"],
    }[field]()
    assert value and set(value) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
    )
    assert "jane" not in value.lower() and "acme" not in value.lower()


@pytest.mark.parametrize(
    "field",
    [
        {"tools": [{"type": "function", "function": {"name": chat.EMAIL}}]},
        {"functions": [{"name": chat.EMAIL}]},
        {"metadata": {chat.EMAIL: "x"}},
        {"x_vendor": {chat.EMAIL: 1}},
        {"tools": tool(parameters=schema(enum=["a", chat.EMAIL]))},
        {"tools": tool(parameters=schema(const=chat.EMAIL))},
    ],
    ids=["tool name", "function name", "metadata key", "object key", "enum", "const"],
)
def test_other_identifiers_with_personal_data_block_the_request(gw, provider, field):
    answer = gw.post("/v1/chat/completions", {**chat.request(), **field})
    assert answer.status == 409
    assert answer.error["code"] == "input_blocked"
    assert gw.record_of(answer)["reason_code"] == "pii_detector.in_identifier"
    assert not provider.requests


def test_opaque_values_are_not_touched_and_media_is_counted(gw, provider):
    url = "data:image/png;base64,amFuZS5kb2VAYWNtZS1tYWlsLmNvbQ=="
    part = {"type": "image_url", "image_url": {"url": url}}
    message = {"role": "user", "content": [part, {"type": "text", "text": "What is this?"}]}
    body = chat.dump({"model": "m", "messages": [message], "seed": 4111111111111111})
    answer = gw.post("/v1/chat/completions", body)
    assert provider.last.body == body
    assert gw.record_of(answer)["unscanned"]


def test_what_no_policy_touched_keeps_its_bytes(gw, provider):
    body = (
        b'{ "temperature" : 0.70,\t"top_p":1.0e0, "big":123456789012345678901234567890,\n'
        b'"model":"m\\u0061", "messages":[{"content":"c\\u00e9 \\/ caf\xc3\xa9 %s \\ud83d\\ude00",'
        b'"role":"user"}], "n":1 }\n'
    )
    gw.post("/v1/chat/completions", body % chat.EMAIL.encode())
    assert provider.last.body == body % chat.EMAIL_MARK.encode()


def test_several_values_in_several_places_are_all_redacted(gw, provider):
    text = "a@acme-mail.com, b@acme-mail.com; c@acme-mail.com"
    answer = gw.chat(text, documents=[{"text": text}])
    assert b"@" not in provider.last.body
    assert gw.record_of(answer)["redactions"] == [{"type": "EMAIL_ADDRESS", "count": 6}]
