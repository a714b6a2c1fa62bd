"""Two targets behind one address and port never share a connection or a TLS session when they
differ in name, key, client certificate or authority. Seen from the server."""

import ssl

import pytest

from harness import dns, policy

OTHER_KEY = "sk-test-OTHER-KEY-9876543210"
OTHER_VARIABLE = "KT_TEST_OTHER_KEY"
ENV = {OTHER_VARIABLE: OTHER_KEY}


@pytest.fixture(scope="module")
def server(make_provider, pki):
    """One listening socket for both names; it asks for a client certificate, and needs none."""
    context = pki.server_context("a.test", "b.test")
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(pki.ca_file)
    return make_provider(context)


@pytest.fixture(scope="module")
def nameserver():
    names = dns.NameServer()
    names.records = {"a.test": ["127.0.0.1"], "b.test": ["127.0.0.1"]}
    yield names
    names.close()


def differing_in(what, server, pki):
    one = {"id": "one", "base_url": f"https://a.test:{server.port}/v1"}
    two = {**one, "id": "two"}
    if what == "name":
        two["base_url"] = f"https://b.test:{server.port}/v1"
    elif what == "key":
        two["secret_key_ref"] = {"env": OTHER_VARIABLE}
    else:
        certificate, key = pki.certificate(f"client-{what.replace(' ', '-')}.example")
        two["client_certificate"], two["client_certificate_key"] = str(certificate), str(key)
    return policy.target(server, **one), policy.target(server, **two)


@pytest.fixture(params=["name", "key", "client certificate"])
def two_targets(request, make_gateway, server, nameserver, pki):
    server.drop_connections()
    server.reset()
    config = policy.config(*differing_in(request.param, server, pki))
    more = (
        f"resolver 127.0.0.1:{nameserver.port} ipv6=off;"
        f"keeptrusts_ssl_trusted_certificate {pki.ca_file};"
    )
    return make_gateway(config, policy.routed(more=more), env=ENV)


def ask(gateway, server, *targets):
    """The requests that the server saw, by target."""
    seen = {"one": [], "two": []}
    for target in targets:
        assert gateway.chat(model=target).status == 200
        seen[target].append(server.last)
    return seen


def test_connections_are_not_shared(two_targets, server):
    seen = ask(two_targets, server, "one", "two", "one", "two", "two", "one")
    connections = {target: {r.connection for r in seen[target]} for target in seen}
    assert not connections["one"] & connections["two"]
    assert len(connections["one"]) == len(connections["two"]) == 1  # and each is kept alive


def test_tls_sessions_are_not_shared(two_targets, server):
    first = ask(two_targets, server, "one")["one"][0]
    assert not first.resumed
    server.drop_connections()
    assert ask(two_targets, server, "one")["one"][0].resumed  # its own one is used again
    assert not ask(two_targets, server, "two")["two"][0].resumed


def test_each_target_sends_its_own_name_and_key(make_gateway, server, nameserver, pki):
    server.drop_connections()
    server.reset()
    one, two = differing_in("name", server, pki)
    two["secret_key_ref"] = {"env": OTHER_VARIABLE}
    more = (
        f"resolver 127.0.0.1:{nameserver.port} ipv6=off;"
        f"keeptrusts_ssl_trusted_certificate {pki.ca_file};"
    )
    gateway = make_gateway(policy.config(one, two), policy.routed(more=more), env=ENV)
    ask(gateway, server, "one", "two", "two", "one")
    for request in server.requests:
        key = policy.KEY if request.server_name == "a.test" else OTHER_KEY
        assert request.header("authorization") == f"Bearer {key}"
        assert request.header("host") == f"{request.server_name}:{server.port}"
    assert {r.server_name for r in server.requests} == {"a.test", "b.test"}


@pytest.fixture
def two_authorities(make_gateway, server, nameserver, pki):
    """One target, in two locations that trust different authorities; /b/ not the server's."""
    server.drop_connections()
    server.reset()
    one, _ = differing_in("name", server, pki)
    breaker = {"failure_threshold": 2}
    config = policy.config(one, providers={"circuit_breaker": breaker})
    authorities = {"/a/": pki.ca_file, "/b/": pki.other_ca_file}
    locations = "".join(
        policy.routed(path, more=f"keeptrusts_ssl_trusted_certificate {file};")
        for path, file in authorities.items()
    )
    return make_gateway(config, f"resolver 127.0.0.1:{nameserver.port} ipv6=off;" + locations)


def test_a_connection_is_not_shared_with_who_trusts_another_authority(two_authorities, server):
    ask_at = lambda path: two_authorities.chat(path=f"{path}v1/chat/completions")
    assert ask_at("/a/").status == 200  # its connection and its session are kept
    refused = ask_at("/b/")
    assert refused.status == 502
    assert two_authorities.record_of(refused)["attempts"][0]["error"] == "tls_error"
    assert ask_at("/a/").status == 200
    assert len(server.requests) == 2
    assert len({request.connection for request in server.requests}) == 1


def test_an_authority_that_does_not_fit_opens_no_breaker_of_others(two_authorities, server):
    ask_at = lambda path: two_authorities.chat(path=f"{path}v1/chat/completions")
    codes = [ask_at("/b/").error["code"] for _ in range(3)]
    assert codes == ["upstream_failed", "upstream_failed", "no_target_available"]
    assert ask_at("/a/").status == 200
