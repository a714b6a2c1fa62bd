"""Instructions of one nginx worker for a request, beside plain proxy_pass, by callgrind.

Unlike times these hardly depend on the machine or on what else runs there. A worker answers a few
requests to become warm, then some and some more; the difference of the two, divided by the difference
of their numbers, is what one costs. What the log's writer does is another process's and not counted.

The counters are written out whenever the worker reopens its logs, which a signal makes it do.
"""
import argparse
import collections
import os
import pathlib
import re
import shutil
import signal
import socket
import tempfile
import time

import bench_nginx as bench
import bench_texts as texts
import function_order

CHAIN = "[prompt-injection, pii-detector, safety-filter, audit-logger]"
AUDIT_ONLY = "[audit-logger]"

# By location: the chain, and where its provider is below the upstream's root.
GATEWAYS = {"audit": (AUDIT_ONLY, "json"), "json": (CHAIN, "json"), "stream": (CHAIN, "stream")}

Case = collections.namedtuple("Case", "name path text fresh goal")
TWO_KB = texts.body(texts.FRESH + texts.repeat([texts.PROSE], 2048))
LARGE = texts.body(texts.repeat([texts.FRESH, texts.PROSE], 100 * 1024))
STREAM = texts.body(texts.FRESH + "Hello there", True)
VALUES = "Write to jane.doe@example.com, card 4111 1111 1111 1111. "
TWO_VALUES = texts.body(texts.FRESH + VALUES + texts.repeat([texts.PROSE], 1984))
CASES = {
    "plain": Case("2 KB, proxy_pass", "/plain/json", TWO_KB, False, ""),
    "audit": Case("2 KB, audit logger alone", "/audit", TWO_KB, False, ""),
    "known": Case("2 KB, whole chain, a known text", "/json", TWO_KB, False, "90,000"),
    "fresh": Case("2 KB, whole chain, a new text each time", "/json", TWO_KB, True, ""),
    "large": Case("100 KB, whole chain, a known text", "/json", LARGE, False, ""),
    "values": Case("2 KB, whole chain, two values in a new text", "/json", TWO_VALUES, True, ""),
    "known-values": Case("2 KB, whole chain, two values in a known text", "/json", TWO_VALUES, False,
                         ""),
    "plain-stream": Case("stream of 32 events in one write, proxy_pass", "/plain/stream", STREAM,
                         False, ""),
    "stream": Case("stream of 32 events in one write, whole chain", "/stream", STREAM, False, ""),
}

WARM, FEW, MANY = 40, 20, 120


def upstream_conf(ports):
    """Answers below /json and /stream with constants."""
    answers = [("json", "application/json", texts.answer(texts.PROSE[:400])),
               ("stream", "text/event-stream", texts.events(32))]
    locations = "".join(
        f"location /{name}/ {{ default_type {kind}; return 200 '{bench.quote(text)}'; }}\n"
        for name, kind, text in answers)
    return bench.UPSTREAM.format(name="upstream", user=bench.USER, locations=locations, **ports)


