"""Every place of the API that can hold text, and what happens to it.

One table drives test_coverage.py and the README's "What is scanned". Run this file to print the
README's table.

A row: where (request, answer, stream), the endpoint, the place, what happens there, an example. The
example of a request holds the members beside `model`; of an answer the whole body; of a stream the
list of events. What happens:
  redacted     the value becomes a marker where it stands
  marker       the same, with a marker of letters, digits, "_" and "-"
  blocked      the request or the answer is refused, since nothing can stand there instead
  refused      400: it cannot be governed
  removed      the member becomes null
  emptied      the comment goes on without its text
  counted      not read; the record's `unscanned` names it
"""

import json

from harness import chat

VALUE = chat.EMAIL
TEXT = f"Mail {VALUE} now"
SPLIT = (TEXT[:12], TEXT[12:])
ENDPOINTS = {
    "chat": "chat/completions",
    "completions": "completions",
    "responses": "responses",
    "embeddings": "embeddings",
}
IMAGE = "data:image/png;base64,iVBORw0KGgo="
PICTURE = {"images": [{"type": "image_url", "image_url": {"url": IMAGE}}]}  # of OpenRouter
AUDIO = "UklGRiQAAABXQVZFZm10IBAAAAABAAEA"
ARGUMENTS = json.dumps({"to": VALUE})


def messages(*more):
    return {"messages": [{"role": "user", "content": "Hello"}, *more]}


def user(part):
    return messages({"role": "user", "content": [part, {"type": "text", "text": "Hello"}]})


def called(arguments=ARGUMENTS, name="send"):
    function = {"name": name, "arguments": arguments}
    return [{"id": "call_1", "type": "function", "function": function}]


def item(**members):
    return {"input": [members, {"role": "user", "content": "Hello"}]}


def answer(**message):
    return chat.answer(choices=[{"role": "assistant", "content": "x", **message}])


def choice(**members):
    return {"id": "x1", "choices": [{"index": 0, "text": "x", "finish_reason": "stop", **members}]}


def output(**members):
    return {"id": "x1", "object": "response", "output": [members]}


def deltas(make):
    """A stream whose text comes in two deltas, the value cut between them."""
    middle = len("Mail jane.doe")
    return [
        *[chat.event(chat.chunk(make(piece))) for piece in (TEXT[:middle], TEXT[middle:])],
        chat.event(chat.chunk({}, finish="stop")),
        chat.DONE,
    ]


def growing():
    """As Perplexity has it: beside each delta the message so far."""
    ends = [4, 12, 20, len(TEXT)]
    events = []
    for begin, end in zip([0, *ends], ends):
        beside = {"message": {"role": "assistant", "content": TEXT[:end]}}
        events.append(chat.event(chat.chunk({"content": TEXT[begin:end]}, **beside)))
    return [*events, chat.event(chat.chunk({}, finish="stop", **beside)), chat.DONE]


def tool_deltas():
    return [
        chat.event(chat.chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}))
        for piece in ('{"to":"jane.doe', '@acme-mail.com"}')
    ] + [chat.event(chat.chunk({}, finish="tool_calls")), chat.DONE]


def after_text(*events):
    """Chat events between a harmless text and the end."""
    start = chat.event(chat.chunk({"content": "Hello. "}))
    return [start, *events, chat.event(chat.chunk({}, finish="stop")), chat.DONE]


def named(kind, **members):
    place = {"item_id": "i1", "output_index": 0, "content_index": 0}
    return chat.event({"type": kind, **place, **members}, name=kind)


def response_events(*events):
    end = {"type": "response.completed", "response": {"id": "r1", "output": []}}
    return [*events, chat.event(end, name="response.completed")]


def response_deltas(stem, pieces=(TEXT[:10], TEXT[10:])):
    return response_events(*[named(f"response.{stem}.delta", delta=piece) for piece in pieces])


