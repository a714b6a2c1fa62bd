"""kt audit: what auditors and operators do with a log."""

import csv
import io
import json
import os
import pathlib
import subprocess
import sys
import time

import pytest

from conftest import KT, SECONDS, Process, chat, environment, kt, until

HERE = pathlib.Path(__file__).parent
WRITER = pathlib.Path(KT).parent / "cmake" / "audit_log"
HOUR = 3600
NOON = 1_790_000_000  # 2026-09-21T14:13:20Z


def record(number, **more):
    members = {"ts": "2026-09-21T14:13:20.000000Z", "request_id": f"r{number}",
               "pack": {"name": "support", "version": "1.0.0", "sha256": "a" * 64},
               "verdict": "allowed", "target": "echo", "status": 200, "prompt_tokens": 10,
               "completion_tokens": 5, "cost_usd": 0.0001, "user_id": None, **more}  # fmt: skip
    return json.dumps(members)


class Writer:
    """The gateway's own LogWriter, told what to do line by line."""

    def __init__(self, directory, key="-", now=NOON, segment_seconds=24 * HOUR, days=365):
        command = [WRITER, directory, key, now * 1_000_000, segment_seconds, days]
        self.process = subprocess.Popen([str(word) for word in command], env=environment(),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        encoding="utf-8")  # fmt: skip

    def do(self, *lines):
        for line in lines:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            if not line.startswith("{"):
                assert self.process.stdout.readline() == line + "\n"
        return self

    def die(self):
        self.process.kill()
        self.process.wait(SECONDS)
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def writer():
    started = []

    def start(*words, **options):
        started.append(Writer(*words, **options))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.die()


@pytest.fixture
def log(tmp_path, writer):
    """A log of four segments with a root key, whose writer died once and then stopped cleanly."""
    key = tmp_path / "audit.key"
    assert kt("audit", "keygen", key).returncode == 0
    directory = tmp_path / "audit"
    number = 0
    for start in (0, 2 * HOUR):
        one = writer(directory, key, NOON + start, HOUR)
        for _ in range(30):
            number += 1
            one.do(record(number, verdict="allowed" if number % 3 else "blocked"), "advance 120")
        if start == 0:
            one.do(record(1000), record(1001), "sync").die()
        else:
            one.do("close").die()
    return directory


def segments(directory):
    return sorted(directory.glob("audit-*.jsonl"))


def verify(directory, *words):
    return kt("audit", "verify", directory, *words)


def reader(directory, root="-"):
    return subprocess.run([sys.executable, HERE / "audit_reader.py", directory, root],
                          capture_output=True, encoding="utf-8", timeout=SECONDS,
                          check=False)  # fmt: skip


def test_a_log_is_whole_and_its_origin_proven(log, tmp_path):
    result = verify(log, "--public-key", tmp_path / "audit.key.pub")
    assert result.returncode == 0, result.stdout
    assert result.stdout.startswith(f"{log}: whole, origin proven\n")
    assert "read: 62 records in 4 segments" in result.stdout
    assert "head to remember: " in result.stdout


def test_without_a_public_key_the_origin_is_not_proven(log):
    result = verify(log)
    assert result.returncode == 0
    assert "consistent; origin not proven" in result.stdout


def test_another_public_key_breaks_it(log, tmp_path):
    kt("audit", "keygen", tmp_path / "other")
    result = verify(log, "--public-key", tmp_path / "other.pub")
    assert result.returncode == 1
    assert "spliced" in result.stdout


def test_json_says_the_same(log, tmp_path):
    result = json.loads(verify(log, "--json", "--public-key", tmp_path / "audit.key.pub").stdout)
    assert result["whole"] and result["origin_proven"] and result["stopped"]
    assert result["finding"] is None and result["records"] == 62 and result["not_yet_sealed"] == 0


def test_what_the_gateway_could_not_record_is_told(tmp_path, writer):
    """The log is whole, and yet not all requests are in it."""
    gap = {"ts": "2026-09-21T14:13:20.000000Z", "event": "gateway.gap", "ring": "00000000000000aa"}
    events = [json.dumps({**gap, **more}) for more in ({"reason": "ring_full", "dropped": 7},
                                                       {"reason": "ring_damaged", "dropped": None})]  # fmt: skip
    writer(tmp_path / "gaps", now=int(time.time())).do(record(1), *events, "sync")
    result = kt("audit", "verify", tmp_path / "gaps")
    assert result.returncode == 0
    assert "gaps: 2 events of the gateway say that 7 records or more were lost" in result.stdout
    verdict = json.loads(kt("audit", "verify", tmp_path / "gaps", "--json").stdout)
    assert (verdict["gaps"], verdict["dropped"]) == (2, 7)


