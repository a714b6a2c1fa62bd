"""Harmless items as coding agents' texts are full of, made at random: KINDS maps a group to its makers."""

import base64
import string
import time
import uuid

NAMES = ("core net parser stream http auth store ring audit zlib regex yaml loader react dom types "
         "node plugin lodash utils eslint config").split()  # fmt: skip
BASE62 = string.ascii_letters + string.digits


class Maker:
    def __init__(self, rng):
        self.rng = rng

    def of(self, alphabet, n):
        return "".join(self.rng.choice(alphabet) for _ in range(n))

    def digits(self, low, high=None):
        return self.of(string.digits, self.rng.randint(low, high or low))

    def hex(self, n):
        return self.of("0123456789abcdef", n)

    def base64(self, n):
        return base64.b64encode(self.rng.randbytes(n)).decode()

    def name(self):
        return self.rng.choice(NAMES)

    def version(self, parts=3):
        return ".".join(str(self.rng.randrange(120)) for _ in range(parts))

    def seconds(self):
        return self.rng.randrange(1_400_000_000, 1_900_000_000)

    def time(self, form):
        return time.strftime(form, time.gmtime(self.seconds()))

    def uuid(self):
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def row(self, separator, count, low, high):
        return separator.join(self.digits(low, high) for _ in range(count))


