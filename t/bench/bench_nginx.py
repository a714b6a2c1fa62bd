"""The processes of the benchmarks: nginx with the gateway, nginx as its upstream, and what they cost."""

import os
import pathlib
import socket
import subprocess
import time

PACK = """
pack: {{name: bench, version: 1.0.0, enabled: true}}
policies: {{chain: {chain}}}
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
events {{ worker_connections 4096; }}
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
        {gateways}
    }}
}}
"""



def gateway(name, pack):
    """A location of FRONT."""
    return f"location /{name}/ {{ keeptrusts_policy_config {pack}; keeptrusts_pass; }}\n"


UPSTREAM = COMMON + """
http {{
    access_log off;
    client_max_body_size 0;
    client_body_buffer_size 4m;
    keepalive_requests 1000000;
    geo $dollar {{ default '$'; }}
    server {{
        listen 127.0.0.1:{upstream};
        {locations}
    }}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_us(pid):
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e3


def resident_kb(pid):
    return memory_kb(pid)["Rss"]


def memory_kb(pid):
    """Rss: all that is resident, also what nginx's master, its workers and other programs share.
    Private: what the process has for itself."""
    sizes = {}
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, value = line.split(":")
        sizes[name] = int(value.split()[0])
    return {"Rss": sizes["Rss"], "Private": sizes["Private_Clean"] + sizes["Private_Dirty"]}


def quote(payload):
    """As a parameter in the upstream's configuration."""
    return payload.replace("\\", "\\\\").replace("'", "\\'").replace("$", "${dollar}")


def upstream_conf(ports, payload, content_type):
    location = f"location / {{ default_type {content_type}; return 200 '{quote(payload)}'; }}"
    return UPSTREAM.format(name="upstream", user=USER, locations=location, **ports)


class Nginx:
    def __init__(self, name, directory, text, under=(), seconds=10):
        """`under`: a command that runs nginx."""
        self.pid_file = directory / f"{name}.pid"
        conf = directory / f"{name}.conf"
        conf.write_text(text)
        env = dict(os.environ, BENCH_KEY="k")
        self.process = subprocess.Popen([*under, "nginx", "-p", str(directory), "-c", str(conf),
                                         "-e", str(directory / f"{name}.log")], env=env)
        for _ in range(seconds * 20):
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
        self.process.wait(60)
