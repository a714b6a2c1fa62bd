"""CPU of one nginx worker per request: keeptrusts_pass with the whole chain against proxy_pass.

Both locations live in one worker and talk to the same upstream (a second nginx that answers with
constants), in turns within one run, since machines are noisy. CPU is the worker's user and system
time from /proc/<pid>/stat.
"""
import argparse
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

PROSE = (
    "The lighthouse at the northern cape was built over a period of four years, and the stones for "
    "it came by boat from a quarry on the mainland. Could you explain how the keepers managed to "
    "carry oil up the stairs every evening, and what they did when storms kept the supply ship away "
    "for weeks? The tower stands 38 metres above the sea; its lamp turns once every 12 seconds.\n"
    "def area(width: float, height: float) -> float:\n    return width * height  # in metres\n"
)
# Each begins what some rule looks for and ends otherwise.
NEAR_MISSES = (
    "ignore all of the noise outside ", "how to kill time in town ", "call 415-555-26 now ",
    "4111 1111 1111 111 ", "jane.doe@ home ", "DE89 3704 0044 05 ", "10.20.300.4000 ", "sk-abc ",
    "AKIA1234 ", "pretend you are late ", "eyJhbGciOi.x ", "system prompt engineering is fun ",
    "from now on, I will walk ", "build a birdhouse ", "https://user:pw/ ", "password: ok ",
    "-----BEGIN NOTE----- ", "1234-56-789 ", "ghp_abcdef ", "disregard it ",
)

PACK = """
pack: {{name: bench, version: 1.0.0, enabled: true}}
policies: {{chain: [prompt-injection, pii-detector, safety-filter, audit-logger]}}
policy: {{safety-filter: {{action: log}}, prompt-injection: {{action: log}}}}
providers:
  targets:
    - {{id: one, provider: openai-compatible, base_url: "http://127.0.0.1:{upstream}/v1",
       secret_key_ref: {{env: BENCH_KEY}}}}
"""

USER = "user root;\n" if os.geteuid() == 0 else ""

COMMON = """
worker_processes 1;
{user}pid {name}.pid;
error_log {name}.log warn;
daemon off;
events {{ worker_connections 1024; }}
"""

FRONT = COMMON + """
env BENCH_KEY;
http {{
    access_log off;
    client_max_body_size 32m;
    client_body_buffer_size 4m;
    keepalive_requests 1000000;
    keeptrusts_audit_dir {dir}/audit;
    upstream plain {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 1000000; }}
    server {{
        listen 127.0.0.1:{front} reuseport;
        location /plain/ {{
            proxy_pass http://plain/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffer_size 64k;
            proxy_buffers 8 64k;
        }}
        location /kt/ {{
            keeptrusts_policy_config {dir}/pack.yaml;
            keeptrusts_pass;
        }}
    }}
}}
"""

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def repeat(parts, size):
    text = ""
    while len(text) < size:
        text += "".join(parts)
    return text[:size]


def body(text, stream=False):
    request = {"model": "m", "messages": [{"role": "user", "content": text}]}
    if stream:
        request["stream"] = True
    return json.dumps(request, ensure_ascii=False)


def answer(text):
    message = {"role": "assistant", "content": text}
    return json.dumps({"id": "c1", "object": "chat.completion", "created": 1, "model": "m",
                       "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                       "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}})


def events(count):
    out = ""
    words = PROSE.replace("\n", " ").split(" ")
    for i in range(count):
        delta = {"object": "chat.completion.chunk",
                 "choices": [{"index": 0, "delta": {"content": words[i % len(words)] + " "}}]}
        # A parameter of nginx's configuration holds 4 KB.
        out += f"data: {json.dumps(delta, separators=(',', ':'))}\n\n"
    return out + "data: [DONE]\n\n"


