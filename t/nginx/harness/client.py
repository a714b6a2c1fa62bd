"""An HTTP/1.1 client on a raw socket: partial and pipelined writes, answers byte by byte."""

import dataclasses
import json
import socket
import subprocess

from harness import chat
from harness.wait import DEADLINE_S


@dataclasses.dataclass
class Response:
    status: int
    headers: list  # (name in lower case, value)
    body: bytes
    complete: bool  # ended as its framing says (not cut)

    def header(self, name):
        values = [value for key, value in self.headers if key == name.lower()]
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else None

    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json()["error"]


class Connection:
    """One TCP connection to the gateway."""

    def __init__(self, port, receive_buffer=None):
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(DEADLINE_S)
        self.sock.connect(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._data = b""
        self._head = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def post(self, path, body, headers=(), length=None):
        """A whole request; `body`: bytes, or an object that becomes JSON."""
        data = body if isinstance(body, bytes) else chat.dump(body)
        self.send(head("POST", path, headers, len(data) if length is None else length) + data)

    def read_head(self):
        """Status and headers of the next final answer (100 Continue is skipped)."""
        while True:
            block = self.read_until(b"\r\n\r\n")
            lines = block.decode("latin-1").rstrip("\r\n").split("\r\n")
            status = int(lines[0].split(" ")[1])
            if status != 100:
                break
        pairs = (line.partition(":") for line in lines[1:])
        headers = [(name.strip().lower(), value.strip()) for name, _, value in pairs]
        self._head = Response(status, headers, b"", False)
        return self._head

    def read_until(self, mark):
        """Raw bytes up to and with `mark`."""
        while mark not in self._data:
            assert self._more(), f"closed before {mark!r}; got {self._data[-2000:]!r}"
        before, _, self._data = self._data.partition(mark)
        return before + mark

    def read_body(self, enough=None):
        """The body of the answer whose head was read; Response.complete tells a cut one.

        `enough`: a predicate on the body so far; reading stops as soon as it is true.
        """
        answer = self._head
        fields = dict(answer.headers)
        if answer.status in (204, 304):
            answer.complete = True
        elif fields.get("transfer-encoding") == "chunked":
            self._read_chunked(answer, enough)
        elif "content-length" in fields:
            self._read_length(answer, int(fields["content-length"]))
        else:
            self._read_to_end(answer, enough)
        return answer

    def read(self):
        """The next whole answer."""
        self.read_head()
        return self.read_body()

    def at_end(self):
        """True when the gateway closed the connection and nothing is left to read."""
        return not self._data and not self._more()

    def read_to_end(self):
        """All bytes that are left, once the gateway has closed the connection."""
        while self._more():
            pass
        data, self._data = self._data, b""
        return data

    def _more(self):
        try:
            data = self.sock.recv(1 << 18)
        except ConnectionResetError:
            return False
        self._data += data
        return bool(data)

    def _read_length(self, answer, length):
        while len(self._data) < length and self._more():
            pass
        answer.body, self._data = self._data[:length], self._data[length:]
        answer.complete = len(answer.body) == length

    def _read_to_end(self, answer, enough):
        while True:
            answer.body, self._data = answer.body + self._data, b""
            if enough and enough(answer.body):
                return
            if not self._more():
                break
        answer.complete = True

    def _read_chunked(self, answer, enough):
        parts, pending = [answer.body], answer.body if enough else b""
        while not (enough and enough(pending)):
            size = self._read_chunk_size()
            if size is None:
                break
            while len(self._data) < size + 2 and self._more():
                pass
            if len(self._data) < size + 2:
                parts.append(self._data)
                break
            parts.append(self._data[:size])
            pending += parts[-1] if enough else b""
            self._data = self._data[size + 2 :]
            if size == 0:
                answer.complete = True
                break
        answer.body = b"".join(parts)

    def _read_chunk_size(self):
        while b"\r\n" not in self._data:
            if not self._more():
                return None
        line, _, self._data = self._data.partition(b"\r\n")
        return int(line, 16)


def head(method, path, headers=(), length=None):
    """A request head; a Host, and for bodies Content-Type and Content-Length, unless given."""
    given = {name.lower() for name, _ in headers}
    lines = [f"{method} {path} HTTP/1.1"]
    if "host" not in given:
        lines.append("Host: gateway.test")
    if length is not None:
        if "content-type" not in given:
            lines.append("Content-Type: application/json")
        if not given & {"content-length", "transfer-encoding"}:
            lines.append(f"Content-Length: {length}")
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def curl(*arguments, data=None):
    """(status, headers in lower case, body) as curl sees them."""
    result = subprocess.run(
        ["curl", "-sS", "-i", "--max-time", str(DEADLINE_S), *arguments],
        input=data,
        capture_output=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr.decode()
    top, _, body = result.stdout.partition(b"\r\n\r\n")
    lines = top.decode("latin-1").split("\r\n")
    headers = {k.strip().lower(): v.strip() for k, _, v in (s.partition(":") for s in lines[1:])}
    return int(lines[0].split(" ")[1]), headers, body
