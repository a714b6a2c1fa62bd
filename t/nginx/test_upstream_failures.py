"""A provider that fails before commit becomes a proper status; nothing broken is passed on."""

import pytest

from harness import answers, chat, policy

GOOD = chat.dump(chat.answer("All is well."))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

FAILED = {
    "hangs up": answers.hang_up,
    "resets": lambda exchange: exchange.reset(),
    "200, then close": answers.raw(HEAD + b"Content-Length: 50\r\n\r\n"),
    "200, then close, chunked": answers.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
    "cut JSON by length": answers.raw(
        HEAD + b"Content-Length: %d\r\n\r\n" % (len(GOOD) + 9), GOOD[:-20]
    ),
    "cut JSON in a chunk": answers.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"ff\r\n{"),
    "half a head": answers.raw(b"HTTP/1.1 200 OK\r\nContent-Ty"),
}

INVALID = {
    "cut JSON, clean end": answers.whole(GOOD[:-20]),
    "cut JSON, closed": answers.whole(GOOD[:-20], framing="close"),
    "no JSON": answers.whole(b"<html>Bad things</html>"),
    "HTML": answers.whole(b"<html>hello</html>", content_type="text/html"),
    "an empty body": answers.whole(b""),
    "a duplicate key": answers.whole(b'{"choices":[],"choices":[]}'),
    "a key in another case": answers.whole(GOOD.replace(b'"content"', b'"Content"')),
    "invalid UTF-8": answers.whole(GOOD.replace(b"well", b"\xff\xfe")),
    "a byte order mark": answers.whole(b"\xef\xbb\xbf" + GOOD),
    "trailing bytes": answers.whole(GOOD + b"x"),
    "a gzip body": answers.gzipped(GOOD),
    "an unknown encoding": answers.whole(GOOD, headers=[("Content-Encoding", "x-rot13")]),
    "a broken chunk size": answers.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"zz\r\n{}"),
    "too deep JSON": answers.whole(b'{"choices":' + b"[" * 200 + b"]" * 200 + b"}"),
}


def assert_bad_gateway(answer, codes):
    assert answer.status == 502 and answer.complete
    assert answer.header("content-type").startswith("application/json")
    assert answer.header("x-should-retry") == "false"
    assert answer.error["type"] == "upstream_error"
    assert answer.error["code"] in codes
    assert answer.error["request_id"] == answer.header("x-request-id")


@pytest.mark.parametrize("kind", FAILED)
def test_a_failed_exchange_is_a_502(gw, provider, base, kind):
    provider.answer(FAILED[kind])
    answer = gw.chat(path=f"{base}/chat/completions")
    assert_bad_gateway(answer, ("upstream_failed", "upstream_invalid_response"))


@pytest.mark.parametrize("kind", INVALID)
def test_an_invalid_answer_is_a_502(gw, provider, base, kind):
    provider.answer(INVALID[kind])
    answer = gw.chat(path=f"{base}/chat/completions")
    assert_bad_gateway(answer, ("upstream_invalid_response", "upstream_failed"))


