"""Waiting with a deadline. Tests never sleep: they wait for a condition here or for bytes."""

import os
import time

# A sanitizer build is several times slower; only deadlines grow, no test gets other semantics.
SCALE = 5 if os.environ.get("KT_ASAN") == "1" else 1
DEADLINE_S = 10.0 * SCALE


def until(condition, what, seconds=DEADLINE_S, pause=0.004):
    """The first true value of `condition()`; fails naming `what` once `seconds` have passed."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"timed out after {seconds} s waiting for {what}"
        time.sleep(pause)
