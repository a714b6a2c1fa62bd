"""Named ways in which a provider misbehaves, and what the gateway promises for each.

A fault's outcome says what a client sees with no other target; with a healthy one, whatever failed
before commit is answered by that.
"""

import dataclasses
import email.utils
import gzip
import time
from collections.abc import Callable

from harness import answers, chat
from harness.outcomes import (
    AUTH,
    BAD_TLS,
    BREAKS_INVALID,
    Breaks,
    CLOSED_AT_ONCE,
    INVALID,
    LIMITED,
    LIMITED_SOMEHOW,
    MODEL,
    Passes,
    REDIRECT,
    RESET,
    RESET_AT_ONCE,
    SERVER,
    SERVER_BILLED,
    TIMEOUT,
    UNSENT,
)


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    script: Callable
    json: object = None  # the outcome for a plain request; None: not tried
    stream: object = None
    server: str = "plain"  # which server of the test: "plain", "tls", "misnamed", …


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
LENGTH = b"Content-Length: %d\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
END = b"\r\n"
GOOD_ANSWER = HEAD + LENGTH % len(GOOD) + END + GOOD


def status(code, body=ERROR, headers=(), content_type="application/json"):
    return answers.whole(body, code, headers, content_type=content_type)


def limited(*headers):
    return status(429, headers=headers)


def http_date(seconds):
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


def cut(pieces):
    return answers.stream(pieces, end=False)


def unasked_gzip_stream(exchange):
    body = gzip.compress(b"".join(WHOLE))
    exchange.send_head(200, [*answers.SSE, ("Content-Encoding", "gzip")], "chunked")
    exchange.chunk(body)
    exchange.end_chunks()


def chunks(*pieces, trailer=b""):
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n" + trailer + END


def drip_head(exchange):
    """A header that comes byte by byte, for ever."""
    exchange.send(HEAD + b"X-A: ")
    exchange.drip(b"a", 0.02)


def both(name, script, outcome, **more):
    return Fault(name, script, outcome, outcome, **more)


def plain(name, script, outcome):
    return Fault(name, script, outcome)


def streamed(name, script, outcome):
    return Fault(name, script, None, outcome)


def each(name, json_script, stream_script, outcome):
    """The same fault in the form that it has for a plain request and for a stream."""
    return [plain(name, json_script, outcome), streamed(name, stream_script, outcome)]


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
    both("TLS: closed behind the handshake", None, CLOSED_AT_ONCE, server="leaving"),
    both("closed without a byte", answers.hang_up, RESET),
    both("reset without a byte", lambda exchange: exchange.reset(), RESET),
    both("closed in the status line", answers.raw(b"HTTP/1.1 20"), RESET),
    both("closed in the head", answers.raw(b"HTTP/1.1 200 OK\r\nContent-Ty"), RESET),
    both("reset in the head", answers.reset_after(b"HTTP/1.1 200 OK\r\nContent-Ty"), RESET),
    both("closed behind the head", answers.raw(HEAD + b"Content-Length: 50\r\n\r\n"), RESET),
    both("reset behind the head", answers.reset_after(HEAD + b"Content-Length: 50\r\n\r\n"), RESET),
]

