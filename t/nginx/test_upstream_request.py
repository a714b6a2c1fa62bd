"""The request to the provider is built from zero: key, host, path, model, few client headers."""

import pytest

from harness import answers, chat, policy

CLIENT_KEY = "sk-client-own-key"
# What clients, proxies and browsers send; none of it is the provider's business.
PRIVATE = [
    ("Authorization", f"Bearer {CLIENT_KEY}"),
    ("Proxy-Authorization", "Basic Zm9vOmJhcg=="),
    ("Cookie", "session=s3cret"),
    ("X-Api-Key", "client-x-api-key"),
    ("Api-Key", "client-api-key"),
    ("X-Forwarded-For", "203.0.113.7"),
    ("X-Forwarded-Host", "inner.example"),
    ("X-Real-IP", "203.0.113.7"),
    ("Forwarded", "for=203.0.113.7"),
    ("Via", "1.1 corp-proxy-77"),
    ("Referer", "https://inner.example/page"),
    ("Origin", "https://inner.example"),
    ("TE", "trailers"),
    ("Keep-Alive", "timeout=5"),
    ("Upgrade", "websocket"),
    ("X-User-Id", "user-77"),
    ("X-Keeptrusts-Agent-Id", "agent-77"),
    ("X-Conversation-Id", "conv-77"),
    ("X-Request-Id", "client-req-77"),
    ("OpenAI-Organization", "org-client"),
    ("OpenAI-Project", "proj-client"),
    ("Accept-Language", "tlh-77"),
    ("X-Stainless-Lang", "js-77"),
    ("X-Unknown", "unknown-77"),
]
PASSED = [
    ("OpenAI-Beta", "assistants=v2"),
    ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ("tracestate", "vendor=1"),
]


def test_no_private_header_of_the_client_leaves(gw, provider):
    assert gw.chat(headers=PRIVATE).status == 200
    head = provider.last.head.decode()
    for name, value in PRIVATE:
        assert value not in head, name
        if name != "Authorization":
            assert name.lower() not in provider.last.header_names


def test_the_few_passed_headers_arrive(gw, provider):
    gw.chat(headers=PASSED)
    assert [(n, provider.last.header(n)) for n, _ in PASSED] == PASSED


def test_no_other_header_is_sent_than_the_known_ones(gw, provider):
    gw.chat(headers=PRIVATE + PASSED)
    known = {"host", "content-type", "content-length", "accept", "accept-encoding", "user-agent"}
    known |= {"authorization", "connection", "openai-beta", "traceparent", "tracestate"}
    assert set(provider.last.header_names) <= known


def test_headers_named_by_connection_do_not_leave(gw, provider):
    gw.chat(headers=[("Connection", "keep-alive, X-Hop"), ("X-Hop", "hop-77")])
    assert b"hop-77" not in provider.last.head
    assert "x-hop" not in provider.last.header_names


def test_the_request_head_is_well_formed(gw, provider):
    gw.chat()
    seen = provider.last
    assert seen.head.startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
    assert seen.header("content-type") == "application/json"
    assert seen.header("content-length") == str(len(seen.body))
    assert seen.header("accept-encoding") == "identity"
    assert len(seen.header_names) == len(set(seen.header_names))


def test_the_targets_key_goes_up_as_a_bearer(gw, provider):
    gw.chat(headers=[("Authorization", f"Bearer {CLIENT_KEY}")])
    assert provider.last.header("authorization") == f"Bearer {policy.KEY}"


def test_host_is_the_targets(gw, provider):
    gw.chat()
    assert provider.last.header("host") == f"127.0.0.1:{provider.port}"


def test_the_key_never_reaches_the_client(gw, provider):
    answer = gw.chat()
    texts = [answer.body.decode(), str(answer.headers), gw.error_log, *gw.audit_lines()]
    assert not any(policy.KEY in text for text in texts)


def gateway_for(make_gateway, upstream, /, **target):
    return make_gateway(policy.config(policy.target(upstream, **target)), policy.routed())


def test_key_header_and_prefix_can_be_changed(make_gateway, provider):
    gateway = gateway_for(make_gateway, provider, api_key_header="X-API-Key", api_key_prefix="")
    gateway.chat(headers=[("X-API-Key", "client-x"), ("Authorization", f"Bearer {CLIENT_KEY}")])
    assert provider.last.header("x-api-key") == policy.KEY
    assert provider.last.header("authorization") is None


def test_fixed_headers_of_the_target_are_sent(make_gateway, provider):
    gateway = gateway_for(make_gateway, provider, headers={"X-Title": "gateway", "X-Team": "a b"})
    gateway.chat(headers=[("X-Title", "client")])
    assert provider.last.header("x-title") == "gateway"
    assert provider.last.header("x-team") == "a b"


