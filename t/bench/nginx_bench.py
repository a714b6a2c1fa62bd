"""CPU of one nginx worker per request: keeptrusts_pass with the whole chain against proxy_pass.

Both locations live in one worker and talk to the same upstream (a second nginx that answers with
constants), in turns within one run, since machines are noisy. CPU is the worker's time on a processor
from /proc/<pid>/schedstat.

Paced and idle streams come from an upstream of their own, and go to clients of their own, since wrk
reads whole answers only: see streams().
"""
import argparse
import asyncio
import multiprocessing
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

from bench_nginx import (FRONT, PACK, USER, Nginx, cpu_us, free_port, gateway, memory_kb,
                         resident_kb, upstream_conf)
from bench_texts import (FRESH, LOADS, NEAR_MISSES, PROSE, answer, at_random, body, events,
                         fresh_word, repeat, stream_parts)


def load(port, path, directory, text, connections, seconds, fresh):
    """`fresh`: no two requests have the same text, so nothing of it was judged before."""
    (directory / "body").write_text(text)
    script = directory / "post.lua"
    script.write_text(f"""
local f = io.open("{directory}/body", "rb")
local body = f:read("*a")
wrk.method = "POST"
wrk.body = body
wrk.headers["Content-Type"] = "application/json"
if {"true" if fresh else "false"} then
  local count, letters = {next(LOADS) * 10**8}, "abdegklmor"
  local parts, from = {{}}, 1
  for place in function() return body:find("{FRESH}", from, true) end do
    parts[#parts + 1] = body:sub(from, place - 1)
    from = place + {len(FRESH)}
  end
  parts[#parts + 1] = body:sub(from)
  local digit_to_letter = {{}}
  for i = 0, 9 do digit_to_letter[tostring(i)] = letters:sub(i + 1, i + 1) end
  function request()
    count = count + 1
    local word = string.format("%012d", count):gsub("%d", digit_to_letter)
    return wrk.format(nil, nil, nil, table.concat(parts, "Note " .. word .. ". "))
  end
end
function done(summary, latency, requests)
  io.write(string.format("RESULT %d %d\\n", summary.requests,
    summary.errors.status + summary.errors.read + summary.errors.write))
end
""")
    run = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script),
                          f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True)
    for line in run.stdout.splitlines():
        if line.startswith("RESULT"):
            done, errors = map(int, line.split()[1:])
            if errors or not done:
                raise SystemExit(f"{path}: {errors} of {done} requests failed")
            return done
    raise SystemExit(run.stdout + run.stderr)


# ---- streams -----------------------------------------------------------------------------------