def test_the_first_bad_record_is_named(log):
    file = segments(log)[0]
    lines = file.read_bytes().splitlines(keepends=True)
    lines[3] = lines[3].replace(b"echo", b"ohce")
    file.write_bytes(b"".join(lines))
    result = verify(log)
    assert result.returncode == 1
    assert f"first bad record: {file.name}:4 (seq " in result.stdout
    assert ": edited: " in result.stdout
    finding = json.loads(verify("--json", log).stdout)["finding"]
    assert (finding["kind"], finding["file"], finding["line"]) == ("edited", file.name, 4)


def test_a_remembered_head_shows_an_older_copy(log, tmp_path):
    head = json.loads(verify(log, "--json").stdout)["head"]
    assert verify(log, "--head", head).returncode == 0
    for file in segments(log)[2:]:
        file.unlink()
    (log / "epoch.key").unlink()
    copied_at = "2026-09-21T15:15:00Z"  # young enough that no checkpoint is overdue
    assert verify(log, "--at", copied_at).returncode == 0
    result = verify(log, "--at", copied_at, "--head", head)
    assert result.returncode == 1
    assert "rolled back" in result.stdout


def test_since_leaves_older_segments_unread(log):
    result = json.loads(verify(log, "--json", "--since", "2026-09-21T16:30:00Z").stdout)
    assert result["whole"] and result["segments"] < 4


@pytest.mark.parametrize("words", [["/nonexistent"], ["/"], []])
def test_nothing_to_judge_is_status_2(words):
    result = kt("audit", "verify", *words)
    assert result.returncode == 2
    assert result.stderr


@pytest.mark.parametrize("words", [["--since", "yesterday"], ["--head", "1"], ["x"],
                                   ["--public-key", "/nonexistent"]])  # fmt: skip
def test_wrong_options_are_status_2(log, words):
    result = verify(log, *words)
    assert result.returncode == 2
    assert result.stderr.startswith("kt audit verify: ")


# ---- the program that was written from the document


def test_a_strangers_verifier_accepts_what_kt_accepts(log, tmp_path):
    root = json.loads(verify(log, "--json").stdout)["root_key"]
    result = reader(log, root)
    assert result.stdout == "whole: 62 records\n", result.stdout + result.stderr


def test_a_strangers_verifier_accepts_a_pruned_log(tmp_path, writer):
    directory = tmp_path / "audit"
    one = writer(directory, segment_seconds=24 * HOUR, days=2)
    for number in range(6):
        one.do(record(number), f"advance {24 * HOUR}")
    one.do("close")
    assert (directory / "pruned.jsonl").exists()
    assert verify(directory).returncode == 0
    assert reader(directory).stdout.startswith("whole"), reader(directory).stdout


@pytest.mark.parametrize("tamper", [
    lambda lines: lines[:3] + lines[4:],
    lambda lines: lines[:3] + [lines[4], lines[3]] + lines[5:],
    lambda lines: lines[:3] + [lines[3].replace(b"echo", b"ohce")] + lines[4:],
    lambda lines: lines[:5] + [lines[2]] + lines[5:],
    lambda lines: lines[:-1],
])  # fmt: skip
def test_both_refuse_the_same(log, tamper):
    file = segments(log)[0]
    file.write_bytes(b"".join(tamper(file.read_bytes().splitlines(keepends=True))))
    assert verify(log).returncode == 1
    assert reader(log).stdout.startswith("broken: "), reader(log).stdout


def test_the_log_of_a_gateway_is_whole_while_it_runs_and_afterwards(tmp_path, pack, gateway):
    running = gateway(pack())
    for number in range(5):
        assert chat(running.port, f"text {number}")[0] == 200
    live = lambda: json.loads(verify(running.audit, "--json").stdout or "{}")
    until(lambda: live().get("records") == 5, "five records")
    assert live()["whole"] and not live()["stopped"]
    assert running.stop() == 0
    until(lambda: live()["stopped"], "the writer's last checkpoint")
    assert live()["whole"] and live()["records"] == 5
    assert reader(running.audit).stdout == "whole: 5 records\n"


# ---- tail


