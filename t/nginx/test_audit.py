"""One record for every governed request: what it holds, and what it never holds."""

import datetime
import re

import pytest

from harness import answers, chat, policy

FIELDS = {
    "seq", "ts", "request_id", "client_request_id", "pack", "verdict", "reason_code", "policies",
    "redactions", "unscanned", "released_bytes", "target", "provider", "model", "attempts", "route",
    "stream", "status", "latency_ms", "ttft_ms", "prompt_tokens", "completion_tokens",
    "cached_tokens", "cost_usd", "usage_source", "client", "user_id", "agent_id", "conversation_id",
}  # fmt: skip


@pytest.fixture
def record(gw, provider):
    """The record of an ordinary request that was redacted."""
    headers = [
        ("X-Request-Id", "client-1"),
        ("X-User-Id", "user-1"),
        ("X-Keeptrusts-Agent-Id", "agent-1"),
        ("X-Conversation-Id", "conv-1"),
    ]
    return gw.record_of(gw.chat(f"Mail {chat.EMAIL} secret-word-4711", headers=headers))


def test_a_record_has_all_fields(record):
    assert FIELDS <= set(record)


def test_a_record_names_the_pack(record):
    assert (record["pack"]["name"], record["pack"]["version"]) == ("test-pack", "1.2.3")
    assert re.fullmatch(r"[0-9a-f]{64}", record["pack"]["sha256"])


def test_a_record_tells_when(record):
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", record["ts"])
    then = datetime.datetime.fromisoformat(record["ts"].replace("Z", "+00:00"))
    age = datetime.datetime.now(datetime.timezone.utc) - then
    assert abs(age.total_seconds()) < 300


def test_a_record_tells_who(record):
    assert record["client"] == "127.0.0.1"
    assert record["client_request_id"] == "client-1"
    assert record["user_id"] == "user-1"
    assert record["agent_id"] == "agent-1"
    assert record["conversation_id"] == "conv-1"


def test_a_record_tells_what_was_decided(record):
    assert record["verdict"] == "redacted"
    assert record["redactions"] == [{"type": "EMAIL_ADDRESS", "count": 1}]
    by_place = {(p["kind"], p["phase"]): p for p in record["policies"]}
    assert by_place[("pii-detector", "input")]["verdict"] == "redacted"
    assert by_place[("pii-detector", "output")]["verdict"] == "allowed"
    injection = by_place[("prompt-injection", "input")]
    assert injection["verdict"] == "allowed" and 0 <= injection["score"] < 0.8
    assert ("safety-filter", "output") in by_place


def test_a_record_tells_where_it_went(record):
    assert (record["target"], record["provider"]) == ("main", "openai-compatible")
    (attempt,) = record["attempts"]
    assert (attempt["target"], attempt["status"]) == ("main", 200)
    assert not attempt["error"]
    assert record["route"].strip("/").endswith("chat/completions")
    assert (record["stream"], record["status"]) == (False, 200)


def test_a_record_counts_tokens(record):
    assert (record["prompt_tokens"], record["completion_tokens"]) == (11, 7)
    assert record["usage_source"] == "provider"


def test_no_record_holds_text_or_a_secret(gw, record):
    # Hashes, ids and times hold any four digits now and then.
    text = re.sub(r"[0-9a-f]{16,}|\d{2}\.\d{6}Z", "", "\n".join(gw.audit_lines()))
    for part in ("4711", "jane", "acme", policy.KEY, "Hello there"):
        assert part not in text


def test_a_block_is_recorded(gw, provider, base):
    answer = gw.chat(chat.INJECTION, f"{base}/chat/completions")
    record = gw.record_of(answer)
    assert (record["verdict"], record["status"]) == ("blocked", 409)
    assert record["reason_code"] == "prompt_injection.detected"
    assert record["attempts"] == []
    assert max(p["score"] or 0 for p in record["policies"]) >= 0.8


def test_the_first_block_ends_the_chain(gw, provider):
    record = gw.record_of(gw.chat(chat.INJECTION))
    assert [p["kind"] for p in record["policies"]] == ["prompt-injection"]


def test_a_stream_is_recorded(gw, provider, base):
    provider.answer(answers.stream(chat.stream(["ask jane.doe", "@acme-mail.com"])))
    record = gw.record_of(gw.chat(path=f"{base}/chat/completions", stream=True))
    assert record["stream"] is True
    assert record["verdict"] == "redacted"
    assert record["redactions"] == [{"type": "EMAIL_ADDRESS", "count": 1}]
    assert record["ttft_ms"] is not None


