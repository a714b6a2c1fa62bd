"""Whatever is killed, and however: each request that reached a provider is recorded exactly once."""

import os
import signal

import pytest

from harness import audit, chat, policy
from harness.load import Load, assert_recorded_once
from harness.processes import alive, everything, pids, worker, writer
from harness.wait import SCALE, until


@pytest.fixture
def gw(make_gateway, shared_provider):
    gateway = make_gateway(
        policy.config(policy.target(shared_provider)), policy.routed(), workers=2
    )
    gateway.allowed_in_log = r"exited on signal|still could not bind|channel|waitpid|Child"
    return gateway


def restart(gw):
    """What follows when the whole of nginx has gone."""
    until(lambda: not everything(gw), "all processes to end", 30 * SCALE)
    gw.wait()
    gw.start()


def kill_writer(gw, load):
    for _ in range(3):
        os.kill(writer(gw), signal.SIGKILL)
        load.more()


def kill_workers(gw, load):
    for _ in range(3):
        os.kill(worker(gw), signal.SIGKILL)
        load.more()


def kill_writer_and_workers(gw, load):
    for pid in everything(gw):
        os.kill(pid, signal.SIGKILL)
    load.more()


def stop_and_go_on(gw, load):
    pid = writer(gw)
    os.kill(pid, signal.SIGSTOP)
    load.more()
    os.kill(pid, signal.SIGCONT)
    load.more()


def terminate_writer(gw, load):
    os.kill(writer(gw), signal.SIGTERM)
    load.more()


def quit_writer(gw, load):
    os.kill(writer(gw), signal.SIGQUIT)
    load.more()


def reload_often(gw, load):
    for _ in range(5):
        gw.signal(signal.SIGHUP)
        load.more(20)


def kill_writer_within_reloads(gw, load):
    for _ in range(3):
        gw.signal(signal.SIGHUP)
        os.kill(writer(gw), signal.SIGKILL)
        load.more(20)


def reopen_logs(gw, load):
    gw.signal(signal.SIGUSR1)
    load.more()


def quit_all(gw, load):
    gw.signal(signal.SIGQUIT)
    restart(gw)
    load.more()


def terminate_all(gw, load):
    gw.signal(signal.SIGTERM)
    restart(gw)
    load.more()


def kill_all(gw, load):
    victims = everything(gw)
    gw.signal(signal.SIGKILL)
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    restart(gw)
    load.more()


def kill_master_then_workers(gw, load):
    gw.signal(signal.SIGKILL)
    load.more()  # workers and writer go on without it
    for pid in pids(gw, "worker"):
        if alive(pid):
            os.kill(pid, signal.SIGKILL)
    restart(gw)  # the writer leaves by itself
    load.more()


@pytest.mark.parametrize(
    "fault",
    [kill_writer, kill_workers, kill_writer_and_workers, stop_and_go_on, terminate_writer,
     quit_writer, reload_often, kill_writer_within_reloads, reopen_logs, quit_all, terminate_all,
     kill_all, kill_master_then_workers],
)  # fmt: skip
def test_each_request_is_recorded_once(gw, provider, fault):
    with Load(gw, provider) as load:
        load.more()
        fault(gw, load)
    assert_recorded_once(gw, load)


def test_a_killed_workers_open_requests_are_recorded_as_lost(gw, provider):
    manual = provider.manual()
    with gw.connect() as connection:
        headers = [("X-User-Id", "user-1"), ("X-Conversation-Id", "conv-1")]
        connection.post("/v1/chat/completions", chat.request(stream=True), headers)
        exchange = manual.take()
        for pid in pids(gw, "worker"):
            os.kill(pid, signal.SIGKILL)
        (record,) = gw.wait_for_records(1)
        exchange.close()
    assert (record["verdict"], record["reason_code"]) == ("error", "gateway.worker_lost")
    assert (record["user_id"], record["conversation_id"]) == ("user-1", "conv-1")
    assert record["pack"]["name"] == "test-pack"
    assert record["route"] == "chat/completions" and record["stream"] is True
    audit.assert_whole(gw.audit_dir)


def test_the_rings_of_the_dead_are_removed(gw, provider):
    with Load(gw, provider) as load:
        load.more()
    gw.stop()
    assert not list((gw.audit_dir / "rings").glob("ring-*"))
    assert len(gw.audit()) == len(load.asked())


def test_the_writer_is_named_so(gw):
    name = lambda: open(f"/proc/{writer(gw)}/cmdline", encoding="ascii").read()
    until(lambda: "nginx: keeptrusts audit writer process" in name(), "the writer's title")


def test_a_stopped_writer_refuses_once_the_rings_are_full(make_gateway, provider):
    rings = "keeptrusts_audit_ring_dir {dir}/rings max=256k;"
    gw = make_gateway(policy.config(policy.target(provider)), policy.routed(more=rings))
    assert gw.chat().status == 200
    pid = writer(gw)
    os.kill(pid, signal.SIGSTOP)
    try:
        refused = until(
            lambda: next((a for a in [gw.chat()] if a.status != 200), None), "a refusal"
        )
        assert (refused.status, refused.error["code"]) == (503, "audit_unavailable")
        served = len(provider.requests)
        assert gw.chat().status == 503
        assert len(provider.requests) == served
    finally:
        os.kill(pid, signal.SIGCONT)
    until(lambda: gw.chat().status == 200, "service again")
    until(lambda: len(gw.audit()) == len(provider.requests), "all records")
    audit.assert_whole(gw.audit_dir)


# Static objects that were made after its exit handler are gone when that writes.
def test_a_writer_that_has_written_writes_at_its_exit_too(make_gateway, provider):
    # Without policies that make such objects in the master, before the writer is forked.
    config = policy.config(policy.target(provider), chain=["audit-logger"])
    gw = make_gateway({**config, "policy": {}}, policy.routed())
    pid = writer(gw)
    assert gw.chat().status == 200
    gw.wait_for_records(1)
    os.kill(pid, signal.SIGSTOP)
    try:
        assert gw.chat().status == 200
        os.kill(pid, signal.SIGQUIT)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert len(gw.wait_for_records(2)) == 2
    assert alive(pid)  # as long as there are workers
    gw.stop()  # fails on a process that a signal has ended
    audit.assert_whole(gw.audit_dir)


def test_more_streams_than_a_ring_holds_are_admitted_and_recorded(gw, provider):
    manuals = [provider.manual() for _ in range(100)]
    connections = [gw.connect() for _ in manuals]
    for connection in connections:
        connection.post("/v1/chat/completions", chat.request(stream=True))
    exchanges = [manual.take() for manual in manuals]
    assert len(list((gw.audit_dir / "rings").glob("ring-*"))) > 2  # of two workers
    for exchange in exchanges:
        exchange.send_stream_head()
        exchange.chunk(b"".join(chat.stream(["Hello"])))
        exchange.end_chunks()
        exchange.done()
    for connection in connections:
        assert connection.read().complete
        connection.close()
    assert len(gw.wait_for_records(100)) == 100
    audit.assert_whole(gw.audit_dir)
