"""Stock modules behind and before ours: caches, body filters, subrequests, variables."""

import gzip

import pytest

from harness import answers, chat, policy
from harness.wait import until

CHAT = "/v1/chat/completions"
ADDED = "addition_types *; add_before_body /before; add_after_body /after;"


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider):
    http = """
        proxy_cache_path {dir}/cache keys_zone=answers:1m;
        map $keeptrusts_verdict $marked { volatile; default "v-$keeptrusts_verdict"; }
        log_format facts '$marked|$keeptrusts_target|$keeptrusts_redactions|$status';
    """
    cache = """
        proxy_cache answers; proxy_cache_methods POST; proxy_cache_key $request_uri;
        proxy_cache_valid 200 1m; proxy_ignore_headers Cache-Control Set-Cookie X-Accel-Redirect;
        add_header x-cache $upstream_cache_status;
    """
    anew = cache.replace("200 1m", "200 1s") + """
        proxy_cache_use_stale updating; proxy_cache_background_update on; gzip on; gzip_types *;
    """
    subs = "sub_filter_types *; sub_filter_once off; sub_filter ordinary special;"
    return make_gateway(
        policy.config(policy.target(shared_provider)),
        policy.routed(more="add_header x-marked $marked; access_log {dir}/facts.log facts;")
        + policy.stock(shared_provider, more="add_header x-marked $marked;")
        + policy.stock(shared_provider, "/cached/", cache)
        + policy.stock(shared_provider, "/cached-anew/", anew)
        + policy.stock(shared_provider, "/cached-limits/", cache + "proxy_buffering on;")
        + policy.routed("/substituted/", subs)
        + policy.stock(shared_provider, "/substituted-stock/", subs)
        + policy.routed("/returned/", "return 200 ok;")
        + policy.routed("/refused/", "return 403;")
        + policy.stock(shared_provider, "/unbuffered/", "proxy_request_buffering off;")
        + policy.routed("/limited/", "limit_except GET { deny all; }")
        + policy.routed("/either/", "satisfy any; deny all; auth_request /auth;")
        + "location = /auth { internal; return 204; }"
        + policy.routed("/added/", ADDED)
        + policy.stock(shared_provider, "/added-stock/", ADDED)
        + policy.stock(shared_provider, "/added-buffered/", ADDED + "proxy_buffering on;")
        + "location = /before { return 200 before; } location = /after { return 200 after; }",
        http=http,
    )


MAIL = chat.dump(chat.answer(f"ask {chat.EMAIL} ordinary"))


def test_a_cached_answer_is_redacted_each_time(gw, provider):
    provider.answer(answers.whole(MAIL))
    for state in ("MISS", "HIT", "HIT"):
        answer = gw.chat(path=f"/cached{CHAT}")
        assert (answer.status, answer.header("x-cache")) == (200, state)
        assert answer.body == MAIL.replace(chat.EMAIL.encode(), chat.EMAIL_MARK.encode())
        assert gw.record_of(answer)["redactions"]
    assert len(provider.requests) == 1


def test_a_cached_answer_is_fetched_anew_without_an_encoding(gw, provider):
    def script(exchange):
        encodings = exchange.request.header("accept-encoding")
        (answers.gzipped if "gzip" in encodings else answers.whole)(MAIL)(exchange)

    ask = lambda: gw.chat(path=f"/cached-anew{CHAT}", headers=[("Accept-Encoding", "gzip")])
    provider.answer(script)
    assert ask().status == 200
    stale = until(lambda: (a := ask()).header("x-cache") == "STALE" and a, "the end of its second")
    assert chat.EMAIL_MARK.encode() in gzip.decompress(stale.body)
    assert [r.header("accept-encoding") for r in provider.wait_for_requests(2)] == ["identity"] * 2
    answer = ask()
    assert answer.status == 200
    assert chat.EMAIL_MARK.encode() in gzip.decompress(answer.body)


