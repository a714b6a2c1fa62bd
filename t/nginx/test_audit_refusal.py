"""An immutable log that cannot be written refuses requests before the provider is asked."""

import os
import subprocess

import pytest

from harness import chat, policy
from harness.wait import until


def assert_unavailable(answer):
    assert (answer.status, answer.error["code"]) == (503, "audit_unavailable")
    assert answer.error["type"] == "unavailable"
    assert answer.header("retry-after")


@pytest.fixture
def small_disk(tmp_path):
    """A directory on a file system of its own with room for 256 KiB."""
    directory = tmp_path / "disk"
    directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(directory)]
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
def gw(make_gateway, shared_provider, small_disk):
    server = policy.routed() + policy.stock(shared_provider)
    gateway = make_gateway(
        policy.config(policy.target(shared_provider)),
        server.replace("{dir}/audit;", f"{small_disk}/audit;"),
        start=False,
    )
    gateway.audit_dir = small_disk / "audit"
    gateway.audit_dir.mkdir()
    gateway.start()
    yield gateway
    gateway.stop()


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


@pytest.fixture
def full_device(make_gateway, shared_provider):
    """A gateway whose log is /dev/full: every write fails, at once. Takes the settings."""

    def make(immutable):
        settings = {"audit-logger": {"immutable": immutable}}
        gateway = make_gateway(
            policy.config(policy.target(shared_provider), settings=settings),
            policy.routed(),
            start=False,
        )
        (gateway.audit_dir / "audit.jsonl").symlink_to("/dev/full")
        gateway.start()
        stops.append(gateway)
        return gateway

    stops = []
    yield make
    for gateway in stops:
        gateway.stop()


def test_a_failed_write_refuses_what_follows(full_device, provider):
    gateway = full_device(immutable=True)
    gateway.chat()  # the first failure is found when its record is written
    provider.reset()
    assert_unavailable(gateway.chat())
    assert not provider.requests


def test_a_log_that_is_not_immutable_drops_and_goes_on(full_device, provider):
    gateway = full_device(immutable=False)
    for _ in range(3):
        assert gateway.chat().status == 200
    assert len(provider.requests) == 3
