"""Fixtures for tests of kt and of the files in conf/. No network: the provider is `echo`."""

import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
KT = os.environ.get("KT_BIN", str(ROOT / "build" / "kt"))
MODULE = os.environ.get("KT_MODULE", str(ROOT / "build" / "ngx_http_keeptrusts_module.so"))
NGINX = os.environ.get("KT_NGINX", "/usr/sbin/nginx")
SECONDS = 100 if os.environ.get("KT_ASAN") == "1" else 20

ECHO = """\
pack: {name: echo-pack, version: 1.2.3, enabled: true}
policies:
  chain: [prompt-injection, pii-detector, audit-logger]
providers:
  targets:
    - {id: echo, provider: echo}
"""


def environment(**more):
    """A small environment of our own, so that no variable of the developer's has a say."""
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "KT_NGINX": NGINX}
    if os.environ.get("KT_ASAN") == "1":
        env["LD_PRELOAD"] = os.environ["KT_PRELOAD"]
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            env[name] = os.environ.get(name, "")
    return {**env, **more}


def until(condition, what):
    """Waits for `condition()`, and returns what it returned."""
    deadline = time.monotonic() + SECONDS
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.01)


def records(directory):
    """The records of requests in all segments of an audit directory."""
    found = []
    for segment in sorted(pathlib.Path(directory).glob("audit-*.jsonl")):
        text = segment.read_text()
        found += [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
    return [record for record in found if "event" not in record]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def request(port, method, path, body=None, headers=None):
    """(status, headers, body) of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def chat(port, text, path="/v1/chat/completions", **headers):
    """(status, parsed JSON) of one chat request."""
    body = json.dumps({"model": "any", "messages": [{"role": "user", "content": text}]})
    headers = {"Content-Type": "application/json", **headers}
    status, _, answer = request(port, "POST", path, body, headers)
    return status, json.loads(answer)


def content(answer):
    return answer["choices"][0]["message"]["content"]


def kt(*words, stdin="", env=None, **options):
    """Runs kt to its end."""
    return subprocess.run(
        [KT, *map(str, words)],
        input=stdin,
        env=environment(**(env or {})),
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
        **options,
    )


class Process:
    """A program in the background whose stderr is kept in a file."""

    def __init__(self, words, log, env=None, **options):
        self.log_path = pathlib.Path(log)
        self.process = subprocess.Popen(
            [str(word) for word in words],
            env=environment(**(env or {})),
            stdin=subprocess.DEVNULL,
            stderr=self.log_path.open("wb"),
            **options,
        )

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    def says(self, text, after=0):
        """Waits until the log has `text`; fails when the program ends before."""

        def seen():
            if text in self.log[after:]:
                return True
            assert self.process.poll() is None, f"ended early:\n{self.log}"
            return False

        until(seen, f"{text!r} in:\n{self.log}")

    def stop(self, signal_number=signal.SIGTERM):
        """The exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        return self.process.wait(SECONDS)


class Gateway(Process):
    """`kt gateway run` on a free port. `port`, `admin_port`; `run` is its private directory."""

    def __init__(self, directory, config, *words, host="127.0.0.1", kt_path=KT, module=MODULE,
                 audit=None, temporary=None, **options):  # fmt: skip
        self.port = free_port()
        # Where the workers' user can reach it, which it cannot below pytest's own directory.
        self.own = tempfile.TemporaryDirectory(prefix="kt-cli-")
        pathlib.Path(self.own.name).chmod(0o711)
        self.audit = audit or pathlib.Path(self.own.name) / "audit"
        self.temporary = temporary or directory
        env = {"TMPDIR": str(self.temporary), **options.pop("env", {})}
        command = [kt_path, "gateway", "run", "--listen", f"{host}:{self.port}", "--policy-config",
                   config, "--audit-dir", self.audit, "--module", module, "--workers", 1,
                   *words]  # fmt: skip
        super().__init__(command, directory / "kt.log", env, **options)
        self.says("Listening on")

    @property
    def run(self):
        (found,) = self.temporary.glob("keeptrusts-*")
        return found

    def nginx_pid(self):
        return int((self.run / "nginx.pid").read_text())


@pytest.fixture
def pack(tmp_path):
    """Writes a configuration and returns its path."""

    def write(text=ECHO, name="policy-config.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.fixture
def gateway(tmp_path):
    """Starts gateways; all must end cleanly, and log nothing that a healthy nginx does not."""
    started = []

    def start(config, *words, **options):
        directory = tmp_path / f"gateway-{len(started)}"
        directory.mkdir()
        started.append(Gateway(directory, config, *words, **options))
        return started[-1]

    yield start
    for one in started:
        status = one.stop()
        one.own.cleanup()
        assert status in (0, -signal.SIGKILL), one.log
        bad = re.findall(r".*(?:\[alert\]|\[emerg\]|exited on signal|Sanitizer|runtime error).*",
                         one.log)  # fmt: skip
        assert not bad, "\n".join(bad)
