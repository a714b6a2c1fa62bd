"""Where the directives may stand, and how locations share a server but not their policies."""

import pytest

from harness import answers, chat, policy
from harness.wait import until

PATH = "/v1/chat/completions"


def named(provider):
    """Two packs, three ways to a location, and policies that come from the server."""
    other = "keeptrusts_policy_config {dir}/other.yaml; keeptrusts_audit_dir {dir}/audit;"
    usual = "keeptrusts_policy_config {dir}/policy.yaml; keeptrusts_audit_dir {dir}/audit;"
    return f"""
        {usual}
        location /inherits/ {{ keeptrusts_pass; }}
        location /other/ {{ {other} keeptrusts_pass; }}
        location = /v1/chat/completions {{ keeptrusts_pass; }}
        location ~ ^/v1/embeddings$ {{ keeptrusts_pass; }}
        location /v1/completions {{ try_files /absent @fallback; }}
        location /if/ {{
            keeptrusts_pass;
            if ($http_x_mark) {{ set $mark 1; }}
        }}
        location /if-stock/ {{
            keeptrusts on;
            proxy_pass http://127.0.0.1:{provider.port};
            if ($http_x_mark) {{ set $mark 1; }}
        }}
        location /methods/ {{
            keeptrusts_pass;
            limit_except GET {{ allow all; }}
        }}
        location @fallback {{ keeptrusts_pass; }}
        location /stock/ {{
            keeptrusts on;
            proxy_pass http://127.0.0.1:{provider.port}/;
            location /stock/free/ {{
                keeptrusts off;
                proxy_pass http://127.0.0.1:{provider.port}/;
            }}
        }}
        location /copied/ {{
            keeptrusts off;
            mirror /copy/v1/chat/completions;
            proxy_pass http://127.0.0.1:{provider.port}/;
        }}
        location /copy/ {{
            internal;
            keeptrusts on;
            proxy_pass http://127.0.0.1:{provider.port}/copy/;
        }}
        location /asking/ {{
            keeptrusts on;
            auth_request /auth;
            proxy_pass http://127.0.0.1:{provider.port}/;
        }}
        location = /auth {{
            keeptrusts on;
            proxy_pass http://127.0.0.1:{provider.port};
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
        }}"""


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    gateway = make_gateway(
        policy.config(policy.target(shared_provider)), named(shared_provider), start=False
    )
    other = policy.config(
        policy.target(shared_provider, id="second", secret_key_ref={"env": "KT_TEST_OTHER_KEY"}),
        chain=["pii-detector", "audit-logger"],
        settings={"pii-detector": {"action": "block"}},
    )
    other["policy"].pop("safety-filter")
    other["pack"]["name"] = "other-pack"
    gateway.write("other.yaml", other)
    gateway.env["KT_TEST_OTHER_KEY"] = "sk-other"
    gateway.start()
    yield gateway
    gateway.stop()


def test_a_location_inherits_the_policies_of_its_server(gw, provider):
    gw.chat(f"Mail {chat.EMAIL}", "/inherits/chat/completions")
    assert provider.last.json()["messages"][0]["content"] == f"Mail {chat.EMAIL_MARK}"


def test_an_exact_location_serves_its_endpoint(gw, provider):
    assert gw.chat(path=PATH).status == 200
    assert provider.last.target == PATH


def test_a_regular_expression_location_serves_its_endpoint(gw, provider):
    provider.answer(answers.whole(b'{"object":"list","data":[]}'))
    assert gw.post("/v1/embeddings", {"model": "m", "input": "Hi"}).status == 200
    assert provider.last.target == "/v1/embeddings"


def test_a_named_location_serves_the_endpoint_of_the_uri(gw, provider):
    provider.answer(answers.whole(b'{"object":"text_completion","choices":[]}'))
    answer = gw.post("/v1/completions", {"model": "m", "prompt": f"Mail {chat.EMAIL}"})
    assert answer.status == 200
    assert provider.last.json()["prompt"] == f"Mail {chat.EMAIL_MARK}"


def test_two_packs_in_one_server_act_apart(gw, provider):
    assert gw.chat(chat.EMAIL, "/inherits/chat/completions").status == 200
    answer = gw.chat(chat.EMAIL, "/other/chat/completions")
    assert (answer.status, answer.error["policy"]) == (409, "pii-detector")
    assert gw.record_of(answer)["pack"]["name"] == "other-pack"
    assert gw.chat(chat.INJECTION, "/other/chat/completions").status == 200


def test_two_keys_for_one_address_never_share_a_connection(gw, provider):
    for _ in range(2):
        gw.chat(path="/inherits/chat/completions")
        gw.chat(path="/other/chat/completions")
    keys = {}
    for request in provider.requests:
        keys.setdefault(request.connection, set()).add(request.header("authorization"))
    assert {key for found in keys.values() for key in found} == {
        f"Bearer {policy.KEY}",
        "Bearer sk-other",
    }
    assert all(len(found) == 1 for found in keys.values())


