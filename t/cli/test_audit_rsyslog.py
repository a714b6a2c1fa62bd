"""conf/audit-rsyslog.conf with the real rsyslogd: every record arrives at a collector, once."""

import json
import re
import shutil
import socket
import threading

import pytest

from conftest import ROOT, Process, free_port, until
from test_audit_log import Writer, record

RSYSLOGD = shutil.which("rsyslogd", path="/usr/sbin:/sbin:/usr/bin")


class Collector(threading.Thread):
    """Takes RFC 5424 messages with octet counting (RFC 6587)."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", port))
        self.messages = []
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.read, args=(connection,), daemon=True).start()

    def read(self, connection):
        with connection, connection.makefile("rb") as stream:
            while True:
                length = b""
                while not length.endswith(b" "):
                    byte = stream.read(1)
                    if not byte:
                        return
                    length += byte
                self.messages.append(stream.read(int(length)).decode())

    def records(self):
        """The request ids, in the order in which they arrived."""
        lines = [re.fullmatch(r"<110>1 \S+ \S+ keeptrusts - audit - (.*)\n?", message, re.DOTALL)[1]
                 for message in list(self.messages)]  # fmt: skip
        return [found["request_id"] for line in lines
                if "request_id" in (found := json.loads(line))]  # fmt: skip


@pytest.fixture
def rsyslog(tmp_path):
    started = []

    def start(port, audit):
        conf = (ROOT / "conf" / "audit-rsyslog.conf").read_text()
        assert conf.count("/var/lib/keeptrusts/audit/") == 1 and conf.count('"6514"') == 1
        conf = conf.replace("/var/lib/keeptrusts/audit/", f"{audit}/")
        conf = conf.replace('"6514"', f'"{port}"')
        work = tmp_path / "rsyslog"
        work.mkdir(exist_ok=True)
        path = tmp_path / "rsyslog.conf"
        path.write_text(f'global(workDirectory="{work}")\n{conf}')
        pid = tmp_path / "rsyslog.pid"
        started.append(Process([RSYSLOGD, "-n", "-f", path, "-i", pid], tmp_path / "rsyslog.log"))
        until(pid.exists, "rsyslogd")
        return started[-1]

    yield start
    for one in started:
        one.stop()
        assert "error" not in one.log.lower(), one.log


def test_records_arrive_across_segments_and_a_restart_of_rsyslog(tmp_path, rsyslog):
    audit = tmp_path / "audit"
    port = free_port()
    collector = Collector(port)
    writer = Writer(audit, segment_seconds=100)
    writer.do(record(1, user_id="x" * 8000), record(2, user_id='"%s\\ \n'), "sync")
    daemon = rsyslog(port, audit)
    until(lambda: collector.records() == ["r1", "r2"], "what was there before")
    writer.do(record(3), "advance 100", record(4), "sync")
    until(lambda: collector.records() == ["r1", "r2", "r3", "r4"], "records of two segments")
    daemon.stop()
    writer.do(record(5), "close").die()
    rsyslog(port, audit)
    until(lambda: collector.records()[4:] == ["r5"], "what was written meanwhile")
    sent = [json.loads(message.partition("{")[1] + message.partition("{")[2])
            for message in collector.messages]  # fmt: skip
    assert [line["seq"] for line in sent] == list(range(1, len(sent) + 1))
