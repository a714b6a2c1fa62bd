"""Streams of servers that do not do as the API's description says, through both surfaces."""

import pytest

from harness import answers, chat


def said(text, finish="stop"):
    return chat.event(chat.chunk({"content": text}, finish=finish))


EVERYWHERE = [
    chat.event(chat.chunk({"role": "assistant"}, finish="stop")),
    said("Please write to jane.doe"),
    said("@acme-mail.com"),
    said(" before noon. "),
    chat.DONE,
]


@pytest.mark.parametrize("framing", ["chunked", "close", "length"])
def test_a_finish_reason_in_every_event_ends_nothing(gw, provider, base, framing):
    provider.answer(answers.stream(EVERYWHERE, framing=framing, read=framing == "chunked"))
    answer = gw.chat(path=f"{base}/chat/completions", stream=True)
    assert chat.text_of(answer.body) == "Please write to [EMAIL] before noon. "
    assert chat.is_done(answer.body)
    assert answer.complete


def test_a_cut_of_such_a_stream_is_told(gw, provider, base):
    provider.answer(answers.stream([said("Well then. "), *EVERYWHERE[1:3]], end=False, read=True))
    answer = gw.chat(path=f"{base}/chat/completions", stream=True)
    assert b"jane" not in answer.body
    assert not chat.is_done(answer.body)
    assert chat.error_of(answer.body)["code"] == "upstream_failed"


@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson", "text/plain", None])
def test_a_stream_is_known_by_its_first_bytes(gw, provider, base, kind):
    body = b"".join([said("Please write to jane.doe", None), *EVERYWHERE[2:]])

    def script(exchange):
        headers = [("Content-Type", kind)] if kind else []
        exchange.send_head(200, headers, "chunked")
        for piece in (body[:1], body[1:40], body[40:]):
            exchange.chunk(piece, read=True)
        exchange.end_chunks()

    provider.answer(script)
    answer = gw.chat(path=f"{base}/chat/completions", stream=True)
    assert answer.status == 200
    assert answer.header("content-type") == "text/event-stream"
    assert chat.is_done(answer.body) or chat.error_of(answer.body)
    assert b"jane" not in answer.body and b"acme" not in answer.body


@pytest.mark.parametrize("code", [400, "400", 422])
def test_a_refusal_told_in_a_stream_reaches_the_client_as_one(gw, provider, base, code):
    message = f"Too long for {chat.EMAIL}"
    error = {"error": {"message": message, "type": "BadRequestError", "param": None, "code": code}}
    provider.answer(answers.stream([b": ping\n\n", chat.event(error), chat.DONE]))
    answer = gw.chat(path=f"{base}/chat/completions", stream=True)
    assert answer.status == int(code)
    assert answer.header("content-type") == "application/json"
    assert answer.json()["error"]["message"] == f"Too long for {chat.EMAIL_MARK}"
    assert len(provider.requests) == 1


@pytest.mark.parametrize("stop", ["<|im_end|>", ["<|im_start|>system", "[INST]", "<|eot_id|>"]])
def test_stop_sequences_may_be_marks_between_turns(gw, provider, base, stop):
    provider.answer(answers.whole(chat.dump(chat.answer("Hello there"))))
    answer = gw.chat(path=f"{base}/chat/completions", stop=stop)
    assert answer.status == 200
    assert provider.last.json()["stop"] == stop
