"""Events of a megabyte and more, as some providers send a whole answer in one."""

import pytest

from harness import answers, chat

FINISH = chat.event(chat.chunk({}, finish="stop"))
# Ordinary text without a value, longer than any window.
PROSE = "The tower stands 38 metres above the sea, and its lamp turns once every 12 seconds. "


def streamed(gw, provider, events):
    provider.answer(answers.stream(events))
    return gw.chat(stream=True)


def text_of_size(size):
    return (PROSE * (size // len(PROSE) + 1))[:size]


@pytest.mark.parametrize("size", [100_000, 1_000_000, 3_000_000])
def test_a_large_event_is_redacted_and_loses_nothing(gw, provider, size):
    before, after = text_of_size(size), text_of_size(size // 2)
    text = f"{before} Mail {chat.EMAIL} now. {after}"
    body = streamed(gw, provider, [chat.event(chat.chunk({"content": text})), FINISH, chat.DONE]).body
    assert chat.text_of(body) == text.replace(chat.EMAIL, chat.EMAIL_MARK)
    assert body.endswith(chat.DONE)


@pytest.mark.parametrize("cut", [1, 5, 12, 20])
def test_a_value_between_two_large_events_is_redacted(gw, provider, cut):
    value = chat.EMAIL
    texts = [text_of_size(500_000) + " " + value[:cut], value[cut:] + " " + text_of_size(500_000)]
    body = streamed(gw, provider, chat.stream(texts)).body
    assert chat.text_of(body) == "".join(texts).replace(value, chat.EMAIL_MARK)


def test_many_choices_in_one_large_event(gw, provider):
    def event(delta, finish):
        choices = [{"index": i, "delta": delta(i), "finish_reason": finish} for i in range(40)]
        return chat.event({"object": "chat.completion.chunk", "choices": choices})

    def delta(i):
        return {"content": f"{text_of_size(20_000)} {chat.EMAIL} {i}"}

    events = [event(delta, None), event(lambda _: {}, "stop"), chat.DONE]
    body = streamed(gw, provider, events).body
    assert b"acme" not in body
    assert body.count(chat.EMAIL_MARK.encode()) == 40
    assert body.endswith(chat.DONE)


def test_an_event_over_the_limit_ends_the_stream_with_an_error(gw, provider):
    events = [
        chat.event(chat.chunk({"content": "Hello "})),
        chat.event(chat.chunk({"content": text_of_size(40 << 20)})),
        FINISH,
        chat.DONE,
    ]
    body = streamed(gw, provider, events).body
    assert b"38 metres" not in body
    assert b'"error"' in body
