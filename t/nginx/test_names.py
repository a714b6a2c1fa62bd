"""Names of providers at run time: asked for by their TTL, kept while nobody answers, and a start
without any answer."""

import os
import re
import signal
import socket

import pytest

from harness import chat, dns, policy
from harness.wait import until

NAME = "llm.test"
PLAIN = {"allow_plaintext": True}


@pytest.fixture
def nameserver():
    server = dns.NameServer()
    yield server
    server.close()


@pytest.fixture
def gateway_for(make_gateway, nameserver):
    """A gateway whose one target is NAME, at the port of the given provider."""

    def make(provider, options="", more="", **settings):
        target = policy.target(provider, base_url=f"http://{NAME}:{provider.port}/v1", **PLAIN)
        resolver = f"resolver 127.0.0.1:{nameserver.port} {options}; resolver_timeout 5s; {more}"
        return make_gateway(policy.config(target), policy.routed(more=resolver), **settings)

    return make


def test_the_first_request_waits_for_the_first_answer(gateway_for, provider, nameserver):
    nameserver.records[NAME] = ["127.0.0.1"]
    gateway = gateway_for(provider)
    answer = gateway.chat()
    assert answer.status == 200
    assert provider.last.header("host") == f"{NAME}:{provider.port}"
    assert len(gateway.record_of(answer)["attempts"]) == 1


def test_a_name_that_cannot_be_resolved_comes_in_later(gateway_for, provider, nameserver):
    gateway = gateway_for(provider)
    assert gateway.chat().status in (502, 503)
    until(lambda: gateway.chat().status == 503, "the target to be left out")
    nameserver.records[NAME] = ["127.0.0.1"]
    until(lambda: gateway.chat().status == 200, "the target to come in")
    assert len(re.findall(r"cannot be resolved: .*targets are out", gateway.error_log)) == 1
    assert len(re.findall(r"is resolved again", gateway.error_log)) == 1


def test_a_changed_address_is_followed(gateway_for, make_provider, provider, nameserver):
    other = make_provider(host="127.0.0.2", port=provider.port)
    nameserver.records[NAME] = ["127.0.0.1"]
    gateway = gateway_for(provider)
    assert gateway.chat().status == 200
    assert len(provider.requests) == 1
    nameserver.records[NAME] = ["127.0.0.2"]
    until(lambda: gateway.chat().status == 200 and other.requests, "the new address to be asked")
    seen = len(provider.requests)
    assert gateway.chat().status == 200
    assert len(provider.requests) == seen


def test_an_answer_is_good_for_its_time(gateway_for, provider, nameserver):
    nameserver.ttl = 3600
    nameserver.records[NAME] = ["127.0.0.1"]
    gateway = gateway_for(provider)
    for _ in range(5):
        assert gateway.chat().status == 200
    assert nameserver.asked[NAME, dns.A] == 1


@pytest.mark.parametrize("failure", [dns.SERVFAIL, dns.NXDOMAIN, "silent"])
def test_the_last_addresses_are_kept_while_the_nameserver_fails(
    gateway_for, provider, nameserver, failure
):
    nameserver.records[NAME] = ["127.0.0.1"]
    gateway = gateway_for(provider)
    assert gateway.chat().status == 200
    nameserver.failure = failure
    count = nameserver.questions(NAME)
    until(lambda: nameserver.questions(NAME) >= count + 4, "failing questions", seconds=30)
    assert gateway.chat().status == 200
    if failure != "silent":
        said = re.findall(r".*cannot be resolved: .*", gateway.error_log)
        assert len(said) == 1 and "addresses it had are kept" in said[0]


def test_a_reload_without_a_nameserver_keeps_the_addresses(gateway_for, provider, nameserver):
    nameserver.records[NAME] = ["127.0.0.1"]
    gateway = gateway_for(provider)
    assert gateway.chat().status == 200
    nameserver.failure = dns.SERVFAIL
    gateway.reload()
    for _ in range(3):
        assert gateway.chat().status == 200


def provider_at_the_same_port(make_provider, provider, host):
    """None: somebody else has it."""
    try:
        return make_provider(host=host, port=provider.port)
    except OSError:
        return None


