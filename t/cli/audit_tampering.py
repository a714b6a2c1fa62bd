"""Random changes of an audit log, of every kind that somebody with the files but no key could make.

    KT_BIN=build/kt python3 t/cli/audit_tampering.py [TRIALS [SEED]]

Builds logs (several segments, crashes, lineages, pruned segments, gaps, one that is being
written), changes each copy once, and asks `kt audit verify`: each change must be named, at the
place where it is, and the unchanged log must be whole. test_audit_tampering.py runs some hundred.
"""

import collections
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

from audit_changes import IN_FILE, lines_of, record, rehashed, truncate

KT = os.environ.get("KT_BIN", "kt")
WRITER = pathlib.Path(KT).resolve().parent / "cmake" / "audit_log"
NOON = 1_790_000_000
HOUR, DAY = 3600, 86400
GAP = ('{"ts":"2026-09-21T14:13:20.000000Z","event":"gateway.gap","reason":"ring_full",'
       '"ring":"00000000000000aa","dropped":7}')  # fmt: skip


# ---- logs


def write(directory, key, now, commands, segment_seconds=HOUR, days=3650):
    words = [WRITER, directory, key, now * 1_000_000, segment_seconds, days]
    text = "".join(command + "\n" for command in commands)
    subprocess.run([str(word) for word in words], input=text.encode(), check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip


def some(first, step, count=25):
    for number in range(first, first + count):
        yield record(number)
        if number % 7 == 0:
            yield GAP
        yield f"advance {step}"


def crashed(directory, key, first=1):
    write(directory, key, NOON, [*some(first, 300), record(0), record(0), "sync"])
    write(directory, key, NOON + 3 * HOUR, [*some(first + 100, 300), "close"])


def lineages(directory, key):
    write(directory, key, NOON, [*some(1, 300), "close"])
    (directory / "epoch.key").unlink()
    write(directory, key, NOON + 3 * HOUR, [*some(100, 300), "sync"])
    (directory / "epoch.key").write_text("{}")
    write(directory, key, NOON + 6 * HOUR, [*some(200, 300), "close"])


def pruned(directory, key):
    write(directory, key, NOON, [*some(1, DAY // 3, 40), "close"], DAY, 2)


def written(directory, key):
    write(directory, key, NOON, [*some(1, 300), record(1), record(2), GAP, record(3), "sync"])


class Log:
    def __init__(self, directory, build, key, options=()):
        self.directory = directory
        self.name = build.__name__
        self.options = options
        build(directory, key)
        self.files = {path.name: path.read_bytes() for path in directory.iterdir()
                      if path.is_file() and not path.name.endswith(".lock")}  # fmt: skip
        self.segments = sorted(name for name in self.files if name.startswith("audit-"))

    def restore(self):
        for path in self.directory.iterdir():
            if path.name in ("writer.lock", "rings"):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.is_symlink() or path.is_fifo() or path.name not in self.files:
                path.unlink()
        for name, content in self.files.items():
            (self.directory / name).write_bytes(content)

    def verify(self):
        result = subprocess.run([KT, "audit", "verify", self.directory, "--json", *self.options],
                                capture_output=True, check=False, timeout=60)  # fmt: skip
        return result.returncode, result.stdout.decode(), result.stderr.decode()


# ---- changes of whole files: (random, log, another log) -> the files that may be named


def whole(log, rng):
    return log.directory / rng.choice(log.segments)


def file_deleted(rng, log, other):
    path = whole(log, rng)
    path.unlink()


def file_emptied(rng, log, other):
    whole(log, rng).write_bytes(b"")


def file_renamed(rng, log, other):
    path = whole(log, rng)
    number, lineage = path.name[6:16], path.name[17:33]
    path.rename(path.with_name(rng.choice([
        path.name.upper(), path.name + ".bak", f"audit-{int(number) + 20:010}-{lineage}.jsonl",
        f"audit-{number}-{'f' * 16}.jsonl", f"audit-{number[1:]}-{lineage}.jsonl"])))  # fmt: skip


def files_swapped(rng, log, other):
    a, b = rng.sample(log.segments, 2)
    (log.directory / a).write_bytes(log.files[b])
    (log.directory / b).write_bytes(log.files[a])


def file_copied(rng, log, other):
    path = whole(log, rng)
    number = int(log.segments[-1][6:16]) + 1
    lineage = log.segments[-1][17:33]
    shutil.copy(path, path.with_name(f"audit-{number:010}-{lineage}.jsonl"))


def file_of_another_log(rng, log, other):
    name = rng.choice(log.segments)
    source = rng.choice(other.segments)
    if rng.randrange(2):
        (log.directory / name).write_bytes(other.files[source])
    else:
        (log.directory / name).unlink()
        (log.directory / (name[:17] + source[17:])).write_bytes(other.files[source])


def second_file(rng, log, other):
    name = rng.choice(log.segments)
    path = log.directory / f"{name[:17]}{rng.getrandbits(64):016x}.jsonl"
    path.write_bytes(rng.choice([b"", log.files[name], other.files[other.segments[0]]]))


def segments_removed_from_the_front(rng, log, other):
    for name in log.segments[:rng.randrange(1, len(log.segments))]:
        (log.directory / name).unlink()


def segments_removed_from_the_end(rng, log, other):
    for name in log.segments[rng.randrange(1, len(log.segments)):]:
        (log.directory / name).unlink()


def not_a_file(rng, log, other):
    path = whole(log, rng)
    path.unlink()
    kind = rng.randrange(4)
    if kind == 0:
        os.mkfifo(path)
    elif kind == 1:
        path.mkdir()
    elif kind == 2:
        path.symlink_to("/dev/null")
    else:
        target = log.directory / "moved"
        target.write_bytes(log.files[path.name])
        path.symlink_to(target)


def sparse_end(rng, log, other):
    path = whole(log, rng)
    os.truncate(path, len(log.files[path.name]) + rng.choice([1, 4096, 1 << 30]))


def key_file_replaced(rng, log, other):
    (log.directory / "epoch.key").write_bytes(
        re.sub(rb'"lineage":"[0-9a-f]{16}"',
               re.search(rb'"lineage":"[0-9a-f]{16}"', log.files["epoch.key"])[0],
               other.files["epoch.key"]))  # fmt: skip


WHOLE_FILES = [file_deleted, file_emptied, file_renamed, files_swapped, file_copied,
               file_of_another_log, second_file, segments_removed_from_the_front,
               segments_removed_from_the_end, not_a_file, sparse_end, key_file_replaced]  # fmt: skip


# ---- the verdict


def first_change(old, new):
    """The 1-based line of the first byte that differs."""
    at = next((i for i, (a, b) in enumerate(zip(old, new)) if a != b), min(len(old), len(new)))
    return old.count(b"\n", 0, at) + 1


def unseen_by_right(log, name, old, new):
    """The newest segment behind its last signature, while nobody has said that the log ended: a
    cut end, an unfinished line, or records that fit."""
    if name != log.segments[-1] or log.name != "written":
        return False
    lines = lines_of(old)
    sealed = max(i for i, line in enumerate(lines) if b'"signature":"' in line)
    start = sum(map(len, lines[:sealed + 1]))
    if not new.startswith(old[:start]):
        return False
    before = lines[sealed]
    for line in lines_of(new[start:]):
        if not line.endswith(b"\n"):
            begin = b'{"seq":%d,"lineage":"' % (json.loads(before)["seq"] + 1)
            fits = line.startswith(begin) or begin.startswith(line)
            return fits and min(line, default=0x20) >= 0x20
        try:
            now, last = json.loads(line), json.loads(before)
        except ValueError:
            return False
        body = line.rpartition(b',"hash":"')[0]
        if (now.get("prev"), now.get("seq")) != (last["hash"], last["seq"] + 1):
            return False
        if hashlib.sha256(body).hexdigest() != now.get("hash") or "signature" in now:
            return False
        if not line.endswith(b'"hash":"%s"}\n' % now["hash"].encode()):
            return False
        before = line
    return True


class Trial:
    def __init__(self, rng, logs, others):
        self.log, self.other = rng.choice(logs), rng.choice(others)
        self.kind = rng.choice(IN_FILE + WHOLE_FILES)
        self.name = self.old = self.new = None
        if self.kind in IN_FILE:
            names = self.log.segments + [n for n in ("pruned.jsonl",) if n in self.log.files]
            self.name = rng.choice(names)
            self.old = self.log.files[self.name]
            source = self.other.files[rng.choice(self.other.segments)]
            self.new = self.kind(rng, self.old, source)
            (self.log.directory / self.name).write_bytes(self.new)
        else:
            self.kind(rng, self.log, self.other)

    def is_change(self):
        if self.name is None:
            return any(not (self.log.directory / name).is_file()
                       or (self.log.directory / name).is_symlink()
                       or (self.log.directory / name).read_bytes() != content
                       for name, content in self.log.files.items()) or any(
                path.name not in self.log.files and re.fullmatch(
                    r"audit-\d{10}-[0-9a-f]{16}\.jsonl", path.name)
                for path in self.log.directory.iterdir())  # fmt: skip
        return self.new != self.old and not unseen_by_right(
            self.log, self.name, self.old, self.new)

    def complaint(self):
        """What is wrong with the verifier's answer; empty: nothing."""
        status, out, err = self.log.verify()
        if not self.is_change():
            return f"status {status} for no change: {out}" if status != 0 else ""
        if status != 1:
            return f"status {status}: {out[:600]} {err}"
        finding = json.loads(out)["finding"]
        if self.name is None:
            return "" if finding["message"] else "no message"
        files = [self.name]
        if self.name in self.log.segments[:-1]:  # a changed end can show at the next one
            files.append(self.log.segments[self.log.segments.index(self.name) + 1])
        if finding["file"] not in files:
            return f"another file named: {finding}"
        line = first_change(self.old, self.new)
        if finding["file"] == self.name and finding["line"] < line - 1:
            return f"line {finding['line']} named, the first change is in {line}: {finding}"
        if self.kind is not rehashed and finding["file"] == self.name and (
            finding["line"] > line + 1
        ):
            return f"line {finding['line']} named, the first change is in {line}: {finding}"
        return ""

    def __str__(self):
        where = self.name and f"{self.name}:{first_change(self.old, self.new)}"
        return f"{self.kind.__name__} in log {self.log.name}, {where or 'whole files'}"


def run(directory, trials, seed):
    """The complaints of that many trials, and how many of each kind there were."""
    directory = pathlib.Path(directory)
    rng = random.Random(seed)
    key = directory / "root"
    subprocess.run([KT, "audit", "keygen", key], check=True, stdout=subprocess.DEVNULL)
    logs = [Log(directory / build.__name__, build, key, options) for build, options in [
        (crashed, []), (lineages, ["--allow-lineage"]), (pruned, []),
        (written, ["--at", "2026-09-21T16:20:00Z"])]]  # fmt: skip
    others = [Log(directory / "other", lambda where, k: crashed(where, k, 5000), key), *logs]
    complaints, kinds = [], collections.Counter()
    for log in logs:
        log.options = ["--public-key", f"{key}.pub", *log.options]
        status, out, err = log.verify()
        if status != 0:
            complaints.append(f"{log.name} is not whole: {out}{err}")
    for number in range(trials if not complaints else 0):
        trial = Trial(rng, logs, others)
        kinds[trial.kind.__name__] += 1
        if complaint := trial.complaint():
            complaints.append(f"trial {number}: {trial}: {complaint}")
        trial.log.restore()
    return complaints, kinds


def main():
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as at:
        complaints, kinds = run(at, trials, seed)
    for kind, count in sorted(kinds.items()):
        print(f"{count:6} {kind}")
    print("\n".join(complaints))
    print(f"{trials} trials, seed {seed}: {len(complaints)} complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
