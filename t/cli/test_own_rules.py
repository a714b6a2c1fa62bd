"""Somebody adds a rule to a copy of policies/: it acts, or the mistake is named with its place."""

import json
import re
import shutil

import pytest

from conftest import ROOT, kt

CONFIG = """\
pack: {name: own, version: 1.0.0, enabled: true}
policies: {chain: [prompt-injection, pii-detector, safety-filter, dlp-filter]}
policy: {dlp-filter: {sensitivity_level: high}}
"""


@pytest.fixture
def rules(tmp_path):
    """Puts `lines` behind the first line that is `after` in a file of a copy of policies/."""
    directory = tmp_path / "my-policies"
    shutil.copytree(ROOT / "policies", directory)

    def edit(file, after, lines, instead=False):
        text = (directory / file).read_text()
        assert after + "\n" in text
        new = lines if instead else after + "\n" + lines
        (directory / file).write_text(text.replace(after + "\n", new + "\n", 1))
        return directory

    return edit


def lint(directory, path):
    result = kt("policy", "lint", "--rules", directory, "--file", path)
    return result.returncode, result.stdout


KEY_RULE = r"""      - '\bfw_[A-Za-z0-9]{20,60}\b'                                   # Fireworks"""

GOOD = {
    "a vendor's key": ("secrets.yaml", KEY_RULE, r"      - '\bacme_[A-Za-z0-9]{32}\b'",
                       "acme_A8fk2Kq0zZ9dPq7LmX4cV1bN6tYuR3sW", "redacted"),
    "a value": ("pii-detector.yaml", "rules:",
                r"  - {id: badge, type: US_PASSPORT, pattern: '\bAB-\d{6}\b', needs: [badge]}",
                "my badge is AB-123456", "redacted"),
    "an attack": ("prompt-injection.yaml", "rules:",
                  "  - {id: own, weight: 0.9, pattern: 'open the pod bay doors'}",
                  "please open the pod  bay doors", "blocked"),
    "a harmful phrase": ("safety-filter.yaml", "    rules:",
                         "      - {id: own, severity: 0.9, pattern: 'how to zorb someone'}",
                         "tell me how to zorb someone", "blocked"),
    "a marking": ("dlp-filter.yaml", "markings:",
                  "  - {id: own, level: high, pattern: 'ACME INTERNAL'}",
                  "ACME INTERNAL: the plan", "blocked"),
}  # fmt: skip


@pytest.mark.parametrize("what", GOOD)
def test_a_rule_of_ones_own_acts(rules, pack, what):
    file, after, lines, text, verdict = GOOD[what]
    path = pack(CONFIG)
    directory = rules(file, after, lines)
    assert lint(directory, path)[0] == 0
    result = kt("policy", "scan", "--policy-config", path, "--rules", directory,
                stdin=json.dumps({"id": 1, "text": text}))  # fmt: skip
    assert json.loads(result.stdout)["verdict"] == verdict


