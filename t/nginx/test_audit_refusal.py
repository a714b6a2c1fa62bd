"""An immutable log that cannot be written refuses requests before the provider is asked."""

import os
import re
import subprocess

import pytest

from harness import audit, chat, policy
from harness.wait import until


def assert_unavailable(answer):
    assert (answer.status, answer.error["code"]) == (503, "audit_unavailable")
    assert answer.error["type"] == "unavailable"
    assert answer.header("retry-after")


@pytest.fixture
def small_disk(tmp_path):
    """A directory on a file system of its own with room for 2 MiB."""
    directory = tmp_path / "disk"
    directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(directory)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    yield directory
    subprocess.run(["umount", "-l", str(directory)], check=True)


def fill(directory):
    """Takes all the room that is left."""
    with open(directory / "filler", "ab", buffering=0) as filler:
        for size in (4096, 1):
            try:
                while filler.write(b"x" * size):
                    pass
            except OSError:
                pass


@pytest.fixture
def make_small(make_gateway, shared_provider, small_disk):
    """A gateway with its log on the small disk and one small ring. Takes the settings."""

    def make(immutable=True):
        rings = f"keeptrusts_audit_ring_dir {small_disk}/audit/rings max=256k;"
        server = policy.routed(more=rings) + policy.stock(shared_provider, more=rings)
        gateway = make_gateway(
            policy.config(
                policy.target(shared_provider), settings={"audit-logger": {"immutable": immutable}}
            ),
            server.replace("{dir}/audit;", f"{small_disk}/audit;"),
            start=False,
        )
        gateway.audit_dir = small_disk / "audit"
        gateways.append(gateway.start())
        return gateway

    gateways = []
    yield make
    for gateway in gateways:
        gateway.stop()


@pytest.fixture
def gw(make_small):
    return make_small()


def chats_until(gw, condition, base):
    """Chats until one answer fulfils the condition: room that was reserved is used up first."""
    return until(lambda: next(iter([a for a in [gw.chat(path=f"{base}/chat/completions")]
                                    if condition(a)]), None), "the disk to matter")  # fmt: skip


def test_a_full_disk_refuses_before_the_provider_is_asked(gw, provider, small_disk, base):
    assert gw.chat(path=f"{base}/chat/completions").status == 200
    fill(small_disk)
    chats_until(gw, lambda answer: answer.status == 503, base)
    provider.reset()
    for _ in range(3):
        assert_unavailable(gw.chat(path=f"{base}/chat/completions"))
    assert not provider.requests


def test_a_full_disk_refuses_what_would_be_blocked_too(gw, provider, small_disk):
    fill(small_disk)
    chats_until(gw, lambda answer: answer.status == 503, "/v1")
    assert_unavailable(gw.chat(chat.INJECTION))


def test_the_gateway_recovers_when_there_is_room_again(gw, provider, small_disk):
    fill(small_disk)
    chats_until(gw, lambda answer: answer.status == 503, "/v1")
    (small_disk / "filler").unlink()
    answer = chats_until(gw, lambda answer: answer.status == 200, "/v1")
    assert gw.record_of(answer)["status"] == 200


def test_no_answered_request_is_missing_after_a_full_disk(gw, provider, small_disk):
    answered = []
    fill(small_disk)
    for _ in range(2000):  # the room that was reserved before the disk was full
        answer = gw.chat()
        if answer.status != 200:
            break
        answered.append(answer.header("x-request-id"))
    assert_unavailable(answer)
    (small_disk / "filler").unlink()
    answered.append(gw.chat().header("x-request-id"))
    until(lambda: set(answered) <= {r["request_id"] for r in gw.audit()}, "all records")
    assert len(gw.audit()) == len({r["request_id"] for r in gw.audit()})


def test_a_log_that_is_not_immutable_drops_and_says_so(make_small, provider, small_disk):
    gw = make_small(immutable=False)
    assert gw.chat().status == 200
    fill(small_disk)
    sent = 1
    ids = []
    while "audit log unavailable" not in gw.error_log or sent < 50:
        answer = gw.chat()
        assert answer.status == 200
        ids.append(answer.header("x-request-id"))
        sent += 1
    named = re.findall(r"audit log unavailable: .*, request (\w{32})", gw.error_log)
    assert named and set(named) <= set(ids)
    assert len(provider.requests) == sent
    (small_disk / "filler").unlink()

    def accounted_for():
        gaps = audit.events(gw.audit_dir, "gateway.gap")
        return len(gw.audit()) + sum(gap["dropped"] for gap in gaps) == sent and gaps

    until(accounted_for, "records and gaps to add up")


def test_an_immutable_log_without_a_disk_answers_503_at_once(gw, provider, small_disk):
    fill(small_disk)
    assert_unavailable(gw.chat())
    assert not provider.requests
