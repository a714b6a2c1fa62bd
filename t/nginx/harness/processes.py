"""The processes of a gateway, as its error log names them."""

import re

from harness.wait import until


def pids(gw, kind):
    """Of all that were ever started, oldest first; `kind`: worker, cache manager."""
    return [int(pid) for pid in re.findall(rf"start {kind} process (\d+)", gw.error_log)]


def _stat(pid):
    """State, parent and so on; empty when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()
    except OSError:
        return []


def alive(pid):
    stat = _stat(pid)
    return bool(stat) and stat[0] != "Z"


def parent(pid):
    """0 when there is no such process."""
    return int((_stat(pid) or ["Z", "0"])[1])


def writer(gw):
    """The newest audit writer process."""
    return until(lambda: [p for p in pids(gw, "cache manager") if alive(p)], "a writer")[-1]


def worker(gw):
    return until(lambda: [p for p in pids(gw, "worker") if alive(p)], "a worker")[-1]


def everything(gw):
    """All but the master."""
    return [p for p in pids(gw, "cache manager") + pids(gw, "worker") if alive(p)]
