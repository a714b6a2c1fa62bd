"""nginx stays nginx around the module: gzip, slow readers, limits, access rules, rewrites."""

import gzip
import select
import zlib

import pytest

from harness import answers, chat, policy
from harness.wait import until

GZIP = [("Accept-Encoding", "gzip")]


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    http = """
        gzip on; gzip_min_length 1; gzip_proxied any; gzip_http_version 1.0;
        gzip_types application/json text/event-stream;
        limit_req_zone $binary_remote_addr zone=slow:1m rate=1r/m;
    """
    more = "proxy_buffering off;"
    return make_gateway(
        policy.config(policy.target(shared_provider)),
        policy.routed()
        + policy.stock(shared_provider, more=more)
        + policy.stock(shared_provider, "/buffered/")
        + policy.routed("/limited/", "limit_req zone=slow; limit_req_status 429;")
        + policy.routed("/denied/", "deny all;")
        + policy.routed("/asked/", "auth_request /auth;")
        + "location = /auth { internal; return 403; }"
        + "location /old/ { rewrite ^/old/(.*)$ /v1/$1 last; }",
        http=http,
    )


def unzip(answer):
    assert answer.header("content-encoding") == "gzip"
    return gzip.decompress(answer.body)


def test_a_redacted_answer_is_zipped_by_nginx(gw, provider, base):
    body = chat.dump(chat.answer(f"ask {chat.EMAIL} " + "word " * 100))
    provider.answer(answers.whole(body))
    answer = gw.chat(path=f"{base}/chat/completions", headers=GZIP)
    assert unzip(answer) == body.replace(chat.EMAIL.encode(), chat.EMAIL_MARK.encode())
    assert answer.complete


def test_a_block_is_zipped_by_nginx(gw, provider, base):
    answer = gw.chat(chat.INJECTION, f"{base}/chat/completions", headers=GZIP)
    assert answer.status == 409
    assert b"input_blocked" in (unzip(answer) if answer.header("content-encoding") else answer.body)


def test_a_redacted_stream_is_zipped_by_nginx(gw, provider, base):
    provider.answer(answers.stream(chat.stream(["ask jane.doe", "@acme-mail.com", " now"])))
    answer = gw.chat(path=f"{base}/chat/completions", headers=GZIP, stream=True)
    assert chat.text_of(unzip(answer)) == f"ask {chat.EMAIL_MARK} now"
    assert answer.complete


def test_a_zipped_stream_still_flows(gw, provider, base):
    manual = provider.manual()
    with gw.connect() as connection:
        connection.post(f"{base}/chat/completions", chat.request(stream=True), GZIP)
        exchange = manual.take()
        exchange.send_stream_head()
        exchange.chunk(b"".join(chat.content_events(["Hello there ", "and so on "])))
        connection.read_head()
        inflate = lambda data: zlib.decompressobj(31).decompress(data)
        connection.read_body(lambda data: b"Hello" in inflate(data))
        exchange.chunk(b"".join(chat.stream(["to the end"])))
        exchange.end_chunks()
        exchange.done()
        answer = connection.read_body()
    assert chat.text_of(unzip(answer)) == "Hello there and so on to the end"


def test_a_stream_behind_proxy_buffering_is_redacted(gw, provider):
    provider.answer(answers.stream(chat.stream(["ask jane.doe", "@acme-mail.com", " now"])))
    answer = gw.chat(path="/buffered/v1/chat/completions", stream=True)
    assert chat.text_of(answer.body) == f"ask {chat.EMAIL_MARK} now"
    assert chat.is_done(answer.body) and answer.complete


EVENTS = 120_000  # about 20 MB


def flood(exchange, blocked):
    """Writes a long clean stream; `blocked` gets what was sent when the gateway stopped reading."""
    exchange.send_stream_head(framing="close")
    block = b"".join(chat.content_events(["ordinary words "] * 100))
    data = memoryview(block * (EVENTS // 100) + b"".join(chat.stream(["the end"])))
    sent = 0
    exchange.sock.setblocking(False)
    while sent < len(data):
        _, writable, _ = select.select([], [exchange.sock], [], 0.5)
        if writable:
            sent += exchange.sock.send(data[sent : sent + 65536])
        elif not blocked:
            blocked.append(sent)
    exchange.sock.setblocking(True)


def test_a_slow_reader_gets_a_long_stream_whole(gw, provider, base):
    blocked = []

    def script(exchange):
        flood(exchange, blocked)
        exchange.close()

    provider.answer(script)
    with gw.connect(receive_buffer=8192) as connection:
        connection.post(f"{base}/chat/completions", chat.request(stream=True))
        until(lambda: blocked, "the gateway to stop reading")
        # Far from the whole: the gateway does not gather what its client does not take.
        assert blocked[0] < 12_000_000
        answer = connection.read()
    assert answer.complete
    assert answer.body.count(b"ordinary words ") == EVENTS
    assert answer.body.endswith(chat.DONE)


def test_limit_req_counts_governed_requests(gw, provider):
    statuses = [gw.chat(path="/limited/chat/completions").status for _ in range(3)]
    assert statuses == [200, 429, 429]
    assert len(provider.requests) == 1


def test_a_rate_limit_of_nginx_is_json(gw, provider):
    gw.chat(path="/limited/chat/completions")
    answer = gw.chat(path="/limited/chat/completions")
    assert answer.status == 429
    assert answer.header("content-type").startswith("application/json")
    assert answer.error["request_id"]
    assert answer.header("retry-after") == "1"


@pytest.mark.parametrize("prefix", ["/denied", "/asked"])
def test_access_rules_hold(gw, provider, prefix):
    assert gw.chat(path=f"{prefix}/chat/completions").status == 403
    assert not provider.requests


def test_a_rewritten_request_is_governed(gw, provider):
    assert gw.chat(f"Mail {chat.EMAIL}", "/old/chat/completions").status == 200
    assert provider.last.json()["messages"][0]["content"] == f"Mail {chat.EMAIL_MARK}"


def test_http_1_0_clients_get_an_answer(gw, provider, base):
    body = chat.dump(chat.request(stream=True))
    provider.answer(answers.stream(chat.stream(["Hello"])))
    with gw.connect() as connection:
        connection.send(
            f"POST {base}/chat/completions HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        answer = connection.read()
    assert answer.status == 200
    assert b"Hello" in answer.body