REQUESTS = [
    ("chat", "message content, any role", "redacted", messages({"role": "tool", "content": TEXT})),
    ("chat", "text part", "redacted", user({"type": "text", "text": TEXT})),
    ("chat", "value over the text parts of a message", "redacted", messages(
        {"role": "user", "content": [{"type": "text", "text": t} for t in SPLIT]})),
    ("chat", "value over the parts in a part", "redacted", user(
        {"type": "tool_result", "content": [{"type": "text", "text": t} for t in SPLIT]})),
    ("chat", "part of an unknown type", "redacted", user({"type": "x", "note": TEXT})),
    ("chat", "reasoning of the history", "redacted",
     messages({"role": "assistant", "content": "x", "reasoning_content": TEXT})),
    ("chat", "tool-call arguments", "redacted",
     messages({"role": "assistant", "content": None, "tool_calls": called()})),
    ("chat", "tool or function description", "redacted",
     {**messages(), "tools": [{"type": "function",
                               "function": {"name": "f", "description": TEXT}}]}),
    ("chat", "tool or function name", "blocked",
     {**messages(), "tools": [{"type": "function", "function": {"name": VALUE}}]}),
    ("chat", "other parts of a schema", "redacted",
     {**messages(), "response_format": {"type": "json_schema", "json_schema": {
         "name": "f", "schema": {"properties": {"to": {"examples": [TEXT]}}}}}}),
    ("chat", "`tool_choice`, `function_call`", "blocked",
     {**messages(), "tool_choice": {"type": "function", "function": {"name": VALUE}}}),
    ("chat", "`user`, `metadata` values, `name`", "marker", {**messages(), "user": VALUE}),
    ("chat", "`safety_identifier`, `prompt_cache_key`", "marker",
     {**messages(), "safety_identifier": VALUE}),
    ("chat", "`web_search_options`", "redacted",
     {**messages(), "web_search_options": {"user_location": {"approximate": {"city": TEXT}}}}),
    ("chat", "transcript of a sound", "redacted",
     messages({"role": "assistant", "audio": {"id": "a1", "transcript": TEXT}})),
    ("chat", "URL that holds no media, `data:` URL of a text", "redacted",
     user({"type": "image_url", "image_url": {"url": f"https://x.example/?to={VALUE}"}})),
    ("chat", "file name", "redacted",
     user({"type": "file", "file": {"filename": TEXT, "file_data": "data:text/plain,Hi"}})),
    ("chat", "object key", "blocked", {**messages(), "x_vendor": {VALUE: 1}}),
    ("chat", "schema `enum`, `const`", "blocked",
     {**messages(), "tools": [{"type": "function", "function": {
         "name": "f", "parameters": {"type": "object", "properties": {
             "to": {"type": "string", "enum": [VALUE]}}}}}]}),
    ("chat", "documents", "redacted", {**messages(), "documents": [{"id": "d", "text": TEXT}]}),
    ("chat", "`prediction`, `stop`", "redacted", {**messages(), "stop": [TEXT]}),
    ("chat", "unknown field", "redacted", {**messages(), "x_vendor": {"deep": [TEXT]}}),
    ("chat", "image", "counted image", user({"type": "image_url", "image_url": {"url": IMAGE}})),
    ("chat", "audio", "counted audio",
     user({"type": "input_audio", "input_audio": {"data": AUDIO, "format": "wav"}})),
    ("chat", "file id", "counted file", user({"type": "file", "file": {"file_id": "file-1"}})),
    ("chat", "token array", "counted tokens", {**messages(), "prompt_token_ids": [1, 2, 3]}),
    ("completions", "`prompt`", "redacted", {"prompt": ["Hi", TEXT]}),
    ("completions", "`suffix`", "redacted", {"prompt": "Hi", "suffix": TEXT}),
    ("completions", "token array", "counted tokens", {"prompt": [1, 2, 3]}),
    ("completions", "`user`, `metadata` values, `name`", "marker", {"prompt": "x", "user": VALUE}),
    ("completions", "unknown field", "redacted", {"prompt": "Hi", "x_vendor": TEXT}),
    ("completions", "object key", "blocked", {"prompt": "Hi", "x_vendor": {VALUE: 1}}),
    ("responses", "`input`", "redacted", {"input": TEXT}),
    ("responses", "`instructions`", "redacted", {"input": "Hi", "instructions": TEXT}),
    ("responses", "message content, any role", "redacted", item(role="user", content=TEXT)),
    ("responses", "text part", "redacted",
     item(role="user", content=[{"type": "input_text", "text": TEXT}])),
    ("responses", "value over the text parts of a message", "redacted",
     item(role="user", content=[{"type": "input_text", "text": t} for t in SPLIT])),
    ("responses", "tool-call arguments", "redacted",
     item(type="function_call", call_id="c", name="f", arguments=ARGUMENTS)),
    ("responses", "computer, shell, patch, search, code and MCP calls and their results", "redacted",
     item(type="local_shell_call", action={"command": ["mail", TEXT], "env": {"to": TEXT}})),
    ("responses", "other parts of a schema", "redacted",
     {"input": "Hi", "text": {"format": {"type": "json_schema", "name": "f", "description": TEXT,
                                         "schema": {}}}}),
    ("responses", "`tool_choice`, `function_call`", "blocked",
     {"input": "Hi", "tool_choice": {"type": "function", "name": VALUE}}),
    ("responses", "URL that holds no media, `data:` URL of a text", "redacted",
     item(role="user", content=[{"type": "input_image", "image_url": f"https://x/?to={VALUE}"}])),
    ("responses", "file name", "redacted",
     item(role="user", content=[{"type": "input_file", "filename": TEXT}])),
    ("responses", "variables of a stored prompt", "redacted",
     {"input": "Hi", "prompt": {"id": "pmpt_1", "variables": {"to": TEXT}}}),
    ("responses", "`safety_identifier`, `prompt_cache_key`", "marker",
     {"input": "x", "prompt_cache_key": VALUE}),
    ("responses", "tool or function result", "redacted",
     item(type="function_call_output", call_id="c", output=TEXT)),
    ("responses", "tool or function description", "redacted",
     {"input": "Hi", "tools": [{"type": "function", "name": "f", "description": TEXT}]}),
    ("responses", "tool or function name", "blocked",
     {"input": "Hi", "tools": [{"type": "function", "name": VALUE}]}),
    ("responses", "reasoning of the history", "redacted",
     item(type="reasoning", summary=[{"type": "summary_text", "text": TEXT}])),
    ("responses", "item of an unknown type", "redacted", item(type="x", y={"z": TEXT})),
    ("responses", "`user`, `metadata` values, `name`", "marker", {"input": "x", "user": VALUE}),
    ("responses", "unknown field", "redacted", {"input": "Hi", "x_vendor": TEXT}),
    ("responses", "object key", "blocked", {"input": "Hi", "x_vendor": {VALUE: 1}}),
    ("responses", "image", "counted image",
     item(role="user", content=[{"type": "input_image", "image_url": IMAGE}])),
    ("responses", "file id", "counted file",
     item(role="user", content=[{"type": "input_file", "file_id": "file-1"}])),
    ("responses", "`previous_response_id`", "counted previous_response_id",
     {"input": "Hi", "previous_response_id": "resp_1"}),
    ("responses", "stored prompt", "counted prompt", {"input": "Hi", "prompt": {"id": "pmpt_1"}}),
    ("responses", "`conversation`", "counted conversation",
     {"input": "Hi", "conversation": "conv_1"}),
    ("responses", "`background: true`", "refused", {"input": TEXT, "background": True}),
    ("embeddings", "`input`", "redacted", {"input": ["Hi", TEXT]}),
    ("embeddings", "token array", "counted tokens", {"input": [[1, 2], [3]]}),
    ("embeddings", "`user`, `metadata` values, `name`", "marker", {"input": "x", "user": VALUE}),
    ("embeddings", "unknown field", "redacted", {"input": "Hi", "x_vendor": TEXT}),
    ("embeddings", "object key", "blocked", {"input": "Hi", "x_vendor": {VALUE: 1}}),
]