def test_two_nameservers_keep_their_own_answers_over_a_reload(
    make_gateway, make_provider, nameserver
):
    other = dns.NameServer()
    pairs = ((p, provider_at_the_same_port(make_provider, p, "127.0.0.2"))
             for p in iter(make_provider, None))  # fmt: skip
    provider, elsewhere = next(pair for pair in pairs if pair[1] is not None)
    nameserver.records[NAME], other.records[NAME] = ["127.0.0.1"], ["127.0.0.2"]
    target = policy.target(provider, base_url=f"http://{NAME}:{provider.port}/v1", **PLAIN)
    locations = "".join(
        policy.routed(path, more=f"resolver 127.0.0.1:{server.port}; resolver_timeout 5s;")
        for path, server in (("/a/", nameserver), ("/b/", other))
    )
    gateway = make_gateway(policy.config(target), locations)
    for path in ("/a/", "/b/"):
        assert gateway.chat(path=f"{path}v1/chat/completions").status == 200
    nameserver.failure = other.failure = dns.SERVFAIL
    gateway.reload()
    for path in ("/b/", "/a/", "/b/"):
        assert gateway.chat(path=f"{path}v1/chat/completions").status == 200
    other.close()
    assert (len(provider.requests), len(elsewhere.requests)) == (2, 3)


def test_a_worker_that_takes_over_keeps_the_addresses(gateway_for, provider, nameserver):
    nameserver.records[NAME] = ["127.0.0.1"]
    gateway = gateway_for(provider)
    gateway.allowed_in_log = "exited on signal 9"
    assert gateway.chat().status == 200
    nameserver.failure = "silent"
    worker = int(re.findall(r"start worker process (\d+)", gateway.error_log)[-1])
    os.kill(worker, signal.SIGKILL)
    until(lambda: gateway.error_log.count("start worker process ") == 2, "a new worker")
    assert gateway.chat().status == 200


def test_every_address_is_tried_within_one_attempt(gateway_for, provider, nameserver):
    # Nobody listens on the others.
    nameserver.records[NAME] = ["127.0.0.2", "127.0.0.3", "127.0.0.1", "127.0.0.4"]
    gateway = gateway_for(provider)
    for _ in range(6):
        provider.drop_connections()
        answer = gateway.chat()
        assert answer.status == 200
        assert len(gateway.record_of(answer)["attempts"]) == 1


def test_an_address_that_refused_is_asked_last_for_a_while(gateway_for, provider, nameserver):
    nameserver.ttl = 3600
    nameserver.records[NAME] = ["127.0.0.2", "127.0.0.1"]
    gateway = gateway_for(provider)
    for _ in range(8):
        provider.drop_connections()
        assert gateway.chat().status == 200
    assert gateway.error_log.count("Connection refused") <= 1


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this machine")
def test_an_ipv6_address_of_a_name_is_asked(gateway_for, provider, nameserver):
    nameserver.records[NAME] = ["::1"]
    gateway = gateway_for(provider)
    assert gateway.chat().status == 502  # nobody listens there, at this port
    assert f"[::1]:{provider.port}" in gateway.error_log


def test_ipv6_is_not_asked_for_when_the_resolver_says_so(gateway_for, provider, nameserver):
    nameserver.records[NAME] = ["127.0.0.1", "::1"]
    gateway = gateway_for(provider, options="ipv6=off")
    assert gateway.chat().status == 200
    assert nameserver.asked[NAME, dns.AAAA] == 0


def test_a_client_that_leaves_while_the_name_is_awaited_is_forgotten(
    gateway_for, provider, nameserver
):
    nameserver.failure = "silent"
    gateway = gateway_for(provider)
    with gateway.connect() as connection:
        connection.post("/v1/chat/completions", chat.request())
        until(lambda: nameserver.questions(NAME) > 0, "the question")
    until(gateway.audit, "the record of the client that left")
    nameserver.records[NAME] = ["127.0.0.1"]
    nameserver.failure = None
    until(lambda: gateway.chat().status == 200, "the target to come in", seconds=30)
    assert len(provider.requests) == 1


def test_localhost_needs_no_nameserver(make_gateway, provider, nameserver):
    target = policy.target(provider, base_url=f"http://localhost:{provider.port}/v1")
    more = f"resolver 127.0.0.1:{nameserver.port};"
    gateway = make_gateway(policy.config(target), policy.routed(more=more))
    assert gateway.chat().status == 200
    assert nameserver.questions("localhost") == 0


def test_workers_leave_with_a_question_open(gateway_for, provider, nameserver):
    nameserver.failure = "silent"
    gateway = gateway_for(provider)
    until(lambda: nameserver.questions(NAME) > 0, "the question")
    gateway.reload()
    until(lambda: "exited with code 0" in gateway.error_log, "the old worker to leave")


def test_the_generated_directive_is_not_for_users(make_gateway, provider):
    http = "upstream own { server 127.0.0.1:1; keeptrusts_target_addresses; }"
    gateway = make_gateway(
        policy.config(policy.target(provider)), policy.routed(), http=http, start=False
    )
    status, output = gateway.test_configuration()
    assert status != 0
    assert "is written by keeptrusts itself" in output