class Client:
    """One kept-alive connection."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 60)
        self.buffer = b""

    def read_until(self, end):
        while end not in self.buffer:
            got = self.socket.recv(65536)
            if not got:
                raise SystemExit(f"the connection ends within {self.buffer[-300:]}")
            self.buffer += got
        found, self.buffer = self.buffer.split(end, 1)
        return found

    def post(self, path, text):
        data = text.encode()
        self.socket.sendall(
            f"POST {path}/v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
            f"application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
        head = self.read_until(b"\r\n\r\n").decode().lower()
        length = re.search(r"content-length: (\d+)", head)
        if not head.startswith("http/1.1 200"):
            raise SystemExit(f"{path}: {head}")
        if length is None:
            self.read_until(b"\r\n0\r\n\r\n")
            return
        rest = int(length.group(1)) - len(self.buffer)
        while rest > 0:
            rest -= len(self.socket.recv(rest))
        self.buffer = b""


class Counters:
    """What callgrind counts in a worker, in pieces."""

    COMMAND = ("valgrind", "--tool=callgrind", "--vgdb=no", "--log-file=/dev/null",
               "--dump-before=ngx_reopen_files")

    def __init__(self, directory, worker):
        self.directory, self.worker, self.dumps = directory, worker, 0

    def take(self):
        """The costs of each function since the last call."""
        os.kill(self.worker, signal.SIGUSR1)
        self.dumps += 1
        path = self.directory / f"callgrind.out.{self.worker}.{self.dumps}"
        for _ in range(1200):
            if path.exists() and "\ntotals:" in path.read_text(errors="replace"):
                return self_costs(path)
            time.sleep(0.05)
        raise SystemExit(f"callgrind wrote no {path.name}")


def self_costs(path):
    """Instructions by function, without those of the functions that it calls."""
    names = {}  # of functions and files, by what stands for them: the first time both are there

    def name_of(line):
        kind, _, value = line.partition("=")
        number, _, name = value.partition(" ")
        return names.setdefault((kind.removeprefix("c"), number), name)

    costs = collections.Counter()
    binary, function, called = "", "", False
    for line in path.read_text(errors="replace").splitlines():
        if line.startswith("ob="):
            binary = pathlib.Path(name_of(line)).name
        elif line.startswith("fn="):
            function = name_of(line)
            if function.startswith("0x"):  # no symbol
                function = f"{binary} {function}"
        elif line.startswith(("cob=", "cfn=")):
            name_of(line)
        elif line.startswith("calls="):
            called = True  # the next line says what the call cost
        elif line[:1].isdigit() or line.startswith(("+", "-", "*")):
            if not called:
                costs[function] += int(line.split()[-1])
            called = False
    return costs


def measure(case, client, counters):
    """Instructions of one request, by function; and all functions that ran, also those that only the
    first requests run. Not those of the very first: the counters hold what the master did, too."""
    first = counters.dumps == 0
    turns = iter(range(10**6))

    def ask(count):
        for _ in range(count):
            text = case.text
            if case.fresh:
                text = text.replace(texts.FRESH, texts.fresh_word(1000 + next(turns)))
            client.post(case.path, text)

    ask(WARM)
    warm = counters.take()
    ask(FEW)
    few = counters.take()
    ask(MANY)
    many = counters.take()
    ran = {*few, *many, *(() if first else warm)}
    many.subtract(few)
    return {name: cost / (MANY - FEW) for name, cost in many.items()}, ran


def report(case, costs, functions):
    print(f"| {case.name} | {sum(costs.values()):,.0f} | {case.goal} |", flush=True)
    for name, cost in sorted(costs.items(), key=lambda item: -item[1])[:functions]:
        print(f"    {cost:10,.0f}  {name[:100]}")


def run(options, directory):
    ports = {"front": bench.free_port(), "upstream": bench.free_port()}
    for name, (chain, place) in GATEWAYS.items():
        (directory / f"{name}.yaml").write_text(
            bench.PACK.format(chain=chain, upstream=f"{ports['upstream']}/{place}"))
    gateways = "".join(bench.gateway(name, directory / f"{name}.yaml") for name in GATEWAYS)
    module = options.build.resolve() / "ngx_http_keeptrusts_module.so"
    front_text = f"load_module {module};\n" + bench.FRONT.format(
        name="front", user=bench.USER, dir=directory, gateways=gateways, **ports)
    command = (*Counters.COMMAND, f"--callgrind-out-file={directory}/callgrind.out.%p",
               f"--demangle={'no' if options.order else 'yes'}")
    running = []
    try:
        running.append(bench.Nginx("upstream", directory, upstream_conf(ports)))
        front = bench.Nginx("front", directory, front_text, command, 300)
        running.append(front)
        counters = Counters(directory, front.worker())
        client = Client(ports["front"])
        print("| what | instructions for a request | goal |\n| --- | --- | --- |")
        ran = []
        for key in options.cases:
            costs, functions = measure(CASES[key], client, counters)
            report(CASES[key], costs, options.functions)
            ran.append(functions)
        if options.order:
            function_order.write(options.order, ran)
    finally:
        for nginx in reversed(running):
            nginx.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--functions", type=int, default=0, metavar="COUNT",
                        help="name so many functions with most instructions of their own")
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIR",
                        help="leave callgrind's files there, for callgrind_annotate")
    parser.add_argument("--order", type=pathlib.Path, metavar="FILE",
                        help="write there which functions the cases ran, for the linker")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    options = parser.parse_args()
    unknown = [case for case in options.cases if case not in CASES]
    if unknown:
        parser.error(f"no case {unknown[0]}: {', '.join(CASES)}")
    options.cases = options.cases or list(CASES)
    directory = options.keep or pathlib.Path(tempfile.mkdtemp(prefix="kt-bench-"))
    directory = directory.resolve()
    (directory / "audit").mkdir(mode=0o777, parents=True, exist_ok=True)
    os.chmod(directory, 0o755)
    os.chmod(directory / "audit", 0o777)
    try:
        run(options, directory)
    finally:
        if options.keep is None:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
