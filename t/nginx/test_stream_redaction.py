"""No byte of a sensitive value leaves a stream, however the provider cuts it."""

import json

import pytest

from harness import answers, chat

LEFT, RIGHT = "Please write to ", " before noon, thanks."
TEXT = LEFT + chat.EMAIL + RIGHT
EDITED = LEFT + chat.EMAIL_MARK + RIGHT
EOLS = {"LF": b"\n", "CRLF": b"\r\n", "CR": b"\r"}


def ask(gw, base="/v1", **more):
    return gw.chat(path=f"{base}/chat/completions", stream=True, **more)


def assert_redacted(answer, field="content"):
    assert chat.text_of(answer.body, field=field) == EDITED
    assert chat.is_done(answer.body)
    assert answer.complete
    for part in (b"jane", b"doe", b"@", b"acme"):
        assert part not in answer.body


@pytest.mark.parametrize("eol", EOLS)
def test_a_value_split_over_two_deltas_at_every_byte(gw, provider, eol):
    for cut in range(len(TEXT) + 1):
        provider.answer(answers.stream(chat.stream([TEXT[:cut], TEXT[cut:]], EOLS[eol])))
        assert_redacted(ask(gw))


def test_a_value_split_over_two_deltas_on_the_stock_surface(gw, provider):
    for cut in range(len(LEFT), len(LEFT) + len(chat.EMAIL) + 1):
        provider.answer(answers.stream(chat.stream([TEXT[:cut], TEXT[cut:]])))
        assert_redacted(ask(gw, "/stock/v1"))


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_value_in_deltas_of_few_characters(gw, provider, base, size):
    pieces = [TEXT[i : i + size] for i in range(0, len(TEXT), size)]
    provider.answer(answers.stream(chat.stream(pieces)))
    assert_redacted(ask(gw, base))


@pytest.mark.parametrize("eol", EOLS)
def test_a_stream_cut_into_two_writes_at_every_byte(gw, provider, eol):
    whole = b"".join(chat.stream([TEXT[:20], TEXT[20:]], EOLS[eol]))
    first = None
    for cut in range(1, len(whole)):
        provider.answer(answers.stream([whole[:cut], whole[cut:]], read=True))
        answer = ask(gw)
        assert_redacted(answer)
        first = first or answer.body
        assert answer.body == first, f"the cut at byte {cut} changed the output"


@pytest.mark.parametrize("eol", EOLS)
@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_a_stream_in_writes_of_one_byte(gw, provider, base, eol, framing):
    whole = b"".join(chat.stream([TEXT[:20], TEXT[20:]], EOLS[eol]))
    pieces = [whole[i : i + 1] for i in range(len(whole))]
    provider.answer(answers.stream(pieces, framing=framing, read=True))
    assert_redacted(ask(gw, base))


@pytest.mark.parametrize("field", ["refusal", "reasoning_content"])
def test_other_text_fields_are_redacted(gw, provider, field):
    for cut in range(len(LEFT), len(LEFT) + len(chat.EMAIL) + 1):
        pieces = [TEXT[:cut], TEXT[cut:]]
        provider.answer(answers.stream(chat.stream(pieces, field=field)))
        assert_redacted(ask(gw), field)


def test_interleaved_choices_are_redacted_apart(gw, provider):
    events = [chat.event(chat.chunk({"role": "assistant"}, i)) for i in (0, 1)]
    for cut in range(0, len(TEXT), 3):
        piece = TEXT[cut : cut + 3]
        for index in (0, 1):
            events.append(chat.event(chat.chunk({"content": piece}, index)))
    events += [chat.event(chat.chunk({}, i, finish="stop")) for i in (0, 1)]
    provider.answer(answers.stream([*events, chat.DONE]))
    answer = ask(gw, n=2)
    assert [chat.text_of(answer.body, i) for i in (0, 1)] == [EDITED, EDITED]
    assert b"jane" not in answer.body


def test_values_do_not_join_across_choices(gw, provider):
    halves = [("jane.doe", 0), ("@acme-mail.com", 1)]
    events = [chat.event(chat.chunk({"content": text}, index)) for text, index in halves]
    events += [chat.event(chat.chunk({}, i, finish="stop")) for i in (0, 1)]
    provider.answer(answers.stream([*events, chat.DONE]))
    answer = ask(gw, n=2)
    assert [chat.text_of(answer.body, i) for i in (0, 1)] == ["jane.doe", "@acme-mail.com"]


