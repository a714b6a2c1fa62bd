"""Fixtures. `provider` and `gw` live as long as a test file; the provider forgets between tests."""

import pytest

from harness import answers, chat, policy
from harness.gateway import Gateway
from harness.pki import Pki
from harness.provider import Provider

ENV = {policy.KEY_VARIABLE: policy.KEY}


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def make_provider():
    """Makes providers that are closed after the last test of the file."""
    made = []

    def make(tls=None, **where):
        made.append(Provider(answers.whole(chat.dump(chat.answer())), tls, **where))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def shared_provider(make_provider):
    return make_provider()


@pytest.fixture
def provider(shared_provider):
    shared_provider.reset()
    yield shared_provider
    shared_provider.reset()


@pytest.fixture(scope="module")
def make_gateway(tmp_path_factory):
    """Makes gateways that are stopped, and whose error logs are judged, after the file's tests.

    `config`: the object that becomes policy.yaml. `start` False: for tests of the configuration.
    """
    made = []

    def make(config=None, server="", start=True, env=None, **options):
        gateway = Gateway(
            tmp_path_factory.mktemp("gw"), server, env={**ENV, **(env or {})}, **options
        )
        if config is not None:
            gateway.write("policy.yaml", config)
        if start:
            made.append(gateway)
            gateway.start()
        return gateway

    yield make
    problems = []
    for gateway in made:
        try:
            gateway.stop()
        except AssertionError as problem:
            problems.append(str(problem))
    assert not problems, "\n".join(problems)


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    """The usual one: /v1/ routes to the provider, /stock/ is proxy_pass under `keeptrusts on`."""
    return make_gateway(
        policy.config(policy.target(shared_provider)),
        policy.routed() + policy.stock(shared_provider),
    )


@pytest.fixture(params=["keeptrusts_pass", "keeptrusts on"])
def base(request):
    """The URI prefix of one surface of `gw`, without a trailing slash; tests run on both."""
    return {"keeptrusts_pass": "/v1", "keeptrusts on": "/stock/v1"}[request.param]
