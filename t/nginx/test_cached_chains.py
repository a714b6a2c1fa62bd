"""keeptrusts_verdict_cache with several chains in one worker: each judges for itself."""

import pathlib
import shutil

import pytest

from harness import policy

SHOWN = "add_header x-cached $keeptrusts_cached_texts always;"
TEXT = "Please describe the supply ship that came from the mainland once a week. " * 60
PACKS = pathlib.Path(__file__).parents[2] / "policies"
KEY = [("authorization", "Bearer one-client")]


def locations():
    same = policy.routed("/a/", SHOWN) + policy.routed("/same/", SHOWN)
    other = policy.routed("/other/", SHOWN, policy="other.yaml")
    return same + other + policy.routed("/rules/", SHOWN + "keeptrusts_rules {dir}/rules;")


def chain(provider, term):
    blocks = {"blocked_terms": [term], "sensitivity_level": "high", "action": "block"}
    kinds = ["dlp-filter", "audit-logger"]
    return policy.config(policy.target(provider), chain=kinds, settings={"dlp-filter": blocks})


@pytest.fixture
def gw(make_gateway, shared_provider):
    gateway = make_gateway(chain(shared_provider, "lantern"), locations(), start=False)
    gateway.write("other.yaml", chain(shared_provider, "supply ship"))
    rules = gateway.directory / "rules"
    shutil.copytree(PACKS, rules)
    pack = (rules / "dlp-filter.yaml").read_text()
    marking = "markings:\n  - {id: ship, pattern: 'supply ship', level: high}\n"
    assert "markings:\n" in pack
    (rules / "dlp-filter.yaml").write_text(pack.replace("markings:\n", marking, 1))
    gateway.start()
    yield gateway
    gateway.stop()


def ask(gw, path, text=TEXT):
    body = {"model": "m", "messages": [{"role": "user", "content": text}]}
    answer = gw.post(f"{path}chat/completions", body, KEY)
    return answer.status, answer.header("x-cached")


def test_a_text_that_another_location_passed_is_judged(gw):
    assert [ask(gw, "/a/"), ask(gw, "/a/")] == [(200, "0"), (200, "1")]
    for text in (TEXT, "Then: " + TEXT):
        assert ask(gw, "/other/", text)[0] == 409
        assert ask(gw, "/rules/", text)[0] == 409
    # One gateway for all locations that say the same.
    assert ask(gw, "/same/") == (200, "1")


def test_a_reload_begins_anew(gw, shared_provider):
    assert [ask(gw, "/a/"), ask(gw, "/a/")] == [(200, "0"), (200, "1")]
    gw.write("policy.yaml", chain(shared_provider, "supply ship"))
    gw.reload()
    assert ask(gw, "/a/")[0] == 409
    gw.write("policy.yaml", chain(shared_provider, "lantern"))
    gw.reload()
    assert [ask(gw, "/a/"), ask(gw, "/a/")] == [(200, "0"), (200, "1")]


def test_rules_changed_by_a_reload_count(gw):
    rules = gw.directory / "rules" / "dlp-filter.yaml"
    text = rules.read_text()
    assert ask(gw, "/rules/")[0] == 409
    rules.write_text(text.replace("supply ship", "supply train"))
    gw.reload()
    assert [ask(gw, "/rules/"), ask(gw, "/rules/")] == [(200, "0"), (200, "1")]
    rules.write_text(text)
    gw.reload()
    assert ask(gw, "/rules/")[0] == 409
