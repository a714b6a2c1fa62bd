"""Client certificates towards a provider, and providers that are named by an IP address."""

import os
import ssl
import subprocess

import pytest

from harness import chat, policy


@pytest.fixture(scope="module")
def client(pki):
    """(certificate, key) of the gateway; the key is for the master only."""
    certificate, key = pki.certificate("gateway.example")
    os.chmod(key, 0o600)
    return certificate, key


@pytest.fixture(scope="module")
def demanding(make_provider, pki):
    """A provider that lets nobody in without a certificate of the test's authority."""
    context = pki.server_context("localhost")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(pki.ca_file)
    return make_provider(context)


@pytest.fixture(autouse=True)
def forget(demanding):
    yield
    demanding.reset()


def gateway_for(make_gateway, provider, pki, host="localhost", start=True, **target):
    url = f"https://{host}:{provider.port}/v1"
    config = policy.config(policy.target(provider, base_url=url, **target))
    more = f"keeptrusts_ssl_trusted_certificate {pki.ca_file};"
    return make_gateway(config, policy.routed(more=more), start=start)


def pair(client):
    certificate, key = client
    return {"client_certificate": str(certificate), "client_certificate_key": str(key)}


def test_the_client_certificate_is_shown(make_gateway, demanding, pki, client):
    gateway = gateway_for(make_gateway, demanding, pki, **pair(client))
    assert gateway.chat().status == 200
    assert len(demanding.requests) == 1


def test_a_connection_with_a_client_certificate_is_used_again(make_gateway, demanding, pki, client):
    gateway = gateway_for(make_gateway, demanding, pki, **pair(client))
    assert [gateway.chat().status for _ in range(3)] == [200] * 3
    assert len({r.connection for r in demanding.requests}) == 1


def test_without_a_client_certificate_the_provider_refuses(make_gateway, demanding, pki):
    answer = gateway_for(make_gateway, demanding, pki).chat()
    assert (answer.status, answer.error["code"]) == (502, "upstream_failed")
    assert not demanding.requests


def assert_refused(gateway, *said):
    status, output = gateway.test_configuration()
    assert status != 0
    for text in said:
        assert str(text) in output, output


def test_a_missing_key_file_is_a_configuration_error(make_gateway, demanding, pki, client):
    broken = {**pair(client), "client_certificate_key": "/nonexistent/client.key"}
    gateway = gateway_for(make_gateway, demanding, pki, start=False, **broken)
    assert_refused(gateway, 'providers.targets "main"', "/nonexistent/client.key", "policy.yaml:")


def test_a_key_of_another_certificate_is_a_configuration_error(
    make_gateway, demanding, pki, client
):
    _, other = pki.certificate("somebody.example")
    broken = {**pair(client), "client_certificate_key": str(other)}
    gateway = gateway_for(make_gateway, demanding, pki, start=False, **broken)
    assert_refused(gateway, 'providers.targets "main"', other)


def test_a_key_with_a_password_is_a_configuration_error(
    make_gateway, demanding, pki, client, tmp_path
):
    locked = tmp_path / "locked.key"
    command = ["openssl", "rsa", "-aes128", "-passout", "pass:secret", "-in", client[1]]
    subprocess.run([*map(str, command), "-out", str(locked)], check=True, capture_output=True)
    broken = {**pair(client), "client_certificate_key": str(locked)}
    gateway = gateway_for(make_gateway, demanding, pki, start=False, **broken)
    assert_refused(gateway, locked, "password")


def test_a_provider_named_by_its_address_is_verified_by_it(make_gateway, make_provider, pki):
    provider = make_provider(pki.server_context("127.0.0.1"))
    gateway = gateway_for(make_gateway, provider, pki, host="127.0.0.1")
    assert gateway.chat(f"Mail {chat.EMAIL}").status == 200
    assert provider.server_names == [None]  # RFC 6066: no address in SNI


def test_a_certificate_for_another_address_is_refused(make_gateway, make_provider, pki):
    provider = make_provider(pki.server_context("127.0.0.2"))
    answer = gateway_for(make_gateway, provider, pki, host="127.0.0.1").chat()
    assert (answer.status, answer.error["code"]) == (502, "upstream_failed")
    assert not provider.requests


def test_an_address_of_an_unknown_authority_is_refused(make_gateway, make_provider, pki):
    provider = make_provider(pki.server_context("127.0.0.1"))
    url = f"https://127.0.0.1:{provider.port}/v1"
    config = policy.config(policy.target(provider, base_url=url))
    more = f"keeptrusts_ssl_trusted_certificate {pki.other_ca_file};"
    gateway = make_gateway(config, policy.routed(more=more))
    assert gateway.chat().status == 502
    assert not provider.requests
