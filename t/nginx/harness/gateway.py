"""A real nginx with the module, in a directory of its own, on a free port."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess

from harness import audit, chat
from harness.client import Connection, head
from harness.sockets import free_port
from harness.wait import SCALE, until

ROOT = pathlib.Path(__file__).resolve().parents[3]
NGINX = os.environ.get("KT_NGINX", "nginx")
MODULE = os.environ.get("KT_MODULE", str(ROOT / "build" / "ngx_http_keeptrusts_module.so"))
# What never may be in an error log, whatever the test does.
FORBIDDEN = re.compile(
    r".*(\[alert\]|\[emerg\]|exited on signal|AddressSanitizer|LeakSanitizer|runtime error).*"
)

# What a new binary needs to load a sanitized module; nginx hands on only what is named.
SANITIZER_ENV = (
    "\nenv LD_PRELOAD;\nenv ASAN_OPTIONS;\nenv UBSAN_OPTIONS;"
    if os.environ.get("KT_ASAN") == "1"
    else ""
)

CONF = """\
{load}
{user}
daemon off;
master_process on;
worker_processes {workers};
error_log {directory}/error.log info;
pid {directory}/nginx.pid;
{main}
events {{ worker_connections 2048; }}
http {{
    client_body_temp_path {directory}/temp-body;
    proxy_temp_path {directory}/temp-proxy;
    fastcgi_temp_path {directory}/temp-fastcgi;
    uwsgi_temp_path {directory}/temp-uwsgi;
    scgi_temp_path {directory}/temp-scgi;
    access_log off;
    client_max_body_size 32m;
    {http}
    server {{
        listen 127.0.0.1:{port};
        {server}
    }}
}}
"""


class Gateway:
    """`http`, `server`, `main`: directives as text. `{dir}` in them is this gateway's directory."""

    def __init__(self, directory, server, http="", main="", workers=1, env=None, module=True):
        self.directory = pathlib.Path(directory)
        self.audit_dir = self.directory / "audit"
        self.audit_dir.mkdir(exist_ok=True)
        self.server, self.http, self.main = server, http, main
        self.workers = workers
        self.env = env or {}
        self.module = module
        self.port = None
        self.allowed_in_log = None  # a regular expression of forbidden lines that a test provokes
        self._process = None

    # Files

    def write(self, name, content):
        """A file in this gateway's directory; objects become JSON, which is YAML."""
        path = self.directory / name
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
        return path

    def write_conf(self):
        fill = lambda text: text.replace("{dir}", str(self.directory))
        text = CONF.format(
            load=f"load_module {MODULE};" if self.module else "",
            user="user root;" if os.geteuid() == 0 else "",
            workers=self.workers,
            directory=self.directory,
            main=fill(self.main) + SANITIZER_ENV,
            http=fill(self.http),
            server=fill(self.server),
            port=self.port,
        )
        (self.directory / "nginx.conf").write_text(text)

    # Life

    def start(self):
        for _ in range(3):  # another process may take the free port before nginx binds it
            self.port = free_port()
            self.write_conf()
            self._process = subprocess.Popen(
                self._command(),
                env=self._environment(),
                stdout=subprocess.DEVNULL,
                stderr=(self.directory / "stderr.log").open("wb"),
            )
            until(lambda: self._listening() or self._process.poll() is not None, "nginx to start",
                  30 * SCALE)  # fmt: skip
            if self._process.poll() is None:
                return self
            if "Address already in use" not in self.error_log:
                break
            (self.directory / "error.log").write_text("")
        raise AssertionError(f"nginx did not start:\n{self.error_log}{self.stderr}")

    def test_configuration(self, option="-t"):
        """(exit status, output) of `nginx -t`, or of `-T`."""
        self.port = self.port or free_port()
        self.write_conf()
        result = subprocess.run(
            [*self._command(stderr=True), option],
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=60 * SCALE,
        )
        return result.returncode, result.stdout.decode()

    def reload(self):
        """HUP; returns when the new workers serve (or the new configuration was refused)."""
        mark = len(self.error_log)
        self.write_conf()
        self.signal(signal.SIGHUP)
        until(lambda: self._reloaded(self.error_log[mark:]), "the reload", 30 * SCALE)

    def _reloaded(self, log):
        # Old workers serve beside the new ones until they have been told to go.
        started = log.count("start worker process ") >= self.workers
        leaving = log.count("gracefully shutting down") >= self.workers
        return (started and leaving) or "[emerg]" in log

    def signal(self, number):
        self._process.send_signal(number)

    def wait(self):
        """Waits for an nginx that is ending; start() begins another one."""
        self._process.wait(30 * SCALE)

    def stop(self):
        """QUIT, then the verdict over the error log."""
        if self._process is None:
            return
        self.signal(signal.SIGQUIT)
        try:
            status = self._process.wait(10 * SCALE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            status = "it did not stop on QUIT"
        self._process = None
        bad = [
            match.group()
            for match in FORBIDDEN.finditer(self.error_log + self.stderr)
            if not (self.allowed_in_log and re.search(self.allowed_in_log, match.group()))
        ]
        assert not bad, "\n".join(bad)
        assert status == 0, f"nginx ended with: {status}\n{self.error_log[-3000:]}"

    def _command(self, stderr=False):
        log = "stderr" if stderr else str(self.directory / "error.log")
        conf = str(self.directory / "nginx.conf")
        return [NGINX, "-e", log, "-p", str(self.directory), "-c", conf]

    def _environment(self):
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C", **self.env}
        if os.environ.get("KT_ASAN") == "1":
            env["LD_PRELOAD"] = os.environ.get("KT_PRELOAD", "")
            # No leak check: nginx frees its pools only partly at exit.
            env["ASAN_OPTIONS"] = os.environ.get(
                "ASAN_OPTIONS", "detect_leaks=0:abort_on_error=1:detect_odr_violation=0"
            )
            env["UBSAN_OPTIONS"] = os.environ.get("UBSAN_OPTIONS", "print_stacktrace=1")
        return env

    def _listening(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    # Talking to it

    def connect(self, **options):
        return Connection(self.port, **options)

    def post(self, path, body, headers=()):
        """One request on a connection of its own, and its whole answer."""
        with self.connect() as connection:
            connection.post(path, body, headers)
            return connection.read()

    def get(self, path, headers=(), method="GET"):
        with self.connect() as connection:
            connection.send(head(method, path, headers))
            return connection.read()

    def chat(self, text="Hello there.", path="/v1/chat/completions", headers=(), **more):
        return self.post(path, chat.request(text, **more), headers)

    # What it wrote

    @property
    def error_log(self):
        path = self.directory / "error.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def stderr(self):
        """What nginx wrote before it had read where its log is, and what a sanitizer says."""
        path = self.directory / "stderr.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def audit_lines(self):
        """The lines of all segments, but for what the log says of itself."""
        return audit.lines(self.audit_dir)

    def audit(self):
        return [json.loads(line) for line in self.audit_lines()]

    def wait_for_records(self, count):
        """The records, once there are at least `count`."""
        until(lambda: len(self.audit_lines()) >= count, f"{count} audit records")
        return self.audit()

    def record_of(self, response):
        """The audit record of an answer; records are written when a request has ended."""
        request_id = response.header("x-request-id")
        assert request_id, "the answer has no x-request-id"

        def find():
            found = [r for r in self.audit() if r["request_id"] == request_id]
            assert len(found) <= 1, "two records for one request"
            return found

        return until(find, f"the audit record of {request_id}")[0]
