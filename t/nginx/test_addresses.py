"""A name with several addresses: one that is dead is no failure of the target. And what the error
log says when a target has failed."""

import os
import re
import subprocess

import pytest

from harness import answers, chat, policy

# The provider listens on 127.0.0.1 only.
RESOLVER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
typedef int (*resolve_t)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
int getaddrinfo(const char *n, const char *s, const struct addrinfo *h, struct addrinfo **out) {
  resolve_t real = (resolve_t) dlsym(RTLD_NEXT, "getaddrinfo");
  struct addrinfo *rest, **tail = out;
  if (n == NULL || strcmp(n, "many.test") != 0) return real(n, s, h, out);
  const char *all[] = {"127.0.0.2", "127.0.0.3", "127.0.0.1"};
  for (int i = 0; i < 3; i++) {
    if (real(all[i], s, h, &rest) != 0) return EAI_FAIL;
    *tail = rest;
    while (*tail != NULL) tail = &(*tail)->ai_next;
  }
  return 0;
}
"""

PLAIN = {"allow_plaintext": True}

without_sanitizer = pytest.mark.skipif(
    os.environ.get("KT_ASAN") == "1", reason="the sanitizers want to be loaded first"
)


@pytest.fixture(scope="module")
def resolver(tmp_path_factory):
    directory = tmp_path_factory.mktemp("resolver")
    (directory / "resolver.c").write_text(RESOLVER)
    library = directory / "resolver.so"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-o", library, directory / "resolver.c", "-ldl"], check=True
    )
    return {"LD_PRELOAD": str(library)}


@without_sanitizer
def test_a_dead_address_of_a_name_is_passed_over(make_gateway, provider, resolver):
    target = policy.target(provider, base_url=f"http://many.test:{provider.port}/v1", **PLAIN)
    gateway = make_gateway(policy.config(target), policy.routed(), env=resolver)
    for _ in range(6):
        provider.drop_connections()
        answer = gateway.chat()
        assert answer.status == 200
        assert len(gateway.record_of(answer)["attempts"]) == 1


@without_sanitizer
def test_a_name_whose_addresses_are_all_dead_fails_once(make_gateway, make_provider, resolver):
    dead = make_provider()
    dead.close()
    target = policy.target(dead, base_url=f"http://many.test:{dead.port}/v1", **PLAIN)
    gateway = make_gateway(policy.config(target), policy.routed(), env=resolver)
    for _ in range(3):
        answer = gateway.chat()
        assert answer.status == 502
        assert len(gateway.record_of(answer)["attempts"]) == 1


FAILURES = {
    "refuses": (answers.hang_up, "closed without a valid answer, status 0"),
    "503": (answers.whole(b'{"error":{"message":"no"}}', 503), "status 503"),
    "garbage": (answers.whole(b"<html>"), "status 200"),
    "cut stream": (answers.stream(chat.stream(["a", "b"])[:2], end=False), "answer cut short"),
}


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    return make_gateway(policy.config(policy.target(shared_provider)), policy.routed())


@pytest.mark.parametrize("kind", FAILURES)
def test_the_error_log_names_target_status_and_reason(gw, provider, kind):
    script, said = FAILURES[kind]
    provider.answer(script)
    mark = len(gw.error_log)
    answer = gw.chat(f"Mail {chat.EMAIL}", stream=kind == "cut stream")
    log = gw.error_log[mark:]
    lines = re.findall(r".*\[error\].*keeptrusts: target \"main\" failed: .*", log)
    assert len(lines) == 1, log
    assert said in lines[0]
    assert f"request {answer.header('x-request-id')}" in lines[0]
    assert chat.EMAIL not in log and policy.KEY not in log


def test_the_error_log_tells_that_no_target_is_left(make_gateway, provider):
    target = policy.target(provider, base_url="https://nowhere.invalid/v1")
    gateway = make_gateway(policy.config(target), policy.routed())
    mark = len(gateway.error_log)
    answer = gateway.chat()
    assert answer.status == 503
    log = gateway.error_log[mark:]
    request_id = answer.header("x-request-id")
    assert f"no target can be asked, reason no_target_available, request {request_id}" in log


def test_a_failed_try_is_not_explained_by_a_policy(make_gateway, make_provider):
    """The request was redacted: that is not why its first target failed."""
    dead, alive = make_provider(), make_provider()
    dead.close()
    targets = [policy.target(dead, id="dead"), policy.target(alive, id="alive")]
    gateway = make_gateway(policy.config(*targets), policy.routed())
    answer = gateway.chat(f"Mail {chat.EMAIL}")
    assert answer.status == 200
    [line] = re.findall(r".*keeptrusts: target \"dead\" failed: .*", gateway.error_log)
    assert "trying the next target" in line and answer.header("x-request-id") in line
    assert "pii_detector" not in line
