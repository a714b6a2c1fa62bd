"""Every file in conf/ runs as it is, but for the paths, ports and hosts of this machine."""

import os
import re

import pytest

from harness import chat, policy
from harness.gateway import MODULE, ROOT, Gateway

CONF = ROOT / "conf"
ENV = {"FIREWORKS_API_KEY": policy.KEY}


class Example(Gateway):
    """A gateway that runs conf/nginx.conf instead of the harness's own."""

    def __init__(self, directory, replacements):
        super().__init__(directory, server="", env=ENV)
        self.replacements = replacements
        for name in ("logs", "conf"):
            (self.directory / name).mkdir()

    def write_conf(self):
        for path in CONF.iterdir():
            (self.directory / "conf" / path.name).write_text(self.adapt(path.read_text()))

    def adapt(self, text):
        temp = " ".join(
            f"{name}_temp_path {self.directory}/temp-{name};"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        everywhere = [
            (r"load_module [^;]+;", f"load_module {MODULE};"),
            (r"error_log +[^;]+;", f"error_log {self.directory}/error.log info;"),
            (r"^http \{", f"http {{ {temp}"),
            (r"/var/lib/keeptrusts/audit", str(self.audit_dir)),
            (r"127\.0\.0\.1:41002", f"127.0.0.1:{self.port}"),
        ]
        for pattern, value in everywhere + self.replacements:
            text = re.sub(pattern, value, text, flags=re.MULTILINE)
        return text

    def _command(self, stderr=False):
        command = super()._command(stderr)
        command[command.index("-c") + 1] = str(self.directory / "conf" / "nginx.conf")
        user = "user root; " if os.geteuid() == 0 else ""
        return [*command, "-g", f"{user}daemon off;"]


@pytest.fixture
def run(tmp_path):
    """Starts conf/nginx.conf with these replacements in all files of conf/."""
    running = []

    def start(*replacements):
        running.append(Example(tmp_path, list(replacements)).start())
        return running[-1]

    yield start
    for gateway in running:
        gateway.stop()


def to_provider(provider):
    """The sample target, on the fake provider."""
    return (r"https://api\.fireworks\.ai/inference", f"http://127.0.0.1:{provider.port}/inference")


def test_the_complete_configuration_runs(run, provider):
    gateway = run(to_provider(provider))
    answer = gateway.chat(f"Mail {chat.EMAIL}")
    assert answer.status == 200
    assert provider.last.target == "/inference/v1/chat/completions"
    assert provider.last.header("authorization") == f"Bearer {policy.KEY}"
    assert provider.last.json()["messages"][0]["content"] == f"Mail {chat.EMAIL_MARK}"
    assert provider.last.json()["model"].startswith("accounts/fireworks/models/")
    assert gateway.chat(chat.INJECTION).status == 409
    assert gateway.get("/health").status == 200
    assert gateway.get("/keeptrusts/config").status == 200
    assert gateway.record_of(answer)["verdict"] == "redacted"
    assert "verdict=redacted" in (gateway.directory / "logs" / "access.log").read_text()


def test_the_complete_configuration_runs_where_the_provider_is_unknown(run):
    gateway = run((r"https://api\.fireworks\.ai/", "https://api.no-such-name.invalid/"))
    assert gateway.get("/health").status in (200, 503)
    assert gateway.chat().status == 503


def test_the_echo_configuration_runs(run):
    gateway = run((r"policy-config\.yaml;", "policy-config.echo.yaml;"))
    answer = gateway.chat(f"Mail {chat.EMAIL} now")
    content = answer.json()["choices"][0]["message"]["content"]
    assert content == f"Mail {chat.EMAIL_MARK} now"
    assert gateway.chat(chat.INJECTION).status == 409


def test_the_configuration_for_own_upstreams_runs(run, provider):
    gateway = run(
        to_provider(provider),
        (r"include keeptrusts\.conf;", "include keeptrusts-on.conf;"),
        (r"http://127\.0\.0\.1:8000", f"http://127.0.0.1:{provider.port}"),
    )
    assert gateway.chat(f"Mail {chat.EMAIL}").status == 200
    assert provider.last.target == "/v1/chat/completions"
    assert provider.last.json()["messages"][0]["content"] == f"Mail {chat.EMAIL_MARK}"


def test_no_file_of_conf_is_left_out():
    tested = {
        "nginx.conf",
        "keeptrusts.conf",
        "keeptrusts-on.conf",
        "policy-config.yaml",
        "policy-config.echo.yaml",
    }
    assert {path.name for path in CONF.iterdir()} == tested
