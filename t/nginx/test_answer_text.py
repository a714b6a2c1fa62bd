"""Every place of a chat answer that can hold text is read and edited."""

import json

import pytest

from harness import answers, chat

PLACE = f"Mail {chat.EMAIL} now"
EDITED = f"Mail {chat.EMAIL_MARK} now"


def message(**more):
    return {"role": "assistant", "content": None, **more}


def tool_call(name="send", arguments="{}"):
    function = {"name": name, "arguments": arguments}
    return [{"id": "call_1", "type": "function", "function": function}]


PLACES = {
    "content": message(content=PLACE),
    "content parts": message(content=[{"type": "text", "text": PLACE}]),
    "refusal": message(refusal=PLACE),
    "reasoning_content": message(content="x", reasoning_content=PLACE),
    "reasoning": message(content="x", reasoning=PLACE),
    "unknown field": message(content="x", x_vendor={"note": [PLACE]}),
    "annotation": message(content="x", annotations=[{"url_citation": {"title": PLACE}}]),
}


@pytest.mark.parametrize("place", PLACES)
def test_text_is_redacted_and_the_rest_keeps_its_bytes(gw, provider, base, place):
    body = chat.dump(chat.answer(choices=[PLACES[place]]))
    provider.answer(answers.whole(body))
    answer = gw.chat(path=f"{base}/chat/completions")
    assert answer.body == body.replace(PLACE.encode(), EDITED.encode())
    assert gw.record_of(answer)["verdict"] == "redacted"


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_every_framing_of_an_answer_is_redacted(gw, provider, base, framing):
    provider.answer(answers.whole(chat.dump(chat.answer(PLACE)), framing=framing))
    answer = gw.chat(path=f"{base}/chat/completions")
    assert answer.json()["choices"][0]["message"]["content"] == EDITED
    assert answer.complete


def test_an_answer_in_single_bytes_is_redacted(gw, provider, base):
    body = chat.dump(chat.answer(PLACE))

    def script(exchange):
        exchange.send_head(200, answers.JSON, "length", len(body))
        for byte in body:
            exchange.send(bytes([byte]), read=True)

    provider.answer(script)
    answer = gw.chat(path=f"{base}/chat/completions")
    assert answer.body == body.replace(PLACE.encode(), EDITED.encode())


def test_all_choices_are_redacted(gw, provider, base):
    choices = [message(content=f"{i}: {PLACE}") for i in range(3)]
    provider.answer(answers.whole(chat.dump(chat.answer(choices=choices))))
    answer = gw.chat(path=f"{base}/chat/completions", n=3)
    texts = [choice["message"]["content"] for choice in answer.json()["choices"]]
    assert texts == [f"{i}: {EDITED}" for i in range(3)]


def test_tool_arguments_are_redacted_and_still_parse(gw, provider, base):
    arguments = json.dumps({"to": chat.EMAIL, "subject": "Hi \"you\""})
    choices = [message(tool_calls=tool_call(arguments=arguments))]
    provider.answer(answers.whole(chat.dump(chat.answer(choices=choices))))
    answer = gw.chat(path=f"{base}/chat/completions")
    function = answer.json()["choices"][0]["message"]["tool_calls"][0]["function"]
    assert json.loads(function["arguments"]) == {"to": chat.EMAIL_MARK, "subject": 'Hi "you"'}


def test_a_tool_name_with_personal_data_blocks_the_answer(gw, provider, base):
    choices = [message(tool_calls=tool_call(name=chat.EMAIL))]
    provider.answer(answers.whole(chat.dump(chat.answer(choices=choices))))
    answer = gw.chat(path=f"{base}/chat/completions")
    assert (answer.status, answer.error["code"]) == (409, "output_blocked")
    assert chat.EMAIL.encode() not in answer.body


def with_logprobs(text):
    tokens = [{"token": word, "logprob": -0.1, "bytes": None} for word in text.split(" ")]
    value = chat.answer(text)
    value["choices"][0]["logprobs"] = {"content": tokens}
    return value


def test_logprobs_are_removed_where_redaction_touched_the_text(gw, provider, base):
    provider.answer(answers.whole(chat.dump(with_logprobs(PLACE))))
    answer = gw.chat(path=f"{base}/chat/completions", logprobs=True)
    choice = answer.json()["choices"][0]
    assert choice["message"]["content"] == EDITED
    assert not choice.get("logprobs")
    assert b"jane" not in answer.body


def test_logprobs_of_a_clean_answer_stay(gw, provider, base):
    body = chat.dump(with_logprobs("All is well"))
    provider.answer(answers.whole(body))
    assert gw.chat(path=f"{base}/chat/completions", logprobs=True).body == body


def test_a_clean_answer_keeps_odd_bytes(gw, provider, base):
    body = (
        b' {"choices" : [ {"index":0,"message":{"role":"assistant","content":"caf\\u00e9 \\/"},'
        b'"x":1.50,"finish_reason":"stop"}],\n\t"big":12345678901234567890123}\n'
    )
    provider.answer(answers.whole(body, content_type="application/json; charset=utf-8"))
    answer = gw.chat(path=f"{base}/chat/completions")
    assert answer.body == body
    assert answer.header("content-type") == "application/json; charset=utf-8"


def test_a_lone_surrogate_in_an_answer_passes(gw, provider, base):
    body = chat.dump(chat.answer("split @@ emoji")).replace(b"@@", b"\\ud83d")
    provider.answer(answers.whole(body))
    assert gw.chat(path=f"{base}/chat/completions").body == body


def test_a_providers_error_body_is_scanned(gw, provider, base):
    error = {"error": {"message": f"bad value {chat.EMAIL}", "type": "x", "code": "y"}}
    provider.answer(answers.whole(chat.dump(error), status=400))
    answer = gw.chat(path=f"{base}/chat/completions")
    assert answer.status == 400
    assert answer.error["message"] == f"bad value {chat.EMAIL_MARK}"
