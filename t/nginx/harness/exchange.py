"""One request that a provider got, and the means to answer it byte by byte."""

import dataclasses
import json
import select
import socket
import threading

from harness import sockets
from harness.wait import DEADLINE_S

REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 429: "Too Many Requests"}


@dataclasses.dataclass
class Request:
    method: str
    target: str
    head: bytes  # with its empty line
    headers: list  # (name in lower case, value)
    body: bytes
    connection: int  # which connection it came on, from 1
    server_name: str = None  # of that connection's TLS handshake
    resumed: bool = False  # its TLS session had begun on an earlier connection

    def header(self, name):
        """The value of a header that comes exactly once; None when absent."""
        values = [value for key, value in self.headers if key == name.lower()]
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else None

    @property
    def header_names(self):
        return [name for name, _ in self.headers]

    def json(self):
        return json.loads(self.body)


class Exchange:
    """Not thread-safe: either the script or, after Manual.take(), the test uses it."""

    def __init__(self, sock, request, stopping):
        self.sock = sock
        self.request = request
        self.closed = False
        self._stopping = stopping
        self._done = threading.Event()

    def send(self, data, read=False):
        """One write. `read`: returns only when the gateway has read it."""
        self.sock.sendall(data)
        if read:
            sockets.wait_until_read(self.sock)

    def send_head(self, status=200, headers=(), framing="chunked", length=0):
        """`framing`: "chunked", "length" (give `length`), or "close"."""
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
        elif framing == "length":
            lines.append(f"Content-Length: {length}")
        else:
            lines.append("Connection: close")
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n")

    def send_stream_head(self, framing="chunked"):
        self.send_head(headers=[("Content-Type", "text/event-stream")], framing=framing)

    def chunk(self, data, read=False):
        self.send(b"%x\r\n%s\r\n" % (len(data), data), read=read)

    def end_chunks(self):
        self.send(b"0\r\n\r\n")

    def done(self):
        """Manual exchanges: the answer is complete, the connection serves the next request."""
        self._done.set()

    def close(self):
        """Ends the connection with FIN."""
        self._end()

    def reset(self):
        """Ends the connection with RST."""
        sockets.reset_on_close(self.sock)
        self._end(shutdown=False)

    def _end(self, shutdown=True):
        self.closed = True
        try:
            if shutdown:
                self.sock.shutdown(socket.SHUT_RDWR)
            self.sock.close()
        except OSError:
            pass
        self._done.set()

    def wait_until_done(self):
        while not self._done.wait(0.05):
            if self._stopping.is_set():
                return

    def gateway_hung_up(self, seconds=DEADLINE_S):
        """True once the gateway has closed the connection; False when it did not in time."""
        readable, _, _ = select.select([self.sock], [], [], seconds)
        if not readable:
            return False
        try:
            return self.sock.recv(1) == b""
        except OSError:
            return True

    def drip(self, piece, every_seconds=0.05):
        """Writes `piece` again and again until the gateway hangs up; returns how often it did."""
        count = 0
        while not self._stopping.is_set():
            try:
                self.send(piece)
            except OSError:
                break
            count += 1
            if self.gateway_hung_up(every_seconds):
                break
        self.closed = True
        return count


def read_request(sock, rest, connection):
    """(Request, bytes behind it), or (None, b"") when the peer closed between requests."""
    data = rest
    while b"\r\n\r\n" not in data:
        more = sock.recv(65536)
        if not more:
            return None, b""
        data += more
    head, _, data = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    method, target, _version = lines[0].split(" ")
    headers = [(k.strip().lower(), v.strip()) for k, _, v in (s.partition(":") for s in lines[1:])]
    fields = dict(headers)
    if fields.get("transfer-encoding", "").lower() == "chunked":
        body, data = _read_chunked(sock, data)
    else:
        length = int(fields.get("content-length", "0"))
        data = _read_at_least(sock, data, length)
        body, data = data[:length], data[length:]
    return Request(method, target, head + b"\r\n\r\n", headers, body, connection), data


def _read_at_least(sock, data, length):
    parts, have = [data], len(data)
    while have < length:
        more = sock.recv(1 << 20)
        if not more:
            raise ConnectionResetError("request body cut")
        parts.append(more)
        have += len(more)
    return b"".join(parts)


def _read_chunked(sock, data):
    body = b""
    while True:
        while b"\r\n" not in data:
            data = _read_at_least(sock, data, len(data) + 1)
        size_line, _, data = data.partition(b"\r\n")
        size = int(size_line.split(b";")[0], 16)
        data = _read_at_least(sock, data, size + 2)
        body, data = body + data[:size], data[size + 2 :]
        if size == 0:
            return body, data
