"""keeptrusts_verdict_cache: what passed is not judged again, and all else is as without it."""

import pytest

from harness import answers, chat, policy

CALM = "Could you explain how the keepers carried oil up the stairs every evening? " * 8
OTHER = "Please describe the supply ship that came from the mainland once a week. " * 8
SHOWN = "add_header x-cached $keeptrusts_cached_texts;"


@pytest.fixture(scope="module")
def gateways(make_gateway, shared_provider):
    """With the cache as it is, and without."""
    config = policy.config(policy.target(shared_provider))
    locations = policy.routed(more=SHOWN) + policy.stock(shared_provider, more=SHOWN)
    return [
        make_gateway(config, locations, http=f"keeptrusts_verdict_cache {texts};")
        for texts in (1000, "off")
    ]


def ask(gateway, base, *texts, headers=()):
    messages = [{"role": "user", "content": text} for text in texts]
    body = {"model": "m-client", "messages": messages}
    return gateway.post(f"{base}/chat/completions", body, headers)


def judged(gateway, answer):
    """What the audit record says about policies."""
    record = gateway.record_of(answer)
    for found in record["policies"]:
        del found["latency_us"]
    return record["verdict"], record["policies"], record.get("redactions")


def test_a_conversation_that_grows_is_judged_where_it_is_new(gateways, base):
    cached, _ = gateways
    key = [("authorization", f"Bearer grows-{base}")]
    assert ask(cached, base, CALM, headers=key).header("x-cached") == "0"
    assert ask(cached, base, CALM, OTHER, headers=key).header("x-cached") == "1"
    answer = ask(cached, base, CALM, OTHER, "And then?", headers=key)
    assert answer.header("x-cached") == "2"
    assert answer.status == 200


def test_records_are_the_same_as_without_the_cache(gateways, base):
    for _ in range(3):
        with_cache, without = [ask(gateway, base, CALM, OTHER) for gateway in gateways]
        assert without.header("x-cached") == "0"
        assert judged(gateways[0], with_cache) == judged(gateways[1], without)
    assert with_cache.header("x-cached") == "2"


def test_what_is_found_behind_known_texts_is_found_each_time(gateways, base, provider):
    cached, _ = gateways
    for _ in range(3):
        answer = ask(cached, base, CALM, f"Write to {chat.EMAIL}. " + OTHER)
        assert answer.status == 200
        messages = provider.last.json()["messages"]
        assert messages[0]["content"] == CALM
        assert messages[1]["content"].startswith(f"Write to {chat.EMAIL_MARK}. ")
        answer = ask(cached, base, CALM, chat.INJECTION + " " + OTHER)
        assert answer.status == 409


@pytest.mark.parametrize("stream", [False, True])
def test_the_answer_to_a_known_request_is_judged(gateways, base, provider, stream):
    cached, _ = gateways
    text = CALM + str(stream) + base
    said = f"Write to {chat.EMAIL} or to nobody."
    body = {**chat.request(text), "stream": stream}
    for seen in ("0", "1", "1"):
        provider.answer(
            answers.stream(chat.stream([said[:9], said[9:20], said[20:]]))
            if stream
            else answers.whole(chat.dump(chat.answer(said)))
        )
        answer = cached.post(f"{base}/chat/completions", body)
        assert answer.header("x-cached") == seen
        assert chat.EMAIL.encode() not in answer.body
        shown = chat.text_of(answer.body) if stream else answer.body.decode()
        assert chat.EMAIL_MARK in shown and chat.EMAIL not in shown


def test_one_client_learns_nothing_of_another(gateways, base):
    cached, _ = gateways
    text = CALM + base
    for name in ("authorization", "x-api-key", "api-key", "cookie"):
        for who in ("one", "two"):
            headers = [(name, f"{who}-{name}-{base}")]
            assert ask(cached, base, text, headers=headers).header("x-cached") == "0"
            assert ask(cached, base, text, headers=headers).header("x-cached") == "1"


def test_who_shares_a_key_is_told_apart_all_the_same(gateways, base):
    cached, _ = gateways
    text = CALM + "shared" + base
    for who in ("one", "two"):
        headers = [("authorization", "Bearer none"), ("cookie", f"session={who}{base}")]
        assert ask(cached, base, text, headers=headers).header("x-cached") == "0"
        assert ask(cached, base, text, headers=headers).header("x-cached") == "1"


def test_another_role_is_judged_by_itself(gateways, base):
    cached, _ = gateways
    for role in ("user", "system", "assistant"):
        body = {"model": "m", "messages": [{"role": role, "content": CALM + role[0] + base}]}
        seen = [cached.post(f"{base}/chat/completions", body).header("x-cached") for _ in range(2)]
        assert seen == ["0", "1"], role
        body["messages"][0]["role"] = "user" if role != "user" else "system"
        assert cached.post(f"{base}/chat/completions", body).header("x-cached") == "0"


@pytest.mark.parametrize("value", ["0", "-1", "many", "1048577", "16k"])
def test_a_size_of_no_use_is_refused(make_gateway, provider, value):
    gateway = make_gateway(
        policy.config(policy.target(provider)),
        policy.routed(),
        http=f"keeptrusts_verdict_cache {value};",
        start=False,
    )
    status, output = gateway.test_configuration()
    assert status != 0 and 'must be "off" or a number of texts' in output, output
