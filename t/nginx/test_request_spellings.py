"""Random requests in random spellings: what the provider parses is what the client meant.

Each request is made as a tree whose texts hold values in known places, written as JSON with
escapes, blanks and orders of keys chosen at random, and sent in pieces. The provider's bytes are
then read by another parser: the same tokens but for the texts that held a value, and those edited
exactly.
"""

import json
import random
import re

import pytest

from harness import chat
from harness.client import head

SEEDS = range(24)
REQUESTS_PER_SEED = 6

VALUES = {
    chat.EMAIL: chat.EMAIL_MARK,
    "4111 1111 1111 1111": "[CREDIT_CARD]",
    "5500-0000-0000-0004": "[CREDIT_CARD]",
    "536-90-4399": "[SSN]",
    "DE89 3704 0044 0532 0130 00": "[IBAN]",
}
WORDS = ["Hello", "naïve", "日本", "𝒳", "🙂", "\\", '"', "\n", "\t", "\x7f", "a/b", "{", "[1,2]", "é",
         "</s>", "&amp;", "%41", "\u2028", "0", "-1.5", "no\\n", "\u0301", "\r\n", "'",
         "\u0001"]  # fmt: skip
TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[^\s"{}\[\],:]+|[{}\[\],:]', re.DOTALL)
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}


