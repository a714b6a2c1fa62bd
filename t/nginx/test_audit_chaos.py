"""Some seconds of random signals, upgrades and restarts; harness/chaos.py runs as long as one likes."""

import pytest

from harness import chaos
from harness.wait import SCALE

SECONDS = 15 * SCALE


@pytest.mark.skipif(SCALE > 1, reason="a sanitizer's variables do not reach a new binary's children")
def test_random_signals_lose_and_repeat_no_record(tmp_path):
    gw, provider = chaos.make(tmp_path)
    try:
        done, asked, recorded = chaos.run(gw, provider, SECONDS, seed=20261129)
    finally:
        gw.kill()
        provider.close()
    assert sum(done.values()) > 5 and recorded >= asked > 0
