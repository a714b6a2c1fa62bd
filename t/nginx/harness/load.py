"""Clients that ask all the time, whatever happens to the gateway, and what must be true then."""

import itertools
import threading

from harness import audit
from harness.wait import SCALE, until


class Load:
    """`with Load(gw, provider) as load`: requests named <prefix>-<n> until the block's end."""

    def __init__(self, gw, provider, clients=4, stream=False, prefix="item"):
        self._gw, self._provider, self._stream = gw, provider, stream
        self._prefix = prefix
        self._numbers = itertools.count()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(clients)]
        self.answered = 0

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _ask(self):
        while not self._stopping.is_set():
            name = f"{self._prefix}-{next(self._numbers)}"
            try:
                answer = self._gw.chat(
                    f"hello {name}", headers=[("X-Request-Id", name)], stream=self._stream
                )
                self.answered += answer.status == 200
            except (OSError, AssertionError, ValueError):
                self._stopping.wait(0.001)  # nobody listens just now

    def more(self, count=40):
        """Waits until so many further requests have been answered."""
        goal = self.answered + count
        until(lambda: self.answered >= goal, "answers under load", 30 * SCALE)

    def asked(self):
        """The names of the requests that reached the provider."""
        return [r.json()["messages"][0]["content"].split()[-1] for r in self._provider.requests]


def assert_recorded_once(gw, load):
    """records = requests that reached the provider, and the chain is whole."""
    asked = set(load.asked())
    assert asked
    names = lambda: [record["client_request_id"] for record in gw.audit()]
    until(lambda: asked <= set(names()), "a record of every request", 20 * SCALE)
    assert len(names()) == len(set(names())), "a request was recorded twice"
    audit.assert_whole(gw.audit_dir)
