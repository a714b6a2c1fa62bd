"""Random signals to random processes of a gateway under load, upgrades and restarts included.

    KT_MODULE=build/ngx_http_keeptrusts_module.so python3 t/nginx/harness/chaos.py [SECONDS [SEED]]

Whatever happens: each request that reached the provider is recorded exactly once, the chain is
whole, and nginx has nothing to say that the signals do not explain.
"""

import collections
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
from harness import answers, chat, policy
from harness.gateway import NGINX, Gateway
from harness.load import Load, assert_recorded_once
from harness.processes import alive, parent
from harness.provider import Provider
from harness.sockets import free_port
from harness.wait import SCALE, until

# What nginx says of children that somebody has killed.
EXPLAINED = re.compile(
    r"exited on signal (9|15)\b|still could not bind|bind\(\) to .* failed|channel|sendmsg\(\)"
    r"|unlink\(\) .*nginx\.pid|open socket #\d+ left|aborting"
)
BAD = re.compile(r".*(\[alert\]|\[emerg\]|exited on signal|Sanitizer|runtime error).*")


class Daemon(Gateway):
    """nginx as a daemon: it can replace its own binary, and outlives its starter."""

    def start(self):
        self.port = self.port or free_port()
        self.write_conf()
        self.command()
        until(self._listening, "nginx to listen", 30 * SCALE)
        return self

    def command(self):
        """Starts it; False when it cannot now (the port of a dying one)."""
        path = self.directory / "nginx.conf"
        path.write_text(path.read_text().replace("daemon off", "daemon on"))
        command = [shutil.which(NGINX), *self._command()[1:]]
        with (self.directory / "stderr.log").open("ab") as errors:
            status = subprocess.run(command, env=self._environment(), stdin=subprocess.DEVNULL,
                                    stdout=errors, stderr=errors, check=False).returncode  # fmt: skip
        return status == 0

    def masters(self):
        """Living masters, the newest last."""
        found = []
        for name in ("nginx.pid.oldbin", "nginx.pid"):
            try:
                found.append(int((self.directory / name).read_text()))
            except (OSError, ValueError):
                continue
        return [pid for pid in found if alive(pid) and _is_nginx(pid, self.directory)]

    def children(self):
        """All others; the log does not name those whose master died before it could."""
        masters = self.masters()
        found = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        return [p for p in found if p not in masters and _is_nginx(p, self.directory)]

    def kill(self):
        for pid in self.masters() + self.children():
            send(pid, signal.SIGKILL)
        until(lambda: not self.masters() and not self.children(), "all to be dead", 30 * SCALE)