ANSWERS = [
    ("chat", "content or text", "redacted", answer(content=TEXT)),
    ("chat", "refusal", "redacted", answer(refusal=TEXT)),
    ("chat", "reasoning", "redacted", answer(reasoning_content=TEXT)),
    ("chat", "tool-call arguments", "redacted", answer(tool_calls=called())),
    ("chat", "tool name", "blocked", answer(tool_calls=called("{}", VALUE))),
    ("chat", "annotation", "redacted", answer(annotations=[{"url_citation": {"title": TEXT}}])),
    ("chat", "transcript of a sound", "redacted", answer(audio={"id": "a1", "transcript": TEXT})),
    ("chat", "image", "counted image", answer(**PICTURE)),
    ("chat", "unknown field", "redacted", answer(x_vendor={"note": [TEXT]})),
    ("chat", "object key", "blocked", answer(x_vendor={VALUE: 1})),
    ("chat", "`logprobs`", "counted logprobs",
     {"id": "x1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "x"},
                               "finish_reason": "stop",
                               "logprobs": {"content": [{"token": "x", "logprob": -0.1}]}}]}),
    ("chat", "token ids", "counted tokens",
     {"id": "x1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "x"},
                               "finish_reason": "stop", "token_ids": [7, 8]}]}),
    ("completions", "content or text", "redacted", choice(text=TEXT)),
    ("completions", "unknown field", "redacted", choice(x_vendor=TEXT)),
    ("completions", "object key", "blocked", choice(x_vendor={VALUE: 1})),
    ("completions", "`logprobs`", "counted logprobs", choice(logprobs={"tokens": ["x"]})),
    ("responses", "content or text", "redacted",
     output(type="message", content=[{"type": "output_text", "text": TEXT, "annotations": []}])),
    ("responses", "refusal", "redacted",
     output(type="message", content=[{"type": "refusal", "refusal": TEXT}])),
    ("responses", "reasoning", "redacted",
     output(type="reasoning", summary=[{"type": "summary_text", "text": TEXT}])),
    ("responses", "tool-call arguments", "redacted",
     output(type="function_call", call_id="c", name="f", arguments=ARGUMENTS)),
    ("responses", "tool name", "blocked",
     output(type="function_call", call_id="c", name=VALUE, arguments="{}")),
    ("responses", "value over the messages of an answer", "redacted",
     {"id": "x1", "object": "response", "output": [
         {"type": "message", "content": [{"type": "output_text", "text": t}]} for t in SPLIT]}),
    ("responses", "computer, shell, patch, search, code and MCP calls and their results", "redacted",
     output(type="code_interpreter_call", code=TEXT, outputs=[{"type": "logs", "logs": TEXT}])),
    ("responses", "unknown field", "redacted", output(type="x", y={"z": TEXT})),
    ("responses", "object key", "blocked", output(type="x", y={VALUE: 1})),
    ("responses", "image", "counted image",
     output(type="image_generation_call", id="ig_1", result="iVBORw0KGgoAAAANSUhEUg==")),
    ("embeddings", "unknown field", "redacted",
     {"object": "list", "data": [{"index": 0, "embedding": [0.5]}], "x_vendor": TEXT}),
]

