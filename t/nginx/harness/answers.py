"""Scripts for the provider: whole answers and streams in every framing, and ways to go wrong."""

import gzip

JSON = [("Content-Type", "application/json")]
SSE = [("Content-Type", "text/event-stream; charset=utf-8")]


def whole(body, status=200, headers=(), framing="length", content_type="application/json"):
    """`body` in one write behind the head."""

    def script(exchange):
        fields = [("Content-Type", content_type), *headers]
        exchange.send_head(status, fields, framing, length=len(body))
        if framing == "chunked":
            exchange.chunk(body)
            exchange.end_chunks()
        else:
            exchange.send(body)
        if framing == "close":
            exchange.close()

    return script


def stream(pieces, framing="chunked", read=False, headers=(), end=True):
    """Each piece is a write of its own; `read`: and a read of its own for the gateway.

    `end` False: the connection is closed without the end that the framing asks for.
    """

    def script(exchange):
        exchange.send_head(200, [*SSE, *headers], framing, length=sum(map(len, pieces)))
        for piece in pieces:
            if framing == "chunked":
                exchange.chunk(piece, read=read)
            else:
                exchange.send(piece, read=read)
        if framing == "chunked" and end:
            exchange.end_chunks()
        if framing == "close" or not end:
            exchange.close()

    return script


def raw(*pieces, close=True):
    """These bytes and nothing else, each piece a write of its own."""

    def script(exchange):
        for piece in pieces:
            exchange.send(piece)
        if close:
            exchange.close()

    return script


def gzipped(body):
    return whole(gzip.compress(body), headers=[("Content-Encoding", "gzip")])


def stall(exchange):
    """Answers nothing until the gateway hangs up."""
    exchange.gateway_hung_up()
    exchange.closed = True


def hang_up(exchange):
    """Closes without a byte."""
    exchange.close()


def drip_body(piece, head_headers=tuple(JSON), before=b""):
    """200, `before`, and then `piece` again and again: every read succeeds, the end never comes."""

    def script(exchange):
        exchange.send_head(200, head_headers, "chunked")
        if before:
            exchange.chunk(before)
        exchange.drip(b"%x\r\n%s\r\n" % (len(piece), piece))

    return script


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
