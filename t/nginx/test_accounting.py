"""Tokens and cost: in the audit record, and in the variables of log_format."""

import pytest

from harness import answers, chat, policy
from harness.wait import until

PRICING = {"prompt": 3, "completion": 10, "cached_prompt": 1}
USAGE = {
    "prompt_tokens": 1000,
    "completion_tokens": 500,
    "total_tokens": 1500,
    "prompt_tokens_details": {"cached_tokens": 400},
    "completion_tokens_details": {"reasoning_tokens": 100},
}
COST = (600 * 3 + 400 * 1 + 500 * 10) / 1e6
LOG = (
    "log_format tokens '$keeptrusts_prompt_tokens $keeptrusts_completion_tokens"
    " $keeptrusts_cost_usd';"
)


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    return make_gateway(
        policy.config(policy.target(shared_provider, pricing=PRICING, stream_usage=True)),
        policy.routed(more="access_log {dir}/tokens.log tokens;"),
        http=LOG,
    )


def stream_with(usage, text="Four and a half"):
    pieces = chat.stream([text])
    last = chat.event({**chat.chunk({}), "choices": [], "usage": usage})
    return answers.stream([*pieces[:-1], last, pieces[-1]])


def assert_accounted(gateway, answer):
    record = gateway.record_of(answer)
    assert record["usage_source"] == "provider"
    assert (record["prompt_tokens"], record["completion_tokens"]) == (1000, 500)
    assert (record["cached_tokens"], record["reasoning_tokens"]) == (400, 100)
    assert record["cost_usd"] == pytest.approx(COST)
    log = gateway.directory / "tokens.log"
    until(lambda: log.exists() and log.read_text(), "the access log")
    prompt, completion, cost = log.read_text().splitlines()[-1].split()
    assert (prompt, completion) == ("1000", "500")
    assert float(cost) == pytest.approx(COST)


def test_an_answer_is_accounted_by_its_usage(gw, provider):
    provider.answer(answers.whole(chat.dump(chat.answer(usage=USAGE))))
    assert_accounted(gw, gw.chat())


def test_a_stream_is_accounted_by_the_usage_that_we_asked_for(gw, provider):
    provider.answer(stream_with(USAGE))
    answer = gw.chat(stream=True)
    assert provider.last.json()["stream_options"] == {"include_usage": True}
    assert b'"usage"' not in answer.body  # the client did not ask
    assert chat.is_done(answer.body)
    assert_accounted(gw, answer)


def test_a_client_that_asks_for_usage_gets_it(gw, provider):
    provider.answer(stream_with(USAGE))
    answer = gw.chat(stream=True, stream_options={"include_usage": True})
    assert chat.objects_of(answer.body)[-1]["usage"] == USAGE
    assert_accounted(gw, answer)


def test_responses_are_accounted(gw, provider):
    usage = {
        "input_tokens": 1000,
        "input_tokens_details": {"cached_tokens": 400},
        "output_tokens": 500,
        "output_tokens_details": {"reasoning_tokens": 100},
        "total_tokens": 1500,
    }
    body = {"id": "r", "object": "response", "status": "completed", "output": [], "usage": usage}
    provider.answer(answers.whole(chat.dump(body)))
    assert_accounted(gw, gw.post("/v1/responses", {"model": "m", "input": "Hello"}))


def assert_estimated(record, least):
    assert record["usage_source"] == "estimated"
    assert record["prompt_tokens"] > 0
    assert record["completion_tokens"] >= least
    assert record["cost_usd"] > 0


def test_a_cut_stream_is_estimated(gw, provider):
    provider.answer(answers.stream(chat.stream(["Four and a half ", "hours"])[:2], end=False))
    answer = gw.chat(stream=True)
    assert_estimated(gw.record_of(answer), 4)


def test_a_client_that_leaves_a_stream_is_estimated(gw, provider):
    manual = provider.manual()
    before = len(gw.audit_lines())
    with gw.connect() as connection:
        connection.post("/v1/chat/completions", chat.request(stream=True))
        exchange = manual.take()
        exchange.send_stream_head()
        exchange.chunk(b"".join(chat.stream(["Four and a half "])[:2]), read=True)
    assert exchange.gateway_hung_up()
    exchange.close()
    record = gw.wait_for_records(before + 1)[-1]
    assert record["status"] == 499
    assert_estimated(record, 4)


def test_an_answer_without_usage_is_estimated(gw, provider):
    provider.answer(answers.whole(chat.dump(chat.answer(usage=None))))
    assert_estimated(gw.record_of(gw.chat()), 1)


def test_a_refusal_costs_nothing(gw, provider):
    provider.answer(answers.whole(b'{"error":{"message":"no"}}', 400))
    record = gw.record_of(gw.chat())
    assert record["usage_source"] == "none"
    assert record.get("cost_usd") is None


def test_usage_is_not_asked_for_where_the_provider_refuses_it(make_gateway, provider):
    target = policy.target(provider, stream_usage=False)
    gateway = make_gateway(policy.config(target), policy.routed())
    provider.answer(answers.stream(chat.stream(["Four and a half"])))
    assert gateway.chat(stream=True).status == 200
    assert "stream_options" not in provider.last.json()


def test_models_lists_groups_targets_and_their_models(make_gateway, provider, make_provider):
    one = policy.target(provider, id="one", model="big-model")
    two = policy.target(provider, id="two", secret_key_ref={"env": "KT_TEST_UNSET"})
    groups = [{"name": "fast", "aliases": ["quick"], "targets": ["one"]}]
    gateway = make_gateway(
        policy.config(one, two, providers={"model_groups": groups}), policy.routed()
    )
    listed = gateway.get("/v1/models")
    assert listed.status == 200
    body = listed.json()
    assert body["object"] == "list"
    assert {model["id"] for model in body["data"]} == {"fast", "quick", "one", "big-model"}
    assert all(model["object"] == "model" for model in body["data"])
    assert not provider.requests
    refused = gateway.post("/v1/models", {})
    assert (refused.status, refused.header("allow")) == (405, "GET, HEAD")