BAD = {
    "no RE2": ("secrets.yaml", KEY_RULE, r"      - '\bacme_(?=x)'", r"pii\.model_providers\[2\]: not an RE2"),
    "double quotes": ("secrets.yaml", KEY_RULE, r'      - "\bacme_[a-z]{9}"',
                      r"secrets\.yaml:\d+: \"patterns\" holds a backspace"),
    "indentation": ("secrets.yaml", KEY_RULE, "     - 'x'", r"secrets\.yaml:\d+: not valid YAML"),
    "unknown type": ("pii-detector.yaml", "rules:", "  - {id: own, type: OWN, pattern: x1}",
                     r'pii-detector\.yaml:\d+: unknown type "OWN"'),
    "a label that is no mark": ("pii-detector.yaml", "types:", "  - {name: OWN, label: own badge}",
                                r'pii-detector\.yaml:\d+: "name" and "label" are capital letters'),
    "unknown key": ("pii-detector.yaml", "rules:", "  - {id: own, type: CRYPTO, patern: x1}",
                    r'pii-detector\.yaml:\d+: unknown key "patern"'),
    "bad weight": ("prompt-injection.yaml", "rules:", "  - {id: own, weight: 9, pattern: x1}",
                   r'prompt-injection\.yaml:\d+: "weight" must be in'),
    "unknown words": ("prompt-injection.yaml", "rules:", "  - {id: own, weight: 0.5, pattern: '{{nope}}'}",
                      r'prompt-injection\.yaml:\d+: unknown word list "nope" in "pattern"'),
    "no longest phrase": ("safety-filter.yaml", "    rules:",
                          "      - {id: own, severity: 0.9, pattern: 'how to .* someone'}",
                          r"safety\.violence\.own: has no longest match"),
    "two of one id": ("safety-filter.yaml", "    rules:",
                      "      - {id: a, severity: 0.9, pattern: xx}\n      - {id: a, severity: 0.9, pattern: xy}",
                      r"safety-filter\.yaml:\d+: another rule of this category has its id"),
    "a mode that nobody can choose": ("safety-filter.yaml", "modes:", "  strct: {default: 0.5}",
                                      r'safety-filter\.yaml:\d+: unknown key "strct"'),
    "no longest marking": ("dlp-filter.yaml", "markings:", "  - {id: own, level: high, pattern: 'ACME.*'}",
                           r"dlp\.own: has no longest match"),
    "a check that is not there": ("secrets.yaml", "rules:", "  - {id: own, type: SECRET, check: lun, pattern: x1}",
                                  r'secrets\.yaml:\d+: unknown check "lun": src/core/'),
    "a form of another length": ("pii-numbers.yaml", "numbers:",
                                 "  - {type: US_SSN, digits: [9], check: luhn, forms: ['3-3-4']}",
                                 r'pii-numbers\.yaml:\d+: "3-3-4" in "forms" has 10 digits'),
    "words that no rule of the language takes in": (
        "prompt-injection-latin.yaml", "  - lang: pl\n    commas: true\n    words:", "      show_last: 'x'",
        r'prompt-injection-latin\.yaml:\d+: the words "show_last" of "pl" would never act'),
    "words with an open parenthesis": (
        "prompt-injection-latin.yaml", "  - lang: pl\n    commas: true\n    words:", "      _own: '(?:x'",
        r'prompt-injection-latin\.yaml:\d+: "_own" is no expression by itself: missing \)'),
    "a switch that is none": ("dlp-filter.yaml", "markings:",
                              "  - {id: own, level: high, enabled: false, pattern: x1}",
                              r'dlp-filter\.yaml:\d+: unknown key "enabled"; known here: id, pattern, level'),
    "two markings of one id": ("dlp-filter.yaml", "markings:",
                               "  - {id: a, level: high, pattern: x1}\n  - {id: a, level: high, pattern: x2}",
                               r"dlp-filter\.yaml:\d+: another marking has its id"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_wrong_rule_is_named_with_its_place(rules, pack, what):
    file, after, lines, message = BAD[what]
    directory = rules(file, after, lines)
    status, out = lint(directory, pack(CONFIG))
    assert status == 2
    place = re.escape(str(directory)) + (f"/{message}" if ".yaml:" in message.replace("\\", "") else f": {message}")
    assert re.search(f"^error: {place}", out, re.M), out


def test_a_category_that_is_not_there_would_never_act(rules, pack):
    line = "  moderate: {default: 0.7}"
    directory = rules("safety-filter.yaml", line, "  moderate: {default: 0.7, violense: 0.5}", True)
    status, out = lint(directory, pack(CONFIG))
    assert (status, 'unknown key "violense"' in out) == (2, True), out


def test_an_unknown_entity_of_a_level_is_not_laid_on_the_configuration(rules, pack):
    line = "  high: [API_KEY, SECRET, URL_CREDENTIALS]"
    directory = rules("dlp-filter.yaml", line, "  high: [API_KEYS]", True)
    text = CONFIG.replace("policy: {", "policy: {pii-detector: {entities: [SECRET]}, ")
    status, out = lint(directory, pack(text))
    assert status == 2
    assert f'error: {directory}/dlp-filter.yaml: entities.high[0]: unknown type "API_KEYS"' in out, out
