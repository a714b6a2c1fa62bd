"""Request bodies in every form in which nginx can hand them over."""

import pytest

from harness import chat, policy
from harness.client import curl, head
from harness.sockets import free_port

TEXT = f"Mail {chat.EMAIL} now"
EDITED = f"Mail {chat.EMAIL_MARK} now"

# How nginx is told to keep the body.
STORAGE = {
    "memory": "client_body_buffer_size 64k;",
    "small buffer": "client_body_buffer_size 16;",
    "file": "client_body_in_file_only on;",
    "file, cleaned": "client_body_in_file_only clean;",
    "single buffer": "client_body_in_single_buffer on;",
}


def locations(provider):
    text = ""
    for number, directive in enumerate(STORAGE.values()):
        text += policy.routed(f"/{number}/", directive)
        text += policy.stock(provider, f"/stock{number}/", directive)
    return text


@pytest.fixture(scope="module")
def h2_port():
    return free_port()


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider, h2_port):
    return make_gateway(
        policy.config(policy.target(shared_provider)),
        f"listen 127.0.0.1:{h2_port} http2;" + locations(shared_provider),
    )


@pytest.fixture(params=STORAGE)
def place(request, base):
    """The URI of chat completions on one surface with one way to keep the body."""
    number = list(STORAGE).index(request.param)
    return f"{'/stock' if 'stock' in base else '/'}{number}/v1/chat/completions"


def assert_arrived(provider, body):
    assert provider.last.body == body.replace(TEXT.encode(), EDITED.encode())


def test_a_body_is_edited_wherever_it_lies(gw, provider, place):
    body = chat.dump(chat.request(TEXT))
    assert gw.post(place, body).status == 200
    assert_arrived(provider, body)


def test_a_body_of_many_buffers_is_edited(gw, provider, place):
    body = chat.dump(chat.request(f"{'word ' * 20000}{TEXT}", padding=[1] * 50000))
    assert gw.post(place, body).status == 200
    assert_arrived(provider, body)


def chunked(body, size):
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 7, 5000])
def test_a_chunked_body_is_edited(gw, provider, place, size):
    body = chat.dump(chat.request(TEXT))
    with gw.connect() as connection:
        top = head("POST", place, [("Transfer-Encoding", "chunked")], length=0)
        connection.send(top + chunked(body, size))
        assert connection.read().status == 200
    assert_arrived(provider, body)
    assert provider.last.header("transfer-encoding") is None
    assert provider.last.header("content-length") == str(len(provider.last.body))


def test_a_body_in_single_bytes_is_edited(gw, provider, place):
    body = chat.dump(chat.request(TEXT))
    with gw.connect() as connection:
        for byte in head("POST", place, length=len(body)) + body:
            connection.send(bytes([byte]))
        assert connection.read().status == 200
    assert_arrived(provider, body)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_over_http2_is_edited(gw, provider, place, h2_port, framing):
    body = chat.dump(chat.request(f"{'word ' * 20000}{TEXT}"))
    arguments = ["--http2-prior-knowledge", f"http://127.0.0.1:{h2_port}{place}"]
    arguments += ["-H", "Content-Type: application/json"]
    if framing == "chunked":  # in HTTP/2: no content-length
        arguments += ["-H", "Content-Length:", "-X", "POST", "-T", "-"]
    else:
        arguments += ["--data-binary", "@-"]
    status, headers, _ = curl(*arguments, data=body)
    assert status == 200
    assert_arrived(provider, body)
    assert headers["x-request-id"]


def test_a_block_over_http2_is_json(gw, provider, h2_port):
    body = chat.dump(chat.request(chat.INJECTION))
    url = f"http://127.0.0.1:{h2_port}/0/v1/chat/completions"
    status, headers, answer = curl("--http2-prior-knowledge", url, "--data-binary", "@-", data=body)
    assert status == 409
    assert headers["x-should-retry"] == "false"
    assert b"input_blocked" in answer


