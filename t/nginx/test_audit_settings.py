"""Audit settings that contradict each other or cannot be used, and files that were exchanged."""

import os

import pytest

from harness import audit, policy
from harness.wait import until


def two_packs(make_gateway, provider, first, second, more=("", "")):
    """Two locations with one audit directory; not started."""
    gw = make_gateway(
        policy.config(policy.target(provider), settings={"audit-logger": first}),
        policy.routed(more=more[0]) + policy.routed("/b/", more[1], policy="b.yaml"),
        start=False,
    )
    gw.write("b.yaml", policy.config(policy.target(provider), settings={"audit-logger": second}))
    return gw


@pytest.mark.parametrize(
    "setting",
    [{"immutable": False}, {"retention_days": 30}, {"log_all_access": True},
     {"hipaa_audit_controls": True}],
)  # fmt: skip
def test_packs_that_share_a_directory_must_agree(make_gateway, provider, setting):
    status, output = two_packs(make_gateway, provider, {}, setting).test_configuration()
    assert status != 0
    assert "share the audit directory" in output
    assert f'differ in audit-logger\'s "{next(iter(setting))}": "test-pack" and "test-pack"' in output


def test_packs_that_agree_share_a_directory(make_gateway, provider):
    setting = {"retention_days": 30}
    status, output = two_packs(make_gateway, provider, setting, setting).test_configuration()
    assert status == 0, output


def test_locations_that_share_a_directory_agree_on_its_rings(make_gateway, provider):
    more = ("keeptrusts_audit_ring_dir {dir}/r max=256k;", "")
    status, output = two_packs(make_gateway, provider, {}, {}, more).test_configuration()
    assert status != 0
    assert "keeptrusts_audit_ring_dir" in output


@pytest.mark.parametrize("content", [None, "", "no key\n"])
def test_a_bad_root_key_is_named(make_gateway, provider, content):
    gw = make_gateway(
        policy.config(policy.target(provider)),
        policy.routed(more="keeptrusts_audit_key {dir}/root.pem;"),
        start=False,
    )
    if content is not None:
        gw.write("root.pem", content)
    status, output = gw.test_configuration()
    assert status != 0
    assert "keeptrusts_audit_key" in output and "root.pem" in output


def set_retention(gw, provider, days):
    settings = {"audit-logger": {"retention_days": days}}
    gw.write("policy.yaml", policy.config(policy.target(provider), settings=settings))


def test_a_reload_to_a_shorter_retention_warns_and_one_to_a_longer_does_not(make_gateway, provider):
    gw = make_gateway(policy.config(policy.target(provider)), policy.routed())
    assert gw.chat().status == 200  # the master takes signals
    for days, warned in ((400, False), (30, True)):
        set_retention(gw, provider, days)
        mark = len(gw.error_log)
        gw.reload()
        warning = '"retention_days" of the audit directory'
        assert (warning in gw.error_log[mark:]) is warned
    assert "is now 30 instead of 400" in gw.error_log


def test_a_link_in_the_directorys_place_is_refused(make_gateway, provider, tmp_path):
    gw = make_gateway(policy.config(policy.target(provider)), policy.routed(), start=False)
    gw.audit_dir.rmdir()
    gw.audit_dir.symlink_to(tmp_path)
    status, output = gw.test_configuration()
    assert status != 0
    assert "cannot be created or written" in output
    assert not list(tmp_path.glob("audit-*"))


def served_with_records(gw, count):
    """So many further answers, and a whole log that holds their records."""
    ids = [gw.chat().header("x-request-id") for _ in range(count)]
    recorded = lambda: [record["request_id"] for record in gw.audit()]
    until(lambda: set(ids) <= set(recorded()), "the records")
    assert len(recorded()) == len(set(recorded()))


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/null")])
def test_what_is_no_file_in_the_next_segments_place_is_not_written(make_gateway, provider, make):
    gw = make_gateway(policy.config(policy.target(provider)), policy.routed())
    served_with_records(gw, 2)
    gw.stop()
    (segment,) = audit.segments(gw.audit_dir)
    number, lineage = segment.stem.split("-")[1:]
    trap = gw.audit_dir / f"audit-{int(number) + 1:010d}-{lineage}.jsonl"
    make(trap)
    # Another pack makes the writer begin a new segment.
    gw.write("policy.yaml", policy.config(policy.target(provider), settings={"audit-logger": {
        "retention_days": 500}}))  # fmt: skip
    gw.allowed_in_log = r"keeptrusts"
    gw.start()
    answer = gw.chat()
    assert answer.status == 200  # kept in the ring
    until(lambda: "audit directory" in gw.error_log and "[crit]" in gw.error_log, "the complaint")
    trap.unlink()
    gw.record_of(answer)
    audit.assert_whole(gw.audit_dir)
