"""Many generations of workers beside each other, and one log of them all."""

import signal

from harness import audit, chat, policy
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
        ids.append(gw.chat().header("x-request-id"))
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
