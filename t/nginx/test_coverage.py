"""Every cell of coverage_table.py: scanned, refused, or reported in `unscanned`."""

import pathlib

import pytest

import coverage_table as table
from harness import answers, chat

README = pathlib.Path(__file__).parents[2] / "README.md"
HARMLESS = {
    "chat": {"messages": [{"role": "user", "content": "Hello"}]},
    "completions": {"prompt": "Hello"},
    "responses": {"input": "Hello"},
    "embeddings": {"input": "Hello"},
}
END = {
    "chat": chat.stream(["Fine."]),
    "completions": [chat.event(table.choice()), chat.DONE],
    "responses": table.response_events(),
}


def cells(rows):
    return pytest.mark.parametrize(
        "endpoint,what,example",
        [pytest.param(e, what, example, id=f"{e}-{place}") for e, place, what, example in rows],
    )


def holds_value(body):
    return b"jane" in body or b"acme-mail" in body


def post(gw, base, endpoint, fields):
    return gw.post(f"{base}/{table.ENDPOINTS[endpoint]}", {"model": "m", **fields})


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@cells(table.REQUESTS)
def test_a_request(gw, provider, base, endpoint, what, example, stream):
    if stream and endpoint == "embeddings":
        pytest.skip("embeddings have no streams")
    script = answers.stream(END[endpoint]) if stream else answers.whole(b'{"object":"x"}')
    provider.answer(script)
    answer = post(gw, base, endpoint, {**example, **({"stream": True} if stream else {})})
    if what in ("blocked", "refused"):
        assert answer.status == (409 if what == "blocked" else 400)
        assert not provider.requests
        return
    assert answer.status == 200
    if what.startswith("counted "):
        assert what.split(" ")[1] in gw.record_of(answer)["unscanned"]
        return
    assert not holds_value(provider.last.body)
    assert (chat.EMAIL_MARK.encode() if what == "redacted" else b"redacted_") in provider.last.body


def check_answer(gw, answer, what):
    assert not holds_value(answer.body)
    if what == "redacted":
        assert chat.EMAIL_MARK.encode() in answer.body
    elif what == "removed":
        assert b'"logprobs":null' in answer.body
    elif what == "emptied":
        assert b"\n:\n\n" in answer.body
    elif what.startswith("counted "):
        assert what.split(" ")[1] in gw.record_of(answer)["unscanned"]


@cells(table.ANSWERS)
def test_an_answer(gw, provider, base, endpoint, what, example):
    provider.answer(answers.whole(chat.dump(example)))
    answer = post(gw, base, endpoint, HARMLESS[endpoint])
    assert answer.status == (409 if what == "blocked" else 200)
    check_answer(gw, answer, what)


@cells(table.STREAMS)
def test_a_stream(gw, provider, base, endpoint, what, example):
    provider.answer(answers.stream(example))
    answer = post(gw, base, endpoint, {**HARMLESS[endpoint], "stream": True})
    assert answer.status == 200
    assert (b'"output_blocked"' in answer.body) == (what == "blocked")
    check_answer(gw, answer, what)


def test_the_readme_shows_the_table():
    assert table.markdown() in README.read_text(encoding="utf-8")
