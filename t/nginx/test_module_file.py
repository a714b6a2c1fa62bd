"""The .so as a guest in nginx's process."""

import subprocess

from harness.gateway import MODULE


def test_it_exports_what_nginx_needs_and_nothing_else():
    listing = subprocess.run(
        ["nm", "-D", "--defined-only", MODULE], check=True, capture_output=True, text=True
    ).stdout
    names = {line.split()[-1].partition("@")[0] for line in listing.splitlines()}
    assert names == {"ngx_modules", "ngx_module_names", "ngx_module_order"}