async def serve_streams(ready, port, count, interval, hold):
    """Each answer: `count` events, one in `interval` seconds; the last one only when not `hold`."""
    parts = stream_parts(count)

    async def answer(reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r")[0]))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                             b"Transfer-Encoding: chunked\r\n\r\n")
                for part in parts[:-1]:
                    if writer.is_closing():
                        return
                    writer.write(part)
                    await asyncio.sleep(interval)
                if hold:
                    await reader.read(1)
                    break
                writer.write(parts[-1] + b"0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port, backlog=4096)
    ready.set()
    await server.serve_forever()


def stream_upstream(ready, *options):
    asyncio.run(serve_streams(ready, *options))


class StreamUpstream:
    def __init__(self, port, count, interval, hold):
        ready = multiprocessing.Event()
        self.process = multiprocessing.Process(
            target=stream_upstream, args=(ready, port, count, interval, hold), daemon=True)
        self.process.start()
        if not ready.wait(20):
            raise SystemExit("the stream upstream does not start")

    def stop(self):
        self.process.terminate()
        self.process.join()


async def open_stream(port, path):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    text = body("Hello there", True).encode()
    writer.write(f"POST {path}/v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: "
                 f"application/json\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text)
    return reader, writer


async def read_streams(port, path, connections, end):
    """Opens that many streams and reads each up to `end`; returns what is still open."""
    async def one():
        reader, writer = await open_stream(port, path)
        seen = b""
        while end not in seen:
            got = await reader.read(65536)
            if not got:
                raise SystemExit(f"{path}: a stream ended early: {seen[-300:]}")
            seen = seen[-len(end):] + got
        return reader, writer
    return await asyncio.gather(*(one() for _ in range(connections)))


def measure_paced(front, ports, seconds, rounds, connections=32, interval=0.01):
    count = int(seconds / interval)
    costs = {"/plain": [], "/kt": []}
    upstream = StreamUpstream(ports["streams"], count, interval, False)
    worker = front.worker()

    async def run(path):
        for _, writer in await read_streams(ports["front"], path, connections, b"[DONE]"):
            writer.close()

    try:
        for _ in range(rounds):
            for location, list_of in costs.items():
                before = cpu_us(worker)
                asyncio.run(run(location))
                list_of.append((cpu_us(worker) - before) / (connections * count))
    finally:
        upstream.stop()
    report(f"stream, paced, c={connections}, a chunk", costs, "<= 1.15 x")


def measure_open(start_front, ports, streams=500):
    """Resident bytes of the worker for each stream that is open and silent: of those that are opened
    when as many are open, so that neither what is taken for good nor what lay free counts."""
    per_stream = {}
    upstream = StreamUpstream(ports["streams"], 20, 0.001, True)

    async def run(path, worker):
        resident, opened = [], []
        for _ in range(2):
            opened += await read_streams(ports["front"], path, streams, PROSE[:3].encode())
            await asyncio.sleep(1)
            resident.append(resident_kb(worker))
        per_stream[path] = (resident[1] - resident[0]) / streams
        for _, writer in opened:
            writer.close()

    try:
        for path in ("/plain", "/kt"):
            front = start_front()
            try:
                asyncio.run(run(path, front.worker()))
            finally:
                front.stop()
    finally:
        upstream.stop()
    plain, full = per_stream["/plain"], per_stream["/kt"]
    print(f"\nmemory of an open stream: proxy_pass {plain:.1f} KB, keeptrusts_pass {full:.1f} KB "
          f"(goal: at most 4 KB more)", flush=True)


# ---- requests ----------------------------------------------------------------------------------

def report(name, costs, goal):
    plain, full = (statistics.median(costs[key]) for key in ("/plain", "/kt"))
    print(f"| {name} | {plain:.1f} | {full:.1f} | {full / plain:.2f} x | {goal} |", flush=True)


def measure(case, front, ports, directory, seconds, rounds):
    costs = {"/plain": [], "/kt": []}
    worker = front.worker()
    for _ in range(rounds):
        for location, list_of in costs.items():
            before = cpu_us(worker)
            done = load(ports["front"], location + "/v1/chat/completions", directory, case["body"],
                        case["connections"], seconds, case["fresh"])
            list_of.append((cpu_us(worker) - before) / done)
    report(case["name"], costs, case["goal"])


def measure_latency(name, front, ports, text, goal, rounds=3000):
    """One request at a time over one connection each, in turns: the difference of the medians."""
    taken = {"/plain": [], "/kt": []}
    sockets = {}
    for location in taken:
        sockets[location] = socket.create_connection(("127.0.0.1", ports["front"]))
        sockets[location].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for turn in range(rounds):
        for location, times in taken.items():
            fresh = text.replace(FRESH, fresh_word(next(LOADS) * 10**8)).encode()
            sockets[location].sendall(
                f"POST {location}/v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: "
                f"application/json\r\nContent-Length: {len(fresh)}\r\n\r\n".encode() + fresh)
            begin = time.perf_counter()
            got = sockets[location].recv(65536)
            if turn >= rounds // 10:
                times.append((time.perf_counter() - begin) * 1e6)
            while not got.endswith((b"}", b"0\r\n\r\n", b"[DONE]\n\n")):
                got += sockets[location].recv(65536)
    medians = {location: statistics.median(times) for location, times in taken.items()}
    added = medians["/kt"] - medians["/plain"]
    print(f"| {name}, c=1, until the first byte: median | {medians['/plain']:.1f} | "
          f"{medians['/kt']:.1f} | + {added:.1f} us | {goal} |")
    for s in sockets.values():
        s.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="cases whose names hold this")
    parser.add_argument("--chain", default="[prompt-injection, pii-detector, safety-filter, audit-logger]")
    options = parser.parse_args()
    kilo = 1024
    json_answer = ("application/json", answer(PROSE[:400]))
    stream_answer = ("text/event-stream", events(32))
    # What a text repeats, each paragraph of it new; and where only what stands before is new.
    cases = [
        ("2 KB, c=32", 32, [FRESH, PROSE], None, 2 * kilo, json_answer, "<= 1.6 x"),
        ("100 KB, c=8", 8, [FRESH, PROSE], [PROSE], 100 * kilo, json_answer, "<= 4.0 x"),
        ("100 KB near misses, c=8", 8, [FRESH, *NEAR_MISSES], NEAR_MISSES, 100 * kilo, json_answer,
         "<= 1.5 of 100 KB"),
        ("1 MB, c=4", 4, [FRESH, PROSE], [PROSE], kilo * kilo, json_answer, "<= 3.5 x"),
    ]
    # Most of a conversation comes again with every turn: see keeptrusts_verdict_cache.
    cases = [(name + kind, c, body(text), answer, goal, fresh)
             for name, c, new, known, size, answer, goal in cases
             for kind, text, fresh in (
                 ("", repeat(new, size), True),
                 (", behind a new begin", FRESH + repeat(known or new, size), True),
                 (", again", repeat(new, size), False))
             if known or not kind.startswith(", behind")]
    random_misses = FRESH + at_random(NEAR_MISSES, 100 * kilo)
    cases += [("100 KB near misses at random, c=8" + kind, 8, body(random_misses), json_answer,
               "<= 1.5 of 100 KB", fresh) for kind, fresh in (("", True), (", again", False))]
    cases.append(("stream, 32 events in one write, c=32", 32, body(FRESH + "Hello there", True),
                  stream_answer, "<= 2.8 x", True))
    cases = [case for case in cases if options.only in case[0]]
    directory = pathlib.Path(tempfile.mkdtemp(prefix="kt-bench-"))
    os.chmod(directory, 0o755)
    (directory / "audit").mkdir(mode=0o777)
    os.chmod(directory / "audit", 0o777)
    ports = {"front": free_port(), "upstream": free_port()}
    ports["streams"] = ports["upstream"]
    (directory / "pack.yaml").write_text(PACK.format(chain=options.chain, **ports))
    module = options.build.resolve() / "ngx_http_keeptrusts_module.so"
    front_text = f"load_module {module};\n" + FRONT.format(
        name="front", user=USER, dir=directory, gateways=gateway("kt", directory / "pack.yaml"),
        **ports)
    running = []

    def start_front():
        return Nginx("front", directory, front_text)

    def stop_all():
        while running:
            running.pop().stop()

    try:
        print("| case | proxy_pass, us of CPU | keeptrusts_pass, us | ratio | goal |")
        print("| --- | --- | --- | --- | --- |")
        current = None
        for name, connections, text, (content_type, payload), goal, fresh in cases:
            if current != content_type:
                stop_all()
                running += [Nginx("upstream", directory,
                                  upstream_conf(ports, payload, content_type)),
                            start_front()]
                current = content_type
            measure({"name": name, "connections": connections, "body": text, "goal": goal,
                     "fresh": fresh},
                    running[-1], ports, directory, options.seconds, options.rounds)
            if fresh and (name.startswith("2 KB") or "one write" in name):
                goal = "<= + 12 us" if name.startswith("2 KB") else "<= + 15 us"
                measure_latency(name.split(",")[0], running[-1], ports, text, goal)
        resident = memory_kb(running[-1].worker()) if running else None
        stop_all()
        if options.only in "stream, paced":
            running.append(start_front())
            measure_paced(running[-1], ports, options.seconds, options.rounds)
            stop_all()
        if resident:
            print(f"\nresident memory of the worker after all: {resident['Rss']} KB, of which "
                  f"{resident['Private']} KB are its own (goal: 12 MB)")
        if options.only in "open stream":
            measure_open(start_front, ports)
    finally:
        stop_all()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