def test_two_requests_of_one_connection_are_apart(gw, provider, place):
    with gw.connect() as connection:
        for text in (TEXT, "second"):
            connection.post(place, chat.request(text))
            assert connection.read().status == 200
    contents = [r.json()["messages"][0]["content"] for r in provider.requests]
    assert contents == [EDITED, "second"]


def test_pipelined_requests_are_answered_in_order(gw, provider, place):
    bodies = [chat.dump(chat.request(text)) for text in (TEXT, "second", chat.INJECTION, "fourth")]
    with gw.connect() as connection:
        connection.send(b"".join(head("POST", place, length=len(b)) + b for b in bodies))
        statuses = [connection.read().status for _ in bodies]
    assert statuses == [200, 200, 409, 200]
    contents = [r.json()["messages"][0]["content"] for r in provider.requests]
    assert contents == [EDITED, "second", "fourth"]


def test_the_client_gets_100_continue(gw, provider, place):
    body = chat.dump(chat.request(TEXT))
    with gw.connect() as connection:
        connection.send(head("POST", place, [("Expect", "100-continue")], length=len(body)))
        assert connection.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        connection.send(body)
        assert connection.read().status == 200
    assert_arrived(provider, body)


def test_a_body_of_5_mb_works(gw, provider, base):
    # Most of it is media: the text limit is 4 MiB.
    url = "data:image/png;base64," + "iVBORw0KGgoA" * 430_000
    parts = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": TEXT}]
    body = chat.dump({"model": "m", "messages": [{"role": "user", "content": parts}]})
    assert len(body) > 5_000_000
    prefix = "/stock0/v1" if "stock" in base else "/0/v1"
    assert gw.post(f"{prefix}/chat/completions", body).status == 200
    assert_arrived(provider, body)


def test_3_mb_of_text_work(gw, provider):
    body = chat.dump(chat.request(f"{'ordinary words ' * 200_000}{TEXT}"))
    assert gw.post("/0/v1/chat/completions", body).status == 200
    assert_arrived(provider, body)


def test_a_body_of_33_mb_is_a_clear_413(gw, provider, place):
    with gw.connect() as connection:
        connection.send(head("POST", place, length=33 << 20))
        answer = connection.read()
    assert answer.status == 413
    assert answer.header("content-type").startswith("application/json")
    assert answer.error["code"] == "body_too_large"
    assert "client_max_body_size" in answer.error["message"]
    assert not provider.requests


def test_a_client_that_leaves_in_the_body_does_no_harm(gw, provider, place):
    with gw.connect() as connection:
        connection.send(head("POST", place, length=1000) + b'{"messages":')
    assert gw.chat(path=place).status == 200
    assert len(provider.requests) == 1


def test_pipelined_requests_of_many_buffers_are_answered_in_order(gw, provider, place):
    texts = ["word " * count + TEXT for count in (300, 8000, 1, 3000)]
    bodies = [chat.dump(chat.request(text)) for text in texts]
    with gw.connect() as connection:
        connection.send(b"".join(head("POST", place, length=len(b)) + b for b in bodies))
        assert [connection.read().status for _ in bodies] == [200] * len(bodies)
    edited = [body.replace(TEXT.encode(), EDITED.encode()) for body in bodies]
    assert [r.body for r in provider.requests] == edited


@pytest.mark.parametrize("cut", [1, 500, 40000])
def test_a_body_arrives_whole_whatever_came_with_the_head(gw, provider, place, cut):
    body = chat.dump(chat.request("word " * 9000 + TEXT))
    with gw.connect() as connection:
        connection.send(head("POST", place, length=len(body)) + body[:cut])
        connection.send(body[cut:])
        assert connection.read().status == 200
        connection.post(place, chat.request("second"))
        assert connection.read().status == 200
    assert provider.requests[0].body == body.replace(TEXT.encode(), EDITED.encode())
