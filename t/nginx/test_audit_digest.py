"""keeptrusts_audit_digest: keyed digests of what came from the client and of what it got."""

import base64
import hashlib
import hmac
import subprocess

import pytest

from harness import answers, audit, chat, policy

ON = "keeptrusts_audit_digest on;"


def mac(key, body):
    return "hmac-sha256:" + hmac.new(key, body, hashlib.sha256).hexdigest()


def key_of_directory(gw):
    return bytes.fromhex((gw.audit_dir / "digest.key").read_text().strip())


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    return make_gateway(
        policy.config(policy.target(shared_provider)),
        policy.routed(more=ON) + policy.stock(shared_provider, more=ON),
    )


@pytest.fixture(scope="module")
def plain(make_gateway, shared_provider):
    return make_gateway(policy.config(policy.target(shared_provider)), policy.routed())


def assert_digests(gw, base, body, key=None):
    if not isinstance(body, bytes):
        body = chat.dump(body)
    answer = gw.post(f"{base}/chat/completions", body)
    record = gw.record_of(answer)
    key = key or key_of_directory(gw)
    assert record["request_digest"] == mac(key, body)
    assert record["response_digest"] == mac(key, answer.body)
    return answer


def test_a_json_exchange_is_digested(gw, provider, base):
    assert assert_digests(gw, base, chat.request()).status == 200


def test_the_clients_bytes_count_not_the_redacted_ones(gw, provider, base):
    body = chat.dump(chat.request(f"Mail {chat.EMAIL}"))
    assert_digests(gw, base, body)
    assert provider.last.body != body


def test_a_redacted_stream_is_digested_as_the_client_got_it(gw, provider, base):
    provider.answer(answers.stream(chat.stream(["ask jane.doe", "@acme-mail.com", " or me"])))
    answer = assert_digests(gw, base, chat.request(stream=True))
    assert chat.EMAIL_MARK in chat.text_of(answer.body)


def test_a_block_is_digested(gw, provider, base):
    assert assert_digests(gw, base, chat.request(chat.INJECTION)).status == 409


def test_a_failure_of_the_provider_is_digested(gw, provider, base):
    provider.answer(answers.hang_up)
    assert assert_digests(gw, base, chat.request()).status == 502


def test_a_large_body_is_digested_whole(gw, provider, base):
    assert_digests(gw, base, chat.request("many words " * 40000))


def test_without_the_directive_there_are_no_digests_and_no_key(plain, provider):
    record = plain.record_of(plain.chat())
    assert not [name for name in record if "digest" in name]
    assert not (plain.audit_dir / "digest.key").exists()


def test_the_key_of_the_directory_outlives_a_reload(gw, provider):
    key = key_of_directory(gw)
    gw.reload()
    assert_digests(gw, "/v1", chat.request(), key)


def test_the_key_comes_from_the_root_key_where_there_is_one(make_gateway, provider, tmp_path):
    root = tmp_path / "audit.key"
    subprocess.run([audit.KT, "audit", "keygen", root], check=True, capture_output=True)
    gateway = make_gateway(
        policy.config(policy.target(provider)),
        policy.routed(more=f"{ON} keeptrusts_audit_key {root};"),
    )
    lines = root.read_text().splitlines()
    seed = base64.b64decode("".join(line for line in lines if "-----" not in line))[-32:]
    key = hmac.new(seed, b"keeptrusts-audit-digest-v1\n", hashlib.sha256).digest()
    assert_digests(gateway, "/v1", chat.request(), key)
    assert not (gateway.audit_dir / "digest.key").exists()
    audit.assert_whole(gateway.audit_dir)


def test_a_bad_key_file_stops_the_start_and_is_named(make_gateway, provider):
    gateway = make_gateway(
        policy.config(policy.target(provider)), policy.routed(more=ON), start=False
    )
    (gateway.audit_dir / "digest.key").write_text("not hex\n")
    status, output = gateway.test_configuration()
    assert status != 0
    assert "keeptrusts_audit_digest" in output and "64 hex digits" in output
