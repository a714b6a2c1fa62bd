"""What the benchmarks send and answer: texts, requests, answers and streams."""

import itertools
import json
import random
import re

PROSE = (
    "The lighthouse at the northern cape was built over a period of four years, and the stones for "
    "it came by boat from a quarry on the mainland. Could you explain how the keepers managed to "
    "carry oil up the stairs every evening, and what they did when storms kept the supply ship away "
    "for weeks? The tower stands 38 metres above the sea; its lamp turns once every 12 seconds.\n"
    "def area(width: float, height: float) -> float:\n    return width * height  # in metres\n"
)
# Each begins what some rule looks for and ends otherwise.
NEAR_MISSES = (
    "ignore all of the noise outside ", "how to kill time in town ", "call 415-555-26 now ",
    "4111 1111 1111 111 ", "jane.doe@ home ", "DE89 3704 0044 05 ", "10.20.300.4000 ", "sk-abc ",
    "AKIA1234 ", "pretend you are late ", "eyJhbGciOi.x ", "system prompt engineering is fun ",
    "from now on, I will walk ", "build a birdhouse ", "https://user:pw/ ", "password: ok ",
    "-----BEGIN NOTE----- ", "1234-56-789 ", "ghp_abcdef ", "disregard it ",
)

# In front of a text, or of each of its paragraphs: what makes it one that never came before. A word
# of as many letters as a count has decimals.
LOADS = itertools.count()


def fresh_word(count):
    digits = f"{count:012d}"
    return "Note " + digits.translate(str.maketrans("0123456789", "abdegklmor")) + ". "


FRESH = fresh_word(0)


def repeat(parts, size):
    text = ""
    while len(text) < size:
        text += "".join(parts)
    return text[:size]


def at_random(parts, size):
    """The parts in any order, with other digits each time: nothing of it repeats for long."""
    choice = random.Random(1)
    text = ""
    while len(text) < size:
        text += re.sub(r"\d", lambda _: choice.choice("0123456789"), choice.choice(parts))
    return text[:size]


def body(text, stream=False):
    request = {"model": "m", "messages": [{"role": "user", "content": text}]}
    if stream:
        request["stream"] = True
    return json.dumps(request, ensure_ascii=False)


def answer(text):
    message = {"role": "assistant", "content": text}
    return json.dumps({"id": "c1", "object": "chat.completion", "created": 1, "model": "m",
                       "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                       "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}})


def events(count):
    out = ""
    words = PROSE.replace("\n", " ").split(" ")
    for i in range(count):
        choice = {"index": 0, "delta": {"content": words[i % len(words)] + " "}}
        if i == count - 1:
            choice["finish_reason"] = "stop"
        delta = {"object": "chat.completion.chunk", "choices": [choice]}
        # A parameter of nginx's configuration holds 4 KB.
        out += f"data: {json.dumps(delta, separators=(',', ':'))}\n\n"
    return out + "data: [DONE]\n\n"


def stream_parts(count):
    """A stream's events, as a provider sends them; the last one holds [DONE] too."""
    parts = []
    words = PROSE.replace("\n", " ").split(" ")
    for i in range(count):
        choice = {"index": 0, "delta": {"content": words[i % len(words)] + " "},
                  "finish_reason": "stop" if i == count - 1 else None}
        chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
                 "choices": [choice]}
        parts.append(f"data: {json.dumps(chunk, separators=(',', ':'))}\n\n".encode())
    parts[-1] += b"data: [DONE]\n\n"
    return [b"%x\r\n%s\r\n" % (len(part), part) for part in parts]
