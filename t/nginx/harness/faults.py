"""Named ways in which a provider misbehaves, and what the gateway promises for each.

A fault's outcome says what a client sees with no other target; with a healthy one, whatever failed
before commit is answered by that.
"""

import dataclasses
import email.utils
import gzip
import socket
import time
from collections.abc import Callable

from harness import answers, chat, sockets


@dataclasses.dataclass(frozen=True)
class Fails:
    """Before commit: another target may answer. Without one: `status` and `code`."""

    error: str  # of the attempt, in the record
    status: int = 502
    code: str = "upstream_failed"
    maybe_billed: bool = False
    verdict: str = "error"  # of the record, when there is no other target
    races_with: "Fails | None" = None  # what it also may be, for the kernel decides


@dataclasses.dataclass(frozen=True)
class Breaks:
    """After the first text: an error event, whatever other targets there are."""

    error: str
    code: str = "upstream_failed"


@dataclasses.dataclass(frozen=True)
class Passes:
    """No fault of the target: its answer, of this status, is the client's."""

    status: int = 200


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    script: Callable
    json: object = None  # the outcome for a plain request; None: not tried
    stream: object = None
    server: str = "plain"  # which server of the test: "plain", "tls", "misnamed", …


# ---- outcomes that many share --------------------------------------------------------------------

UNSENT = Fails("connect_error")
BAD_TLS = Fails("tls_error")
RESET = Fails("reset", maybe_billed=True)
INVALID = Fails("invalid_response", code="upstream_invalid_response", maybe_billed=True)
TIMEOUT = Fails("timeout", 504, "upstream_timeout", maybe_billed=True)
SERVER = Fails("server_error")
SERVER_BILLED = Fails("server_error", maybe_billed=True)
AUTH = Fails("auth_error", code="upstream_auth_failed")
MODEL = Fails("model_error", code="upstream_auth_failed")
# The last target's own refusal reaches the client.
LIMITED = Fails("rate_limit", 429, None, verdict="allowed")
RESET_AT_ONCE = dataclasses.replace(UNSENT, races_with=RESET)
REDIRECT = Fails("invalid_response", code="upstream_invalid_response")
CLIENTS_OWN = Passes(400)

# ---- bytes ---------------------------------------------------------------------------------------

GOOD = chat.dump(chat.answer("All is well."))
ERROR = chat.dump({"error": {"message": "no", "type": "x", "code": None, "param": None}})
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SSE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
ROLE = chat.event(chat.chunk({"role": "assistant", "content": ""}))
FINISH = chat.event(chat.chunk({}, finish="stop"))
# Long enough that some of it has been released, whatever the policies hold back.
TEXT = [chat.event(chat.chunk({"content": text})) for text in ("Hello there, ", "dear ", "friend.")]
WHOLE = [ROLE, *TEXT, FINISH, chat.DONE]


def status(code, body=ERROR, headers=(), content_type="application/json"):
    return answers.whole(body, code, headers, content_type=content_type)


def limited(*headers):
    return status(429, headers=headers)


def http_date(seconds):
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


def cut(pieces):
    return answers.stream(pieces, end=False)


def stalled(pieces):
    """These events, then nothing until the gateway hangs up."""

    def script(exchange):
        exchange.send_stream_head()
        for piece in pieces:
            exchange.chunk(piece)
        exchange.gateway_hung_up()
        exchange.closed = True

    return script


def reset_after(*pieces):
    def script(exchange):
        for piece in pieces:
            exchange.send(piece, read=True)
        exchange.reset()

    return script


def stall_after(*pieces):
    def script(exchange):
        for piece in pieces:
            exchange.send(piece)
        exchange.gateway_hung_up()
        exchange.closed = True

    return script


def unasked_gzip_stream(exchange):
    body = gzip.compress(b"".join(WHOLE))
    exchange.send_head(200, [*answers.SSE, ("Content-Encoding", "gzip")], "chunked")
    exchange.chunk(body)
    exchange.end_chunks()


def both(name, script, outcome, **more):
    return Fault(name, script, outcome, outcome, **more)


def after_commit(name, tail, outcome):
    """The fault happens behind released text."""
    return Fault(name, answers.stream([ROLE, *TEXT, *tail]), None, outcome)


# ---- the list ------------------------------------------------------------------------------------

