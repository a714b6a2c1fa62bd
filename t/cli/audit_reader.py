"""A verifier of audit logs, written from docs/audit-format.md alone: the page must be enough.

    python3 audit_reader.py DIR ROOT_PUBLIC_HEX|-

Prints "whole" or the first thing that is wrong. Shares no code with kt.
"""

import datetime
import hashlib
import json
import pathlib
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NAME = re.compile(r"audit-(\d{10})-([0-9a-f]{16})\.jsonl")
CONTEXT = {
    "lineage": b"keeptrusts-audit-lineage-v1\n",
    "segment": b"keeptrusts-audit-segment-v1\n",
    "checkpoint": b"keeptrusts-audit-checkpoint-v1\n",
}


class Broken(Exception):
    pass


def no_duplicates(pairs):
    if len({name for name, _ in pairs}) != len(pairs):
        raise Broken("duplicate names")
    return dict(pairs)


def need(condition, what):
    if not condition:
        raise Broken(what)


def time(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")


def read_line(raw, where):
    """One line without its newline: the object, after its form and hash were checked."""
    need(len(raw) < 262144, f"{where}: too long")
    try:
        line = json.loads(raw.decode("utf-8"), object_pairs_hook=no_duplicates)
    except ValueError as error:
        raise Broken(f"{where}: {error}") from error
    names = list(line)
    end = ["prev", "hash", "signature"] if "signature" in line else ["prev", "hash"]
    need(names[:2] == ["seq", "lineage"] and names[-len(end):] == end, f"{where}: order of members")
    hashed = raw[:raw.rindex(b',"hash":"')]
    need(hashlib.sha256(hashed).hexdigest() == line["hash"], f"{where}: hash")
    return line


def check_signature(line, kind, key, where):
    need(line["key"] == key, f"{where}: another key")
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(
            bytes.fromhex(line["signature"]), CONTEXT[kind] + line["hash"].encode())
    except (InvalidSignature, KeyError) as error:
        raise Broken(f"{where}: signature") from error


class Log:
    def __init__(self, directory, root):
        self.directory = pathlib.Path(directory)
        self.root = root
        self.segments = sorted(
            (int(match[1]), match[2], path) for path in self.directory.iterdir()
            if (match := NAME.fullmatch(path.name)))  # fmt: skip
        self.prunings = []

    def headers(self):
        """Every header from the first segment on, pruned ones included, as a chain of keys."""
        first = self.segments[0][0]
        lines = []
        if first > 1:
            pruned = (self.directory / "pruned.jsonl").read_bytes().split(b"\n")[:first - 1]
            lines += [("pruned.jsonl", None, raw) for raw in pruned]
        for number, lineage, path in self.segments:
            with path.open("rb") as file:
                lines.append((path.name, lineage, file.readline()[:-1]))
        key = lineage_now = None
        found = []
        for number, (name, lineage, raw) in enumerate(lines, 1):
            header = read_line(raw, name)
            need(header["event"] == "audit.segment" and header["format"] == 1, f"{name}: no header")
            need(header["segment"] == number, f"{name}: is segment {header['segment']}")
            need(lineage in (None, header["lineage"]), f"{name}: lineage")
            if header["begins_lineage"]:
                need(number == 1 or self.root is None, f"{name}: a new lineage")
                check_signature(header, "lineage", self.root or header["key"], name)
            else:
                need(header["lineage"] == lineage_now, f"{name}: lineage")
                check_signature(header, "segment", key, name)
            key, lineage_now = header["next_segment_key"], header["lineage"]
            found.append(header)
        return found[first - 1:]

    def verify(self):
        headers = self.headers()
        before = None
        records = 0
        for at, (number, _, path) in enumerate(self.segments):
            content = path.read_bytes()
            if at + 1 < len(headers):
                previous = headers[at + 1]["previous"]
                need(len(content) >= previous["bytes"], f"{path.name}: truncated")
                need(not previous["closed"] or len(content) == previous["bytes"],
                     f"{path.name}: more behind the end")  # fmt: skip
                content = content[:previous["bytes"]]
                need(content.endswith(b"\n"), f"{path.name}: cut")
            before, count = self.verify_segment(path.name, content, headers[at], before)
            records += count
        self.verify_pruning(headers[0])
        return records

    def verify_segment(self, name, content, header, before):
        lineage, key, epoch = header["lineage"], header["epoch_key"], header["epoch"]
        if before is None:
            before = {"seq": header["seq"] - 1, "hash": header["prev"], "time": None}
            need(header["segment"] > 1 or before == {"seq": 0, "hash": "0" * 64, "time": None},
                 f"{name}: beginning")  # fmt: skip
        records = 0
        for number, raw in enumerate(content.split(b"\n")[:-1], 1):
            where = f"{name}:{number}"
            line = read_line(raw, where)
            need(line["seq"] == before["seq"] + 1, f"{where}: seq")
            need(line["prev"] == before["hash"], f"{where}: prev")
            need(line["lineage"] == lineage, f"{where}: lineage")
            now = before["time"]
            event = line.get("event", "")
            if event == "audit.checkpoint":
                need(line["epoch"] == epoch, f"{where}: epoch")
                check_signature(line, "checkpoint", key, where)
                key, epoch = line["next_key"], epoch + 1
            if event in ("audit.checkpoint", "audit.segment"):
                need((event == "audit.segment") == (number == 1), f"{where}: a header inside")
                now = time(line["ts"])
                slack = datetime.timedelta(seconds=5)
                need(before["time"] is None or now >= before["time"] - slack, f"{where}: clock")
            if event == "audit.pruned":
                self.prunings.append(line)
            records += not event.startswith("audit.")
            before = {"seq": line["seq"], "hash": line["hash"], "time": now}
        return before, records

    def verify_pruning(self, first):
        if first["segment"] == 1:
            return
        for record in self.prunings:
            days = datetime.timedelta(days=record["retention_days"])
            if record["last_segment"] >= first["segment"] - 1:
                need(time(first["ts"]) <= time(record["ts"]) - days, "pruned too early")
                return
        raise Broken("segments are gone without a record of pruning")


def main():
    directory, root = sys.argv[1:3]
    try:
        records = Log(directory, None if root == "-" else root).verify()
    except (Broken, KeyError, OSError) as error:
        print(f"broken: {error}")
        return 1
    print(f"whole: {records} records")
    return 0


if __name__ == "__main__":
    sys.exit(main())
