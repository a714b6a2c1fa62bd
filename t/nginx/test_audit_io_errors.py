"""Each write and sync of the audit writer fails once, in a real nginx: nothing answered is lost."""

import os
import pathlib
import subprocess

import pytest

from harness import audit, policy
from harness.wait import until

MOST_CALLS = 80  # of one run; that it has fewer is asserted

pytestmark = pytest.mark.skipif(
    os.environ.get("KT_ASAN") == "1", reason="the sanitizers want to be loaded first"
)


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    library = tmp_path_factory.mktemp("shim") / "failing_files.so"
    source = pathlib.Path(__file__).with_name("failing_files.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


def run_with_failure(gw, provider, number):
    """Start, requests, stop; then again without the failure. False: nothing has failed."""
    provider.reset()
    mark = gw.directory / "failed"
    gw.env = {**gw.env, "KT_FAIL_AT": str(number), "KT_FAIL_MARK": str(mark)}
    gw.allowed_in_log = "keeptrusts"
    gw.start()
    for _ in range(3):
        answer = gw.chat()
        assert answer.status == 200 or answer.error["code"] == "audit_unavailable"
    until(lambda: len(gw.audit()) >= len(provider.requests), "the records")
    gw.stop()
    failed = mark.exists()
    gw.env = {key: value for key, value in gw.env.items() if key != "LD_PRELOAD"}
    gw.start()
    assert gw.record_of(gw.chat())["status"] == 200
    gw.stop()
    recorded = [record["request_id"] for record in gw.audit()]
    assert len(recorded) == len(set(recorded)) == len(provider.requests), f"call {number}"
    audit.assert_whole(gw.audit_dir)
    return failed


def test_any_one_failing_write_or_sync_loses_nothing(make_gateway, provider, shim):
    for number in range(1, MOST_CALLS):
        gw = make_gateway(
            policy.config(policy.target(provider)),
            policy.routed(),
            start=False,
            env={"LD_PRELOAD": str(shim)},
        )
        if not run_with_failure(gw, provider, number):
            break
    assert 10 < number < MOST_CALLS - 1  # a run has more calls than that, and all were tried
