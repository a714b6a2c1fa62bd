"""TLS to the provider: verified by default, with SNI, against names and authorities."""

import pytest

from harness import answers, chat, policy

NAME = "localhost"  # the one name that resolves to the fake provider on every machine


@pytest.fixture(scope="module")
def tls_provider(make_provider, pki):
    return make_provider(pki.server_context(NAME))


@pytest.fixture(scope="module")
def misnamed_provider(make_provider, pki):
    return make_provider(pki.server_context("other.example"))


@pytest.fixture(autouse=True)
def forget(tls_provider, misnamed_provider):
    yield
    tls_provider.reset()
    misnamed_provider.reset()


def gateway_for(make_gateway, provider, ca_file=None, **target):
    url = f"https://{NAME}:{provider.port}/v1"
    more = f"keeptrusts_ssl_trusted_certificate {ca_file};" if ca_file else ""
    config = policy.config(policy.target(provider, base_url=url, **target))
    return make_gateway(config, policy.routed(more=more))


@pytest.fixture(scope="module")
def trusted(make_gateway, tls_provider, pki):
    return gateway_for(make_gateway, tls_provider, pki.ca_file)


def assert_refused(gateway, provider):
    answer = gateway.chat()
    assert (answer.status, answer.error["type"]) == (502, "upstream_error")
    assert answer.error["code"] == "upstream_failed"
    assert answer.header("x-should-retry") == "false"
    assert not provider.requests


def test_a_trusted_authority_works(trusted, tls_provider):
    assert trusted.chat(f"Mail {chat.EMAIL}").status == 200
    assert tls_provider.last.json()["messages"][0]["content"] == f"Mail {chat.EMAIL_MARK}"


def test_the_providers_name_is_sent_as_sni_and_host(trusted, tls_provider):
    tls_provider.drop_connections()
    trusted.chat()
    assert NAME in tls_provider.server_names
    assert tls_provider.last.header("host") == f"{NAME}:{tls_provider.port}"


def test_a_stream_over_tls_is_redacted(trusted, tls_provider):
    tls_provider.answer(answers.stream(chat.stream(["ask jane.doe", "@acme-mail.com now"])))
    answer = trusted.chat(stream=True)
    assert chat.text_of(answer.body) == f"ask {chat.EMAIL_MARK} now"


def test_a_connection_over_tls_is_used_again(trusted, tls_provider):
    trusted.chat()
    trusted.chat()
    first, second = tls_provider.requests
    assert first.connection == second.connection


def test_an_unknown_authority_is_refused_by_default(make_gateway, tls_provider):
    assert_refused(gateway_for(make_gateway, tls_provider), tls_provider)


def test_another_authority_is_refused(make_gateway, tls_provider, pki):
    assert_refused(gateway_for(make_gateway, tls_provider, pki.other_ca_file), tls_provider)


def test_a_wrong_name_is_refused(make_gateway, misnamed_provider, pki):
    gateway = gateway_for(make_gateway, misnamed_provider, pki.ca_file)
    assert_refused(gateway, misnamed_provider)


def test_plain_http_behind_https_is_refused(make_gateway, shared_provider, pki):
    # The provider waits for the end of a request head that never comes in the handshake.
    gateway = gateway_for(make_gateway, shared_provider, pki.ca_file, timeout_seconds=0.5)
    answer = gateway.chat()
    assert (answer.status, answer.error["type"]) == (504, "upstream_error")
    assert not shared_provider.requests


def test_a_missing_certificate_file_is_a_configuration_error(make_gateway, tls_provider):
    config = policy.config(policy.target(tls_provider, base_url=f"https://{NAME}:1/v1"))
    more = "keeptrusts_ssl_trusted_certificate /nonexistent/ca.pem;"
    gateway = make_gateway(config, policy.routed(more=more), start=False)
    status, output = gateway.test_configuration()
    assert status != 0
    assert "/nonexistent/ca.pem" in output


def test_plaintext_to_another_host_with_a_key_is_a_configuration_error(
    make_gateway, tls_provider
):
    target = policy.target(tls_provider, base_url="http://provider.example/v1")
    gateway = make_gateway(policy.config(target), policy.routed(), start=False)
    status, output = gateway.test_configuration()
    assert status != 0
    assert "allow_plaintext" in output
