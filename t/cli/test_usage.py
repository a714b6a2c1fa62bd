"""What kt says to whoever does not know it yet."""

import re
import subprocess

import pytest

from conftest import KT, ROOT, SECONDS, environment, kt


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["gateway", "run", "--help"],
                                   ["policy", "lint", "--help"], ["policy", "scan", "-h"],
                                   ["policy", "test", "--help"], ["doctor", "--help"], ["init", "-h"]])  # fmt: skip
def test_help_is_a_manual_page_on_stdout(words):
    result = kt(*words)
    assert result.returncode == 0
    assert result.stdout.startswith("NAME\n")
    assert "SYNOPSIS" in result.stdout
    assert result.stderr == ""


COMMANDS = ["gateway run", "policy lint", "policy test", "policy scan", "audit verify", "audit tail",
            "audit stats", "audit export", "audit keygen", "init", "doctor"]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_a_page_has_all_parts_and_all_options_in_its_synopsis(command):
    page = kt(*command.split(), "--help").stdout
    parts = re.findall("^[A-Z ]+$", page, re.M)
    assert parts[:3] == ["NAME", "SYNOPSIS", "DESCRIPTION"]
    assert parts[-2:] == ["EXIT STATUS", "EXAMPLE"]
    synopsis = page[: page.index("DESCRIPTION")]
    assert set(re.findall(r"--[a-z-]+", page)) <= set(re.findall(r"--[a-z-]+", synopsis))
    assert max(map(len, page.splitlines())) <= 100
    assert f"kt {command}" in page[page.index("\nEXAMPLE") :]


def test_the_overview_names_each_command():
    overview = kt("--help").stdout
    assert re.findall(r"^  ((?:gateway|policy|audit) [a-z]+|init|doctor)  +[a-z]", overview, re.M) == COMMANDS


def test_version_is_one_line():
    result = kt("--version")
    assert result.returncode == 0
    assert result.stdout.startswith("kt ") and result.stdout.count("\n") == 1


def test_no_command_shows_the_overview_and_fails():
    result = kt()
    assert result.returncode == 2
    assert "gateway run" in result.stdout


def test_an_unknown_command_names_what_there_is():
    result = kt("policy", "lnit")
    assert result.returncode == 2
    assert 'unknown command "lnit"' in result.stderr
    assert "lint, scan, test" in result.stderr


def test_an_unknown_option_gets_a_suggestion():
    result = kt("gateway", "run", "--listn", "127.0.0.1:1")
    assert result.returncode == 2
    assert "did you mean --listen?" in result.stderr


@pytest.mark.parametrize("words, message", [
    (["--policy-config"], "--policy-config needs a value"),
    (["--listen", "127.0.0.1:1"], "--policy-config is missing"),
    (["--policy-config", "x", "--listen", "1.2.3.4:0"], "not an address to listen on"),
    (["--policy-config", "x", "--listen", "1.2.3.4:1;"], "not an address to listen on"),
    (["--policy-config", "x", "--listen", "a:1", "--listen", "b:1"], "given twice"),
    (["--policy-config", "x", "--fail-mode", "open"], "--fail-mode is block or allow"),
    (["--policy-config", "x", "--workers", "0"], "--workers is a number"),
    (["--policy-config", "x", "--api-token", "a b"], "visible ASCII"),
])  # fmt: skip
def test_wrong_options_of_gateway_run_are_refused(words, message):
    result = kt("gateway", "run", *words)
    assert result.returncode == 2
    assert message in result.stderr


def test_an_empty_token_variable_is_refused():
    result = kt("gateway", "run", "--policy-config", "x", env={"KEEPTRUSTS_GATEWAY_TOKEN": ""})
    assert result.returncode == 2
    assert "KEEPTRUSTS_GATEWAY_TOKEN is set but empty" in result.stderr


def test_a_module_that_is_not_there_is_named(pack, tmp_path):
    result = kt("gateway", "run", "--policy-config", pack(), "--module", tmp_path / "absent.so",
                "--audit-dir", tmp_path / "audit")  # fmt: skip
    assert result.returncode == 1
    assert f"{tmp_path / 'absent.so'} not found" in result.stderr


def test_a_program_that_is_no_nginx_does_not_end_without_a_word(pack, tmp_path):
    result = kt("gateway", "run", "--policy-config", pack(), "--nginx", "/bin/false",
                "--audit-dir", tmp_path / "audit")  # fmt: skip
    assert result.returncode == 1
    assert "nginx did not start, exit status 1" in result.stderr


def test_help_of_a_command_is_its_page():
    assert kt("help", "policy", "lint").stdout == kt("policy", "lint", "--help").stdout
    assert kt("help", "doctor").stdout == kt("doctor", "--help").stdout
    assert kt("help", "nothing").returncode == 2


@pytest.mark.parametrize("words", [
    ["--help"],
    ["init", "--list-templates"],
    ["policy", "lint", "--file", ROOT / "conf" / "policy-config.yaml"],
], ids=str)  # fmt: skip
def test_output_that_cannot_be_written_is_no_success(words):
    with open("/dev/full", "wb") as full:
        result = subprocess.run([KT, *map(str, words)], stdout=full, stderr=subprocess.PIPE,
                                text=True, env=environment(), timeout=SECONDS, check=False)  # fmt: skip
    assert (result.returncode, result.stderr) == (2, "kt: cannot write to stdout\n")
