"""What no policy touched goes on as the same bytes; what completes a stream, and what is added."""

import pytest

from harness import answers, chat, policy

EOLS = {"LF": b"\n", "CRLF": b"\r\n", "CR": b"\r"}


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    """As the usual one, but usage is not asked for, so that requests keep their bytes too."""
    return make_gateway(
        policy.config(policy.target(shared_provider, stream_usage=False)),
        policy.routed() + policy.stock(shared_provider),
    )


def ask(gw, base="/v1", **more):
    return gw.chat(path=f"{base}/chat/completions", stream=True, **more)


@pytest.mark.parametrize("eol", EOLS)
@pytest.mark.parametrize("framing", ["chunked", "close", "length"])
def test_a_clean_stream_is_unchanged(gw, provider, base, eol, framing):
    events = chat.stream(["Hello", " there,", " caf\u00e9 \U0001f600"], EOLS[eol])
    provider.answer(answers.stream(events, framing=framing))
    answer = ask(gw, base)
    assert (answer.body, answer.complete) == (b"".join(events), True)


def test_the_request_of_a_stream_keeps_its_bytes(gw, provider, base):
    provider.answer(answers.stream(chat.stream(["Hello"])))
    body = b'{"model":"m", "stream" : true, "messages":[{"role":"user","content":"Hi"}]}'
    gw.post(f"{base}/chat/completions", body)
    assert provider.last.body == body


ODD = {
    "comment first": b": ping\n\n",
    "comment inside": b": ping\ndata: " + chat.dump(chat.chunk({"content": "x"})) + b"\n\n",
    "id and retry": b"id: 7\nretry: 10\n" + chat.event(chat.chunk({"content": "x"})),
    "event name": b"event: message\n" + chat.event(chat.chunk({"content": "x"})),
    "no blank behind the colon": b"data:" + chat.dump(chat.chunk({"content": "x"})) + b"\n\n",
    "several data lines": b'data: {"choices":\ndata: [{"index":0,"delta":{"content":"x"}}]}\n\n',
    "odd JSON": b'data:  { "choices" : [{"index":0, "delta":{"content":"\\u0078"} }] }\n\n',
    "empty choices": chat.event({"id": "c", "choices": []}),
    "unknown fields": chat.event({**chat.chunk({"content": "x"}), "x_vendor": {"a": ["b"]}}),
    "a lone surrogate": b'data: {"choices":[{"index":0,"delta":{"content":"\\ud83d"}}]}\n\n',
}


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_but_clean_event_keeps_its_bytes(gw, provider, base, kind):
    events = [ODD[kind], *chat.stream(["Hello"])]
    provider.answer(answers.stream(events))
    assert ask(gw, base).body == b"".join(events)


def test_a_leading_byte_order_mark_does_not_hide_the_first_event(gw, provider, base):
    events = chat.stream(["Mail jane.doe", "@acme-mail.com now"])[1:]
    provider.answer(answers.stream([b"\xef\xbb\xbf" + events[0], *events[1:]]))
    answer = ask(gw, base)
    assert b"jane" not in answer.body
    assert answer.status == 200


def test_mixed_line_endings_are_kept(gw, provider, base):
    data = [chat.dump(chat.chunk({"content": text})) for text in "abc"]
    body = (
        b"data: %s\r\n\r\ndata: %s\n\ndata: %s\r\r" % tuple(data)
        + chat.event(chat.chunk({}, finish="stop"))
        + chat.DONE
    )
    provider.answer(answers.stream([body]))
    assert ask(gw, base).body == body


def test_a_missing_done_is_added_to_a_complete_stream(gw, provider, base):
    events = chat.stream(["Hello"], done=False)
    provider.answer(answers.stream(events))
    answer = ask(gw, base)
    assert answer.body.startswith(b"".join(events))
    assert chat.is_done(answer.body)
    assert answer.complete


def test_untouched_events_around_a_redacted_one_keep_their_bytes(gw, provider, base):
    before = b': hi\nid: 1\ndata:{ "choices":[{"index":0,"delta":{"content":"Well, "}}] }\n\n'
    touched = chat.event(chat.chunk({"content": f"ask {chat.EMAIL}!"}))
    after = chat.event(chat.chunk({}, finish="stop"), eol=b"\r\n")
    provider.answer(answers.stream([before, touched, after, chat.DONE]))
    edited = touched.replace(chat.EMAIL.encode(), chat.EMAIL_MARK.encode())
    assert ask(gw, base).body == before + edited + after + chat.DONE


def test_a_large_event_passes(gw, provider, base):
    events = chat.stream(["word " * 20000, "end"])
    provider.answer(answers.stream(events))
    assert ask(gw, base).body == b"".join(events)


def test_many_events_in_one_write_pass(gw, provider, base):
    whole = b"".join(chat.stream([f"word{i} " for i in range(2000)]))
    provider.answer(answers.stream([whole]))
    assert ask(gw, base).body == whole


def test_a_stream_has_no_content_length(gw, provider, base):
    events = chat.stream(["Hello"])
    provider.answer(answers.stream(events, framing="length"))
    assert ask(gw, base).header("content-length") is None


@pytest.fixture(scope="module")
def usage_gw(make_gateway, shared_provider):
    return make_gateway(
        policy.config(policy.target(shared_provider, stream_usage=True)), policy.routed()
    )


def usage_stream():
    events = chat.stream(["Hello"])
    return [*events[:-1], chat.event(chat.usage_chunk()), events[-1]]


def test_usage_is_asked_for_and_the_extra_chunk_removed(usage_gw, provider):
    provider.answer(answers.stream(usage_stream()))
    answer = ask(usage_gw)
    assert provider.last.json()["stream_options"] == {"include_usage": True}
    assert answer.body == b"".join(chat.stream(["Hello"]))


def test_usage_that_the_client_asked_for_stays(usage_gw, provider):
    provider.answer(answers.stream(usage_stream()))
    answer = ask(usage_gw, stream_options={"include_usage": True})
    assert answer.body == b"".join(usage_stream())


def test_usage_of_a_stream_is_recorded(usage_gw, provider):
    provider.answer(answers.stream(usage_stream()))
    record = usage_gw.record_of(ask(usage_gw))
    assert (record["prompt_tokens"], record["completion_tokens"]) == (11, 7)
    assert record["usage_source"] == "provider"


def test_other_stream_options_of_the_client_are_kept(usage_gw, provider):
    provider.answer(answers.stream(usage_stream()))
    ask(usage_gw, stream_options={"x": 1})
    assert provider.last.json()["stream_options"] == {"x": 1, "include_usage": True}
