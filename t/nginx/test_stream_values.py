"""Values and events of many shapes: what a stream shows is what a whole answer shows."""

import pytest

from harness import answers, chat

VALUES = [
    "536-22-8145",
    "4111 1111 1111 1111",
    "4111111111111111",
    "+1 (415) 555-2671",
    "DE89 3704 0044 0532 0130 00",
    "8.8.4.4",
    "2001:4860:4860::8888",
    "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
]
FINISH = chat.event(chat.chunk({}, finish="stop"))


def streamed(gw, provider, events):
    provider.answer(answers.stream(events))
    return gw.chat(stream=True)


@pytest.mark.parametrize("value", VALUES)
def test_a_value_at_every_cut_is_redacted_as_in_a_whole_answer(gw, provider, value):
    text = f"Here it is: {value}, as you asked."
    provider.answer(answers.whole(chat.dump(chat.answer(text))))
    whole = gw.chat().json()["choices"][0]["message"]["content"]
    assert value not in whole
    pieces = [[text[:cut], text[cut:]] for cut in range(len(text) + 1)]
    for texts in [*pieces, list(text)]:
        assert chat.text_of(streamed(gw, provider, chat.stream(texts)).body) == whole


@pytest.mark.parametrize("field", ["reasoning", "thinking", "x_vendor_text"])
def test_deltas_of_unknown_fields_are_texts_too(gw, provider, field):
    for cut in range(5, 27):
        text = f"Mail {chat.EMAIL} now"
        events = chat.stream([text[:cut], text[cut:]], field=field)
        body = streamed(gw, provider, events).body
        assert chat.text_of(body, field=field) == f"Mail {chat.EMAIL_MARK} now"


def test_escapes_are_read_as_what_they_mean(gw, provider):
    text = rb"Mail jane.doe\u0040acme-mail.com now"
    for cut in (5, 10, 13, 19, 25):
        events = [
            b'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n' % part
            for part in (text[:cut], text[cut:])
        ]
        body = streamed(gw, provider, [*events, FINISH, chat.DONE]).body
        assert chat.text_of(body) == f"Mail {chat.EMAIL_MARK} now"


@pytest.mark.parametrize("index", [10**9, 2**32, 2**63, -1, "0", 1.5, None])
def test_an_odd_choice_index_hides_nothing(gw, provider, index):
    def odd(delta, finish=None):
        value = chat.chunk(delta, finish=finish)
        value["choices"][0]["index"] = index
        return chat.event(value)

    events = [odd({"content": "Mail jane.doe"}), odd({"content": "@acme-mail.com"})]
    body = streamed(gw, provider, [*events, odd({}, "stop"), chat.DONE]).body
    assert b"acme" not in body


ODD = {
    "a list of parts": [
        chat.event(chat.chunk({"content": [{"type": "text", "text": text}]}))
        for text in ("Mail jane.doe", "@acme-mail.com now")
    ],
    "a whole message": [
        chat.event({"choices": [{"index": 0, "message": {"content": chat.EMAIL}}]})
    ],
    "text beside usage": [chat.event({**chat.usage_chunk(), "note": chat.EMAIL})],
    "text without choices": [chat.event({"note": chat.EMAIL})],
    "a string": [chat.event(f'"{chat.EMAIL}"'.encode())],
    "several data lines": [
        b'data: {"choices":[{"index":0,\ndata: "delta":{"content":"jane.doe@acme-mail.com"}}]}\n\n'
    ],
    "a duplicate key": [b'data: {"choices":[],"choices":["jane.doe@acme-mail.com"]}\n\n'],
}


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_event_hides_nothing(gw, provider, kind):
    body = streamed(gw, provider, [*ODD[kind], FINISH, chat.DONE]).body
    assert b"jane" not in body and b"acme" not in body


def test_text_in_the_finishing_event_joins_what_came_before(gw, provider):
    events = [
        chat.event(chat.chunk({"content": "Mail jane.doe"})),
        chat.event(chat.chunk({"content": "@acme-mail.com"}, finish="stop")),
        chat.DONE,
    ]
    answer = streamed(gw, provider, events)
    assert chat.text_of(answer.body) == f"Mail {chat.EMAIL_MARK}"
    assert chat.is_done(answer.body)


def test_an_event_without_end_is_bounded(gw, provider):
    answer = streamed(gw, provider, [b"data: " + b"x" * 1_000_000 for _ in range(40)])
    assert answer.status == 502


def test_a_head_without_end_is_bounded(gw, provider):
    provider.answer(answers.raw(b"HTTP/1.1 200 OK\r\nX-A: " + b"y" * 200_000 + b"\r\n\r\n{}"))
    assert gw.chat().status == 502
