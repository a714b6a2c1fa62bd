"""Answers that need no provider: the model list, the echo provider, and the API token."""

import pytest

from harness import chat, policy

TOKEN = "kt-token-0123456789abcdef"


def test_models_lists_what_can_be_asked_for(make_gateway, provider):
    targets = [
        policy.target(provider, id="fast", model="vendor/m-fast"),
        policy.target(provider, id="deep", model="vendor/m-deep"),
    ]
    gateway = make_gateway(policy.config(*targets), policy.routed())
    for path in ("/v1/models", "/v1/v1/models"):
        answer = gateway.get(path)
        assert answer.status == 200
        assert answer.json()["object"] == "list"
        ids = {model["id"] for model in answer.json()["data"]}
        assert {"fast", "deep"} <= ids or {"vendor/m-fast", "vendor/m-deep"} <= ids
        assert all(model["object"] == "model" for model in answer.json()["data"])
    assert not provider.requests


@pytest.fixture(scope="module")
def echo(make_gateway):
    config = policy.config({"id": "echo", "provider": "echo"})
    return make_gateway(config, policy.routed())


def test_echo_answers_with_what_a_provider_would_have_received(echo):
    answer = echo.chat(f"Mail {chat.EMAIL} now")
    assert answer.status == 200
    value = answer.json()
    assert value["choices"][0]["message"]["content"] == f"Mail {chat.EMAIL_MARK} now"
    assert value["choices"][0]["finish_reason"] == "stop"
    assert value["model"] == "echo"
    assert value["usage"]["prompt_tokens"] > 0
    assert answer.header("x-keeptrusts-target") == "echo"


def test_echo_streams_in_small_pieces(echo):
    text = f"Mail {chat.EMAIL} now, please \u00e9\U0001f600."
    answer = echo.chat(text, stream=True, stream_options={"include_usage": True})
    edited = text.replace(chat.EMAIL, chat.EMAIL_MARK)
    assert answer.header("content-type").startswith("text/event-stream")
    assert chat.text_of(answer.body) == edited
    assert chat.is_done(answer.body) and answer.complete
    pieces = [
        choice["delta"].get("content") or ""
        for value in chat.objects_of(answer.body)
        for choice in value["choices"]
    ]
    assert len([piece for piece in pieces if piece]) > 1
    assert chat.objects_of(answer.body)[-1]["usage"]["prompt_tokens"] > 0


def test_echo_streams_the_same_each_time(echo):
    def deltas():
        values = chat.objects_of(echo.chat("one two three four", stream=True).body)
        return [value["choices"][0]["delta"] for value in values if value["choices"]]

    assert deltas() == deltas()


def test_echo_is_governed(echo):
    assert echo.chat(chat.INJECTION).status == 409
    record = echo.record_of(echo.chat("Hello"))
    assert (record["target"], record["model"], record["status"]) == ("echo", "echo", 200)


def test_echo_warns_once_at_start(echo):
    warnings = [line for line in echo.error_log.splitlines() if "[warn]" in line and "echo" in line]
    assert len(warnings) == 1


@pytest.mark.parametrize("size", [100_000, 2_000_000])
def test_echo_of_a_long_text_is_whole(echo, size):
    text = "ordinary words " * (size // 15)
    answer = echo.chat(text)
    assert answer.json()["choices"][0]["message"]["content"] == text
    assert chat.text_of(echo.chat(text[:100_000], stream=True).body) == text[:100_000]


@pytest.mark.parametrize("path,body", [("embeddings", {"input": "Hi"}),
                                       ("completions", {"prompt": "Hi"}),
                                       ("responses", {"input": "Hi"})])  # fmt: skip
def test_echo_serves_every_endpoint(echo, path, body):
    answer = echo.post(f"/v1/{path}", {"model": "m", **body})
    assert answer.status == 200
    assert answer.json()["object"]


@pytest.fixture(scope="module")
def guarded(make_gateway, shared_provider):
    gateway = make_gateway(
        policy.config(policy.target(shared_provider)),
        policy.routed(more="keeptrusts_api_token_file {dir}/token;")
        + "location = /health { keeptrusts_status; }",
        start=False,
    )
    gateway.write("token", TOKEN + "\n")
    gateway.start()
    yield gateway
    gateway.stop()


def bearer(value):
    return [("Authorization", value)]


def test_the_right_token_is_let_in(guarded, provider):
    assert guarded.chat(headers=bearer(f"Bearer {TOKEN}")).status == 200
    assert guarded.chat(headers=bearer(f"bearer {TOKEN}")).status == 200
    assert TOKEN.encode() not in provider.last.head


WRONG = {
    "none": [],
    "empty": bearer(""),
    "scheme only": bearer("Bearer "),
    "another": bearer("Bearer kt-token-fedcba9876543210"),
    "a prefix": bearer(f"Bearer {TOKEN[:-1]}"),
    "too long": bearer(f"Bearer {TOKEN}x"),
    "without the scheme": bearer(TOKEN),
    "another scheme": bearer(f"Basic {TOKEN}"),
    "the file's bytes": bearer(f"Bearer {TOKEN}%0A"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_token_is_a_401(guarded, provider, kind):
    answer = guarded.chat(headers=WRONG[kind])
    assert (answer.status, answer.error["code"]) == (401, "invalid_api_key")
    assert answer.error["type"] == "validation_error"
    assert TOKEN.encode() not in answer.body
    assert not provider.requests


def test_the_model_list_asks_for_the_token_too(guarded):
    assert guarded.get("/v1/models").status == 401
    assert guarded.get("/v1/models", bearer(f"Bearer {TOKEN}")).status == 200


def test_health_is_open(guarded):
    assert guarded.get("/health").status == 200


def test_the_token_is_in_no_log(guarded, provider):
    guarded.chat(headers=bearer(f"Bearer {TOKEN}"))
    guarded.chat(headers=bearer("Bearer wrong-token-zqx"))
    texts = [guarded.error_log, *guarded.audit_lines()]
    assert not any(TOKEN in text or "zqx" in text for text in texts)


def test_a_missing_token_file_is_a_configuration_error(make_gateway, shared_provider):
    gateway = make_gateway(
        policy.config(policy.target(shared_provider)),
        policy.routed(more="keeptrusts_api_token_file {dir}/absent;"),
        start=False,
    )
    status, output = gateway.test_configuration()
    assert status != 0
    assert "absent" in output


def test_an_empty_token_file_is_a_configuration_error(make_gateway, shared_provider):
    gateway = make_gateway(
        policy.config(policy.target(shared_provider)),
        policy.routed(more="keeptrusts_api_token_file {dir}/token;"),
        start=False,
    )
    gateway.write("token", "\n")
    status, _ = gateway.test_configuration()
    assert status != 0
