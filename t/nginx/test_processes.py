"""Other ways to run nginx: one process, a binary upgrade, a shutdown timeout, killed workers."""

import os
import re
import shutil
import signal
import subprocess

import pytest

from harness import answers, chat, policy
from harness.gateway import NGINX
from harness.load import Load, assert_recorded_once
from harness.sockets import free_port
from harness.wait import until


def workers_of(gw):
    return [int(pid) for pid in re.findall(r"start worker process (\d+)", gw.error_log)]


def rewrite_conf(gw, old, new):
    """A change to the part of nginx.conf that is the harness's."""
    write_conf = gw.write_conf

    def changed():
        write_conf()
        path = gw.directory / "nginx.conf"
        path.write_text(path.read_text().replace(old, new))

    gw.write_conf = changed


def test_a_single_process_serves(make_gateway, provider):
    gw = make_gateway(
        policy.config(policy.target(provider)),
        policy.routed() + policy.stock(provider),
        start=False,
    )
    rewrite_conf(gw, "master_process on", "master_process off")
    gw.start()
    for prefix in ("/v1", "/stock/v1"):
        assert gw.chat(f"Mail {chat.EMAIL}", f"{prefix}/chat/completions").status == 200
        assert provider.last.json()["messages"][0]["content"] == f"Mail {chat.EMAIL_MARK}"
    gw.stop()


@pytest.fixture
def upgradable(make_gateway, shared_provider):
    """nginx upgrades its binary only as a daemon."""
    gw = make_gateway(
        policy.config(policy.target(shared_provider)), policy.routed(), start=False, workers=2
    )
    rewrite_conf(gw, "daemon off", "daemon on")
    gw.port = free_port()
    gw.write_conf()
    command = [shutil.which(NGINX), "-e", "error.log", "-p", gw.directory, "-c", "nginx.conf"]
    env = {"PATH": os.environ["PATH"], **gw.env}
    if os.environ.get("KT_ASAN") == "1":
        env["LD_PRELOAD"] = os.environ.get("KT_PRELOAD", "")
        env["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "detect_leaks=0")
    subprocess.run(command, env=env, check=True, cwd="/")
    yield gw
    for name in ("nginx.pid", "nginx.pid.oldbin"):
        if (gw.directory / name).exists():
            os.kill(int((gw.directory / name).read_text()), signal.SIGTERM)
    until(lambda: not (gw.directory / "nginx.pid").exists(), "nginx to end")
    assert not re.search(r"\[(alert|emerg)\]|exited on signal", gw.error_log), gw.error_log


def test_a_binary_upgrade_keeps_keys_and_open_streams(upgradable, provider):
    gw = upgradable
    manual = provider.manual()
    with gw.connect() as connection:
        connection.post("/v1/chat/completions", chat.request(stream=True))
        exchange = manual.take()
        exchange.send_stream_head()
        exchange.chunk(b"".join(chat.content_events(["Hello there "])))
        connection.read_head()
        old = int((gw.directory / "nginx.pid").read_text())
        os.kill(old, signal.SIGUSR2)
        until(lambda: len(workers_of(gw)) >= 4, "the new workers")
        os.kill(old, signal.SIGWINCH)
        until(lambda: gw.error_log.count("gracefully shutting down") >= 2, "the old workers to go")
        assert gw.chat().status == 200
        assert provider.last.header("authorization") == f"Bearer {policy.KEY}"
        exchange.chunk(b"".join(chat.stream(["to the end"])))
        exchange.end_chunks()
        exchange.done()
        answer = connection.read_body()
    assert chat.text_of(answer.body) == "Hello there to the end"
    os.kill(old, signal.SIGQUIT)
    until(lambda: not (gw.directory / "nginx.pid.oldbin").exists(), "the old master to end")
    assert gw.chat().status == 200
    assert len(gw.wait_for_records(3)) == 3


def test_a_binary_upgrade_under_load_records_each_request_once(upgradable, provider):
    gw = upgradable
    with Load(gw, provider) as load:
        load.more()
        old = int((gw.directory / "nginx.pid").read_text())
        os.kill(old, signal.SIGUSR2)
        until(lambda: len(workers_of(gw)) >= 4, "the new workers")
        load.more()
        os.kill(old, signal.SIGQUIT)
        until(lambda: not (gw.directory / "nginx.pid.oldbin").exists(), "the old master to end")
        load.more()
    assert_recorded_once(gw, load)


def test_a_binary_upgrade_forgets_what_was_known_of_targets_and_goes_on(upgradable, provider):
    gw = upgradable
    provider.answer_once(answers.whole(b"{}", 429, [("Retry-After", "600")]))
    assert gw.chat().status == 429
    assert gw.chat().error["code"] == "no_target_available"
    old = int((gw.directory / "nginx.pid").read_text())
    os.kill(old, signal.SIGUSR2)
    until(lambda: len(workers_of(gw)) >= 4, "the new workers")
    os.kill(old, signal.SIGWINCH)
    until(lambda: gw.error_log.count("gracefully shutting down") >= 2, "the old workers to go")
    # The new binary has a zone of its own: the target is asked again, and put aside again.
    assert gw.chat().status == 200
    provider.answer_once(answers.whole(b"{}", 429, [("Retry-After", "600")]))
    assert gw.chat().status == 429
    assert gw.chat().error["code"] == "no_target_available"
    # Back to the old binary, which still has what it knew.
    new = int((gw.directory / "nginx.pid").read_text())
    os.kill(old, signal.SIGHUP)
    until(lambda: len(workers_of(gw)) >= 6, "workers of the old binary")
    os.kill(new, signal.SIGQUIT)
    until(lambda: not (gw.directory / "nginx.pid.oldbin").exists(), "the new master to end")
    assert gw.chat().error["code"] == "no_target_available"
    assert len(provider.requests) == 3


def test_a_shutdown_timeout_ends_open_streams_cleanly(make_gateway, provider, base):
    gw = make_gateway(
        policy.config(policy.target(provider)),
        policy.routed() + policy.stock(provider),
        main="worker_shutdown_timeout 1s;",
    )
    manual = provider.manual()
    with gw.connect() as connection:
        connection.post(f"{base}/chat/completions", chat.request(stream=True))
        exchange = manual.take()
        exchange.send_stream_head()
        exchange.chunk(b"".join(chat.content_events(["Hello there ", "and"])))
        connection.read_head()
        gw.stop()  # fails on a worker that hangs or complains
        exchange.close()
    assert len(gw.audit()) == 1


def test_a_killed_worker_is_replaced(make_gateway, provider):
    gw = make_gateway(policy.config(policy.target(provider)), policy.routed())
    gw.allowed_in_log = "exited on signal 9"
    assert gw.chat().status == 200
    os.kill(workers_of(gw)[0], signal.SIGKILL)
    until(lambda: len(workers_of(gw)) == 2, "a new worker")
    assert gw.chat().status == 200


@pytest.mark.parametrize("option", ["-t", "-T"])
def test_a_configuration_test_leaves_a_running_gateway_alone(make_gateway, provider, option):
    gw = make_gateway(policy.config(policy.target(provider)), policy.routed())
    status, output = gw.test_configuration(option)
    assert status == 0
    assert policy.KEY not in output
    assert gw.chat().status == 200