CONNECTION = [
    both("connection refused", None, UNSENT, server="refused"),
    both("reset at accept", None, RESET_AT_ONCE, server="resetting"),
    both("TLS: another name in the certificate", None, BAD_TLS, server="misnamed"),
    both("TLS: an expired certificate", None, BAD_TLS, server="expired"),
    both("TLS: an unknown authority", None, BAD_TLS, server="unknown"),
    both("TLS: closed in the handshake", None, BAD_TLS, server="closing"),
    both("closed without a byte", answers.hang_up, RESET),
    both("reset without a byte", lambda exchange: exchange.reset(), RESET),
    both("closed in the status line", answers.raw(b"HTTP/1.1 20"), RESET),
    both("closed in the head", answers.raw(b"HTTP/1.1 200 OK\r\nContent-Ty"), RESET),
    both("reset in the head", reset_after(b"HTTP/1.1 200 OK\r\nContent-Ty"), RESET),
    both("closed behind the head", answers.raw(HEAD + b"Content-Length: 50\r\n\r\n"), RESET),
    both("reset behind the head", reset_after(HEAD + b"Content-Length: 50\r\n\r\n"), RESET),
]

STATUS = [
    both(f"status {code}", status(code), SERVER)
    for code in (408, 500, 501, 502, 503, 504, 520, 524, 529)
] + [
    both("503 with an HTML page", status(503, b"<html>x</html>", content_type="text/html"), SERVER),
    both("503 without a body", status(503, b""), SERVER),
    both("401", status(401), AUTH),
    both("402", status(402), AUTH),
    both("403", status(403), AUTH),
    both("404 for the target's own model", status(404), MODEL),
    both("400", status(400), Passes(400)),
    both("413", status(413), Passes(413)),
    both("415", status(415), Passes(415)),
    both("422", status(422), Passes(422)),
    both("301", status(301, b"", [("Location", "http://127.0.0.1:1/")]), REDIRECT),
    both("307", status(307, b"", [("Location", "http://127.0.0.1:1/")]), REDIRECT),
]

RETRY_AFTER = [
    both("429", limited(), LIMITED),
    both("429, Retry-After in seconds", limited(("Retry-After", "7")), LIMITED),
    both("429, Retry-After as a date", limited(("Retry-After", http_date(9))), LIMITED),
    both("429, a date that is past", limited(("Retry-After", http_date(-900))), LIMITED),
    both("429, retry-after-ms", limited(("retry-after-ms", "1500")), LIMITED),
    both("429, negative", limited(("Retry-After", "-5")), LIMITED),
    both("429, without an end", limited(("Retry-After", "9" * 40)), LIMITED),
    both("429, no number", limited(("Retry-After", "soon")), LIMITED),
    both("429, twice", limited(("Retry-After", "3"), ("Retry-After", "4")), LIMITED),
]

HEADS = [
    both("not HTTP", answers.raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), INVALID),
    both("an oversized header", answers.raw(HEAD + b"X-A: " + b"a" * 70000 + b"\r\n\r\n"), INVALID),
    both("a slow head", stall_after(b"HTTP/1.1 200 OK\r\nX-A: 1\r\n"), TIMEOUT),
    both("no answer at all", answers.stall, TIMEOUT),
    both("an encoding nobody asked for", answers.gzipped(GOOD), INVALID),
    Fault("gzip unasked, stream", unasked_gzip_stream, None, INVALID),
]

BODIES = [
    Fault("HTML with 200", status(200, b"<html>hello</html>", content_type="text/html"), INVALID,
          INVALID),
    Fault("JSON as text/plain", status(200, GOOD, content_type="text/plain"), Passes()),
    Fault("200 with an error body", status(200, ERROR), SERVER_BILLED, SERVER_BILLED),
    Fault("an empty body", status(200, b""), INVALID, INVALID),
    Fault("cut JSON, clean end", status(200, GOOD[:-20]), INVALID),
    Fault("cut JSON by length", answers.raw(HEAD + b"Content-Length: %d\r\n\r\n" % len(GOOD),
                                            GOOD[:-20]), RESET),
    Fault("a truncated chunk", answers.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
                                           b"ff\r\n" + GOOD[:30]), RESET),
    Fault("a broken chunk size", answers.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
                                             b"zz\r\n{}"), INVALID),
    Fault("a chunk size without an end", answers.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
                                                     b"f" * 40 + b"\r\n{}"), INVALID),
    Fault("a duplicate key", status(200, b'{"choices":[],"choices":[]}'), INVALID),
    Fault("invalid UTF-8", status(200, GOOD.replace(b"well", b"\xff\xfe")), INVALID),
    Fault("trailing bytes", status(200, GOOD + b"x"), INVALID),
    Fault("a stalled body", stall_after(HEAD + b"Content-Length: %d\r\n\r\n" % len(GOOD),
                                        GOOD[:-20]), TIMEOUT),
    Fault("a dripping body", answers.drip_body(b" "), TIMEOUT),
]  # fmt: skip