def test_a_key_from_a_file_is_sent_without_its_newline(make_gateway, provider, tmp_path):
    secret = tmp_path / "key"
    secret.write_text("sk-from-file\n")
    gateway = gateway_for(make_gateway, provider, secret_key_ref={"file": str(secret)})
    gateway.chat()
    assert provider.last.header("authorization") == "Bearer sk-from-file"


def test_a_key_from_the_store_is_sent_and_read_again_on_reload(make_gateway, provider, tmp_path):
    (tmp_path / "provider-key").write_text("sk-store-1")
    gateway = make_gateway(
        policy.config(policy.target(provider, secret_key_ref={"store": "provider-key"})),
        policy.routed(more=f"keeptrusts_secret_store {tmp_path};"),
    )
    gateway.chat()
    assert provider.last.header("authorization") == "Bearer sk-store-1"
    (tmp_path / "provider-key").write_text("sk-store-2")
    gateway.reload()
    gateway.chat()
    assert provider.last.header("authorization") == "Bearer sk-store-2"


@pytest.mark.parametrize(
    "path,expected",
    [
        ("", "/v1/chat/completions"),
        ("/", "/v1/chat/completions"),
        ("/v1", "/v1/chat/completions"),
        ("/v1/", "/v1/chat/completions"),
        ("/inference/v1", "/inference/v1/chat/completions"),
        ("/api", "/api/chat/completions"),
    ],
)
def test_the_base_path_is_joined(make_gateway, provider, path, expected):
    url = f"http://127.0.0.1:{provider.port}{path}"
    gateway = gateway_for(make_gateway, provider, base_url=url)
    gateway.chat()
    assert provider.last.target == expected


@pytest.fixture(scope="module")
def modelled(make_gateway, shared_provider):
    return gateway_for(make_gateway, shared_provider, model="vendor/m-target")


def test_the_targets_model_replaces_the_clients(modelled, provider):
    body = b'{"temperature":0.70, "model" : "m-client","messages":[{"role":"user","content":"x"}]}'
    modelled.post("/v1/chat/completions", body)
    assert provider.last.body == body.replace(b"m-client", b"vendor/m-target")


def test_the_targets_model_is_added_when_the_client_gave_none(modelled, provider):
    modelled.post("/v1/chat/completions", {"messages": [{"role": "user", "content": "x"}]})
    assert provider.last.json()["model"] == "vendor/m-target"


def test_model_and_redaction_are_both_applied(modelled, provider):
    modelled.chat(f"Mail {chat.EMAIL}")
    seen = provider.last.json()
    assert seen["model"] == "vendor/m-target"
    assert seen["messages"][0]["content"] == f"Mail {chat.EMAIL_MARK}"


def test_without_a_model_the_clients_goes_up(gw, provider):
    gw.chat()
    assert provider.last.json()["model"] == "m-client"


def test_a_model_shorthand_is_split_on_two_colons(make_gateway, provider):
    shorthand = "openai-compatible:chat:vendor/m:70b"
    gateway = gateway_for(make_gateway, provider, provider=shorthand)
    gateway.chat()
    assert provider.last.json()["model"] == "vendor/m:70b"


def test_a_shorthand_restricts_the_endpoint(make_gateway, provider):
    gateway = gateway_for(make_gateway, provider, provider="openai-compatible:chat:m")
    answer = gateway.post("/v1/embeddings", {"model": "m", "input": "Hi"})
    assert (answer.status, answer.error["code"]) == (404, "model_not_found")
    assert answer.error["type"] == "validation_error"
    assert answer.header("retry-after") is None
    assert not provider.requests


def test_a_missing_key_disables_the_target(make_gateway, provider):
    gateway = gateway_for(make_gateway, provider, secret_key_ref={"env": "KT_TEST_NOT_SET"})
    answer = gateway.chat()
    assert (answer.status, answer.error["code"]) == (503, "no_target_available")
    assert answer.error["type"] == "unavailable"
    assert answer.header("retry-after")
    assert "[warn]" in gateway.error_log and "KT_TEST_NOT_SET" in gateway.error_log
    assert not provider.requests


def test_a_target_without_a_key_sends_none(make_gateway, provider):
    url = f"http://127.0.0.1:{provider.port}/v1"
    target = {"id": "main", "provider": "ollama", "base_url": url}
    gateway = make_gateway(policy.config(target), policy.routed())
    gateway.chat(headers=[("Authorization", f"Bearer {CLIENT_KEY}")])
    assert provider.last.header("authorization") is None


def test_the_stock_surface_asks_for_identity(gw, provider):
    provider.answer(answers.whole(chat.dump(chat.answer(f"Mail {chat.EMAIL}"))))
    answer = gw.chat(path="/stock/v1/chat/completions", headers=[("Accept-Encoding", "gzip, br")])
    assert provider.last.header("accept-encoding") in (None, "identity")
    assert chat.EMAIL.encode() not in answer.body