STATUS = [
    both(f"status {code}", status(code), SERVER)
    for code in (408, 421, 425, 499, 500, 501, 502, 503, 504, 511, 520, 521, 522, 523, 524, 525, 526)
    + (527, 529, 530, 599)
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
    *(both(f"{code}", status(code), Passes(code)) for code in (405, 409, 410, 451)),
    both("407", status(407), REDIRECT),
    both("600", status(600), REDIRECT),
    both("204", answers.raw(b"HTTP/1.1 204 No Content\r\n\r\n"), INVALID),
    both("205", answers.raw(b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n"), INVALID),
    *each("206", status(206, GOOD), status(206, b"".join(WHOLE), content_type="text/event-stream"),
          INVALID),
    both("304", answers.raw(b"HTTP/1.1 304 Not Modified\r\n\r\n"), REDIRECT),
    both("308", status(308, b"", [("Location", "http://127.0.0.1:1/")]), REDIRECT),
    both("400 with an HTML page", status(400, b"<html>x</html>", content_type="text/html"),
         Passes(400)),
    both("413 in gzip", answers.whole(gzip.compress(ERROR), 413, [("Content-Encoding", "gzip")]),
         Passes(413)),
    both("422, cut", answers.raw(b"HTTP/1.1 422 X\r\nContent-Length: 50\r\n\r\n{"), Passes(422)),
    both("400, stalled", answers.stall_after(b"HTTP/1.1 400 X\r\nContent-Length: 50\r\n\r\n{"), Passes(400)),
    both("503, stalled", answers.stall_after(b"HTTP/1.1 503 X\r\nContent-Length: 50\r\n\r\n{"), SERVER),
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
    both("429, both forms", limited(("Retry-After", "600"), ("retry-after-ms", "100")), LIMITED),
    both("429, neither form", limited(("Retry-After", "-5"), ("retry-after-ms", "x")), LIMITED),
    both("429, of five megabytes", status(429, chat.dump({"error": {"message": "x" * 5_000_000}})),
         LIMITED),
    both("429 with an HTML page", status(429, b"<html>x</html>", content_type="text/html"),
         LIMITED_SOMEHOW),
    both("429 in gzip", answers.whole(gzip.compress(ERROR), 429, [("Content-Encoding", "gzip")]),
         LIMITED_SOMEHOW),
    both("429, cut", answers.raw(b"HTTP/1.1 429 X\r\nContent-Length: 50\r\n\r\n{"), LIMITED_SOMEHOW),
    both("429, stalled", answers.stall_after(b"HTTP/1.1 429 X\r\nContent-Length: 50\r\n\r\n{"),
         LIMITED_SOMEHOW),
]

HEADS = [
    both("not HTTP", answers.raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), INVALID),
    both("an oversized header", answers.raw(HEAD + b"X-A: " + b"a" * 70000 + b"\r\n\r\n"), INVALID),
    both("a slow head", answers.stall_after(b"HTTP/1.1 200 OK\r\nX-A: 1\r\n"), TIMEOUT),
    both("no answer at all", answers.stall, TIMEOUT),
    both("an encoding nobody asked for", answers.gzipped(GOOD), INVALID),
    Fault("gzip unasked, stream", unasked_gzip_stream, None, INVALID),
    both("a head of single bytes", drip_head, TIMEOUT),
    both("another protocol", answers.raw(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + GOOD_ANSWER), INVALID),
    both("a status below 100", answers.raw(b"HTTP/1.1 099 X\r\n\r\n" + GOOD_ANSWER), INVALID),
    both("interim answers only", answers.raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 3000), INVALID),
    both("a status of four digits", answers.raw(b"HTTP/1.1 2000 OK\r\n" + GOOD_ANSWER[17:]), INVALID),
    both("a folded header", answers.raw(HEAD + b"X-A: a\r\n b\r\n" + GOOD_ANSWER[49:]), INVALID),
    both("a NUL in a header", answers.raw(HEAD + b"X-A: a\0b\r\n" + GOOD_ANSWER[49:]), INVALID),
    both("too many headers", answers.raw(HEAD + b"X-A: b\r\n" * 200 + GOOD_ANSWER[49:]), INVALID),
    both("two lengths", answers.raw(HEAD + LENGTH % 5 + GOOD_ANSWER[49:]), INVALID),
    both("a list of lengths", answers.raw(HEAD + b"Content-Length: 5, 5\r\n\r\nhello"), INVALID),
    both("a negative length", answers.raw(HEAD + b"Content-Length: -1\r\n\r\n" + GOOD), INVALID),
    both("a length beyond all numbers", answers.raw(
        HEAD + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n" + GOOD), INVALID),
    both("a length beside chunks", answers.raw(HEAD + CHUNKED + GOOD_ANSWER[49:]), INVALID),
    both("two transfer encodings", answers.raw(
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + chunks(GOOD)), INVALID),
    *each("nothing behind the head", answers.raw(HEAD + END), answers.raw(SSE_HEAD + END), INVALID),
]  # fmt: skip

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
    Fault("a stalled body", answers.stall_after(HEAD + b"Content-Length: %d\r\n\r\n" % len(GOOD),
                                        GOOD[:-20]), TIMEOUT),
    Fault("a dripping body", answers.drip_body(b" "), TIMEOUT),
    plain("a length that is too large", answers.raw(HEAD + LENGTH % (len(GOOD) + 9) + END + GOOD),
          RESET),
    plain("a length that is too small", answers.raw(HEAD + LENGTH % (len(GOOD) - 9) + END + GOOD),
          INVALID),
    plain("a chunk longer than it says", answers.raw(
        HEAD + CHUNKED + END + b"5\r\n" + GOOD + b"\r\n0\r\n\r\n"), INVALID),
    plain("no last chunk", answers.raw(HEAD + CHUNKED + END + chunks(GOOD)[:-5]), RESET),
    plain("a byte order mark", status(200, b"\xef\xbb\xbf" + GOOD), INVALID),
    plain("UTF-16", status(200, GOOD.decode().encode("utf-16")), INVALID),
    plain("JSON of a hundred levels", status(200, b'{"choices":' + b"[" * 99 + b"]" * 99 + b"}"),
          INVALID),
    plain("more than may be read", answers.raw(HEAD + LENGTH % (1 << 40) + END + GOOD), INVALID),
    plain("an empty object", status(200, b"{}"), INVALID),
    plain("an empty list", status(200, b"[]"), INVALID),
    plain("null", status(200, b"null"), INVALID),
    plain("an object of another kind", status(200, b'{"detail":"x"}'), INVALID),
    plain("null for choices", status(200, b'{"choices":null}'), INVALID),
    plain("an error that is a string", status(200, b'{"error":"x"}'), SERVER_BILLED),
    plain("a stream nobody asked for", answers.stream(WHOLE), INVALID),
]  # fmt: skip

STREAMS_BEFORE = [
    Fault("stream: 200, then close", cut([]), None, RESET),
    Fault("stream: 200, then stall", answers.stalled([]), None, TIMEOUT),
    Fault("stream: 200, then a clean end", answers.stream([]), None, INVALID),
    Fault("stream: an error event first", answers.stream([chat.event(ERROR)]), None, SERVER_BILLED),
    Fault("stream: role, then an error", answers.stream([ROLE, chat.event(ERROR)]), None,
          SERVER_BILLED),
    Fault("stream: role, then close", cut([ROLE]), None, RESET),
    Fault("stream: role, then stall", answers.stalled([ROLE]), None, TIMEOUT),
    Fault("stream: role, then no JSON", answers.stream([ROLE, b"data: {oops\n\n"]), None, INVALID),
    Fault("stream: comments, then close", cut([b": ping\n\n"] * 3), None, RESET),
    Fault("stream: comments, then stall", answers.stalled([b": ping\n\n"] * 3), None, TIMEOUT),
    Fault("stream: usage only, then close", cut([chat.event(chat.usage_chunk())]), None, RESET),
    Fault("stream: half an event, then close", cut([TEXT[0][:20]]), None, RESET),
    Fault("stream: reset behind the head",
          answers.reset_after(SSE_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"), None, RESET),
    streamed("stream: JSON in its place", status(200, GOOD), INVALID),
    streamed("stream: as text/plain", status(200, b"".join(WHOLE), content_type="text/plain"),
             Passes()),
    streamed("stream: as JSON", status(200, b"".join(WHOLE)), Passes()),
    streamed("stream: a request refused in it", answers.stream(
        [b'data: {"error":{"message":"too long","type":"BadRequestError","code":400}}\n\n',
         chat.DONE]), Passes(400)),
    streamed("stream: blank lines only", answers.stream([b"\r\n\r\n"] * 3), INVALID),
    streamed("stream: usage only", answers.stream([chat.event(chat.usage_chunk()), chat.DONE]),
             INVALID),
    streamed("stream: [DONE] only", answers.stream([chat.DONE]), INVALID),
    streamed("stream: no choices", answers.stream([b'data: {"choices":[]}\n\n', chat.DONE]), INVALID),
    streamed("stream: an error that is no JSON",
             answers.stream([b"event: error\ndata: overloaded\n\n"]), INVALID),
    streamed("stream: an error that is a string", answers.stream([b'data: {"error":"x"}\n\n']),
             SERVER_BILLED),
    streamed("stream: an error beside a role", answers.stream(
        [chat.event({**chat.chunk({"role": "assistant"}), "error": {"message": "x"}}), chat.DONE]),
        SERVER_BILLED),
]  # fmt: skip

STREAMS_AFTER = [
    *(
        Fault(f"stream: cut behind event {n}", cut(WHOLE[: n + 1]), None, Breaks("reset"))
        for n in range(1, 4)
    ),
    *(
        Fault(f"stream: stalled behind event {n}", answers.stalled(WHOLE[: n + 1]), None,
              Breaks("timeout", "upstream_timeout"))
        for n in range(1, 4)
    ),
    after_commit("stream: an end without finish_reason", [],
                 BREAKS_INVALID),
    after_commit("stream: [DONE] without finish_reason", [chat.DONE],
                 BREAKS_INVALID),
    after_commit("stream: an error event behind text", [chat.event(ERROR)], Breaks("server_error")),
    after_commit("stream: an event that is no JSON", [b"data: {oops\n\n", FINISH, chat.DONE],
                 BREAKS_INVALID),
    after_commit("stream: an event with a duplicate key", [b'data: {"a":1,"a":2}\n\n'],
                 BREAKS_INVALID),
    after_commit("stream: an event with invalid UTF-8", [b'data: {"a":"\xff\xfe"}\n\n', FINISH],
                 BREAKS_INVALID),
    after_commit("stream: a finish_reason that no blank line ends", [FINISH.rstrip(b"\n")],
                 BREAKS_INVALID),
    after_commit("stream: an error beside a finish_reason",
                 [chat.event({**chat.chunk({}, finish="error"), "error": {"message": "x"}})],
                 Breaks("server_error")),
    streamed("stream: cut behind the finish_reason", cut(WHOLE[:-1]), Breaks("reset")),
    streamed("stream: stalled behind the finish_reason", answers.stalled(WHOLE[:-1]),
             Breaks("timeout", "upstream_timeout")),
    streamed("stream: a length that is too small", answers.raw(
        SSE_HEAD + LENGTH % (len(b"".join(WHOLE)) - 30) + END, b"".join(WHOLE)), BREAKS_INVALID),
    streamed("stream: more choices than one can ask for", answers.stream(
        [chat.event({"choices": [{"index": i, "delta": {"content": "Hello there. "}}]})
         for i in range(1500)]), BREAKS_INVALID),
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
    *each("HTTP/1.0", answers.raw(b"HTTP/1.0" + HEAD[8:] + END + GOOD),
          answers.raw(b"HTTP/1.0" + SSE_HEAD[8:] + END, *WHOLE), Passes()),
    *each("early hints", answers.raw(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + GOOD_ANSWER),
          answers.raw(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + SSE_HEAD + END, *WHOLE),
          Passes()),
    *each("trailers", answers.raw(HEAD + CHUNKED + END + chunks(GOOD, trailer=b"X-A: b\r\n")),
          answers.raw(SSE_HEAD + CHUNKED + END + chunks(*WHOLE, trailer=b"X-A: b\r\n")), Passes()),
    *each("a reset behind the whole answer", answers.reset_after(GOOD_ANSWER),
          answers.reset_after(SSE_HEAD + CHUNKED + END + chunks(*WHOLE)), Passes()),
    *each("a megabyte", status(200, chat.dump(chat.answer("x" * 1_000_000))),
          answers.stream([chat.event(chat.chunk({"content": "x" * 1_000_000})), FINISH, chat.DONE]),
          Passes()),
    streamed("stream: a byte order mark", answers.stream([b"\xef\xbb\xbf" + ROLE, *WHOLE[1:]]),
             Passes()),
    streamed("stream: blank lines first", answers.stream([b"\r\n\r\n", *WHOLE]), Passes()),
    streamed("stream: lines that end in CR", answers.stream([p.replace(b"\n", b"\r") for p in WHOLE]),
             Passes()),
    streamed("stream: byte by byte", answers.stream([bytes([b]) for b in b"".join(WHOLE)]), Passes()),
    streamed("stream: data on several lines", answers.stream(
        [p.replace(b',"choices"', b',\ndata: "choices"') for p in WHOLE]), Passes()),
    streamed("stream: text behind the finish_reason", answers.stream(
        [*WHOLE[:-1], TEXT[1], chat.DONE]), Passes()),
    streamed("stream: [DONE] twice", answers.stream([*WHOLE, chat.DONE]), Passes()),
    streamed("stream: text behind [DONE]", answers.stream([*WHOLE, TEXT[1]]), Passes()),
    streamed("stream: a length that is too large", answers.raw(
        SSE_HEAD + LENGTH % (len(b"".join(WHOLE)) + 9) + END, *WHOLE), Passes()),
    streamed("stream: no last chunk", answers.raw(SSE_HEAD + CHUNKED + END, chunks(*WHOLE)[:-5]),
             Passes()),
]  # fmt: skip

ALL = [
    *CONNECTION, *STATUS, *RETRY_AFTER, *HEADS, *BODIES, *STREAMS_BEFORE, *STREAMS_AFTER, *HARMLESS
]  # fmt: skip
