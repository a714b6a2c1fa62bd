"""What is refused before any policy or provider sees it, and with which code."""

import gzip

import pytest

from harness import chat, policy

GOOD = '{"model":"m","messages":[{"role":"user","content":"Hi"}]}'


def assert_refused(answer, provider, status, code=None):
    assert answer.status == status
    assert answer.header("content-type").startswith("application/json")
    error = answer.error
    assert error["type"] == "validation_error"
    if code:
        assert error["code"] == code
    assert error["request_id"] == answer.header("x-request-id")
    assert not provider.requests


INVALID = {
    "duplicate key": ('{"model":"m","messages":[],"model":"m"}', "duplicate_key"),
    "duplicate nested key": (
        '{"messages":[{"role":"user","content":"a","content":"b"}]}',
        "duplicate_key",
    ),
    "duplicate after unescaping": (
        '{"messages":[],"\\u006dessages":[{"role":"user","content":"x"}]}',
        "duplicate_key",
    ),
    "duplicate in an unknown field": ('{"messages":[],"x":{"a":1,"a":2}}', "duplicate_key"),
    "no JSON": ("hello", "invalid_json"),
    "empty body": ("", "invalid_json"),
    "cut JSON": (GOOD[:-1], "invalid_json"),
    "trailing bytes": (GOOD + "x", "invalid_json"),
    "a second value": (GOOD + GOOD, "invalid_json"),
    "a trailing comma": ('{"messages":[],}', "invalid_json"),
    "a comment": ('{"messages":[]/* x */}', "invalid_json"),
    "NaN": ('{"messages":[],"temperature":NaN}', "invalid_json"),
    "a control character in a string": ('{"messages":[],"x":"a\x01b"}', "invalid_json"),
    "a bad escape": ('{"messages":[],"x":"\\q"}', "invalid_json"),
    "an array": ("[]", None),
    "a string": ('"x"', None),
    "byte order mark": (b"\xef\xbb\xbf" + GOOD.encode(), None),
    "UTF-16": (GOOD.encode("utf-16"), None),
    "invalid UTF-8": (GOOD.encode().replace(b"Hi", b"\xff\xfe"), "invalid_utf8"),
    "overlong UTF-8": (GOOD.encode().replace(b"Hi", b"\xc0\xaf"), "invalid_utf8"),
    "encoded surrogate": (GOOD.encode().replace(b"Hi", b"\xed\xa0\x80"), "invalid_utf8"),
    "cut UTF-8": (GOOD.encode().replace(b"Hi", b"\xe2\x82"), "invalid_utf8"),
    "invalid UTF-8 in a key": (b'{"messages":[],"\xff":1}', "invalid_utf8"),
    "lone high surrogate": (GOOD.replace("Hi", "\\ud83d"), None),
    "lone low surrogate": (GOOD.replace("Hi", "\\ude00"), None),
    "lone surrogate in a key": ('{"messages":[],"\\ud83d":1}', None),
    "stream as a string": ('{"messages":[],"stream":"true"}', None),
    "stream as a number": ('{"messages":[],"stream":1}', None),
    "two roles for readers that take no case": (
        '{"messages":[{"role":"system","ROLE":"user","content":"x"}]}',
        "invalid_parameter",
    ),
    "a model for readers that take no case": ('{"messages":[],"Model":"m"}', "invalid_parameter"),
    "model as a number": ('{"messages":[],"model":1}', None),
}


@pytest.mark.parametrize("kind", INVALID)
def test_a_malformed_body_is_a_400(gw, provider, base, kind):
    body, code = INVALID[kind]
    data = body if isinstance(body, bytes) else body.encode()
    assert_refused(gw.post(f"{base}/chat/completions", data), provider, 400, code)


def test_a_refusal_holds_no_text_of_the_body(gw, provider):
    answer = gw.post("/v1/chat/completions", b'{"secret-word-4711": "secret-word-4712", }')
    assert answer.status == 400
    assert b"471" not in answer.body


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "x-unknown"])
def test_an_encoded_body_is_refused(gw, provider, base, encoding):
    data = gzip.compress(GOOD.encode())
    answer = gw.post(f"{base}/chat/completions", data, [("Content-Encoding", encoding)])
    assert_refused(answer, provider, 400, "unsupported_encoding")


def test_an_identity_encoding_is_none(gw, provider, base):
    headers = [("Content-Encoding", "identity")]
    assert gw.post(f"{base}/chat/completions", GOOD.encode(), headers).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        [("Content-Encoding", "identity"), ("Content-Encoding", "deflate")],
        [("Content-Type", "application/json"), ("Content-Type", "multipart/form-data; boundary=x")],
        [("content-type", "application/json"), ("CONTENT-TYPE", "application/json")],
    ],
)
def test_a_header_that_says_what_the_body_is_comes_once(gw, provider, base, headers):
    answer = gw.post(f"{base}/chat/completions", GOOD.encode(), headers)
    assert_refused(answer, provider, 400, "unsupported_content_type")


def test_multipart_is_refused(gw, provider, base):
    body = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b--\r\n'
    headers = [("Content-Type", "multipart/form-data; boundary=b")]
    assert_refused(gw.post(f"{base}/chat/completions", body, headers), provider, 400)


