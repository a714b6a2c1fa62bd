"""Who owns the audit log, when the workers are not root."""

import os
import pathlib
import tempfile

import pytest

from harness import policy

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can run workers as another user"
)


def run_workers_as_nobody(gw):
    write_conf = gw.write_conf

    def as_nobody():
        write_conf()
        path = gw.directory / "nginx.conf"
        path.write_text(path.read_text().replace("user root;", "user nobody nogroup;"))

    gw.write_conf = as_nobody


@pytest.fixture
def reachable():
    """A directory that another user can reach; pytest's own cannot be."""
    with tempfile.TemporaryDirectory(prefix="kt-audit-") as name:
        pathlib.Path(name).chmod(0o711)
        yield pathlib.Path(name)


def test_workers_of_another_user_write_the_log(make_gateway, provider, reachable):
    where = f"{reachable}/state/audit"
    gw = make_gateway(
        policy.config(policy.target(provider)),
        policy.routed().replace("{dir}/audit;", f"{where};"),
        start=False,
    )
    run_workers_as_nobody(gw)
    gw.start()
    gw.audit_dir = pathlib.Path(where)
    assert gw.record_of(gw.chat())["status"] == 200
    owners = {path.owner() for path in [gw.audit_dir, *gw.audit_dir.rglob("*")]}
    gw.stop()
    assert owners == {"nobody"}


def test_a_directory_that_the_workers_cannot_reach_is_named(make_gateway, provider):
    gw = make_gateway(policy.config(policy.target(provider)), policy.routed(), start=False)
    run_workers_as_nobody(gw)
    gw.directory.chmod(0o700)
    status, output = gw.test_configuration()
    assert status != 0
    assert "may not enter" in output and "audit" in output