class Request:
    """A random tree, and what its strings must become: {string: edited string}."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.edited = {}  # by the string as the client means it
        makers = {
            "chat/completions": self.chat,
            "responses": self.responses,
            "completions": lambda: {"prompt": self.random.choice([self.texts(), self.text()])},
            "embeddings": lambda: {"input": self.texts()},
        }
        self.endpoint = self.random.choices(list(makers), [3, 2, 1, 1])[0]
        self.tree = self.shuffled({"model": "m", **makers[self.endpoint](), **self.extra()})

    # ---- texts

    def words(self):
        return " ".join(self.random.choice(WORDS) for _ in range(self.random.randrange(6)))

    def text(self):
        """A text that holds a value, or none."""
        before, after = self.words(), self.words()
        if self.random.random() < 0.4:
            return f"{before} plain {after}"
        value = self.random.choice(list(VALUES))
        text = f"{before} at: {value} , {after}"
        self.edited[text] = f"{before} at: {VALUES[value]} , {after}"
        return text

    def texts(self):
        return [self.text() for _ in range(self.random.randrange(1, 4))]

    def nested(self):
        """Tool arguments: JSON in a string, in a string, …"""
        value = self.random.choice(list(VALUES))
        before, after = self.words(), self.words()
        texts = [f"{before} at: {value} , {after}", f"{before} at: {VALUES[value]} , {after}"]
        for _ in range(self.random.randrange(1, 4)):
            more = {"n": 1.50, "ключ": [None, True, self.words()]}
            kwargs = {"ensure_ascii": self.random.random() < 0.5,
                      "separators": self.random.choice([(",", ":"), (", ", ": ")]),
                      "indent": self.random.choice([None, None, 1])}  # fmt: skip
            texts = [json.dumps({"a": t, **more}, **kwargs) for t in texts]
        self.edited[texts[0]] = texts[1]
        return texts[0]

    def cut(self, kind):
        """Parts that hold one value together, with or without what divides its groups."""
        value = self.random.choice(["4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00"])
        mark = VALUES[value]
        on_lines = self.random.random() < 0.5
        groups = value.split(" ") if on_lines else []
        while not on_lines and value:
            size = self.random.randrange(2, 12)
            groups, value = [*groups, value[:size]], value[size:]
        texts = [f"{self.words()} at: {groups[0]}", *groups[1:-1], f"{groups[-1]} , {self.words()}"]
        for text, group, marker in zip(texts, groups, [mark, *[""] * len(groups)]):
            self.edited[text] = text.replace(group, marker, 1)
        parts = [self.shuffled({"type": kind, "text": text}) for text in texts]
        if self.random.random() < 0.3:  # what is no text does not divide it
            parts.insert(self.random.randrange(1, len(parts)), IMAGE)
        return parts

    # ---- bodies

    def chat(self):
        kinds = ["user", "user", "system", "tool", "assistant", "call", "parts", "cut", "cut"]
        return {"messages": [self.message(kind) for kind in self.some(kinds)]}

    def message(self, kind):
        if kind == "cut":
            parts = self.cut("text")
            return self.shuffled({"role": "user", "content": parts})
        if kind == "parts":
            parts = []
            for _ in range(self.random.randrange(1, 4)):
                parts.append(self.shuffled({"type": "text", "text": self.text()}))
                parts.append(self.random.choice([IMAGE, {"type": "text", "text": "\n--\n"}]))
            return self.shuffled({"role": "user", "content": parts})
        if kind == "call":
            function = self.shuffled({"name": "f", "arguments": self.nested()})
            call = self.shuffled({"id": "call_1", "type": "function", "function": function})
            return self.shuffled({"role": "assistant", "content": None, "tool_calls": [call]})
        more = {"tool_call_id": "call_1"} if kind == "tool" else {}
        return self.shuffled({"role": kind, "content": self.text(), **more})

    def responses(self):
        items = [
            lambda: {"role": "user", "content": self.text()},
            lambda: {"type": "message", "role": "user",
                     "content": [{"type": "input_text", "text": self.text()}]},
            lambda: {"type": "message", "role": "user", "content": self.cut("input_text")},
            lambda: {"type": "function_call_output", "call_id": "c",
                     "output": self.cut("input_text")},
            lambda: {"type": "function_call", "call_id": "c", "name": "f",
                     "arguments": self.nested()},
            lambda: {"type": "function_call_output", "call_id": "c", "output": self.text()},
            lambda: {"type": "function_call_output", "call_id": "c",
                     "output": [{"type": "input_text", "text": self.text()}]},
            lambda: {"type": "custom_tool_call", "call_id": "c", "name": "f", "input": self.text()},
            lambda: {"type": "reasoning", "id": "rs_1", "content": [],
                     "summary": [{"type": "summary_text", "text": self.text()}]},
            lambda: {"type": "x_new", "deep": [[{"er": self.text()}]]},
        ]  # fmt: skip
        chosen = [self.shuffled(make()) for make in self.some(items)]
        return {"input": chosen, "instructions": self.text()}

    def some(self, of):
        return self.random.choices(of, k=self.random.randrange(1, 5))

    def extra(self):
        members = {
            "temperature": 0.7,
            "seed": 4111111111111111,
            "metadata": {"k": "v", "ключ": "x"},
            "x_vendor": self.unknown(self.random.randrange(1, 6)),
            "stop": ["\n\n"],
            "big": 123456789012345678901234567890,
        }
        return {key: members[key] for key in members if self.random.random() < 0.4}

    def unknown(self, depth):
        if depth == 0:
            return self.random.choice([self.text(), 1, None, "", []])
        if self.random.random() < 0.5:
            return [self.unknown(depth - 1) for _ in range(self.random.randrange(3))]
        return {f"k{i}": self.unknown(depth - 1) for i in range(self.random.randrange(3))}

    def shuffled(self, members):
        keys = list(members)
        self.random.shuffle(keys)
        return {key: members[key] for key in keys}

    # ---- spelling

    def spelled(self):
        """The tree as JSON."""
        return self._spell(self.tree).encode()

    def _blank(self):
        return self.random.choice(["", "", "", " ", "\n", "\t", "\r\n "])

    def _spell(self, value):
        b = self._blank
        if isinstance(value, str):
            return self._string(value)
        if isinstance(value, dict):
            members = (b() + self._string(k) + b() + ":" + b() + self._spell(v) + b()
                       for k, v in value.items())  # fmt: skip
            return "{" + ",".join(members) + (b() if not value else "") + "}"
        if isinstance(value, list):
            return "[" + ",".join(b() + self._spell(v) + b() for v in value) + "]"
        if isinstance(value, float):
            return self.random.choice(["0.70", "7e-1", "7.0E-01"])
        return json.dumps(value)

    def _string(self, text):
        share = self.random.choice([0, 0, 0.1, 1])
        return '"' + "".join(self._character(c, share) for c in text) + '"'

    def _character(self, c, share):
        short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "/": "\\/"}
        if self.random.random() < share or (ord(c) < 0x20 and c not in short):
            units = c.encode("utf-16-be").hex()
            units = self.random.choice([units, units.upper()])
            return "".join("\\u" + units[i : i + 4] for i in range(0, len(units), 4))
        if c in short and (c != "/" or self.random.random() < 0.5):
            return short[c]
        return c


def send(gw, base, request, body):
    """In pieces, with a length or chunked."""
    pieces, at = [], 0
    while at < len(body):
        size = request.random.choice([1, 7, 100, 5000])
        pieces.append(body[at : at + size])
        at += size
    chunked = request.random.random() < 0.5
    framing = [("Transfer-Encoding", "chunked")] if chunked else []
    with gw.connect() as connection:
        connection.send(head("POST", f"{base}/{request.endpoint}", framing, len(body)))
        for piece in pieces[:40] + [b"".join(pieces[40:])]:
            if chunked and piece:
                piece = f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
            connection.send(piece)
        if chunked:
            connection.send(b"0\r\n\r\n")
        return connection.read()


def check(request, sent, got):
    before, after = TOKEN.findall(sent), TOKEN.findall(got)
    assert len(before) == len(after), (sent, got)
    for old, new in zip(before, after):
        if old == new and not (old.startswith(b'"') and json.loads(old) in request.edited):
            continue
        meant = json.loads(old)
        assert meant in request.edited, (old, new)
        assert json.loads(new) == request.edited[meant], (old, new)
    assert re.sub(rb'"(?:[^"\\]|\\.)*"', b"", sent) == re.sub(rb'"(?:[^"\\]|\\.)*"', b"", got)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_arrives_is_what_was_meant(gw, provider, base, seed):
    edited = 0
    for n in range(REQUESTS_PER_SEED):
        request = Request(seed * 1000 + n)
        sent = request.spelled()
        answer = send(gw, base, request, sent)
        assert answer.status == 200, (answer.body, sent)
        check(request, sent, provider.last.body)
        edited += len(request.edited)
    assert edited
