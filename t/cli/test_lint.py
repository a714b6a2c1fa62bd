"""kt policy lint, and that nginx -t agrees with it."""

import json
import os
import subprocess

import pytest

from conftest import ECHO, MODULE, NGINX, ROOT, environment, kt


def lint_json(*files):
    result = kt("policy", "lint", "--file", *files, "--json")
    return result.returncode, json.loads(result.stdout)


@pytest.mark.parametrize("sample", sorted((ROOT / "conf").glob("policy-config*.yaml")), ids=lambda p: p.name)
def test_shipped_configurations_are_valid_without_warnings(sample):
    status, verdict = lint_json(sample)
    assert (status, verdict["valid"], verdict["errors"]) == (0, True, [])
    unexpected = [w for w in verdict["warnings"] if "echo" not in w["message"]]
    assert unexpected == []


def test_json_tells_pack_and_chain(pack):
    status, verdict = lint_json(pack())
    assert status == 0
    assert verdict["pack"] == {"name": "echo-pack", "version": "1.2.3", "enabled": True}
    assert verdict["chain"] == ["prompt-injection", "pii-detector", "audit-logger"]
    assert verdict["policy_count"] == 3


def test_text_names_pack_and_chain_in_one_line(pack):
    result = kt("policy", "lint", "--file", pack())
    assert result.returncode == 0
    last = result.stdout.splitlines()[-1]
    assert last.endswith("valid: echo-pack@1.2.3 > prompt-injection > pii-detector > audit-logger")


def test_every_error_is_named_with_its_place(pack):
    path = pack(ECHO.replace("id: echo", "id: echo, weigth: 2").replace("true}", "maybe}"))
    status, verdict = lint_json(path)
    assert (status, verdict["valid"], verdict["pack"]) == (2, False, None)
    places = {error["path"]: error for error in verdict["errors"]}
    assert set(places) == {"pack.enabled", "providers.targets[0].weigth"}
    error = places["providers.targets[0].weigth"]
    assert (error["file"], error["line"]) == (str(path), 6)
    assert "weight" in error["suggestion"]


def test_a_directory_without_rules_is_named(pack, tmp_path):
    result = kt("policy", "lint", "--rules", tmp_path / "absent", "--file", pack())
    assert result.returncode == 2
    assert f'error: {tmp_path / "absent"}: rule pack "prompt-injection.yaml" is missing' in result.stdout


def test_an_expression_of_another_engine_is_told_what_re2_lacks(pack):
    status, verdict = lint_json(pack(ECHO + "policy: {pii-detector: {detect_patterns: ['a(?=b)']}}\n"))
    assert status == 2
    [error] = verdict["errors"]
    assert error["reason"].startswith("not an RE2 expression: ")
    assert "no look-around" in error["reason"]


def test_a_term_of_nothing_that_can_be_seen_is_an_error(pack):
    chain = ECHO.replace("pii-detector", "dlp-filter")
    path = pack(chain + 'policy: {dlp-filter: {blocked_terms: ["fine", "\\u200b\\u00ad"]}}\n')
    status, verdict = lint_json(path)
    assert status == 2
    [error] = verdict["errors"]
    assert error["path"] == "policy.dlp-filter.blocked_terms[1]"
    assert "never acts" in error["reason"]


def test_terms_of_a_policy_that_does_not_run_are_no_error(pack):
    status, verdict = lint_json(
        pack(ECHO + 'policy: {dlp-filter: {blocked_terms: ["\\u200b"]}}\n'))
    assert status == 0
    assert verdict["errors"] == []


def test_a_pattern_that_does_not_compile_is_an_error(pack):
    path = pack(ECHO + "policy: {pii-detector: {detect_patterns: ['a(b']}}\n")
    status, verdict = lint_json(path)
    assert status == 2
    [error] = verdict["errors"]
    assert error["path"] == "policy.pii-detector.detect_patterns[0]"
    line = path.read_text().splitlines()[error["line"] - 1]
    assert line[error["column"] - 1 :].startswith("'a(b'")