def test_an_answer_that_passes_unread_may_be_encoded(gw, provider):
    provider.answer(answers.gzipped(b'{"object":"list","data":[]}'))
    answer = gw.get("/cached-limits/v1/models", [("Accept-Encoding", "gzip")])
    assert provider.last.header("accept-encoding") == "gzip"
    assert answer.header("content-encoding") == "gzip"
    assert gzip.decompress(answer.body) == b'{"object":"list","data":[]}'


def test_a_block_holds_in_front_of_a_cache(gw, provider):
    provider.answer(answers.whole(MAIL))
    gw.chat(path=f"/cached-limits{CHAT}")
    assert gw.chat(chat.INJECTION, f"/cached-limits{CHAT}").status == 409


@pytest.mark.parametrize("prefix", ["/substituted", "/substituted-stock/v1"])
def test_a_substitution_sees_the_redacted_answer(gw, provider, prefix):
    provider.answer(answers.whole(MAIL))
    answer = gw.chat(path=f"{prefix}/chat/completions")
    assert chat.EMAIL.encode() not in answer.body
    assert b"special" in answer.body and b"ordinary" not in answer.body


@pytest.mark.parametrize("prefix", ["/added", "/added-stock/v1", "/added-buffered/v1"])
@pytest.mark.parametrize("stream", [False, True])
def test_what_nginx_adds_stands_around_the_redacted_answer(gw, provider, prefix, stream):
    text = f"ask {chat.EMAIL} ordinary"
    provider.answer(answers.stream(chat.stream([text])) if stream else answers.whole(MAIL))
    answer = gw.chat(path=f"{prefix}/chat/completions", stream=stream)
    assert answer.complete
    assert answer.body.startswith(b"before") and answer.body.endswith(b"after")
    assert chat.EMAIL_MARK.encode() in answer.body and chat.EMAIL.encode() not in answer.body


@pytest.mark.parametrize("prefix", ["/added", "/added-stock/v1"])
def test_what_nginx_adds_stands_around_a_block(gw, prefix):
    answer = gw.chat(chat.INJECTION, f"{prefix}/chat/completions")
    assert answer.complete and b"input_blocked" in answer.body


def test_the_rewrite_phase_answers_without_us(gw, provider):
    assert gw.chat(path="/returned/chat/completions").body == b"ok"
    answer = gw.chat(path="/refused/chat/completions")
    assert (answer.status, answer.header("content-type")) == (403, "application/json")
    assert not provider.requests


def test_unbuffered_requests_are_judged_whole(gw, provider):
    answer = gw.chat(f"Mail {chat.EMAIL} " + "ordinary words " * 3000, f"/unbuffered{CHAT}")
    assert answer.status == 200
    assert chat.EMAIL_MARK in provider.last.json()["messages"][0]["content"]


def test_limit_except_and_satisfy_hold(gw, provider):
    assert gw.chat(path="/limited/chat/completions").status == 403
    assert gw.chat(path="/either/chat/completions").status == 200
    assert len(provider.requests) == 1


@pytest.mark.parametrize("prefix", ["/v1", "/stock/v1"])
def test_variables_are_known_when_the_head_goes_out(gw, provider, prefix):
    answer = gw.chat(f"Mail {chat.EMAIL}", f"{prefix}/chat/completions")
    assert answer.header("x-marked").startswith("v-")
    assert answer.header("x-marked") != "v-"


def test_variables_are_known_in_the_access_log(gw, provider):
    path = gw.directory / "facts.log"
    before = len(path.read_text().splitlines()) if path.exists() else 0
    gw.chat(f"Mail {chat.EMAIL}")
    lines = until(lambda: path.read_text().splitlines()[before:], "the access log")
    assert lines[0].split("|")[1:] == ["main", "1", "200"]


def test_a_location_header_of_a_provider_does_not_pass(gw, provider):
    provider.answer(answers.whole(MAIL, headers=[("Location", "/elsewhere"), ("Refresh", "1")]))
    answer = gw.chat(path=f"/stock{CHAT}")
    assert answer.status == 200
    assert answer.header("location") is None and answer.header("refresh") is None
