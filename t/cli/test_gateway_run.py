"""kt gateway run: a real nginx with the module and the echo provider."""

import json
import os
import pathlib
import re
import shutil
import signal
import stat
import tempfile

import pytest

from conftest import ECHO, KT, MODULE, chat, content, kt, records, request, until

TOKEN = "s3cret-token-of-the-test"


def running(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_it_says_what_it_loaded_and_where_it_listens(gateway, pack):
    run = gateway(pack())
    assert "Loaded declarative config echo-pack@1.2.3" in run.log
    assert f"Listening on http://127.0.0.1:{run.port}/v1" in run.log


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/chat/completions"])
def test_it_answers_with_and_without_the_version(gateway, pack, path):
    run = gateway(pack())
    status, answer = chat(run.port, "Mail jane.doe@example.com", path)
    assert (status, content(answer)) == (200, "Mail [EMAIL]")


def test_it_names_no_audit_log_that_nobody_writes(gateway, pack):
    run = gateway(pack(ECHO.replace(", audit-logger]", "]")))
    assert "No audit log: the chain has no audit-logger" in run.log
    assert "Audit log in" not in run.log


def test_a_request_leaves_a_record(gateway, pack):
    run = gateway(pack())
    assert f"Audit log in {run.audit}" in run.log
    assert chat(run.port, "hello")[0] == 200
    (record,) = until(lambda: records(run.audit), "the record")
    assert (record["verdict"], record["pack"]["name"]) == ("allowed", "echo-pack")


def test_the_root_key_of_the_log_may_be_given(gateway, pack, tmp_path):
    assert kt("audit", "keygen", tmp_path / "audit.key").returncode == 0
    run = gateway(pack(), "--audit-key", tmp_path / "audit.key")
    assert chat(run.port, "hello")[0] == 200
    until(lambda: records(run.audit), "the record")
    verdict = kt("audit", "verify", run.audit, "--public-key", tmp_path / "audit.key.pub")
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
    assert "origin proven" in verdict.stdout
    assert "no root key was given" not in run.log


def test_health_is_open_and_unknown_paths_are_refused(gateway, pack):
    run = gateway(pack(), "--api-token", TOKEN)
    assert request(run.port, "GET", "/health")[0] == 200
    status, _, body = request(run.port, "GET", "/v1/none", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (status, json.loads(body)["error"]["code"]) == (404, "unsupported_endpoint")


def test_an_invalid_configuration_starts_nothing(pack, tmp_path):
    path = pack(ECHO.replace("id: echo", "id: echo, weigth: 2"))
    result = kt("gateway", "run", "--policy-config", path, env={"TMPDIR": str(tmp_path)})
    assert result.returncode == 2
    assert f"{path}:6:" in result.stderr and '"weight"' in result.stderr
    assert list(tmp_path.glob("keeptrusts-*")) == []


def test_an_occupied_port_is_a_failure_that_leaves_nothing(gateway, pack, tmp_path):
    run = gateway(pack())
    result = kt("gateway", "run", "--policy-config", pack(), "--listen", f"127.0.0.1:{run.port}",
                "--audit-dir", run.audit, "--module", MODULE, env={"TMPDIR": str(tmp_path)})  # fmt: skip
    assert result.returncode == 1
    assert "Address already in use" in result.stderr
    assert "Loaded" not in result.stderr
    assert list(tmp_path.glob("keeptrusts-*")) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_ending_signals_end_nginx_and_remove_the_run_directory(gateway, pack, number):
    run = gateway(pack())
    pid, directory = run.nginx_pid(), run.run
    assert run.stop(number) == 0
    assert not running(pid)
    assert not directory.exists()


def test_nginx_does_not_outlive_a_killed_kt(gateway, pack):
    run = gateway(pack())
    pid = run.nginx_pid()
    run.stop(signal.SIGKILL)
    until(lambda: not running(pid), "nginx to end")


def test_the_run_directory_is_private(gateway, pack):
    run = gateway(pack(), "--api-token", TOKEN)
    mode = stat.S_IMODE(run.run.stat().st_mode)
    assert mode == (0o710 if os.geteuid() == 0 else 0o700)
    for name in ("nginx.conf", "api-token"):
        assert stat.S_IMODE((run.run / name).stat().st_mode) == 0o600


# Tokens


@pytest.mark.parametrize("by", ["option", "variable"])
def test_without_the_token_nothing_goes_through(gateway, pack, by):
    if by == "option":
        run = gateway(pack(), "--api-token", TOKEN)
    else:
        run = gateway(pack(), env={"KEEPTRUSTS_GATEWAY_TOKEN": TOKEN})
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN},
                    {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": "Bearer "}):  # fmt: skip
        status, answer = chat(run.port, "hello", **headers)
        assert (status, answer["error"]["code"]) == (401, "invalid_api_key")
    assert chat(run.port, "hello", Authorization=f"Bearer {TOKEN}")[0] == 200


def test_the_token_is_on_no_command_line_and_in_no_log(gateway, pack):
    run = gateway(pack(), "--api-token", TOKEN)
    for pid in (run.process.pid, run.nginx_pid()):
        assert TOKEN.encode() not in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    chat(run.port, "hello")
    assert TOKEN not in run.log
    assert TOKEN not in (run.run / "nginx.conf").read_text()


def test_the_token_variable_does_not_reach_nginx(gateway, pack):
    run = gateway(pack(), env={"KEEPTRUSTS_GATEWAY_TOKEN": TOKEN})
    assert TOKEN.encode() not in pathlib.Path(f"/proc/{run.nginx_pid()}/environ").read_bytes()


@pytest.mark.parametrize("host, token, warned", [("0.0.0.0", None, True), ("0.0.0.0", TOKEN, False),
                                                 ("127.0.0.1", None, False)])  # fmt: skip
def test_an_open_relay_is_warned_of_once(gateway, pack, host, token, warned):
    run = gateway(pack(), *(["--api-token", token] if token else []), host=host)
    run.stop()
    assert run.log.count("asks for no token") == int(warned)


# Status pages


def test_status_pages_are_served_to_this_machine(gateway, pack):
    run = gateway(pack())
    status, _, body = request(run.port, "GET", "/keeptrusts/config")
    assert (status, "echo-pack" in body) == (200, True)


def test_an_admin_address_takes_the_status_pages_over(gateway, pack):
    from conftest import free_port

    admin = free_port()
    run = gateway(pack(), "--admin-listen", f"127.0.0.1:{admin}")
    assert request(admin, "GET", "/keeptrusts/config")[0] == 200
    assert request(admin, "GET", "/health")[0] == 200
    assert request(run.port, "GET", "/keeptrusts/config")[0] == 404
    assert request(admin, "POST", "/v1/chat/completions", "{}")[0] == 404


# Reload


def test_hup_loads_the_new_file(gateway, pack):
    path = pack()
    run = gateway(path)
    path.write_text(ECHO.replace("1.2.3", "1.3.0").replace("pii-detector, ", ""))
    run.process.send_signal(signal.SIGHUP)
    run.says("Loaded declarative config echo-pack@1.3.0")
    until(lambda: content(chat(run.port, "jane.doe@example.com")[1]) == "jane.doe@example.com",
          "the new policies")  # fmt: skip


def test_hup_with_a_bad_file_keeps_the_old_and_says_why(gateway, pack):
    path = pack()
    run = gateway(path)
    path.write_text(ECHO.replace("chain:", "chian:"))
    run.process.send_signal(signal.SIGHUP)
    run.says("reload refused, the running configuration stays")
    assert f"{path}:3:" in run.log and '"chain"' in run.log
    assert content(chat(run.port, "jane.doe@example.com")[1]) == "[EMAIL]"


def test_hup_is_no_success_where_nginx_would_keep_the_old(gateway, pack, tmp_path):
    """The file is valid; what it refers to is not there."""
    path = pack()
    run = gateway(path)
    redaction = "{marker_format: hash, hash_key_ref: {file: %s/absent}}" % tmp_path
    text = ECHO.replace("1.2.3", "1.3.0") + f"policy: {{pii-detector: {{redaction: {redaction}}}}}\n"
    path.write_text(text)
    run.process.send_signal(signal.SIGHUP)
    run.says("reload refused, the running configuration stays")
    assert re.search(rf"^error: {path}:\d+:\d+: \S+hash_key_ref: .*{tmp_path}/absent", run.log, re.M)
    assert "echo-pack@1.3.0" not in run.log
    (tmp_path / "absent").write_text("a-key-of-enough-bytes-0123456789")
    run.process.send_signal(signal.SIGHUP)
    run.says("Loaded declarative config echo-pack@1.3.0")
    until(lambda: content(chat(run.port, "jane.doe@example.com")[1]).startswith("[EMAIL:"),
          "the new policies")  # fmt: skip


def test_a_configuration_without_targets_is_named_before_nginx_is_asked(pack):
    result = kt("gateway", "run", "--policy-config", pack(ECHO[: ECHO.index("providers:")]))
    assert result.returncode == 2
    assert "policy-config.yaml: providers.targets: names no target" in result.stderr


def test_a_raised_limit_of_bodies_is_nginxs_too(gateway, pack):
    limit = 40 * 1024 * 1024
    more = "size_limits: {max_body_bytes: %d, max_text_bytes: %d}\n" % (limit, limit)
    path = pack(ECHO.replace("[prompt-injection, pii-detector, audit-logger]", "[audit-logger]") + more)
    run = gateway(path)

    def ask(mebibytes):
        texts = ["x" * (mebibytes * 1024 * 1024), "Hello"]  # the answer repeats the last only
        body = {"model": "m", "messages": [{"role": "user", "content": text} for text in texts]}
        status, _, answer = request(run.port, "POST", "/v1/chat/completions", json.dumps(body))
        return status, json.loads(answer)

    assert ask(36)[0] == 200
    status, answer = ask(41)
    assert (status, answer["error"]["code"]) == (413, "body_too_large")
    path.write_text(path.read_text().replace(str(limit), str(2 * limit)))
    run.process.send_signal(signal.SIGHUP)
    run.says(f"max_body_bytes above {limit} takes effect at the next start")


# Surroundings


def test_paths_with_unusual_characters(gateway, tmp_path):
    path = tmp_path / 'a "quoted" \\ $path;{}.yaml'
    path.write_text(ECHO)
    run = gateway(path)
    assert chat(run.port, "hello")[0] == 200


def test_a_path_with_a_newline_is_refused(tmp_path):
    path = tmp_path / "a\nb.yaml"
    path.write_text(ECHO)
    result = kt("gateway", "run", "--policy-config", path, "--audit-dir", tmp_path / "audit",
                "--module", MODULE, env={"TMPDIR": str(tmp_path)})  # fmt: skip
    assert result.returncode == 1
    assert "control character" in result.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_needs_nothing_more(gateway):
    with tempfile.TemporaryDirectory() as directory:
        home = pathlib.Path(directory)
        home.chmod(0o755)
        config = home / "policy-config.yaml"
        config.write_text(ECHO)
        shutil.copy(KT, home / "kt")
        shutil.copy(MODULE, home)
        module = home / pathlib.Path(MODULE).name
        state = home / "state"
        state.mkdir()
        shutil.chown(state, "nobody")
        run = gateway(config, kt_path=home / "kt", module=module, audit=state / "audit",
                      temporary=state, user="nobody", group="nogroup")  # fmt: skip
        assert content(chat(run.port, "jane.doe@example.com")[1]) == "[EMAIL]"
        assert stat.S_IMODE(run.run.stat().st_mode) == 0o700
        assert until(lambda: records(state / "audit"), "the record")
        assert run.stop() == 0
