"""nginx -t says what is wrong with a policy file, where, and all of it at once."""

import json
import re

import pytest

from harness import policy

BROKEN = """\
pack:
  name: broken
  version: 1.0.0
  enabled: yes please
policies:
  chain:
    - prompt-injection
    - pii-detektor
    - audit-logger
policy:
  prompt-injection:
    threshhold: 0.5
providers:
  targets:
    - id: main
      provider: openai-compatible
      base_url: http://127.0.0.1:9/v1
      secret_key_ref: {env: KT_TEST_PROVIDER_KEY}
      weigth: 2
"""


@pytest.fixture
def check(make_gateway):
    """(exit status, output) of nginx -t with this policy file and this location."""

    def run(text, server=None):
        gateway = make_gateway(server=server or policy.routed(), start=False)
        gateway.write("policy.yaml", text)
        return gateway.test_configuration()

    return run


def test_all_errors_are_named_with_their_place(check):
    status, output = check(BROKEN)
    assert status != 0
    for place in (
        "policy.yaml:4:12: pack.enabled",
        "policy.yaml:8:7: policies.chain[1]",
        "policy.yaml:12:5: policy.prompt-injection.threshhold",
        "policy.yaml:19:7: providers.targets[0].weigth",
    ):
        assert place in output, output


def test_near_misses_get_a_suggestion(check):
    _, output = check(BROKEN)
    for suggestion in ("pii-detector", "threshold", "weight"):
        assert f'"{suggestion}"' in output


def errors_of(check, text):
    status, output = check(text)
    assert status != 0
    assert "[emerg]" in output
    return output


def test_a_duplicate_key_is_an_error(check):
    text = BROKEN.replace("  version: 1.0.0", "  version: 1.0.0\n  version: 1.0.1")
    assert "policy.yaml:4:3" in errors_of(check, text)


def test_yaml_that_does_not_parse_is_named_with_its_place(check):
    assert "policy.yaml:2:" in errors_of(check, "pack:\n  name: [x\n")


def test_a_missing_file_is_an_error(make_gateway):
    gateway = make_gateway(server=policy.routed(policy="absent.yaml"), start=False)
    status, output = gateway.test_configuration()
    assert status != 0
    assert "absent.yaml" in output


def test_the_old_list_dialect_gets_a_clear_error(check):
    assert "version" in errors_of(check, "version: '1'\npolicies:\n  - name: x\n")


@pytest.mark.parametrize("kind", ["agent-firewall", "rbac", "bot-detector"])
def test_documented_but_missing_kinds_say_so(check, kind):
    text = BROKEN.replace("pii-detektor", kind)
    assert "not supported yet" in errors_of(check, text)


def test_an_empty_file_is_an_error(check):
    errors_of(check, "")


def test_echo_beside_a_real_target_is_an_error(check):
    echo = "    - id: echo\n      provider: echo\n"
    text = BROKEN.replace("  targets:\n", "  targets:\n" + echo)
    assert "echo" in errors_of(check, text)


BAD_VALUES = """\
pack: {name: bad-values, version: 1.0.0, enabled: true}
policies: {chain: [prompt-injection, pii-detector, dlp-filter, audit-logger]}
policy:
  prompt-injection:
    detection: {attack_patterns: ["ok", "b("]}
  pii-detector:
    entities: [email, EMAIL, us-snn]
    detect_patterns:
      - "fine"
      - "[z-a]"
    redaction: {custom_markers: {EMIAL: "<mail>"}}
  dlp-filter: {detect_patterns: ["*"]}
providers: {targets: [{id: e, provider: echo}]}
"""


@pytest.mark.parametrize("more", ["", "nmae: x\n"])
def test_values_that_only_a_policy_can_judge_are_named_with_their_place(check, more):
    """All of them, and beside those that the reader finds."""
    errors = errors_of(check, BAD_VALUES + more)
    for place in (
        "policy.yaml:5:41: policy.prompt-injection.detection.attack_patterns[1]: not an RE2 expression: missing )",
        'policy.yaml:7:30: policy.pii-detector.entities[2]: unknown type "US_SNN"; did you mean "US_SSN"?',
        "policy.yaml:10:9: policy.pii-detector.detect_patterns[1]: ",
        "policy.yaml:11:34: policy.pii-detector.redaction.custom_markers.EMIAL: unknown type",
        "policy.yaml:12:34: policy.dlp-filter.detect_patterns[0]: ",
        *(["policy.yaml:14:1: nmae: unknown key"] if more else []),
    ):
        assert place in errors, errors


def test_a_key_without_a_value_is_named_with_its_place(check):
    text = BAD_VALUES.replace("entities: [email, EMAIL, us-snn]", "action: redact")
    for bad, good in (("b(", "b"), ("[z-a]", "z"), ("*", "z")):
        text = text.replace(f'"{bad}"', f'"{good}"')
    text = text.replace(
        "{custom_markers: {EMIAL: \"<mail>\"}}",
        "{marker_format: hash, hash_key_ref: {env: KT_NO_SUCH_VARIABLE}}",
    )
    errors = errors_of(check, text)
    assert "policy.yaml:11:52: policy.pii-detector.redaction.hash_key_ref: " in errors, errors


def test_the_pass_directive_needs_a_policy(check):
    status, output = check("", "location / { keeptrusts_pass; }")
    assert status != 0
    assert "keeptrusts_policy_config" in output


