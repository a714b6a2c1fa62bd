"""The .so as a guest in nginx's process."""

import subprocess

from harness.gateway import MODULE


def test_it_exports_what_nginx_needs_and_nothing_else():
    listing = subprocess.run(
        ["nm", "-D", "--defined-only", MODULE], check=True, capture_output=True, text=True
    ).stdout
    names = {line.split()[-1].partition("@")[0] for line in listing.splitlines()}
    assert names == {"ngx_modules", "ngx_module_names", "ngx_module_order"}


def test_what_requests_run_lies_side_by_side():
    """Else function_order.ld was not given to the linker, or its list is far behind the code."""
    listing = subprocess.run(
        ["readelf", "--wide", "--section-headers", MODULE], check=True, capture_output=True, text=True
    ).stdout
    sections = {}
    for line in listing.splitlines():
        words = line.partition("]")[2].split()
        if len(words) > 4 and words[1] == "PROGBITS":
            sections[words[0]] = int(words[4], 16)
    assert 300_000 < sections[".text.keeptrusts_requests"] < sections[".text"] / 2
