"""A stream ends complete or with an explicit error event: never a clean-looking half answer."""

import pytest

from harness import answers, chat

ROLE = chat.event(chat.chunk({"role": "assistant", "content": ""}))
FINISH = chat.event(chat.chunk({}, finish="stop"))


def content(text):
    return chat.event(chat.chunk({"content": text}))


# After text has been released: how the provider then ends badly.
BAD_ENDS = {
    "cut before the last chunk": answers.stream([ROLE, content("Hello there "), content("and")],
                                                end=False),  # fmt: skip
    "clean end without finish_reason": answers.stream([ROLE, content("Hello there ")]),
    "done without finish_reason": answers.stream([ROLE, content("Hello there "), chat.DONE]),
    "close without finish_reason": answers.stream([ROLE, content("Hello there ")], framing="close"),
    "an error of the provider": answers.stream(
        [ROLE, content("Hello there "), chat.event({"error": {"message": "boom", "type": "x"}})]
    ),
    "data that is no JSON": answers.stream([ROLE, content("Hello there "), b"data: {oops\n\n"]),
    "invalid UTF-8": answers.stream([ROLE, content("Hello there "), b'data: {"a":"\xff"}\n\n']),
    "a duplicate key": answers.stream([ROLE, content("Hello there "), b'data: {"a":1,"a":2}\n\n']),
    "an event without its blank line": answers.stream([ROLE, content("Hello there "), FINISH[:-1]]),
    "one of two choices unfinished": answers.stream(
        [
            content("Hello there "),
            chat.event(chat.chunk({"content": "x"}, index=1)),
            FINISH,
            chat.DONE,
        ]
    ),
}  # fmt: skip


@pytest.mark.parametrize("end", BAD_ENDS)
def test_an_incomplete_stream_ends_with_an_error_event(gw, provider, base, end):
    manual = provider.manual()
    with gw.connect() as connection:
        connection.post(f"{base}/chat/completions", chat.request(stream=True))
        exchange = manual.take()
        BAD_ENDS[end](exchange)
        exchange.done()
        answer = connection.read()
    assert answer.status == 200
    assert answer.complete, "the HTTP answer itself must end properly"
    error = chat.error_of(answer.body)
    assert error["type"] == "upstream_error"
    assert error["code"] in ("upstream_failed", "upstream_invalid_response")
    assert not chat.is_done(answer.body)
    assert chat.text_of(answer.body).startswith("Hello there")


def test_a_reset_after_commit_is_an_error_event(gw, provider, base):
    manual = provider.manual()
    with gw.connect() as connection:
        connection.post(f"{base}/chat/completions", chat.request(stream=True))
        exchange = manual.take()
        exchange.send_stream_head()
        exchange.chunk(ROLE + content("Hello there ") + content("and more "))
        connection.read_head()
        connection.read_body(lambda body: b"Hello" in body)
        exchange.reset()
        answer = connection.read_body()
    assert answer.complete
    assert chat.error_of(answer.body)["code"] == "upstream_failed"
    assert not chat.is_done(answer.body)


@pytest.mark.parametrize(
    "script",
    [
        answers.stream([chat.event({"error": {"message": "boom", "type": "server_error"}})]),
        answers.stream([ROLE, chat.event({"error": {"message": "boom"}})]),
        answers.stream([], end=False),
        answers.stream([ROLE], end=False),
        answers.stream([b": ping\n\n"], end=False),
        answers.stream([ROLE, b"data: {oops\n\n"]),
        answers.stream([]),
    ],
    ids=["error", "role, error", "cut", "role, cut", "comment, cut", "no JSON", "empty"],
)
def test_what_fails_before_the_first_text_is_a_502(gw, provider, base, script):
    provider.answer(script)
    answer = gw.chat(path=f"{base}/chat/completions", stream=True)
    assert answer.status == 502
    assert answer.header("content-type").startswith("application/json")
    assert answer.header("x-should-retry") == "false"
    assert answer.error["type"] == "upstream_error"


def test_an_error_event_names_the_request(gw, provider):
    provider.answer(BAD_ENDS["cut before the last chunk"])
    answer = gw.chat(stream=True)
    error = chat.error_of(answer.body)
    assert error["request_id"] == answer.header("x-request-id")
    assert error["message"] and "param" in error


def test_a_json_answer_to_a_stream_request_is_not_passed_as_a_stream(gw, provider, base):
    provider.answer(answers.whole(chat.dump(chat.answer(f"Mail {chat.EMAIL}"))))
    answer = gw.chat(path=f"{base}/chat/completions", stream=True)
    assert chat.EMAIL.encode() not in answer.body


def test_nothing_follows_a_done(gw, provider, base):
    events = chat.stream(["Hello there"])
    provider.answer(answers.stream([*events, content(f"Mail {chat.EMAIL}")]))
    answer = gw.chat(path=f"{base}/chat/completions", stream=True)
    assert chat.text_of(answer.body) in ("Hello there", f"Hello thereMail {chat.EMAIL_MARK}")
    assert chat.EMAIL.encode() not in answer.body


# Responses streams: complete is response.completed | incomplete | failed.


def responses_events(*texts, end="response.completed"):
    values = [{"type": "response.created", "sequence_number": 0, "response": {"id": "r"}}]
    for number, text in enumerate(texts, 1):
        values.append(
            {
                "type": "response.output_text.delta",
                "sequence_number": number,
                "item_id": "i",
                "output_index": 0,
                "content_index": 0,
                "delta": text,
            }
        )
    if end:
        values.append({"type": end, "sequence_number": 90, "response": {"id": "r", "output": []}})
    return [chat.event(value, name=value["type"]) for value in values]


def deltas(body):
    values = chat.objects_of(body)
    return "".join(v["delta"] for v in values if v["type"] == "response.output_text.delta")


def ask_responses(gw, base="/v1"):
    return gw.post(f"{base}/responses", {"model": "m", "input": "Hi", "stream": True})


@pytest.mark.parametrize("end", ["response.completed", "response.incomplete", "response.failed"])
def test_a_clean_responses_stream_is_unchanged(gw, provider, base, end):
    events = responses_events("Hello", " there", end=end)
    provider.answer(answers.stream(events))
    answer = ask_responses(gw, base)
    assert (answer.body, answer.complete) == (b"".join(events), True)


def test_a_responses_stream_is_redacted_at_every_cut(gw, provider):
    text = f"Mail {chat.EMAIL} now"
    for cut in range(len(text) + 1):
        provider.answer(answers.stream(responses_events(text[:cut], text[cut:])))
        answer = ask_responses(gw)
        assert deltas(answer.body) == f"Mail {chat.EMAIL_MARK} now"
        assert b"jane" not in answer.body


def test_an_incomplete_responses_stream_ends_with_both_error_shapes(gw, provider, base):
    provider.answer(answers.stream(responses_events("Hello there ", "and more", end=None)))
    answer = ask_responses(gw, base)
    name, _ = chat.events_of(answer.body)[-1]
    error = chat.objects_of(answer.body)[-1]
    assert name == "error"
    assert error["type"] == "error"
    assert {"code", "message", "param", "sequence_number"} <= set(error)
    assert error["error"]["code"] == error["code"]
    assert answer.complete