def send(pid, number):
    """A signal to a process that may have gone by itself."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _is_nginx(pid, directory):
    """No other program that has got this number meanwhile."""
    try:
        return os.readlink(f"/proc/{pid}/exe").startswith(os.path.realpath(shutil.which(NGINX))) and (
            any(os.readlink(f"/proc/{pid}/fd/{fd}").startswith(str(directory))
                for fd in os.listdir(f"/proc/{pid}/fd"))
        )  # fmt: skip
    except OSError:
        return False


class Chaos:
    def __init__(self, gw, load, rng):
        self.gw, self.load, self.rng = gw, load, rng
        self.done = collections.Counter()

    def step(self):
        acts = [self.child, self.child, self.child, self.reload, self.reload, self.pause,
                self.upgrade, self.everything, self.end, self.master, self.reopen]  # fmt: skip
        act = self.rng.choice(acts)
        self.done[act.__name__] += 1
        act()
        self.revive()
        if self.rng.randrange(3):
            self.more(self.rng.randrange(1, 60))

    def more(self, count):
        """Waits for that many answers, and revives what may still be dying."""
        goal = self.load.answered + count
        end = time.monotonic() + 60 * SCALE
        while self.load.answered < goal:
            assert time.monotonic() < end, "no answers under load"
            self.revive()
            time.sleep(0.01)

    def child(self):
        """One or more children get a signal at a moment that the load does not know."""
        numbers = [signal.SIGKILL, signal.SIGTERM, signal.SIGQUIT, signal.SIGINT]
        for _ in range(self.rng.randrange(1, 4)):
            children = self.gw.children()
            if children:
                send(self.rng.choice(children), self.rng.choice(numbers))
            time.sleep(self.rng.random() * 0.02)

    def reload(self):
        for _ in range(self.rng.randrange(1, 4)):
            for pid in self.gw.masters()[-1:]:
                send(pid, signal.SIGHUP)
            time.sleep(self.rng.random() * 0.05)
            if self.rng.randrange(3) == 0:
                self.child()

    def pause(self):
        """A child stands still for a moment."""
        children = self.gw.children()
        if not children:
            return
        pid = self.rng.choice(children)
        send(pid, signal.SIGSTOP)
        time.sleep(self.rng.random() * 0.3)
        if self.rng.randrange(3) == 0:
            self.reload()
        if self.rng.randrange(4) == 0:
            send(pid, signal.SIGKILL)
        send(pid, signal.SIGCONT)

    def upgrade(self):
        masters = self.gw.masters()
        if len(masters) != 1:
            return
        send(masters[0], signal.SIGUSR2)
        time.sleep(self.rng.random() * 0.8)
        if self.rng.randrange(2):
            self.child()
        if self.rng.randrange(2):
            self.more(5)
        now = self.gw.masters()
        if len(now) == 2 and self.rng.randrange(3) == 0:  # back to the old binary
            send(now[1], self.rng.choice([signal.SIGQUIT, signal.SIGTERM]))
        elif len(now) == 2:
            send(now[0], signal.SIGWINCH)
            time.sleep(self.rng.random() * 0.2)
            send(now[0], self.rng.choice([signal.SIGQUIT, signal.SIGQUIT, signal.SIGKILL]))
        until(lambda: len(self.gw.masters()) < 2, "one master", 40 * SCALE)

    def everything(self):
        victims = self.gw.masters() + self.gw.children()
        for pid in victims:
            send(pid, signal.SIGKILL)

    def end(self):
        for pid in self.gw.masters():
            send(pid, self.rng.choice([signal.SIGTERM, signal.SIGQUIT, signal.SIGINT]))
        if self.rng.randrange(3) == 0:
            time.sleep(self.rng.random() * 0.2)
            self.child()

    def master(self):
        """Workers and writer go on without it for a moment."""
        for pid in self.gw.masters():
            send(pid, signal.SIGKILL)
        time.sleep(self.rng.random() * 0.5)
        for pid in self.gw.children():
            if self.rng.randrange(4):
                send(pid, signal.SIGKILL)

    def reopen(self):
        for pid in self.gw.masters()[-1:]:
            send(pid, signal.SIGUSR1)

    def serving(self):
        masters = self.gw.masters()
        return bool(masters) and self.gw._listening()  # pylint: disable=protected-access

    def revive(self):
        """Where no master is left, its children are sent away and nginx is started anew."""
        deadline = time.monotonic() + 60 * SCALE
        while not self.gw.masters() or not self.serving():
            assert time.monotonic() < deadline, "nginx does not come back"
            time.sleep(0.02)
            if self.gw.masters():
                continue
            for pid in self.gw.children():
                send(pid, signal.SIGQUIT if self.rng.randrange(2) else signal.SIGKILL)
            (self.gw.directory / "nginx.pid.oldbin").unlink(missing_ok=True)
            self.gw.command()

    def settle(self):
        """Ends everything cleanly: also the workers of a master that was killed in an upgrade before
        it could send them away. They serve on, and no master knows of them."""
        masters = self.gw.masters()
        orphans = [pid for pid in self.gw.children() if parent(pid) not in masters]
        for pid in masters + orphans:
            send(pid, signal.SIGQUIT)
        until(lambda: not self.gw.masters() and not self.gw.children(), "the end", 60 * SCALE)


def script(exchange):
    """As the request asks: an answer, or a stream in a few writes."""
    if exchange.request.json().get("stream"):
        exchange.send_stream_head()
        for event in chat.stream(["Hello ", "there ", "and on"]):
            exchange.chunk(event)
            time.sleep(0.002)
        exchange.end_chunks()
    else:
        answers.whole(chat.dump(chat.answer()))(exchange)


def run(gw, provider, seconds, seed):
    """What was done; fails when a record is missing, twice or broken. Ends the gateway."""
    rng = random.Random(seed)
    with Load(gw, provider, clients=4) as load, Load(gw, provider, 4, True, "stream") as streams:
        chaos = Chaos(gw, load, rng)
        chaos.more(20)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            chaos.step()
        chaos.more(20)
    chaos.settle()
    # One more life, in which what the dead left is written.
    gw.command()
    until(gw._listening, "nginx to listen", 30 * SCALE)  # pylint: disable=protected-access
    assert_recorded_once(gw, load)
    chaos.settle()
    assert_recorded_once(gw, streams)
    bad = [m.group() for m in BAD.finditer(gw.error_log + gw.stderr)
           if not EXPLAINED.search(m.group())]  # fmt: skip
    assert not bad, "\n".join(bad[:20])
    return chaos.done, len(load.asked()), len(gw.audit())


def make(directory):
    provider = Provider(script)
    gw = Daemon(directory, policy.routed(), workers=2, env={policy.KEY_VARIABLE: policy.KEY})
    # Without detectors: to start takes less, so that more happens.
    config = policy.config(policy.target(provider), chain=["audit-logger"])
    config["policy"] = {}
    gw.write("policy.yaml", config)
    return gw.start(), provider


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    directory = tempfile.mkdtemp(prefix="kt-chaos-")
    gw, provider = make(directory)
    try:
        done, asked, recorded = run(gw, provider, seconds, seed)
    finally:
        gw.kill()
    print(f"seed {seed}, {seconds:.0f} s: {dict(done)}; {asked} requests reached the provider,"
          f" {recorded} records")  # fmt: skip
    shutil.rmtree(directory)


if __name__ == "__main__":
    main()