CHARSETS = ["utf-7", '"UTF-16"', "cp037", "utf-8; Charset=utf-16", "", '"utf-8', "iso-2022-jp"]


@pytest.mark.parametrize("charset", CHARSETS)
def test_a_charset_in_which_the_body_is_another_text_is_refused(gw, provider, base, charset):
    # A server that decodes it as UTF-7 reads "jane" where policies saw "+AGo-ane".
    body = chat.dump(chat.request("Mail +AGo-ane.doe+AEA-acme-mail.com now"))
    headers = [("Content-Type", f"application/json; charset={charset}")]
    answer = gw.post(f"{base}/chat/completions", body, headers)
    assert_refused(answer, provider, 400, "unsupported_content_type")


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", '"Utf-8"', "us-ascii", "ISO-8859-1"])
def test_a_charset_in_which_ascii_is_ascii_is_none(gw, provider, base, charset):
    headers = [("Content-Type", f"application/json;charset={charset}")]
    answer = gw.post(f"{base}/chat/completions", chat.request(f"Mail {chat.EMAIL}"), headers)
    assert answer.status == 200
    assert provider.last.json()["messages"][0]["content"] == "Mail [EMAIL]"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_a_wrong_method_is_a_405_with_allow(gw, provider, method):
    answer = gw.get("/v1/chat/completions", method=method)
    assert_refused(answer, provider, 405, "method_not_allowed")
    assert "POST" in answer.header("allow")


def test_a_post_to_models_is_a_405(gw, provider):
    answer = gw.post("/v1/models", b"{}")
    assert_refused(answer, provider, 405, "method_not_allowed")
    assert "GET" in answer.header("allow")


@pytest.mark.parametrize(
    "path",
    ["images/generations", "chat/completions/", "chat", "", "v2/chat/completions", "x/../models2"],
)
def test_an_unknown_endpoint_is_a_404(gw, provider, base, path):
    answer = gw.post(f"{base}/{path}", GOOD.encode())
    assert_refused(answer, provider, 404, "unsupported_endpoint")


def test_an_unknown_endpoint_is_refused_for_get_too(gw, provider, base):
    assert_refused(gw.get(f"{base}/files"), provider, 404, "unsupported_endpoint")


def test_unknown_endpoints_pass_when_told_and_are_recorded(make_gateway, provider):
    gateway = make_gateway(
        policy.config(policy.target(provider)),
        policy.stock(provider, more="keeptrusts_unknown_endpoint pass;"),
    )
    body = b"\x00 not JSON " + chat.EMAIL.encode()
    answer = gateway.post("/stock/v1/audio/x", body, [("Content-Type", "audio/wav")])
    assert answer.status == 200
    assert provider.last.body == body
    record = gateway.wait_for_records(1)[0]
    assert "endpoint" in record["unscanned"]


@pytest.fixture(scope="module")
def small(make_gateway, shared_provider):
    limits = {"max_body_bytes": 4000, "max_text_bytes": 1000}
    return make_gateway(
        policy.config(policy.target(shared_provider), size_limits=limits),
        policy.routed() + policy.stock(shared_provider),
    )


def test_a_body_over_the_limit_is_a_413(small, provider, base):
    answer = small.post(f"{base}/chat/completions", b'{"x":[' + b"1," * 2000 + b"1]}")
    assert_refused(answer, provider, 413, "body_too_large")


def test_more_text_than_the_limit_is_a_413(small, provider, base):
    answer = small.chat("word " * 250, f"{base}/chat/completions")
    assert_refused(answer, provider, 413, "body_too_large")


def test_a_body_below_the_limits_passes(small, provider, base):
    assert small.chat("word " * 150, f"{base}/chat/completions").status == 200


def test_a_chunked_body_over_the_limit_is_a_413(small, provider, base):
    with small.connect() as connection:
        connection.send(
            f"POST {base}/chat/completions HTTP/1.1\r\nHost: g\r\n"
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        for _ in range(5):
            connection.send(b"3e8\r\n" + b" " * 1000 + b"\r\n")
        assert_refused(connection.read(), provider, 413, "body_too_large")


def test_too_deep_json_is_refused(gw, provider, base):
    body = b'{"messages":[],"x":' + b"[" * 70 + b"]" * 70 + b"}"
    assert_refused(gw.post(f"{base}/chat/completions", body), provider, 413, "body_too_large")


def test_depth_of_hostile_size_is_refused(gw, provider):
    answer = gw.post("/v1/chat/completions", b"[" * 1_000_000)
    assert answer.status in (400, 413)
    assert not provider.requests


def test_too_many_strings_are_refused(gw, provider):
    body = b'{"messages":[],"x":[' + b'"a",' * 100_001 + b'"a"]}'
    assert_refused(gw.post("/v1/chat/completions", body), provider, 413, "body_too_large")


def test_a_disabled_pack_refuses_everything(make_gateway, provider):
    config = policy.config(policy.target(provider))
    config["pack"]["enabled"] = False
    gateway = make_gateway(config, policy.routed() + policy.stock(provider))
    for path in ("/v1/chat/completions", "/stock/v1/chat/completions"):
        answer = gateway.chat(path=path)
        assert (answer.status, answer.error["code"]) == (503, "pack_disabled")
        assert answer.error["type"] == "unavailable"
        assert answer.header("x-should-retry") == "false"
    assert not provider.requests