KINDS = {
    "numbers of 9 to 16 digits": [lambda m: m.digits(9, 16)],
    "UUIDs": [lambda m: m.uuid(), lambda m: m.uuid().upper(), lambda m: f'"id": "{m.uuid()}"'],
    "hashes": [
        lambda m: m.hex(32),
        lambda m: m.hex(40),
        lambda m: m.hex(64).upper(),
        lambda m: "sha256:" + m.hex(64),
        lambda m: m.hex(m.rng.choice([7, 8, 12])),
    ],
    "timestamps": [
        lambda m: str(m.seconds()),
        lambda m: str(m.seconds() * 1000 + m.rng.randrange(1000)),
        lambda m: str(m.seconds() * 10**6 + m.rng.randrange(10**6)),
        lambda m: str(m.seconds() * 10**9 + m.rng.randrange(10**9)),
        lambda m: m.time("%Y-%m-%dT%H:%M:%S.") + m.digits(3) + "Z",
        lambda m: m.time("%Y%m%d%H%M%S"),
        lambda m: m.time("%d.%m.%Y - ") + m.time("%d.%m.%Y"),
    ],
    "versions and OIDs": [
        lambda m: "v" + m.version(),
        lambda m: f"Chrome/{m.version(4)} Safari/{m.version(2)}",
        lambda m: f"{m.name()}-{m.version(4)}.tar.gz",
        lambda m: f"1.3.6.1.4.1.{m.version(4)}",
    ],
    "lock files": [
        lambda m: f'"node_modules/{m.name()}": {{"version": "{m.version()}", '
        f'"resolved": "https://packages.example.org/{m.name()}/-/{m.name()}-{m.version()}.tgz", '
        f'"integrity": "sha512-{m.base64(64)}"}},',
        lambda m: f'name = "{m.name()}"\nversion = "{m.version()}"\nchecksum = "{m.hex(64)}"',
        lambda m: f"github.com/{m.name()}/{m.name()} v{m.version()}-0.{m.digits(14)}-{m.hex(12)} "
        f"h1:{m.base64(32)}",
        lambda m: f"{m.name()}=={m.version()} \\\n    --hash=sha256:{m.hex(64)}",
        lambda m: f"  /{m.name()}/{m.version()}:\n    resolution: "
        f"{{integrity: sha512-{m.base64(64)}}}",
        lambda m: f"    {m.name()} ({m.version(4)})\n      {m.name()} (>= {m.version()})",
    ],
    "logs and git": [
        lambda m: f"commit {m.hex(40)}\nDate:   Tue Mar 3 10:{m.digits(2)}:07 2026 +0100",
        lambda m: f"index {m.hex(7)}..{m.hex(7)} 100644\n@@ -{m.digits(3)},7 +{m.digits(3)},9 @@",
        lambda m: m.time("%Y/%m/%d %H:%M:%S") + f" [error] {m.digits(5)}#{m.digits(5)}: "
        f"*{m.digits(3, 10)} upstream timed out",
        lambda m: m.time("%Y-%m-%dT%H:%M:%SZ") + f" INFO [{m.name()}-3] request_id={m.uuid()} "
        f"bytes={m.digits(3, 9)} duration={m.digits(3)}ms",
        lambda m: f'{m.name()}_total{{code="200",le="0.{m.digits(3)}"}} {m.digits(3, 12)} '
        f"{m.seconds()}000",
        lambda m: f"{m.name()}-{m.hex(10)}-{m.of(string.ascii_lowercase, 5)}   1/1   Running",
    ],
    "rows of numbers and dumps": [
        lambda m: m.row(",", 8, 1, 12),
        lambda m: m.row("\t", 8, 1, 12),
        lambda m: m.row(" ", 10, 1, 4),
        lambda m: m.row(" ", 10, 3, 3),
        lambda m: "[" + m.row(", ", 8, 1, 14) + "]",
        lambda m: ",".join(f"{m.rng.uniform(-999, 999):.6f}" for _ in range(8)),
        lambda m: f"{m.hex(8)}: " + " ".join(m.hex(4) for _ in range(8)),
        lambda m: f"{m.hex(8)}  " + " ".join(m.hex(2) for _ in range(16)),
    ],
    "ids of orders and objects": [
        lambda m: m.rng.choice(["Order", "Invoice", "Ticket", "SKU"]) + " #" + m.digits(4, 14),
        lambda m: f"Order {m.digits(3)}-{m.digits(7)}-{m.digits(7)}",
        lambda m: f"ISBN 978-{m.digits(1)}-{m.digits(4)}-{m.digits(4)}-{m.digits(1)}",
        lambda m: f'{{"id": {m.digits(6, 16)}, "user_id": {m.digits(5, 12)}}}',
        lambda m: f'"_id": "{m.hex(24)}"',
        lambda m: f'{{"id": "call_{m.of(BASE62, 24)}", "type": "function"}}',
        lambda m: f'{{"id": "chatcmpl-{m.of(BASE62, 29)}", "created": {m.seconds()}}}',
        lambda m: f'"nextPageToken": "{m.of(BASE62, 24)}", "etag": "{m.of(BASE62, 20)}"',
        lambda m: f"traceparent: 00-{m.hex(32)}-{m.hex(16)}-01",
        lambda m: f"arn:aws:lambda:us-east-1:{m.digits(12)}:function:{m.name()}",
    ],
    "code and encoded files": [
        lambda m: f"constexpr uint64_t kSeed = 0x{m.hex(16)}ULL;  // {m.name()}::{m.name()}",
        lambda m: f'self.api_key = os.environ["{m.name().upper()}_API_KEY"]',
        lambda m: f"const accessToken = await {m.name()}Client.fetchToken({{retries: 3}});",
        lambda m: f'cache_key = "{m.name()}-{m.hex(12)}"',
        lambda m: "API_KEY=your-api-key-here\nSECRET_KEY=changeme\nDB_PASSWORD=${DB_PASSWORD}",
        lambda m: "\n".join(m.base64(57) for _ in range(4)),
        lambda m: "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA" + m.base64(120),
        lambda m: "-----BEGIN CERTIFICATE-----\nMII" + "\n".join(m.base64(48) for _ in range(5)),
        lambda m: f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{m.base64(30)} dev@host",
        lambda m: f"https://docs.example.com/document/d/{m.of(BASE62, 44)}/edit",
        lambda m: f"/tmp/{m.name()}-{m.of(BASE62, 8)}/build/{m.name()}_{m.digits(6)}.o",
    ],
}


def items(rng, per_kind):
    """{id: (group, text)}: `per_kind` of each group."""
    maker, made = Maker(rng), {}
    for group, makers in KINDS.items():
        for i in range(per_kind):
            made[f"{group}/{i}"] = (group, makers[i % len(makers)](maker))
    return made
