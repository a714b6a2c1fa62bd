"""`keeptrusts_enforce off`: every policy sees and records, none blocks or edits."""

import pytest

from harness import answers, chat, policy

TERM = "Project Heron"
SETTINGS = {
    "prompt-injection": {},
    "pii-detector": {"action": "redact"},
    "safety-filter": {"mode": "strict", "block_if": [TERM], "fuzzy_matching": True},
    "dlp-filter": {"blocked_terms": [TERM], "action": "block", "sensitivity_level": "restricted"},
}
FOUND = {
    "prompt-injection": chat.INJECTION,
    "pii-detector": f"Write to {chat.EMAIL} please.",
    "safety-filter": "All about Projet Heron.",
    "dlp-filter": "TLP:RED for Project Heron.",
}
ANSWERED = [kind for kind in FOUND if kind != "prompt-injection"]


@pytest.fixture(scope="module", params=SETTINGS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider, kind):
    """One policy alone: /v1/ and /stock/ record only, /on/ enforces."""
    config = policy.config(policy.target(shared_provider), chain=[kind, "audit-logger"])
    config["policy"] = {kind: SETTINGS[kind]}
    off = "keeptrusts_enforce off;"
    locations = policy.routed(more=off) + policy.stock(shared_provider, more=off)
    return make_gateway(config, locations + policy.routed("/on/"))


def outcome(gw, answer, kind, phase):
    record = gw.record_of(answer)
    found = [p for p in record["policies"] if (p["kind"], p["phase"]) == (kind, phase)]
    assert len(found) == 1
    return found[0]["verdict"]


def test_a_request_goes_on_as_it_came(gw, provider, base, kind):
    text = FOUND[kind]
    answer = gw.chat(text, f"{base}/chat/completions")
    assert answer.status == 200
    assert provider.last.json()["messages"][0]["content"] == text
    assert outcome(gw, answer, kind, "input") == "flagged"


def test_the_same_request_is_not_let_through_when_enforced(gw, provider, kind):
    answer = gw.chat(FOUND[kind], "/on/chat/completions")
    passed = answer.status == 200 and FOUND[kind].encode() in provider.last.body
    assert not passed
    assert outcome(gw, answer, kind, "input") in ("blocked", "redacted")


def test_an_answer_goes_on_as_it_came(gw, provider, base, kind):
    if kind not in ANSWERED:
        pytest.skip("judges requests only")
    body = chat.dump(chat.answer(FOUND[kind]))
    provider.answer(answers.whole(body))
    answer = gw.chat(path=f"{base}/chat/completions")
    assert (answer.status, answer.body) == (200, body)
    assert outcome(gw, answer, kind, "output") == "flagged"


def test_a_stream_goes_on_as_it_came(gw, provider, base, kind):
    if kind not in ANSWERED:
        pytest.skip("judges requests only")
    events = chat.stream([FOUND[kind][:9], FOUND[kind][9:]])
    provider.answer(answers.stream(events))
    answer = gw.chat(path=f"{base}/chat/completions", stream=True)
    assert (answer.status, answer.body) == (200, b"".join(events))
    assert outcome(gw, answer, kind, "output") == "flagged"