def cpu_ticks(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def resident_kb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


def upstream_conf(ports, directory, payload, content_type):
    quoted = payload.replace("\\", "\\\\").replace("'", "\\'").replace("$", "${dollar}")
    return COMMON.format(name="upstream", user=USER) + f"""
http {{
    access_log off;
    client_max_body_size 0;
    client_body_buffer_size 4m;
    keepalive_requests 1000000;
    geo $dollar {{ default '$'; }}
    server {{
        listen 127.0.0.1:{ports['upstream']};
        location / {{ default_type {content_type}; return 200 '{quoted}'; }}
    }}
}}
"""


class Nginx:
    def __init__(self, name, directory, text):
        self.pid_file = directory / f"{name}.pid"
        conf = directory / f"{name}.conf"
        conf.write_text(text)
        env = dict(os.environ, BENCH_KEY="k")
        self.process = subprocess.Popen(["nginx", "-p", str(directory), "-c", str(conf),
                                         "-e", str(directory / f"{name}.log")], env=env)
        for _ in range(200):
            if self.pid_file.exists() and self.worker():
                return
            time.sleep(0.05)
        raise SystemExit(f"{name} does not start: {(directory / f'{name}.log').read_text()}")

    def worker(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        found = children.read_text().split()
        return int(found[0]) if found else 0

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def load(port, path, directory, text, connections, seconds):
    (directory / "body").write_text(text)
    script = directory / "post.lua"
    script.write_text(f"""
local f = io.open("{directory}/body", "rb")
wrk.method = "POST"
wrk.body = f:read("*a")
wrk.headers["Content-Type"] = "application/json"
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


def measure(case, front, ports, directory, seconds, rounds):
    costs = {"/plain": [], "/kt": []}
    worker = front.worker()
    for _ in range(rounds):
        for location, list_of in costs.items():
            before = cpu_ticks(worker)
            done = load(ports["front"], location + "/v1/chat/completions", directory, case["body"],
                        case["connections"], seconds)
            ticks = cpu_ticks(worker) - before
            list_of.append(ticks / os.sysconf("SC_CLK_TCK") * 1e6 / done)
    plain, full = (statistics.median(costs[key]) for key in ("/plain", "/kt"))
    print(f"| {case['name']} | {plain:.1f} | {full:.1f} | {full / plain:.2f} x | {case['goal']} |",
          flush=True)
    return full


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    kilo = 1024
    json_answer = ("application/json", answer(PROSE[:400]))
    stream_answer = ("text/event-stream", events(32))
    cases = [
        ("2 KB, c=32", 32, body(repeat([PROSE], 2 * kilo)), json_answer, "<= 1.6 x"),
        ("100 KB, c=8", 8, body(repeat([PROSE], 100 * kilo)), json_answer, "<= 4.0 x"),
        ("100 KB near misses, c=8", 8, body(repeat(NEAR_MISSES, 100 * kilo)), json_answer,
         "<= 1.5 of 100 KB"),
        ("1 MB, c=4", 4, body(repeat([PROSE], kilo * kilo)), json_answer, "<= 3.5 x"),
        ("stream, 32 events in one write, c=32", 32, body("Hello there", True), stream_answer,
         "<= 2.8 x"),
    ]
    directory = pathlib.Path(tempfile.mkdtemp(prefix="kt-bench-"))
    os.chmod(directory, 0o755)
    (directory / "audit").mkdir(mode=0o777)
    os.chmod(directory / "audit", 0o777)
    ports = {"front": free_port(), "upstream": free_port()}
    (directory / "pack.yaml").write_text(PACK.format(**ports))
    module = options.build.resolve() / "ngx_http_keeptrusts_module.so"
    front_text = f"load_module {module};\n" + FRONT.format(name="front", user=USER, dir=directory, **ports)
    running = []
    try:
        print("| case | proxy_pass, us of CPU | keeptrusts_pass, us | ratio | goal |")
        print("| --- | --- | --- | --- | --- |")
        current = None
        front = None
        for name, connections, text, (content_type, payload), goal in cases:
            if current != content_type:
                for nginx in running:
                    nginx.stop()
                upstream = Nginx("upstream", directory,
                                 upstream_conf(ports, directory, payload, content_type))
                front = Nginx("front", directory, front_text)
                running = [front, upstream]
                current = content_type
            measure({"name": name, "connections": connections, "body": text, "goal": goal}, front,
                    ports, directory, options.seconds, options.rounds)
        print(f"\nresident memory of the worker after all: {resident_kb(front.worker())} KB")
    finally:
        for nginx in running:
            nginx.stop()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
