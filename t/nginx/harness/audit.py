"""The segments of an audit directory."""

import hashlib
import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
KT = os.environ.get("KT_BIN", str(ROOT / "build" / "kt"))


def segments(directory):
    return sorted(directory.glob("audit-*.jsonl"))


def all_lines(directory):
    """The finished lines: a reader may see the beginning of one that is being written."""
    lines = []
    for path in segments(directory):
        text = path.read_text()
        lines += text[: text.rfind("\n") + 1].splitlines()
    return lines


def lines(directory):
    """The records of requests: without the log's own headers and checkpoints."""
    return [line for line in all_lines(directory) if "event" not in json.loads(line)]


def events(directory, name):
    """The events called `name`, such as gateway.gap."""
    found = (json.loads(line) for line in all_lines(directory))
    return [line for line in found if line.get("event") == name]


def assert_whole(directory):
    """Every line is held by the next one, no number is missing or twice, and verify says so too."""
    before = None
    for line in all_lines(directory):
        record = json.loads(line)
        hashed = line[: line.rindex(',"hash":"')]
        assert hashlib.sha256(hashed.encode()).hexdigest() == record["hash"], line
        if before is not None:
            assert record["prev"] == before["hash"], line
            assert record["seq"] == before["seq"] + 1, line
        before = record
    verdict = subprocess.run(
        [KT, "audit", "verify", directory], capture_output=True, text=True, check=False
    )
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
