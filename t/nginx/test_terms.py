"""The user's own terms, misspelt or not, and the levels of `dlp-filter`."""

import pytest

from harness import answers, chat, policy

TERM = "Project Heron"
TEXT = "All of the Projcet  Hern files, of a project and a hero."
EDITED = "All of the [REDACTED] files, of a project and a hero."


def gateway_of(make_gateway, provider, kind, settings):
    config = policy.config(
        policy.target(provider), chain=[kind, "audit-logger"], settings={kind: settings}
    )
    if kind != "safety-filter":
        config["policy"].pop("safety-filter")
    return make_gateway(config, policy.routed() + policy.stock(provider))


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    settings = {"blocked_terms": [TERM], "fuzzy_matching": True, "max_distance": 2}
    return gateway_of(make_gateway, shared_provider, "dlp-filter", settings)


def test_a_misspelt_term_of_a_request_is_redacted(gw, provider, base):
    gw.chat(TEXT, f"{base}/chat/completions")
    assert provider.last.json()["messages"][0]["content"] == EDITED


def test_a_misspelt_term_of_an_answer_is_redacted(gw, provider, base):
    provider.answer(answers.whole(chat.dump(chat.answer(TEXT))))
    answer = gw.chat(path=f"{base}/chat/completions")
    assert answer.json()["choices"][0]["message"]["content"] == EDITED


def test_a_misspelt_term_of_a_stream_is_redacted_at_every_cut(gw, provider):
    for cut in range(len(TEXT) + 1):
        provider.answer(answers.stream(chat.stream([TEXT[:cut], TEXT[cut:]])))
        answer = gw.chat(stream=True)
        assert chat.text_of(answer.body) == EDITED
        assert chat.is_done(answer.body)


def test_a_misspelt_term_in_deltas_of_one_character_is_redacted(gw, provider, base):
    provider.answer(answers.stream(chat.stream(list(TEXT))))
    answer = gw.chat(path=f"{base}/chat/completions", stream=True)
    assert chat.text_of(answer.body) == EDITED


@pytest.fixture(scope="module")
def safety(make_gateway, shared_provider):
    settings = {"block_if": [TERM], "fuzzy_matching": True, "max_distance": 2}
    return gateway_of(make_gateway, shared_provider, "safety-filter", settings)


def test_a_misspelt_term_of_the_safety_filter_blocks_both_ways(safety, provider, base):
    answer = safety.chat(TEXT, f"{base}/chat/completions")
    assert (answer.status, answer.error["code"]) == (409, "input_blocked")
    provider.answer(answers.stream(chat.stream(list(TEXT))))
    answer = safety.chat(path=f"{base}/chat/completions", stream=True)
    assert b"Projc" not in answer.body and b"Her" not in answer.body
    record = safety.record_of(answer)
    assert record["reason_code"] == "safety_filter.blocked_term"


# sensitivity_level

MARKED = "NATO RESTRICTED\nThe plan is as follows."
PHRASE = "Please treat as confidential."
PERSONAL = f"Key sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD of {chat.EMAIL}"


@pytest.fixture(scope="module")
def levels(make_gateway, shared_provider):
    return {
        level: gateway_of(
            make_gateway, shared_provider, "dlp-filter", {"sensitivity_level": level}
        )
        for level in ("high", "restricted")
    }


def test_a_marked_document_is_blocked_both_ways(levels, provider, base):
    path = f"{base}/chat/completions"
    for gateway in levels.values():
        provider.reset()
        answer = gateway.chat(MARKED, path)
        assert (answer.status, answer.error["code"]) == (409, "input_blocked")
        assert not provider.requests
        provider.answer(answers.stream(chat.stream(list(MARKED))))
        answer = gateway.chat("Hello", path, stream=True)
        assert (answer.status, answer.error["code"]) == (409, "output_blocked")
        assert gateway.record_of(answer)["reason_code"] == "dlp_filter.marking"


@pytest.mark.parametrize("level, blocked", [("high", False), ("restricted", True)])
def test_what_running_text_says_counts_when_restricted(levels, provider, level, blocked):
    assert (levels[level].chat(PHRASE).status == 409) == blocked


@pytest.mark.parametrize("level, left", [("high", chat.EMAIL), ("restricted", "[REDACTED]")])
def test_entities_grow_with_the_level(levels, provider, level, left):
    levels[level].chat(PERSONAL)
    content = provider.last.json()["messages"][0]["content"]
    assert content == f"Key [REDACTED] of {left}"


# response.log_level


def test_an_injection_is_logged_as_asked_and_without_text(make_gateway, provider):
    gateway = gateway_of(
        make_gateway, provider, "prompt-injection", {"response": {"log_level": "notice"}}
    )
    assert gateway.chat("Hello").status == 200
    answer = gateway.chat(f"{chat.INJECTION} secret-word-4711")
    gateway.record_of(answer)
    lines = [line for line in gateway.error_log.splitlines() if "prompt injection" in line]
    assert len(lines) == 1
    assert "[notice]" in lines[0] and "prompt_injection.detected" in lines[0]
    assert answer.header("x-request-id") in lines[0]
    assert "secret-word" not in gateway.error_log and "gnore all" not in gateway.error_log


def test_an_injection_is_not_logged_unasked(make_gateway, provider):
    gateway = gateway_of(make_gateway, provider, "prompt-injection", {})
    gateway.record_of(gateway.chat(chat.INJECTION))
    assert "prompt injection" not in gateway.error_log


# What cannot be judged


def test_expressions_that_find_too_much_fail_and_are_named(make_gateway, provider):
    patterns = {"detect_patterns": ["harmless"] + ["[a-z0-9]"] * 20}
    gateway = gateway_of(make_gateway, provider, "dlp-filter", patterns)
    assert gateway.chat("secretword4711").status == 200
    answer = gateway.chat("secretword4711 " * 6000)
    assert (answer.status, answer.error["policy"]) == (409, "dlp-filter")
    record = gateway.record_of(answer)
    assert record["reason_code"] == "dlp_filter.failed"
    lines = [line for line in gateway.error_log.splitlines() if "could not be checked" in line]
    assert len(lines) == 1 and "[error]" in lines[0]
    assert "policy.dlp-filter.detect_patterns[" in lines[0]
    assert answer.header("x-request-id") in lines[0]
    assert "secretword" not in gateway.error_log
