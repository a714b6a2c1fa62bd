"""The two surfaces: keeptrusts_pass routes by itself, `keeptrusts on` governs a stock handler."""

import pytest

from harness import answers, chat, policy
from harness.gateway import ROOT


def test_a_clean_chat_reaches_the_provider_and_comes_back(gw, provider, base):
    body = chat.dump(chat.answer("All is well."))
    provider.answer(answers.whole(body))
    answer = gw.chat("How are you?", f"{base}/chat/completions")
    assert (answer.status, answer.body, answer.complete) == (200, body, True)
    assert answer.header("content-type") == "application/json"
    assert len(provider.requests) == 1


def test_a_redacted_request_arrives_with_its_new_length(gw, provider, base):
    gw.chat(f"Write to {chat.EMAIL} today", f"{base}/chat/completions")
    seen = provider.last
    assert seen.json()["messages"][0]["content"] == f"Write to {chat.EMAIL_MARK} today"
    assert int(seen.header("content-length")) == len(seen.body)


def test_an_injection_is_blocked_before_the_provider(gw, provider, base):
    answer = gw.chat(chat.INJECTION, f"{base}/chat/completions")
    assert answer.status == 409
    assert answer.error["code"] == "input_blocked"
    assert not provider.requests


def test_an_answer_is_redacted_with_its_new_length(gw, provider, base):
    provider.answer(answers.whole(chat.dump(chat.answer(f"Ask {chat.EMAIL}."))))
    answer = gw.chat(path=f"{base}/chat/completions")
    assert answer.json()["choices"][0]["message"]["content"] == f"Ask {chat.EMAIL_MARK}."
    assert answer.complete


def test_a_stream_is_redacted(gw, provider, base):
    provider.answer(answers.stream(chat.stream(["Ask jane.doe", "@acme-mail.com", " now"])))
    answer = gw.chat(path=f"{base}/chat/completions", stream=True)
    assert answer.header("content-type").startswith("text/event-stream")
    assert chat.text_of(answer.body) == f"Ask {chat.EMAIL_MARK} now"
    assert chat.is_done(answer.body)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/v1/chat/completions"])
def test_the_endpoint_is_below_the_location_with_or_without_v1(gw, provider, path):
    assert gw.chat(path=path).status == 200
    assert provider.last.target == "/v1/chat/completions"


@pytest.mark.parametrize("endpoint", ["completions", "embeddings", "responses"])
def test_every_endpoint_has_its_path_at_the_provider(gw, provider, endpoint):
    provider.answer(answers.whole(b'{"object":"x"}'))
    body = {"model": "m", "prompt": "Hi", "input": "Hi"}
    body.pop("input" if endpoint == "completions" else "prompt")
    assert gw.post(f"/v1/{endpoint}", body).status == 200
    assert provider.last.target == f"/v1/{endpoint}"


def test_the_query_string_does_not_go_up(gw, provider):
    assert gw.chat(path="/v1/chat/completions?api-version=2&key=abc").status == 200
    assert provider.last.target == "/v1/chat/completions"


def test_a_stock_location_without_the_module_is_untouched(make_gateway, provider):
    gateway = make_gateway(
        policy.config(policy.target(provider)),
        policy.stock(provider)
        + f"location /plain/ {{ proxy_pass http://127.0.0.1:{provider.port}/; }}",
    )
    gateway.chat(f"Write to {chat.EMAIL}", "/plain/v1/chat/completions")
    assert chat.EMAIL.encode() in provider.last.body


def test_keeptrusts_off_leaves_a_location_alone(make_gateway, provider):
    gateway = make_gateway(
        policy.config(policy.target(provider)),
        policy.stock(provider).replace("keeptrusts on;", "keeptrusts off;"),
    )
    gateway.chat(f"Write to {chat.EMAIL}", "/stock/v1/chat/completions")
    assert chat.EMAIL.encode() in provider.last.body


def test_the_stock_handler_keeps_its_own_headers_and_key(make_gateway, provider):
    gateway = make_gateway(
        policy.config(policy.target(provider)),
        policy.stock(provider, more='proxy_set_header Authorization "Bearer own-key";'),
    )
    gateway.chat(path="/stock/v1/chat/completions")
    assert provider.last.header("authorization") == "Bearer own-key"
    assert policy.KEY.encode() not in provider.last.head


def test_the_stock_surface_does_not_replace_the_model(make_gateway, provider):
    gateway = make_gateway(
        policy.config(policy.target(provider, model="m-target")), policy.stock(provider)
    )
    gateway.chat(path="/stock/v1/chat/completions")
    assert provider.last.json()["model"] == "m-client"


def test_a_bodiless_get_goes_to_the_stock_handler(gw, provider):
    provider.answer(answers.whole(b'{"object":"list","data":[]}'))
    answer = gw.get("/stock/v1/models")
    assert (answer.status, answer.body) == (200, b'{"object":"list","data":[]}')
    assert provider.last.method == "GET"


def test_what_a_get_reads_of_stored_answers_is_recorded_as_unscanned(make_gateway, provider):
    gateway = make_gateway(policy.config(policy.target(provider)), policy.stock(provider))
    body = chat.dump(chat.answer(chat.EMAIL))
    provider.answer(answers.whole(body))
    answer = gateway.get("/stock/v1/chat/completions")
    assert (answer.status, answer.body, provider.last.method) == (200, body, "GET")
    [record] = gateway.wait_for_records(1)
    assert (record["route"], record["unscanned"]) == ("chat/completions", ["endpoint"])


def test_a_dead_stock_upstream_is_a_json_error(make_gateway, make_provider):
    gone = make_provider()
    gone.close()
    gateway = make_gateway(policy.config(policy.target(gone)), policy.stock(gone))
    answer = gateway.chat(path="/stock/v1/chat/completions")
    assert answer.status == 502
    assert answer.error["type"] == "upstream_error"


def test_mirror_beside_keeptrusts_on_is_a_configuration_error(make_gateway, shared_provider):
    gateway = make_gateway(
        policy.config(policy.target(shared_provider)),
        policy.stock(shared_provider, more="mirror /copy;") + "location /copy { return 204; }",
        start=False,
    )
    status, output = gateway.test_configuration()
    assert status != 0
    assert "[emerg]" in output and "mirror" in output


def test_the_sample_configuration_routes_to_its_provider(make_gateway, provider):
    # t/cli runs the files of conf/ as they are; here the sample's provider is within reach.
    sample = (ROOT / "conf" / "policy-config.yaml").read_text()
    url = "https://api.fireworks.ai/"
    assert url in sample
    gateway = make_gateway(
        sample.replace(url, f"http://127.0.0.1:{provider.port}/"),
        policy.routed(),
        env={"FIREWORKS_API_KEY": "fw-key"},
    )
    assert gateway.chat(f"Mail {chat.EMAIL}").status == 200
    assert provider.last.target == "/inference/v1/chat/completions"
    assert provider.last.header("authorization") == "Bearer fw-key"
    assert provider.last.json()["model"].startswith("accounts/fireworks/models/")