def test_several_files_are_merged(make_gateway, shared_provider):
    gateway = make_gateway(
        policy.config(policy.target(shared_provider)),
        policy.routed().replace("policy.yaml;", "policy.yaml {dir}/more.yaml;"),
        start=False,
    )
    gateway.write("more.yaml", {"pack": {"name": "merged"}})
    status, output = gateway.test_configuration()
    assert status == 0, output


def test_an_error_names_the_file_it_is_in(make_gateway, shared_provider):
    gateway = make_gateway(
        policy.config(policy.target(shared_provider)),
        policy.routed().replace("policy.yaml;", "policy.yaml {dir}/more.yaml;"),
        start=False,
    )
    gateway.write("more.yaml", "pack:\n  nmae: merged\n")
    status, output = gateway.test_configuration()
    assert status != 0
    assert "more.yaml:2:3: pack.nmae" in output


def test_an_unusable_audit_directory_is_a_start_up_error_when_immutable(
    make_gateway, shared_provider
):
    gateway = make_gateway(
        policy.config(policy.target(shared_provider)),
        policy.routed().replace("{dir}/audit;", "{dir}/policy.yaml/audit;"),
        start=False,
    )
    status, output = gateway.test_configuration()
    assert status != 0
    assert "audit" in output


@pytest.mark.parametrize(
    "directive",
    [
        "keeptrusts_block_status 200;",
        "keeptrusts_fail_mode open;",
        "keeptrusts_unknown_endpoint maybe;",
        "keeptrusts_enforce perhaps;",
        "keeptrusts on;",
    ],
)
def test_a_wrong_directive_value_is_an_error(make_gateway, shared_provider, directive):
    gateway = make_gateway(
        policy.config(policy.target(shared_provider)), policy.routed(more=directive), start=False
    )
    status, output = gateway.test_configuration()
    assert status != 0
    assert "[emerg]" in output and "nginx.conf:" in output


@pytest.mark.parametrize(
    "directive, choices",
    [
        ("keeptrusts_block_status 200;", '"400", "403", "409"'),
        ("keeptrusts_fail_mode open;", '"block", "allow"'),
        ("keeptrusts_unknown_endpoint maybe;", '"refuse", "pass"'),
    ],
)
def test_a_value_that_is_no_choice_is_told_the_choices(make_gateway, directive, choices):
    gateway = make_gateway(server=policy.routed(more=directive), start=False)
    status, output = gateway.test_configuration()
    assert status != 0
    name, value = directive.rstrip(";").split()
    assert f'invalid value "{value}" in "{name}" directive, it must be one of {choices} in' in output


@pytest.mark.parametrize(
    "directive, complaint",
    [
        ("keeptrusts_rules {dir}/absent;", '{dir}/absent: rule pack "prompt-injection.yaml" is missing'),
        (
            "keeptrusts_audit_ring_dir {dir}/policy.yaml/rings;",
            'ring directory "{dir}/policy.yaml/rings" cannot be created or written; name another one'
            ' with "keeptrusts_audit_ring_dir" (20: Not a directory)',
        ),
        (
            "keeptrusts_ssl_trusted_certificate {dir}/absent.pem;",
            '"keeptrusts_ssl_trusted_certificate" "{dir}/absent.pem" cannot be used',
        ),
        (
            "keeptrusts_api_token_file {dir}/absent;",
            '"keeptrusts_api_token_file": secret file "{dir}/absent" cannot be read: No such file',
        ),
    ],
)
def test_a_path_that_is_of_no_use_is_named_with_its_directive(
    make_gateway, shared_provider, directive, complaint
):
    target = policy.target(shared_provider, base_url="https://127.0.0.1:9")
    gateway = make_gateway(policy.config(target), policy.routed(more=directive), start=False)
    status, output = gateway.test_configuration()
    assert status != 0
    assert complaint.replace("{dir}", str(gateway.directory)) in output


def test_no_output_of_a_configuration_test_holds_a_secret(make_gateway, shared_provider):
    gateway = make_gateway(
        policy.config(policy.target(shared_provider)), policy.routed(), start=False
    )
    status, output = gateway.test_configuration("-T")
    assert status == 0, output
    assert policy.KEY not in output


@pytest.mark.parametrize("size, complaint", [("8k", "is too small: at least 32k"), ("much", "invalid size")])
def test_a_zone_of_no_use_is_refused(make_gateway, provider, size, complaint):
    gateway = make_gateway(
        policy.config(policy.target(provider)),
        policy.routed(),
        http=f"keeptrusts_zone {size};",
        start=False,
    )
    status, output = gateway.test_configuration()
    assert status != 0 and complaint in output, output


def test_a_zone_too_small_for_its_targets_says_what_they_need(make_gateway, provider):
    targets = [policy.target(provider, id=f"target-{i}") for i in range(64)]
    gateway = make_gateway(
        policy.config(*targets), policy.routed(), http="keeptrusts_zone 32k;", start=False
    )
    status, output = gateway.test_configuration()
    needed = re.search(r"too small for 64 targets: it needs (\d+)k", output)
    assert status != 0 and needed, output
    gateway.http = f"keeptrusts_zone {needed[1]}k;"
    status, output = gateway.test_configuration()
    assert status == 0, output