def test_tail_shows_the_last_records(log):
    result = kt("audit", "tail", log, "--lines", 3, "--no-follow")
    assert result.returncode == 0
    assert [json.loads(line)["request_id"] for line in result.stdout.splitlines()] == [
        "r58", "r59", "r60"]  # fmt: skip


def test_tail_follows_across_segments_and_restarts(tmp_path, writer):
    directory = tmp_path / "audit"
    first = writer(directory, segment_seconds=100).do(record(1), "sync")
    with (tmp_path / "out").open("wb") as out:
        tail = Process([KT, "audit", "tail", directory], tmp_path / "err", stdout=out)
    seen = lambda: [json.loads(line)["request_id"]
                    for line in (tmp_path / "out").read_text().splitlines()]  # fmt: skip
    until(lambda: seen() == ["r1"], "the first record")
    first.do(record(2), "advance 100", record(3), "sync").die()
    until(lambda: seen() == ["r1", "r2", "r3"], "records of the next segment")
    writer(directory, segment_seconds=100).do(record(4), "sync")
    until(lambda: seen() == ["r1", "r2", "r3", "r4"], "records of the next writer")
    cpu = lambda: sum(map(int, pathlib.Path(f"/proc/{tail.process.pid}/stat").read_text()
                          .rpartition(")")[2].split()[11:13]))  # fmt: skip
    assert cpu() < os.sysconf("SC_CLK_TCK") * 5
    tail.stop()


def test_tail_shows_the_logs_own_lines_when_asked(log):
    result = kt("audit", "tail", "--all", log, "--lines", 1, "--no-follow")
    assert json.loads(result.stdout)["event"] == "audit.checkpoint"


# ---- stats, export


def test_stats_sum_by_day_pack_and_target(log):
    rows = [json.loads(line) for line in kt("audit", "stats", log, "--json").stdout.splitlines()]
    assert len(rows) == 1
    row = rows[0]
    assert (row["day"], row["pack"], row["target"]) == ("2026-09-21", "support", "echo")
    assert (row["records"], row["allowed"], row["blocked"]) == (62, 42, 20)
    assert (row["prompt_tokens"], row["completion_tokens"]) == (620, 310)
    assert row["cost_usd"] == 0.0062
    table = kt("audit", "stats", log).stdout
    assert "0.006200000  support  echo" in table


def test_stats_of_another_time_are_empty(log):
    result = kt("audit", "stats", log, "--json", "--until", "2026-09-21")
    assert (result.returncode, result.stdout) == (0, "")


def test_export_gives_the_lines_as_they_are(log):
    lines = kt("audit", "export", log).stdout.splitlines()
    assert len(lines) == 62
    whole = "".join(file.read_text() for file in segments(log)).splitlines()
    assert set(lines) <= set(whole)


def test_csv_cells_are_no_formulas(tmp_path, writer):
    directory = tmp_path / "audit"
    evil = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", 'a"b,c', "plain", "two\nlines"]
    one = writer(directory)
    one.do(*(record(i, user_id=text) for i, text in enumerate(evil)), "close")
    result = kt("audit", "export", directory, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout, newline="")))
    assert [row["user_id"] for row in rows] == [
        "'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "' =1", 'a"b,c', "plain", "two\nlines"
    ]  # fmt: skip
    assert rows[0]["pack"] == "support" and rows[0]["status"] == "200"


# ---- keygen


def test_keygen_never_overwrites(tmp_path):
    assert kt("audit", "keygen", tmp_path / "k").returncode == 0
    before = (tmp_path / "k").read_bytes()
    result = kt("audit", "keygen", tmp_path / "k")
    assert result.returncode == 1 and "File exists" in result.stderr
    assert (tmp_path / "k").read_bytes() == before
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600


def test_openssl_reads_the_keys(tmp_path):
    kt("audit", "keygen", tmp_path / "k")
    for words in (["-in", tmp_path / "k"], ["-pubin", "-in", tmp_path / "k.pub"]):
        subprocess.run(["openssl", "pkey", "-noout", *words], check=True, timeout=SECONDS)


@pytest.mark.parametrize("command", ["verify", "tail", "stats", "export", "keygen"])
def test_each_command_has_its_page(command):
    result = kt("audit", command, "--help")
    assert result.returncode == 0
    assert result.stdout.startswith(f"NAME\n  kt audit {command} - ")
    assert "EXIT STATUS" in result.stdout
