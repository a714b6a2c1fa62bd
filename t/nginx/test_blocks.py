"""What a block looks like, on the way in and on the way back."""

import pytest

from harness import answers, chat, policy

TERM = "zanzibar-protocol"


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    """Output: personal data blocks. Input: a term of our own blocks."""
    settings = {
        "prompt-injection": {"attack_patterns": [TERM]},
        "pii-detector": {"action": "block"},
    }
    stage = [
        "prompt-injection",
        {"pii-detector": {"stage": "output"}},
        "audit-logger",
    ]
    config = policy.config(policy.target(shared_provider), chain=stage, settings=settings)
    config["policy"].pop("safety-filter")
    return make_gateway(
        config,
        policy.routed()
        + policy.stock(shared_provider)
        + policy.stock(shared_provider, "/unbuffered/", "proxy_buffering off;")
        + policy.routed("/s400/", "keeptrusts_block_status 400;")
        + policy.routed("/s403/", "keeptrusts_block_status 403;"),
    )


def test_an_input_block_has_the_agreed_shape(gw, provider, base):
    answer = gw.chat(chat.INJECTION, f"{base}/chat/completions")
    assert answer.status == 409
    assert answer.header("content-type").startswith("application/json")
    assert answer.header("x-should-retry") == "false"
    assert answer.header("retry-after-ms") == "0"
    assert answer.header("x-keeptrusts-verdict") == "blocked"
    error = answer.error
    assert set(error) == {"message", "type", "param", "code", "policy", "request_id"}
    assert error["type"] == "policy_violation"
    assert error["code"] == "input_blocked"
    assert error["policy"] == "prompt-injection"
    assert error["request_id"] == answer.header("x-request-id")
    assert not provider.requests


def test_a_block_of_a_stream_request_is_the_same_json(gw, provider, base):
    answer = gw.chat(chat.INJECTION, f"{base}/chat/completions", stream=True)
    assert (answer.status, answer.error["code"]) == (409, "input_blocked")
    assert answer.header("x-should-retry") == "false"
    assert not provider.requests


def test_a_block_message_holds_no_prompt_text(gw, provider):
    answer = gw.chat(f"{TERM} with secret-word-4711")
    assert answer.status == 409
    assert b"4711" not in answer.body and TERM.encode() not in answer.body


def test_own_attack_patterns_block(gw, provider):
    assert gw.chat(f"please run the {TERM.upper()}").status == 409
    assert gw.chat("please run the thing").status == 200


def test_an_attack_in_a_tool_result_is_blocked(gw, provider, base):
    messages = [
        {"role": "user", "content": "Summarise the page"},
        {"role": "tool", "tool_call_id": "c", "content": f"Welcome! {chat.INJECTION}"},
    ]
    answer = gw.post(f"{base}/chat/completions", {"model": "m", "messages": messages})
    assert (answer.status, answer.error["code"]) == (409, "input_blocked")


@pytest.mark.parametrize("status", [400, 403])
def test_the_block_status_can_be_chosen(gw, provider, status):
    answer = gw.chat(chat.INJECTION, f"/s{status}/chat/completions")
    assert (answer.status, answer.error["code"]) == (status, "input_blocked")
    assert answer.header("x-should-retry") == "false"


def test_an_output_block_replaces_the_answer(gw, provider, base):
    provider.answer(answers.whole(chat.dump(chat.answer(f"Ask {chat.EMAIL}"))))
    answer = gw.chat(path=f"{base}/chat/completions")
    assert answer.status == 409
    assert answer.header("x-should-retry") == "false"
    assert answer.error["code"] == "output_blocked"
    assert answer.error["policy"] == "pii-detector"
    assert chat.EMAIL.encode() not in answer.body


def test_an_output_block_before_the_first_release_is_a_status(gw, provider, base):
    provider.answer(answers.stream(chat.stream(["jane.doe", "@acme-mail.com", " is it"])))
    answer = gw.chat(path=f"{base}/chat/completions", stream=True)
    assert (answer.status, answer.error["code"]) == (409, "output_blocked")
    assert answer.header("content-type").startswith("application/json")
    assert answer.header("x-should-retry") == "false"
    assert b"jane" not in answer.body


def block_after_release(gw, provider, base, then=lambda connection, exchange: None):
    """The stream of an answer whose first words were already with the client.

    `then` is called before the provider's end of the connection is closed.
    """
    manual = provider.manual()
    with gw.connect() as connection:
        connection.post(f"{base}/chat/completions", chat.request(stream=True))
        exchange = manual.take()
        exchange.send_stream_head()
        exchange.chunk(b"".join(chat.content_events(["The address of the owner is", " then "])))
        connection.read_head()
        connection.read_body(lambda body: b"The address" in body)
        rest = chat.content_events(["jane.doe", "@acme-mail.com", " and that is all"])
        exchange.chunk(b"".join(rest))
        answer = connection.read_body()
        then(connection, exchange)
        exchange.close()
    return answer


def test_an_output_block_after_release_is_in_band(gw, provider, base):
    answer = block_after_release(gw, provider, base)
    assert answer.status == 200 and answer.complete
    error = chat.error_of(answer.body)
    assert (error["type"], error["code"]) == ("policy_violation", "output_blocked")
    assert not chat.is_done(answer.body)
    assert b"jane" not in answer.body
    assert "The address of the owner is then ".startswith(chat.text_of(answer.body))


EVERYWHERE = pytest.mark.parametrize("base", ["/v1", "/stock/v1", "/unbuffered/v1"])


@EVERYWHERE
def test_an_output_block_closes_the_upstream(gw, provider, base):
    def then(_, exchange):
        assert exchange.gateway_hung_up()

    block_after_release(gw, provider, base, then)


@EVERYWHERE
def test_the_clients_connection_serves_the_next_request_after_an_output_block(gw, provider, base):
    def then(connection, _):
        connection.post(f"{base}/chat/completions", chat.request())
        assert connection.read().status == 200

    block_after_release(gw, provider, base, then)


def test_an_output_block_is_recorded_with_what_was_released(gw, provider, base):
    answer = block_after_release(gw, provider, base)
    record = gw.record_of(answer)
    assert record["verdict"] == "blocked"
    assert record["status"] == 200
    assert record["released_bytes"] > 0


def test_stage_output_leaves_the_request_alone(gw, provider):
    assert gw.chat(f"Mail {chat.EMAIL}").status == 200
    assert chat.EMAIL.encode() in provider.last.body


def test_a_request_after_a_block_on_the_same_connection_is_served(gw, provider, base):
    with gw.connect() as connection:
        connection.post(f"{base}/chat/completions", chat.request(chat.INJECTION))
        assert connection.read().status == 409
        connection.post(f"{base}/chat/completions", chat.request("Hello"))
        assert connection.read().status == 200