# nginx takes it for HTTP/0.9, and would answer the client in kind: with a body and no head.
@pytest.mark.parametrize("data", [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n", GOOD],
                         ids=["another protocol", "a status of four digits", "no head"])  # fmt: skip
def test_an_answer_that_is_not_http_is_a_502(gw, provider, base, data):
    provider.answer_once(answers.raw(data), answers.whole(GOOD))
    with gw.connect() as connection:
        connection.post(f"{base}/chat/completions", chat.request())
        answer = connection.read()
        assert_bad_gateway(answer, ("upstream_invalid_response",))
        connection.post(f"{base}/chat/completions", chat.request())
        assert connection.read().status == 200


@pytest.mark.parametrize("kind", ["a gzip body", "no JSON", "a duplicate key"])
def test_what_is_invalid_is_called_so(gw, provider, kind):
    provider.answer(INVALID[kind])
    assert gw.chat().error["code"] == "upstream_invalid_response"


def test_a_stream_in_gzip_is_not_passed_blind(gw, provider, base):
    body = b"".join(chat.stream([f"Mail {chat.EMAIL}"]))
    provider.answer(answers.stream([body], headers=[("Content-Encoding", "gzip")]))
    answer = gw.chat(path=f"{base}/chat/completions", stream=True)
    assert_bad_gateway(answer, ("upstream_invalid_response",))


def test_a_refused_connection_is_a_502(make_gateway, make_provider):
    gone = make_provider()
    gone.close()
    gateway = make_gateway(policy.config(policy.target(gone)), policy.routed())
    answer = gateway.chat()
    assert_bad_gateway(answer, ("upstream_failed",))
    record = gateway.record_of(answer)
    assert record["attempts"][0]["error"] == "connect_error"
    assert record["verdict"] == "error"


def test_a_failure_is_recorded_as_maybe_billed(gw, provider):
    provider.answer(answers.hang_up)
    record = gw.record_of(gw.chat())
    assert record["attempts"][0]["maybe_billed"] is True


def test_a_server_error_is_an_error_with_a_json_body(gw, provider, base):
    provider.answer(answers.whole(b'{"error":{"message":"boom"}}', status=500))
    answer = gw.chat(path=f"{base}/chat/completions")
    assert answer.status in (500, 502)
    assert answer.error["message"]


def test_an_html_error_page_does_not_reach_the_client(gw, provider):
    page = b"<html><h1>503 from node-17</h1></html>"
    provider.answer(answers.whole(page, status=503, content_type="text/html"))
    answer = gw.chat()
    assert answer.status in (502, 503)
    assert b"node-17" not in answer.body
    assert answer.error["type"] in ("upstream_error", "unavailable")


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_not_followed(gw, provider, status):
    location = f"http://127.0.0.1:{provider.port}/elsewhere"
    provider.answer(answers.whole(b"{}", status, [("Location", location)]))
    answer = gw.chat()
    assert answer.status == 502
    assert len(provider.requests) == 1
    assert answer.header("location") is None


def test_a_failed_upstream_does_not_end_the_clients_connection(gw, provider, base):
    provider.answer_once(answers.hang_up, answers.whole(GOOD))
    with gw.connect() as connection:
        for status in (502, 200):
            connection.post(f"{base}/chat/completions", chat.request())
            assert connection.read().status == status


@pytest.fixture(scope="module")
def small(make_gateway, shared_provider):
    limits = {"max_response_bytes": 5000}
    return make_gateway(
        policy.config(policy.target(shared_provider), size_limits=limits),
        policy.routed() + policy.stock(shared_provider),
    )


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_an_answer_over_the_limit_is_a_502(small, provider, base, framing):
    body = chat.dump(chat.answer("word " * 2000))
    provider.answer(answers.whole(body, framing=framing))
    answer = small.chat(path=f"{base}/chat/completions")
    assert_bad_gateway(answer, ("upstream_invalid_response", "upstream_failed"))


def test_a_whole_answer_larger_than_the_gate_buffer_arrives(make_gateway, provider):
    gateway = make_gateway(
        policy.config(policy.target(provider)),
        policy.routed(more="keeptrusts_gate_buffer 4k;"),
    )
    body = chat.dump(chat.answer("word " * 20000 + f"mail {chat.EMAIL} end"))
    provider.answer(answers.whole(body))
    answer = gateway.chat()
    assert answer.complete
    assert answer.body == body.replace(chat.EMAIL.encode(), chat.EMAIL_MARK.encode())


def test_a_broken_answer_larger_than_the_gate_buffer_is_not_taken_as_complete(
    make_gateway, provider
):
    gateway = make_gateway(
        policy.config(policy.target(provider)),
        policy.routed(more="keeptrusts_gate_buffer 4k;"),
    )
    provider.answer(answers.whole(chat.dump(chat.answer("word " * 20000))[:-30]))
    answer = gateway.chat()
    assert answer.status == 502 or not answer.complete


def failures_in_log(gw, answer):
    gw.record_of(answer)  # the log line stands before it
    return [line for line in gw.error_log.splitlines() if "keeptrusts: " in line and "failed: " in line]


@pytest.mark.parametrize("script", [
    answers.stream([chat.content_events(["A begin "])[0]], framing="close"),
    answers.stream([chat.content_events(["A begin "])[0], b'data: {"error":{"message":"x"}}\n\n']),
    answers.stream([chat.content_events(["A begin "])[0]], end=False),
], ids=["closed", "an error in the stream", "cut"])  # fmt: skip
def test_a_stream_that_fails_after_its_begin_is_one_line_of_the_error_log(gw, provider, base, script):
    before = gw.error_log.count("failed: ")
    provider.answer(script)
    answer = gw.chat(path=f"{base}/chat/completions", stream=True)
    assert answer.status == 200 and chat.error_of(answer.body)
    lines = failures_in_log(gw, answer)[before:]
    assert len(lines) == 1 and "reason upstream_" in lines[0], lines


def test_a_stock_handlers_bad_answer_is_one_line_of_the_error_log(gw, provider):
    before = gw.error_log.count("failed: ")
    provider.answer(INVALID["HTML"])
    answer = gw.chat(path="/stock/v1/chat/completions")
    assert answer.status == 502
    [line] = failures_in_log(gw, answer)[before:]
    assert "answer failed: reason upstream_invalid_response, status 502" in line


def test_a_good_answer_leaves_no_line_of_a_failure(gw, provider, base):
    before = gw.error_log.count("failed: ")
    answer = gw.chat(path=f"{base}/chat/completions")
    assert failures_in_log(gw, answer)[before:] == []


@pytest.fixture(scope="module")
def nameless(make_gateway, shared_provider):
    url = "https://provider.no-such-name.invalid/v1"
    config = policy.config(policy.target(shared_provider, base_url=url))
    return make_gateway(config, policy.routed())


def test_a_name_that_does_not_resolve_disables_its_target_only(nameless):
    answer = nameless.chat()
    assert (answer.status, answer.error["code"]) == (503, "no_target_available")
    assert answer.header("retry-after")
    assert "no-such-name.invalid" in nameless.error_log


def test_a_request_without_a_target_is_recorded(nameless):
    record = nameless.record_of(nameless.chat())
    assert (record["verdict"], record["status"]) == ("error", 503)
