"""Trailers of an upstream that speaks HTTP/2: no policy reads them, so none passes."""

import gzip
import threading

import pytest

from harness import chat, listeners, policy
from harness.wait import DEADLINE_S

DATA, HEADERS, SETTINGS = 0, 1, 4
END_STREAM, END_HEADERS, ACK = 1, 4, 1
GZIP = "gzip on; gzip_types *;"  # in chunks, which trailers need
BODY = chat.dump(chat.answer(f"Mail {chat.EMAIL}"))


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def fields(*pairs):
    """HPACK: literals that nobody needs to remember."""
    return b"".join(b"\0%c%s%c%s" % (len(name), name, len(value), value) for name, value in pairs)


def speak_http2(sock):
    """Answers the one request of a connection, with a trailer behind its body."""
    seen = b""
    while not seen.endswith(b"}"):
        seen += sock.recv(65536)
    stream = b'"stream":true' in seen
    kind = b"text/event-stream" if stream else b"application/json"
    body = b"".join(chat.stream([f"Mail {chat.EMAIL}"])) if stream else BODY
    sock.sendall(
        frame(SETTINGS, 0, 0)
        + frame(SETTINGS, ACK, 0)
        + frame(HEADERS, END_HEADERS, 1, b"\x88" + fields((b"content-type", kind)))
        + frame(DATA, 0, 1, body)
        + frame(HEADERS, END_HEADERS | END_STREAM, 1, fields((b"x-note", chat.EMAIL.encode())))
    )
    sock.settimeout(DEADLINE_S)
    try:
        while sock.recv(65536):
            pass
    except OSError:
        pass
    sock.close()


def location(path, port, more=""):
    return f"""
        location {path} {{
            keeptrusts_policy_config {{dir}}/policy.yaml;
            keeptrusts_audit_dir {{dir}}/audit;
            {more}
            grpc_pass grpc://127.0.0.1:{port};
        }}"""


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    upstream = listeners.Listener(speak_http2, threading.Thread)
    gateway = make_gateway(
        policy.config(policy.target(shared_provider)),
        location("/free/", upstream.port)
        + location("/governed/", upstream.port, "keeptrusts on;" + GZIP)
        + location("/own/", upstream.port, "keeptrusts on; add_trailer x-own fleet;" + GZIP),
    )
    yield gateway
    upstream.close()


def rest_of(gw, path, **more):
    """What stands behind the last chunk, without the first two bytes."""
    with gw.connect() as connection:
        headers = [("Connection", "close"), ("TE", "trailers"), ("Accept-Encoding", "gzip")]
        connection.post(f"{path}/v1/chat/completions", chat.request(**more), headers)
        answer = connection.read()
        assert answer.status == 200 and answer.complete
        return answer.body, connection.read_to_end()


def test_without_policies_a_trailer_passes(gw):
    _, rest = rest_of(gw, "/free", stream=True)
    assert chat.EMAIL.encode() in rest


@pytest.mark.parametrize("stream", [False, True])
def test_a_trailer_of_the_upstream_does_not_pass(gw, stream):
    body, rest = rest_of(gw, "/governed", stream=stream)
    assert chat.EMAIL_MARK.encode() in gzip.decompress(body)
    assert rest == b""


@pytest.mark.parametrize("stream", [False, True])
def test_a_trailer_of_the_fleet_passes(gw, stream):
    _, rest = rest_of(gw, "/own", stream=stream)
    assert rest == b"own: fleet\r\n\r\n"
