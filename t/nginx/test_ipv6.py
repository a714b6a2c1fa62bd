"""Providers behind IPv6: an address in the URL, a name with AAAA records, TLS; whole and streamed."""

import socket

import pytest

from harness import answers, chat, dns, policy

NAME = "llm.test"
PLAIN = {"allow_plaintext": True}


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


pytestmark = pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this machine")


@pytest.fixture
def server(make_provider):
    return make_provider(host="::1")


@pytest.fixture
def nameserver():
    names = dns.NameServer()
    yield names
    names.close()


def gateway_by_name(make_gateway, nameserver, provider, scheme="http", more=""):
    url = f"{scheme}://{NAME}:{provider.port}/v1"
    target = policy.target(provider, base_url=url, **(PLAIN if scheme == "http" else {}))
    more += f"resolver 127.0.0.1:{nameserver.port};"
    return make_gateway(policy.config(target), policy.routed(more=more))


def assert_answers(gateway, provider):
    """A whole answer, a stream, and one connection for both."""
    provider.answer_once(answers.whole(chat.dump(chat.answer("over six"))))
    assert gateway.chat().json()["choices"][0]["message"]["content"] == "over six"
    provider.answer_once(answers.stream(chat.stream(["over ", "six"])))
    answer = gateway.chat(stream=True)
    assert chat.text_of(answer.body) == "over six" and chat.is_done(answer.body)
    assert {request.connection for request in provider.requests} == {1}


def test_an_address_in_the_url_is_asked(make_gateway, server):
    target = policy.target(server, base_url=f"http://[::1]:{server.port}/v1")
    assert_answers(make_gateway(policy.config(target), policy.routed()), server)
    assert server.last.header("host") == f"[::1]:{server.port}"


def test_a_name_that_has_only_ipv6_is_asked(make_gateway, nameserver, server):
    nameserver.records[NAME] = ["::1"]
    assert_answers(gateway_by_name(make_gateway, nameserver, server), server)
    assert server.last.header("host") == f"{NAME}:{server.port}"


def test_of_two_families_the_one_that_listens_answers_within_one_attempt(
    make_gateway, nameserver, server
):
    nameserver.records[NAME] = ["127.0.0.1", "::1"]  # nobody listens on the first
    gateway = gateway_by_name(make_gateway, nameserver, server)
    for _ in range(4):
        server.drop_connections()
        answer = gateway.chat()
        assert answer.status == 200
        assert len(gateway.record_of(answer)["attempts"]) == 1


@pytest.mark.parametrize("names", [(NAME,), ("::1",)])
def test_a_certificate_is_verified_over_ipv6(make_gateway, make_provider, nameserver, pki, names):
    provider = make_provider(pki.server_context(*names), host="::1")
    nameserver.records[NAME] = ["::1"]
    more = f"keeptrusts_ssl_trusted_certificate {pki.ca_file};"
    if NAME in names:
        gateway = gateway_by_name(make_gateway, nameserver, provider, "https", more)
    else:
        target = policy.target(provider, base_url=f"https://[::1]:{provider.port}/v1")
        gateway = make_gateway(policy.config(target), policy.routed(more=more))
    assert_answers(gateway, provider)


def test_a_certificate_for_another_ipv6_address_is_refused(make_gateway, make_provider, pki):
    provider = make_provider(pki.server_context("::2"), host="::1")
    target = policy.target(provider, base_url=f"https://[::1]:{provider.port}/v1")
    more = f"keeptrusts_ssl_trusted_certificate {pki.ca_file};"
    gateway = make_gateway(policy.config(target), policy.routed(more=more))
    answer = gateway.chat()
    assert answer.status == 502
    assert gateway.record_of(answer)["attempts"][0]["error"] == "tls_error"
    assert not provider.requests


def test_an_ipv6_target_fails_over_to_one_of_ipv4(make_gateway, server, provider):
    server.answer(answers.hang_up)
    targets = [
        policy.target(server, id="six", base_url=f"http://[::1]:{server.port}/v1"),
        policy.target(provider, id="four"),
    ]
    gateway = make_gateway(policy.config(*targets), policy.routed())
    assert gateway.chat().header("x-keeptrusts-target") == "four"