def test_counts_add_up_over_request_and_answer(gw, provider, base):
    provider.answer(answers.whole(chat.dump(chat.answer(f"{chat.EMAIL} and x@acme-mail.com"))))
    record = gw.record_of(gw.chat(chat.EMAIL, f"{base}/chat/completions"))
    assert record["redactions"] == [{"type": "EMAIL_ADDRESS", "count": 3}]


def test_an_upstream_failure_is_recorded(gw, provider, base):
    provider.answer(answers.whole(b"no JSON"))
    record = gw.record_of(gw.chat(path=f"{base}/chat/completions"))
    assert (record["verdict"], record["status"]) == ("error", 502)


def test_a_cut_stream_is_recorded_as_an_error(gw, provider, base):
    provider.answer(answers.stream(chat.stream(["Hello there ", "you"])[:3], end=False))
    record = gw.record_of(gw.chat(path=f"{base}/chat/completions", stream=True))
    assert record["verdict"] == "error"
    assert record["status"] == 200


def test_the_providers_request_id_is_recorded(gw, provider):
    body = chat.dump(chat.answer())
    provider.answer(answers.whole(body, headers=[("x-request-id", "provider-req-9")]))
    record = gw.record_of(gw.chat())
    assert record["attempts"][0]["upstream_request_id"] == "provider-req-9"


def test_requests_refused_before_the_chain_are_not_recorded_by_default(gw, provider):
    refused = gw.post("/v1/chat/completions", b"no JSON").header("x-request-id")
    gw.record_of(gw.chat())
    assert refused not in [r["request_id"] for r in gw.audit()]


def test_log_all_access_records_them_too(make_gateway, provider):
    settings = {"audit-logger": {"log_all_access": True}}
    gateway = make_gateway(
        policy.config(policy.target(provider), settings=settings), policy.routed()
    )
    record = gateway.record_of(gateway.post("/v1/chat/completions", b"no JSON"))
    assert record["status"] == 400


def test_without_an_audit_logger_there_is_no_record(make_gateway, provider):
    config = policy.config(policy.target(provider), chain=["pii-detector"])
    config["policy"] = {}
    gateway = make_gateway(config, policy.routed())
    assert gateway.chat().status == 200
    assert not gateway.audit_lines()


def test_hostile_header_values_stay_inside_their_line(gw, provider):
    gw.record_of(gw.chat())  # the records before it are there too
    before = len(gw.audit_lines())
    value = 'x"},"verdict":"forged\\u000a\xff' + "y" * 2000
    answer = gw.chat(headers=[("X-User-Id", value), ("X-Request-Id", '"' * 300)])
    record = gw.record_of(answer)
    assert record["verdict"] == "allowed"
    assert len(gw.audit_lines()) == before + 1
    assert len(record["user_id"]) <= 300


def test_records_come_in_order_of_their_numbers(gw, provider):
    for _ in range(5):
        gw.record_of(gw.chat())
    numbers = [r["seq"] for r in gw.audit()]
    assert numbers == sorted(set(numbers))


def test_the_user_id_can_come_from_any_variable(make_gateway, provider):
    more = "keeptrusts_user_id $http_x_team-$remote_addr; keeptrusts_agent_id fixed;"
    gateway = make_gateway(
        policy.config(policy.target(provider)), policy.routed(more=more) + policy.stock(provider)
    )
    record = gateway.record_of(gateway.chat(headers=[("X-Team", "blue")]))
    assert (record["user_id"], record["agent_id"]) == ("blue-127.0.0.1", "fixed")


def test_the_log_is_readable_by_its_owner_only_or_its_group(gw, provider):
    gw.record_of(gw.chat())
    for path in gw.audit_dir.rglob("*"):
        assert path.stat().st_mode & 0o007 == 0, path


def test_log_all_access_records_who_reads_the_status_pages(make_gateway, provider):
    settings = {"audit-logger": {"log_all_access": True}}
    gateway = make_gateway(
        policy.config(policy.target(provider), settings=settings),
        policy.routed() + "location /keeptrusts/ { keeptrusts_status; }",
    )
    assert gateway.get("/keeptrusts/config").status == 200
    (record,) = gateway.wait_for_records(1)
    assert (record["route"], record["status"]) == ("/keeptrusts/config", 200)
    assert record["client"] == "127.0.0.1"


def test_metrics_count_records(gw, provider, make_gateway):
    gateway = make_gateway(
        policy.config(policy.target(provider)),
        policy.routed() + "location = /metrics { keeptrusts_status; }",
    )
    gateway.record_of(gateway.chat())
    lines = gateway.get("/metrics").body.decode().splitlines()
    assert "keeptrusts_audit_written_total 1" in lines
    assert "keeptrusts_audit_dropped_total 0" in lines
    assert "keeptrusts_audit_writer_failing 0" in lines
