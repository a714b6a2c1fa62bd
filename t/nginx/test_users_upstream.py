"""A base_url whose host names an upstream{} of the user's own nginx.conf."""

import pytest

from harness import answers, policy

PLAIN = {"allow_plaintext": True}
OTHER_KEY = "sk-test-OTHER-KEY-9876543210"
OTHER_VARIABLE = "KT_TEST_OTHER_KEY"


def fleet(*providers, more="keepalive 8;"):
    servers = " ".join(f"server 127.0.0.1:{p.port};" for p in providers)
    return f"upstream Fleet {{ {servers} {more} }}"


def target(provider, **more):
    return policy.target(provider, **{"base_url": "http://fleet/v1", **PLAIN, **more})


@pytest.fixture
def two(make_provider):
    return make_provider(), make_provider()


def test_its_servers_are_asked_in_turn(make_gateway, two):
    gateway = make_gateway(policy.config(target(two[0])), policy.routed(), http=fleet(*two))
    for _ in range(4):
        assert gateway.chat().status == 200
    assert [len(p.requests) for p in two] == [2, 2]
    assert two[0].last.header("host") == "fleet"
    assert two[0].last.target == "/v1/chat/completions"


def test_its_balancing_method_counts(make_gateway, two):
    http = fleet(*two, more="hash constant; keepalive 8;")
    gateway = make_gateway(policy.config(target(two[0])), policy.routed(), http=http)
    for _ in range(4):
        assert gateway.chat().status == 200
    assert sorted(len(p.requests) for p in two) == [0, 4]


def test_its_dead_server_is_no_other_attempt(make_gateway, two):
    two[1].close()
    gateway = make_gateway(policy.config(target(two[0])), policy.routed(), http=fleet(*two))
    for _ in range(4):
        answer = gateway.chat()
        assert answer.status == 200
        assert len(gateway.record_of(answer)["attempts"]) == 1


def test_a_port_of_its_own_names_a_server(make_gateway, two):
    url = f"http://localhost:{two[0].port}/v1"
    http = f"upstream localhost {{ server 127.0.0.1:{two[1].port}; }}"
    config = policy.config(policy.target(two[0], base_url=url))
    gateway = make_gateway(config, policy.routed(), http=http)
    assert gateway.chat().status == 200
    assert [len(p.requests) for p in two] == [1, 0]


def test_its_name_is_verified_over_tls(make_gateway, make_provider, pki):
    provider = make_provider(pki.server_context("fleet"))
    more = f"keeptrusts_ssl_trusted_certificate {pki.ca_file};"
    config = policy.config(target(provider, base_url="https://fleet/v1"))
    gateway = make_gateway(config, policy.routed(more=more), http=fleet(provider))
    assert [gateway.chat().status for _ in range(2)] == [200, 200]
    assert provider.server_names == ["fleet"]


def test_targets_that_share_it_do_not_share_connections(make_gateway, make_provider):
    provider = make_provider()
    one = target(provider, id="one")
    two = target(provider, id="two", secret_key_ref={"env": OTHER_VARIABLE})
    gateway = make_gateway(
        policy.config(one, two),
        policy.routed(),
        http=fleet(provider),
        env={OTHER_VARIABLE: OTHER_KEY},
    )
    keys = {}
    for name in ("one", "one", "two", "two", "one", "two"):
        assert gateway.chat(model=name).status == 200
        keys.setdefault(provider.last.connection, set()).add(provider.last.header("authorization"))
    assert all(len(seen) == 1 for seen in keys.values())
    assert len(keys) < 6  # its own connections are kept


def test_a_connection_that_proxy_pass_opened_unverified_is_not_used(
    make_gateway, make_provider, pki
):
    """The other location verifies nothing; what it opened may lead anywhere."""
    provider = make_provider(pki.server_context("somebody-else.test"))
    provider.answer(answers.whole(b"{}"))
    other = """location /other/ { proxy_pass https://Fleet/; proxy_http_version 1.1;
                 proxy_set_header Connection ""; }"""
    more = f"keeptrusts_ssl_trusted_certificate {pki.ca_file};"
    gateway = make_gateway(
        policy.config(target(provider, base_url="https://fleet/v1")),
        policy.routed(more=more) + other,
        http=fleet(provider),
    )
    assert gateway.get("/other/").status == 200
    assert gateway.chat().status == 502
    assert len(provider.requests) == 1