def test_a_location_inside_a_governed_one_is_governed_unless_told(gw, provider):
    gw.chat(chat.EMAIL, "/stock/v1/chat/completions")
    assert chat.EMAIL.encode() not in provider.last.body
    gw.chat(chat.EMAIL, "/stock/free/v1/chat/completions")
    assert chat.EMAIL.encode() in provider.last.body


def test_mirror_in_the_server_around_a_governed_location_is_an_error(make_gateway, shared_provider):
    gateway = make_gateway(
        policy.config(policy.target(shared_provider)),
        "mirror /copy; location /copy { return 204; }" + policy.stock(shared_provider),
        start=False,
    )
    status, output = gateway.test_configuration()
    assert status != 0
    assert "mirror" in output


@pytest.mark.parametrize("around, within, fine", [
    ("", "slice 1k;", False),
    ("slice 1k;", "", False),
    ("slice 1k;", "slice 0;", True),
    ("slice 1k;", "if ($arg_x) { set $y 1; }", False),
])  # fmt: skip
def test_pieces_of_answers_that_no_policy_sees_are_an_error(
    make_gateway, shared_provider, around, within, fine
):
    gateway = make_gateway(
        policy.config(policy.target(shared_provider)),
        f"{around} keeptrusts_policy_config {{dir}}/policy.yaml; keeptrusts on;"
        " keeptrusts_audit_dir {dir}/audit;" + policy.stock(shared_provider, more=within),
        start=False,
    )
    status, output = gateway.test_configuration()
    assert (status == 0) == fine
    assert fine or 'location "/stock/"' in output and "slice 0" in output


def test_a_copy_that_no_policy_has_seen_does_not_leave_a_governed_location(gw, provider):
    assert gw.chat(chat.EMAIL, "/copied/v1/chat/completions").status == 200
    refused = '"/copy/v1/chat/completions" is refused'
    until(lambda: refused in gw.error_log, "the copy's end")
    assert [request.target for request in provider.requests] == ["/v1/chat/completions"]


def test_a_subrequest_without_a_body_passes_a_governed_location(gw, provider):
    answer = gw.chat(f"Mail {chat.EMAIL}", "/asking/v1/chat/completions")
    assert answer.status == 200
    targets = [request.target for request in provider.requests]
    assert targets == ["/auth", "/v1/chat/completions"]
    assert chat.EMAIL.encode() not in provider.last.body


def test_pass_without_policies_is_an_error_also_inside_another_location(make_gateway):
    gateway = make_gateway(
        server="location /a/ { location /a/b/ { keeptrusts_pass; } }", start=False
    )
    status, output = gateway.test_configuration()
    assert status != 0
    assert "keeptrusts_policy_config" in output


@pytest.mark.parametrize("headers", [(), [("X-Mark", "1")]])
@pytest.mark.parametrize("path", ["/if/v1", "/if/", "/if-stock/v1", "/methods/v1"])
def test_an_if_or_limit_except_block_is_governed_as_what_is_around_it(gw, provider, path, headers):
    path = path.rstrip("/") + "/chat/completions"
    answer = gw.chat(f"Mail {chat.EMAIL}", path, headers=headers)
    assert answer.status == 200
    assert provider.last.json()["messages"][0]["content"] == f"Mail {chat.EMAIL_MARK}"
    seen = len(provider.requests)
    assert gw.chat(chat.INJECTION, path, headers=headers).status == 409
    assert len(provider.requests) == seen


@pytest.mark.parametrize(
    "location",
    [
        "keeptrusts_pass; proxy_pass http://127.0.0.1:9;",
        "proxy_pass http://127.0.0.1:9; keeptrusts_pass;",
        "keeptrusts_pass; keeptrusts_status;",
        "keeptrusts_pass; if ($http_x) { proxy_pass http://127.0.0.1:9; }",
        "keeptrusts_pass; limit_except GET { proxy_pass http://127.0.0.1:9; }",
    ],
)
def test_another_handler_beside_pass_is_an_error(make_gateway, shared_provider, location):
    gateway = make_gateway(
        policy.config(policy.target(shared_provider)),
        "keeptrusts_policy_config {dir}/policy.yaml; location /both/ { " + location + " }",
        start=False,
    )
    status, output = gateway.test_configuration()
    assert status != 0
    assert "another handler" in output and '"keeptrusts on"' in output


def test_an_error_of_a_location_names_it(make_gateway, shared_provider):
    gateway = make_gateway(
        policy.config(policy.target(shared_provider)), "location /a/ { keeptrusts on; }", start=False
    )
    status, output = gateway.test_configuration()
    assert status != 0
    assert 'location "/a/" in' in output and "nginx.conf: " in output
