"""The first thing a new user runs: set-up, build, four requests, each as it should be."""

import os
import subprocess

import pytest

from conftest import ROOT, free_port


@pytest.mark.skipif("KT_ASAN" in os.environ, reason="the script builds without sanitizers")
def test_the_four_requests_of_the_first_run_go_as_they_should(tmp_path):
    # Against the embedded provider, and beside a gateway that may already be there.
    environment = {name: value for name, value in os.environ.items() if name != "FIREWORKS_API_KEY"}
    command = [ROOT / "scripts" / "run", "--once", "--listen", f"127.0.0.1:{free_port()}"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "UNEXPECTED" not in run.stdout + run.stderr