def tool_stream(arguments, size):
    """Events of one tool call whose arguments come in pieces of `size` characters."""
    start = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "send"}}
    start["function"]["arguments"] = ""
    events = [chat.event(chat.chunk({"role": "assistant", "tool_calls": [start]}))]
    for i in range(0, len(arguments), size):
        delta = {"index": 0, "function": {"arguments": arguments[i : i + size]}}
        events.append(chat.event(chat.chunk({"tool_calls": [delta]})))
    events.append(chat.event(chat.chunk({}, finish="tool_calls")))
    return [*events, chat.DONE]


def arguments_of(body):
    """The tool arguments of a streamed answer, put together."""
    text = ""
    for value in chat.objects_of(body):
        for choice in value.get("choices", []):
            for call in choice["delta"].get("tool_calls", []):
                text += call["function"].get("arguments", "")
    return text


@pytest.mark.parametrize("size", [1, 2, 5, 11, 200])
def test_tool_arguments_are_redacted_and_still_parse(gw, provider, base, size):
    arguments = json.dumps({"to": chat.EMAIL, "subject": 'Hi "you"', "n": 3})
    provider.answer(answers.stream(tool_stream(arguments, size)))
    answer = ask(gw, base)
    expected = {"to": chat.EMAIL_MARK, "subject": 'Hi "you"', "n": 3}
    assert json.loads(arguments_of(answer.body)) == expected
    assert b"jane" not in answer.body


def test_completions_streams_are_redacted(gw, provider):
    for cut in range(len(LEFT), len(LEFT) + len(chat.EMAIL) + 1):
        choices = [{"index": 0, "text": t, "finish_reason": None} for t in (TEXT[:cut], TEXT[cut:])]
        choices.append({"index": 0, "text": "", "finish_reason": "stop"})
        events = [chat.event({"object": "text_completion", "choices": [c]}) for c in choices]
        provider.answer(answers.stream([*events, chat.DONE]))
        answer = gw.post("/v1/completions", {"model": "m", "prompt": "Hi", "stream": True})
        got = "".join(v["choices"][0]["text"] for v in chat.objects_of(answer.body))
        assert got == EDITED
        assert chat.is_done(answer.body)


STREAMED = [TEXT, chat.EMAIL, f"a {chat.EMAIL}, b {chat.EMAIL}; c", "no data at all é 😀", ""]


@pytest.mark.parametrize("text", STREAMED)
def test_streamed_text_equals_the_text_of_a_whole_answer(gw, provider, base, text):
    provider.answer(answers.whole(chat.dump(chat.answer(text))))
    whole = gw.chat(path=f"{base}/chat/completions").json()["choices"][0]["message"]["content"]
    for size in (1, 4, 1000):
        pieces = [text[i : i + size] for i in range(0, len(text), size)]
        provider.answer(answers.stream(chat.stream(pieces)))
        assert chat.text_of(ask(gw, base).body) == whole


def test_logprobs_are_removed_where_redaction_touched_the_text(gw, provider):
    logprobs = lambda t: {"content": [{"token": t, "logprob": -0.1, "bytes": list(t.encode())}]}
    pieces = [LEFT, "jane.doe", "@acme-mail.com", RIGHT]
    events = [chat.event(chat.chunk({"content": t}, logprobs=logprobs(t))) for t in pieces]
    events.append(chat.event(chat.chunk({}, finish="stop")))
    provider.answer(answers.stream([*events, chat.DONE]))
    answer = ask(gw, logprobs=True)
    assert_redacted(answer)


def test_clean_text_leaves_while_the_provider_is_still_writing(gw, provider, base):
    manual = provider.manual()
    with gw.connect() as connection:
        connection.post(f"{base}/chat/completions", chat.request(stream=True))
        exchange = manual.take()
        exchange.send_stream_head()
        exchange.chunk(b"".join(chat.content_events(["All is well here", " and it goes on"])))
        connection.read_head()
        got = connection.read_body(lambda body: b"All is well here" in body)
        assert chat.text_of(got.body).startswith("All is well here")
        exchange.chunk(b"".join(chat.stream([" to the end."])))
        exchange.end_chunks()
        exchange.done()
        got = connection.read_body()
    assert chat.text_of(got.body) == "All is well here and it goes on to the end."


def test_the_start_of_a_value_is_held_until_it_is_decided(gw, provider):
    manual = provider.manual()
    with gw.connect() as connection:
        connection.post("/v1/chat/completions", chat.request(stream=True))
        exchange = manual.take()
        exchange.send_stream_head()
        for text in ("Please write to ", "jane.doe@acme"):
            exchange.chunk(chat.event(chat.chunk({"content": text})), read=True)
        exchange.chunk(b"".join(chat.stream(["-mail.com now"])))
        exchange.end_chunks()
        exchange.done()
        answer = connection.read()
    assert chat.text_of(answer.body) == f"Please write to {chat.EMAIL_MARK} now"
