"""Many generations of workers beside each other, and one log of them all.

KT_STREAMS=1000 KT_RELOADS=100 for the last test: what GOALS asks for, in some minutes.
"""

import os
import signal

from harness import audit, chat, policy
from harness.chaos import Daemon
from harness.provider import Provider
from harness.wait import SCALE, until

RELOADS = 100
STREAMS = 3


def test_a_hundred_reloads_under_long_streams_lose_no_record(make_gateway, provider):
    # Without detectors: a reload that compiles their rules takes a second.
    config = policy.config(policy.target(provider), chain=["audit-logger"])
    config["policy"] = {}
    gw = make_gateway(config, policy.routed())
    manuals = [provider.manual() for _ in range(STREAMS)]
    connections = [gw.connect() for _ in manuals]
    for connection in connections:
        connection.post("/v1/chat/completions", chat.request(stream=True))
    exchanges = [manual.take() for manual in manuals]
    ids = []
    for _ in range(RELOADS):
        started = gw.error_log.count("start worker process ")
        gw.signal(signal.SIGHUP)
        more = lambda: gw.error_log.count("start worker process ") > started
        until(more, "new workers", 30 * SCALE)
        answer = gw.chat()
        assert answer.status == 200, answer.body
        ids.append(answer.header("x-request-id"))
    for exchange in exchanges:
        exchange.send_stream_head()
        exchange.chunk(b"".join(chat.stream(["Hello"])))
        exchange.end_chunks()
        exchange.done()
    for connection in connections:
        answer = connection.read()
        assert answer.complete
        ids.append(answer.header("x-request-id"))
        connection.close()
    recorded = [record["request_id"] for record in gw.wait_for_records(len(ids))]
    assert sorted(recorded) == sorted(ids)
    audit.assert_whole(gw.audit_dir)


def begin(gw, provider):
    """A stream whose first text has come."""
    manual = provider.manual()
    connection = gw.connect()
    connection.post("/v1/chat/completions", chat.request(stream=True))
    exchange = manual.take()
    exchange.send_stream_head()
    exchange.chunk(b"".join(chat.content_events(["Hello "])))
    connection.read_head()
    connection.read_body(lambda body: b"Hello" in body)
    return connection, exchange


def end(connection, exchange):
    """Fails when the stream was broken; its request's id."""
    exchange.chunk(b"".join(chat.stream(["to the end"])))
    exchange.end_chunks()
    exchange.done()
    answer = connection.read_body()
    connection.close()
    assert answer.complete and chat.is_done(answer.body)
    assert chat.text_of(answer.body) == "Hello to the end"
    return answer.header("x-request-id")


def workers_started(gw):
    return gw.error_log.count("start worker process ")


def upgrade(gw):
    """The new binary serves; the old master leaves with its last worker."""
    old, started = gw.masters()[-1], workers_started(gw)
    os.kill(old, signal.SIGUSR2)
    until(lambda: workers_started(gw) >= started + gw.workers, "the new binary", 30 * SCALE)
    os.kill(old, signal.SIGQUIT)


def test_streams_live_through_reloads_and_an_upgrade(tmp_path):
    streams = int(os.environ.get("KT_STREAMS", "200"))
    reloads = int(os.environ.get("KT_RELOADS", "20"))
    provider = Provider(lambda exchange: exchange.close())
    gw = Daemon(tmp_path, policy.routed(), workers=2, env={policy.KEY_VARIABLE: policy.KEY})
    config = policy.config(policy.target(provider), chain=["audit-logger"])
    gw.write("policy.yaml", {**config, "policy": {}})
    gw.start()
    try:
        # Half of them through everything, the others in ever newer generations.
        pairs = [begin(gw, provider) for _ in range(streams // 2)]
        for number in range(reloads):
            if number == reloads // 2:
                upgrade(gw)
            started = workers_started(gw)
            os.kill(gw.masters()[-1], signal.SIGHUP)
            more = lambda: workers_started(gw) >= started + gw.workers
            until(more, "new workers", 30 * SCALE)
            pairs += [begin(gw, provider) for _ in range((streams + 1) // 2 // reloads)]
        ids = [end(*pair) for pair in pairs]
        until(lambda: len(gw.audit_lines()) >= len(ids), "all records", 60 * SCALE)
        assert sorted(record["request_id"] for record in gw.audit()) == sorted(ids)
        audit.assert_whole(gw.audit_dir)
        assert not [line for line in gw.error_log.splitlines() if "[alert]" in line]
    finally:
        gw.kill()
        provider.close()