STREAMS_BEFORE = [
    Fault("stream: 200, then close", cut([]), None, RESET),
    Fault("stream: 200, then stall", stalled([]), None, TIMEOUT),
    Fault("stream: 200, then a clean end", answers.stream([]), None, INVALID),
    Fault("stream: an error event first", answers.stream([chat.event(ERROR)]), None, SERVER_BILLED),
    Fault("stream: role, then an error", answers.stream([ROLE, chat.event(ERROR)]), None,
          SERVER_BILLED),
    Fault("stream: role, then close", cut([ROLE]), None, RESET),
    Fault("stream: role, then stall", stalled([ROLE]), None, TIMEOUT),
    Fault("stream: role, then no JSON", answers.stream([ROLE, b"data: {oops\n\n"]), None, INVALID),
    Fault("stream: comments, then close", cut([b": ping\n\n"] * 3), None, RESET),
    Fault("stream: comments, then stall", stalled([b": ping\n\n"] * 3), None, TIMEOUT),
    Fault("stream: usage only, then close", cut([chat.event(chat.usage_chunk())]), None, RESET),
    Fault("stream: half an event, then close", cut([TEXT[0][:20]]), None, RESET),
    Fault("stream: reset behind the head",
          reset_after(SSE_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"), None, RESET),
]  # fmt: skip

STREAMS_AFTER = [
    *(
        Fault(f"stream: cut behind event {n}", cut(WHOLE[: n + 1]), None, Breaks("reset"))
        for n in range(1, 4)
    ),
    *(
        Fault(f"stream: stalled behind event {n}", stalled(WHOLE[: n + 1]), None,
              Breaks("timeout", "upstream_timeout"))
        for n in range(1, 4)
    ),
    after_commit("stream: an end without finish_reason", [],
                 Breaks("invalid_response", "upstream_invalid_response")),
    after_commit("stream: [DONE] without finish_reason", [chat.DONE],
                 Breaks("invalid_response", "upstream_invalid_response")),
    after_commit("stream: an error event behind text", [chat.event(ERROR)], Breaks("server_error")),
    after_commit("stream: an event that is no JSON", [b"data: {oops\n\n", FINISH, chat.DONE],
                 Breaks("invalid_response", "upstream_invalid_response")),
    after_commit("stream: an event with a duplicate key", [b'data: {"a":1,"a":2}\n\n'],
                 Breaks("invalid_response", "upstream_invalid_response")),
]  # fmt: skip

HARMLESS = [
    Fault("stream: no [DONE]", answers.stream(WHOLE[:-1]), None, Passes()),
    Fault("stream: cut behind [DONE]", cut(WHOLE), None, Passes()),
    Fault("stream: bytes behind [DONE]", answers.stream([*WHOLE, b": bye\n\n"]), None, Passes()),
    Fault("trailing data on a kept connection", answers.raw(
        HEAD + b"Content-Length: %d\r\n\r\n" % len(GOOD), GOOD + b"HTTP/1.1 200 OK\r\n\r\nx",
        close=False), Passes()),
    Fault("an answer that ends with its connection", answers.whole(GOOD, framing="close"),
          Passes()),
]  # fmt: skip

ALL = [
    *CONNECTION, *STATUS, *RETRY_AFTER, *HEADS, *BODIES, *STREAMS_BEFORE, *STREAMS_AFTER, *HARMLESS
]  # fmt: skip


class Listener:
    """A server that never gets as far as HTTP. `handle` is called with each accepted socket."""

    def __init__(self, handle, spawn):
        self._handle = handle
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        spawn(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._handle(sock)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def reset_at_once(sock):
    sockets.reset_on_close(sock)
    sock.close()


def close_in_handshake(sock):
    sock.settimeout(2)
    sock.recv(1)  # the first byte of the ClientHello; the rest is never read
    sock.close()