def test_a_pattern_is_judged_although_the_file_has_other_errors(pack):
    path = pack(ECHO.replace("id: echo", "id: echo, weigth: 2")
                + "policy: {pii-detector: {detect_patterns: ['a(b'], entities: [EMAL]}}\n")  # fmt: skip
    _, verdict = lint_json(path)
    found = {error["path"]: error["suggestion"] for error in verdict["errors"]}
    assert found == {
        "providers.targets[0].weigth": "weight",
        "policy.pii-detector.detect_patterns[0]": "",
        "policy.pii-detector.entities[0]": "EMAIL",
    }


def test_an_unknown_type_beside_all_is_named(pack):
    path = pack(ECHO + "policy: {pii-detector: {entities: [all, EMIAL]}}\n")
    status, verdict = lint_json(path)
    found = {error["path"]: error["suggestion"] for error in verdict["errors"]}
    assert (status, found) == (2, {"policy.pii-detector.entities[1]": "EMAIL"})


def test_what_the_policies_warn_of_has_its_place_too(pack):
    path = pack(ECHO + "policy: {pii-detector: {detect_patterns: ['a+b']}}\n")
    _, verdict = lint_json(path)
    [warning] = [w for w in verdict["warnings"] if "buffered" in w["reason"]]
    assert (warning["file"], warning["path"]) == (
        str(path),
        "policy.pii-detector.detect_patterns[0]",
    )
    assert warning["line"] > 0


def test_a_configuration_without_targets_is_valid_with_a_warning(pack):
    status, verdict = lint_json(pack(ECHO[: ECHO.index("providers:")]))
    assert (status, verdict["valid"]) == (0, True)
    [warning] = [w for w in verdict["warnings"] if w["path"] == "providers.targets"]
    assert "`kt gateway run` need one, `keeptrusts on` does not" in warning["message"]


def test_later_files_win(pack):
    first = pack()
    second = pack("pack: {version: 2.0.0}\n", "more.yaml")
    status, verdict = lint_json(first, second)
    assert (status, verdict["pack"]["version"]) == (0, "2.0.0")
    assert (verdict["file"], verdict["files"]) == (str(first), [str(first), str(second)])
    summary = kt("policy", "lint", "--file", first, second).stdout
    assert f"{first} + {second}: valid" in summary


def test_a_missing_file_is_an_error(tmp_path):
    result = kt("policy", "lint", "--file", tmp_path / "none.yaml")
    assert result.returncode == 2
    assert "none.yaml" in result.stdout


BROKEN = {
    "unknown key": ECHO.replace("id: echo", "id: echo, weigth: 2"),
    "two errors": ECHO.replace("provider: echo", "provider: ekko").replace("1.2.3", "one"),
    "duplicate key": ECHO + "pack: {}\n",
    "bad pattern": ECHO + "policy: {pii-detector: {detect_patterns: ['a(b']}}\n",
    "no YAML": "pack: [",
    "empty": "",
}


@pytest.mark.parametrize("name", ["valid", *BROKEN])
def test_nginx_test_agrees(name, pack, tmp_path):
    path = pack(BROKEN.get(name, ECHO))
    status, verdict = lint_json(path)
    assert status == (0 if name == "valid" else 2)
    owner = "user root;" if os.geteuid() == 0 else ""
    (tmp_path / "nginx.conf").write_text(
        f"load_module {MODULE}; {owner} pid {tmp_path}/pid; events {{}} http {{ access_log off;"
        f"keeptrusts_audit_dir {tmp_path}/audit; keeptrusts_policy_config {path};"
        "server { listen 127.0.0.1:1; location / { keeptrusts_pass; } } }"
    )
    command = [NGINX, "-t", "-e", "stderr", "-p", tmp_path, "-c", tmp_path / "nginx.conf"]
    test = subprocess.run(command, env=environment(), capture_output=True, encoding="utf-8",
                          check=False)  # fmt: skip
    assert (test.returncode == 0) == (status == 0), test.stderr
    for error in verdict["errors"]:
        assert error["reason"] in test.stderr
        if error["line"]:
            assert f"{path}:{error['line']}:{error['column']}" in test.stderr
