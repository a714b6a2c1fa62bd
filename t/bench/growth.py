"""Looks for texts that cost more than their length: a client can send any.

Random texts are made of few pieces (values, names, beginnings of values, signs, encodings), again and
again in several ways, and judged by `kt policy scan` with every type on. Of the dear ones a text four
times as long shows how the cost grows. Prints the dearest, and those that grow faster than their
length; what is found goes into a test of what it is, and into the code.
"""
import argparse
import base64
import json
import pathlib
import random
import re
import subprocess
import tempfile
import time

PACK = """
pack: {name: growth, version: 1.0.0, enabled: true}
policies: {chain: [prompt-injection, pii-detector, safety-filter]}
policy:
  prompt-injection: {action: log}
  safety-filter: {action: log}
  pii-detector: {entities: all, healthcare_mode: true}
"""
SHORT, LONG = 60_000, 240_000
DEAR = 0.2  # us of processor time a byte of a short text, from which on it is looked at
PROSE = "The quick brown fox jumps over the lazy dog and so on, again. "
BASE64 = base64.b64encode(PROSE.encode() * 30).decode()
PIECES = [
    "a", "1", "A", " ", "\n", "\r\n", "\t", *"-./_+=%&\\()[]{}<>|\"'`:;,~#$*!?@", "%4", "%41", "&#",
    "&#65;", "\\u", "\\u0041", "\\x41", "0x", "0x41 ", "key=", "password: ", "token", "secret",
    "Bearer ", "-----BEGIN RSA PRIVATE KEY-----\n", "ignore ", "previous ", "instructions ", "user: ",
    "system: ", "<|im_start|>", "[INST]", "### ", "kill ", "ssn ", "phone ", "+1 ", "(555) ",
    "born on ", "iban ", "DE89", "4111 ", "é", "ß", "\u0430", "\u4e2d", "\u200b", "\u0301",
    "\U000E0041", "\u202e", "i g n o r e ", "1gn0r3 ", "vtaber ", "erongi ", "73 103 110 ", "69 67 ",
    "1001001 ", "eyJ", "ghp_", "sk-", "AKIA", "http://", "https://a:b@", "a@b", "a@b.", "::",
    "1.2.3.", "00:11:", "bc1q", "1234 ", "12-", "```", "<!--", "{\"", "\":\"", "\"}", BASE64[:40],
    BASE64[:59], BASE64[:60] + "\n", BASE64[:76] + "\n", BASE64[:76], PROSE.encode().hex(),
    "s.p.a.c.e.d.", "nine one one ",
    base64.b64encode(b"\xff" * 30).decode(),
]


def sample_values(root):
    source = (root / "t/unit/policies/sample_values.h").read_text()
    return [json.loads(text) for text in re.findall(r'^ *("(?:[^"\\]|\\[\\"n])*"),$', source, re.M)]


class Judge:
    def __init__(self, kt, pack, phase):
        self.process = subprocess.Popen(
            [kt, "policy", "scan", "--policy-config", pack, "--phase", phase], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def used(self):
        return int(pathlib.Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0]) / 1e3

    def cost(self, text):
        """Microseconds of processor time a byte, and whether it could be judged."""
        before = self.used()
        self.process.stdin.write(json.dumps({"id": 1, "text": text}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("kt policy scan ended")
        return (self.used() - before) / len(text.encode()), "error" not in json.loads(answer)


def make(way, pieces, size, seed):
    if way == "in turn":
        unit = "".join(pieces)
        return (unit * (size // len(unit) + 1))[:size]
    if way == "at random":
        choice = random.Random(seed)
        parts, length = [], 0
        while length < size:
            parts.append(choice.choice(pieces))
            length += len(parts[-1])
        return "".join(parts)[:size]
    first, rest = make("in turn", pieces[:1], size // 2, seed), "".join(pieces[1:]) or "x"
    return first + make("in turn", [rest], size // 2, seed)


def search(judge, options, pieces):
    choice = random.Random(options.seed)
    end, tried, dear = time.monotonic() + options.seconds, 0, []
    while time.monotonic() < end:
        some = [choice.choice(pieces) * choice.choice([1, 1, 1, 2, 3, 8, 20])
                for _ in range(choice.choice([1, 1, 2, 2, 2, 3, 3, 4, 6]))]
        way, seed = choice.choice(["in turn", "at random", "halves"]), choice.random()
        short = make(way, some, SHORT, seed)
        tried += 1
        if judge.cost(short)[0] < DEAR:
            continue
        cost = max(judge.cost(short)[0], 1e-6)  # once more: the first one compiles expressions
        long, judged = judge.cost(make(way, some, LONG, seed))
        dear.append((long, long / cost, judged, way, some))
    return tried, dear


def show(title, rows):
    print(f"\n{title}\n| us a byte | growth | judged | pieces |\n| --- | --- | --- | --- |")
    for long, growth, judged, way, some in rows:
        shown = ", ".join(ascii(piece[:30]) for piece in some)
        print(f"| {long:.2f} | {growth:.1f} | {'yes' if judged else 'no'} | {way}: {shown} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kt", required=True)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--phase", default="input", choices=["input", "output"])
    options = parser.parse_args()
    pieces = PIECES + sample_values(pathlib.Path(__file__).resolve().parents[2])
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as pack:
        pack.write(PACK)
        pack.flush()
        judge = Judge(options.kt, pack.name, options.phase)
        judge.cost("warm up")
        tried, dear = search(judge, options, pieces)
    print(f"{tried} texts, {len(dear)} over {DEAR} us a byte")
    show("dearest", sorted(dear, key=lambda row: -row[0])[:10])
    # A part of the cost does not grow, so twice as dear a byte is no accident.
    show("faster than their length", sorted((r for r in dear if r[1] > 1.8), key=lambda r: -r[1])[:10])


if __name__ == "__main__":
    main()
