"""kt doctor: what stands in the way, one line each, and what to do."""

import os
import socket
import stat

import pytest

from conftest import ECHO, MODULE, free_port, kt

KEY = "sk-never-to-be-seen"

PACK = """\
pack: {{name: p, version: 1.0.0, enabled: true}}
policies: {{chain: [pii-detector, audit-logger]}}
providers:
  targets:
    - {{id: a, provider: vllm, base_url: "http://127.0.0.1:{port}", secret_key_ref: {ref}}}
"""


def doctor(*words, **options):
    return kt("doctor", "--module", MODULE, *words, **options)


def program(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_machine_where_all_is_good(pack, port, tmp_path):
    path = pack(PACK.format(port=port, ref="{env: MY_KEY}"))
    result = doctor("--policy-config", path, "--audit-dir", tmp_path / "new" / "audit",
                    env={"MY_KEY": KEY})  # fmt: skip
    assert result.returncode == 0, result.stdout
    lines = result.stdout.splitlines()
    assert [line[:6] for line in lines[:-1]] == ["ok    "] * 6
    assert "nginx: /" in lines[0] and "nginx/1." in lines[0]
    assert "loaded by this nginx" in lines[1]
    assert "p@1.0.0 is valid" in lines[2]
    assert lines[3] == "ok    key of target a: environment variable MY_KEY is there"
    assert lines[4] == f"ok    way to target a: 127.0.0.1 port {port} answers at 127.0.0.1"
    assert lines[5] == f"ok    audit directory: {tmp_path}/new/audit can be made"
    assert lines[6] == "nothing is wrong"
    assert KEY not in result.stdout + result.stderr
    assert not (tmp_path / "new").exists()


def test_nothing_is_sent_to_a_target(pack):
    with socket.create_server(("127.0.0.1", 0)) as server:
        path = pack(PACK.format(port=server.getsockname()[1], ref="{env: MY_KEY}"))
        assert doctor("--policy-config", path, env={"MY_KEY": KEY}).returncode == 0
        connection, _ = server.accept()
        connection.settimeout(10)
        assert connection.recv(1) == b""
        connection.close()


def test_a_missing_key_is_named_with_what_to_do(pack):
    path = pack(PACK.format(port=1, ref="{env: MY_KEY}"))
    result = doctor("--policy-config", path, "--offline")
    assert result.returncode == 1
    assert 'WRONG key of target a: environment variable "MY_KEY" is not set\n' in result.stdout
    assert "set MY_KEY where the gateway is started" in result.stdout
    assert "ways to targets: --offline" in result.stdout


def test_keys_in_files_and_stores_are_found_and_not_shown(pack, tmp_path):
    (tmp_path / "key").write_text(KEY + "\n")
    for ref, found in ((f"{{file: {tmp_path}/key}}", f"file {tmp_path}/key is there"),
                       ("{store: key}", "store entry key is there")):  # fmt: skip
        path = pack(PACK.format(port=1, ref=ref))
        result = doctor("--policy-config", path, "--offline", "--secret-store", tmp_path)
        assert result.returncode == 0, result.stdout
        assert found in result.stdout
        assert KEY not in result.stdout + result.stderr


def test_a_port_that_does_not_answer(pack):
    path = pack(PACK.format(port=free_port(), ref="{env: MY_KEY}"))
    result = doctor("--policy-config", path, env={"MY_KEY": KEY})
    assert result.returncode == 1
    assert "WRONG way to target a: 127.0.0.1: port" in result.stdout
    assert "Connection refused" in result.stdout


def test_a_host_that_does_not_resolve(pack):
    text = PACK.format(port=1, ref="{env: MY_KEY}").replace("http://127.0.0.1:1",
                                                            "https://no-such-host.invalid")  # fmt: skip
    result = doctor("--policy-config", pack(text), env={"MY_KEY": KEY})
    assert result.returncode == 1
    assert "WRONG way to target a: no-such-host.invalid d" in result.stdout


def test_an_invalid_configuration_is_named_as_by_lint(pack):
    path = pack("pack: 1\n")
    result = doctor("--policy-config", path)
    assert result.returncode == 1
    assert f"WRONG configuration: {path}:1:7: pack: expected a map" in result.stdout


def test_the_configuration_of_the_present_directory_is_taken(pack, tmp_path):
    result = doctor(cwd=tmp_path)
    assert result.returncode == 0
    assert "--    configuration: none given" in result.stdout
    pack(ECHO)
    result = doctor(cwd=tmp_path)
    assert result.returncode == 0
    assert "echo-pack@1.2.3 is valid" in result.stdout
    assert "it is inside the module" in result.stdout


def test_no_nginx_and_no_module(tmp_path):
    result = kt("doctor", "--nginx", tmp_path / "none", "--module", tmp_path / "none.so",
                cwd=tmp_path)  # fmt: skip
    assert result.returncode == 1
    assert "WRONG nginx: none" in result.stdout and "WRONG module: none" in result.stdout
    assert result.stdout.endswith("2 wrong\n")


def test_a_program_that_is_no_nginx(tmp_path):
    result = doctor("--nginx", program(tmp_path / "nginx", "exit 0\n"), cwd=tmp_path)
    assert result.returncode == 1
    assert "does not tell its version" in result.stdout


def test_a_module_that_nginx_does_not_load(tmp_path):
    (tmp_path / "bad.so").write_bytes(b"no ELF")
    result = kt("doctor", "--module", tmp_path / "bad.so", cwd=tmp_path,
                env={"TMPDIR": str(tmp_path)})  # fmt: skip
    assert result.returncode == 1
    assert "bad.so is not loaded: dlopen()" in result.stdout
    assert "build it for this one" in result.stdout
    assert not list(tmp_path.glob("keeptrusts-*"))


def test_an_audit_directory_that_is_none(tmp_path):
    (tmp_path / "file").write_text("")
    result = doctor("--audit-dir", tmp_path / "file" / "audit", cwd=tmp_path)
    assert result.returncode == 1
    assert f"WRONG audit directory: {tmp_path}/file is no directory" in result.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_audit_directory_that_is_not_writable(tmp_path):
    (tmp_path / "audit").mkdir(mode=0o500)
    result = doctor("--audit-dir", tmp_path / "audit", cwd=tmp_path)
    assert result.returncode == 1
    assert "Permission denied" in result.stdout


def test_wrong_usage():
    assert doctor("--ofline").returncode == 2


def test_a_client_certificate_that_is_not_there_is_named(pack, tmp_path):
    pair = f"client_certificate: {tmp_path}/c.pem, client_certificate_key: {tmp_path}/c.key"
    path = pack(PACK.format(port=1, ref="{env: MY_KEY}, " + pair).replace("http:", "https:"))
    (tmp_path / "c.pem").write_text("")
    result = doctor("--policy-config", path, "--offline", env={"MY_KEY": KEY})
    assert result.returncode == 1
    what = "client certificate of target a"
    assert f"WRONG {what}: {tmp_path}/c.key cannot be read: No such file" in result.stdout
    assert "the gateway does not start without it" in result.stdout
    (tmp_path / "c.key").write_text("")
    result = doctor("--policy-config", path, "--offline", env={"MY_KEY": KEY})
    assert f"ok    {what}: {tmp_path}/c.pem and its key are there" in result.stdout


def test_a_configuration_without_targets_is_not_called_complete(pack):
    result = doctor("--policy-config", pack(ECHO[: ECHO.index("providers:")]), "--offline")
    assert result.returncode == 0
    assert "--    targets: the configuration has none" in result.stdout
    assert "`kt gateway run` do not start without one" in result.stdout