STREAMS = [
    ("chat", "content or text", "redacted", deltas(lambda piece: {"content": piece})),
    ("chat", "message so far, beside its deltas", "redacted", growing()),
    ("chat", "refusal", "redacted", deltas(lambda piece: {"refusal": piece})),
    ("chat", "reasoning", "redacted", deltas(lambda piece: {"reasoning_content": piece})),
    ("chat", "tool-call arguments", "redacted", tool_deltas()),
    ("chat", "tool name", "blocked",
     after_text(chat.event(chat.chunk({"tool_calls": [{"index": 0, "function": {
         "name": VALUE}}]})))),
    ("chat", "transcript of a sound", "redacted",
     deltas(lambda piece: {"audio": {"transcript": piece}})),
    ("chat", "image", "counted image", after_text(chat.event(chat.chunk(PICTURE)))),
    ("chat", "unknown field", "redacted", deltas(lambda piece: {"x_vendor": piece})),
    ("chat", "object key", "blocked",
     after_text(chat.event(chat.chunk({"x_vendor": {VALUE: 1}})))),
    ("chat", "comment, unknown line", "emptied", after_text(f": {TEXT}\n\n".encode())),
    ("chat", "id, event name", "blocked", after_text(f"id: {VALUE}\n\n".encode())),
    ("chat", "`logprobs`", "counted logprobs",
     [chat.event(chat.chunk({"content": "x"}, finish="stop",
                            logprobs={"content": [{"token": "x", "logprob": -0.1}]})), chat.DONE]),
    ("chat", "`logprobs` apart from their text", "removed",
     after_text(chat.event(chat.chunk({}, logprobs={"content": [{"token": VALUE}]})))),
    ("chat", "token ids", "counted tokens",
     [chat.event(chat.chunk({"content": "x", "token_id": 7}, finish="stop")), chat.DONE]),
    ("completions", "content or text", "redacted",
     [chat.event({"choices": [{"index": 0, "text": TEXT[:10], "finish_reason": None}]}),
      chat.event({"choices": [{"index": 0, "text": TEXT[10:], "finish_reason": "stop"}]}),
      chat.DONE]),
    ("completions", "comment, unknown line", "emptied",
     [chat.event(choice(text="Hello. ", finish_reason=None)), f"note: {VALUE}\n\n".encode(),
      chat.event(choice(text="")), chat.DONE]),
    ("completions", "id, event name", "blocked",
     [chat.event(choice(text="Hello. ", finish_reason=None)), f"id: {VALUE}\n\n".encode(),
      chat.event(choice(text="")), chat.DONE]),
    ("completions", "unknown field", "redacted",
     [chat.event(choice(text="Hello. ", x_vendor=TEXT)), chat.DONE]),
    ("completions", "object key", "blocked",
     [chat.event(choice(text="Hello. ", finish_reason=None)),
      chat.event(choice(text="", x_vendor={VALUE: 1})), chat.DONE]),
    ("responses", "content or text", "redacted", response_deltas("output_text")),
    ("responses", "refusal", "redacted", response_deltas("refusal")),
    ("responses", "reasoning", "redacted", response_deltas("reasoning_summary_text")),
    ("responses", "tool-call arguments", "redacted",
     response_deltas("function_call_arguments", (ARGUMENTS[:14], ARGUMENTS[14:]))),
    ("responses", "value over the messages of an answer", "redacted",
     response_events(*[event for i, text in enumerate(SPLIT) for event in (
         named("response.output_text.delta", output_index=i, delta=text),
         named("response.output_text.done", output_index=i, text=text))])),
    ("responses", "computer, shell, patch, search, code and MCP calls and their results", "redacted",
     response_deltas("code_interpreter_call_code")),
    ("responses", "complete text behind its deltas", "redacted",
     response_events(named("response.output_text.done", text=TEXT))),
    ("responses", "unknown field", "redacted",
     response_events(named("response.vendor", note={"deep": [TEXT]}))),
    ("responses", "object key", "blocked",
     response_events(named("response.output_text.delta", delta="Hello. "),
                     named("response.vendor", note={VALUE: 1}))),
    ("responses", "tool name", "blocked",
     response_events(named("response.output_text.delta", delta="Hello. "),
                     named("response.output_item.added", item={
                         "type": "function_call", "id": "i", "name": VALUE, "arguments": ""}))),
    ("responses", "comment, unknown line", "emptied",
     response_events(named("response.output_text.delta", delta="Hello. "),
                     f": {TEXT}\n\n".encode())),
    ("responses", "id, event name", "blocked",
     response_events(named("response.output_text.delta", delta="Hello. "),
                     f"event: {VALUE}\n\n".encode())),
]

PARTS = {"request": REQUESTS, "answer": ANSWERS, "stream": STREAMS}


def markdown():
    """The README's table."""
    lines = [f"| where | place | {' | '.join(ENDPOINTS)} |", "|---" * (2 + len(ENDPOINTS)) + "|"]
    for part, rows in PARTS.items():
        places = {}
        for endpoint, place, what, _ in rows:
            shown = what.replace("counted ", "counted: ")
            places.setdefault(place, {})[endpoint] = shown
        for place, cells in places.items():
            shown = " | ".join(cells.get(endpoint, "–") for endpoint in ENDPOINTS)
            lines.append(f"| {part} | {place} | {shown} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
