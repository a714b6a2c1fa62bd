"""Answers are judged as a whole too, by windows of fixed size: streamed or not."""

import pytest

from harness import answers, chat, policy

PROSE = "The baker opened at six and sold rye bread to the whole street. " * 10
# No term of the lexicon: only the classifier speaks.
HARM = (
    "To poison your neighbour without getting caught, buy rat poison with cash, put it into his "
    "food, hide the body and lie to the police. Nobody will find out how you killed him. "
) * 5


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    config = policy.config(
        policy.target(shared_provider),
        chain=["safety-filter", "audit-logger"],
    )
    config["policy"] = {"safety-filter": {"mode": "strict"}}
    return make_gateway(config, policy.routed())


def ask(gw, stream):
    return gw.chat(path="/v1/chat/completions", stream=stream)


def pieces(text, size):
    return [text[i : i + size] for i in range(0, len(text), size)]


def test_an_answer_is_blocked_by_its_score(gw, provider):
    provider.answer(answers.whole(chat.dump(chat.answer(PROSE + HARM))))
    answer = ask(gw, False)
    assert (answer.status, answer.error["code"]) == (409, "output_blocked")


@pytest.mark.parametrize("size", [1, 5, 64, 300])
def test_a_stream_ends_where_a_window_is_harmful(gw, provider, size):
    provider.answer(answers.stream(chat.stream(pieces(PROSE + HARM + PROSE, size))))
    answer = ask(gw, True)
    assert answer.status == 200
    assert chat.error_of(answer.body)["code"] == "output_blocked"
    assert not chat.is_done(answer.body)
    out = chat.text_of(answer.body)
    assert (PROSE + HARM).startswith(out)
    assert len(PROSE) - 64 <= len(out) < len(PROSE + HARM)


def test_a_stream_of_prose_passes_as_the_same_text(gw, provider):
    provider.answer(answers.stream(chat.stream(pieces(PROSE * 4, 7))))
    answer = ask(gw, True)
    assert chat.text_of(answer.body) == PROSE * 4
    assert chat.is_done(answer.body)

