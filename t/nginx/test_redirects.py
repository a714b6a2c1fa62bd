"""error_page, try_files and named locations: what was judged once goes on judged, answered and
recorded once."""

import pytest

from harness import answers, chat, policy
from harness.sockets import free_port

PATH = "/chat/completions"


def locations(provider):
    usual = "keeptrusts_policy_config {dir}/policy.yaml; keeptrusts_audit_dir {dir}/audit;"
    fallback = f"proxy_pass http://127.0.0.1:{provider.port};"
    dead = f"proxy_pass http://127.0.0.1:{free_port()};"
    return f"""
        location /routed/ {{ {usual} keeptrusts_pass; error_page 502 504 = @plain; }}
        location /stock/ {{ {usual} keeptrusts on; {dead} error_page 502 = @plain; }}
        location @plain {{ {fallback} }}
        location /governed/ {{ {usual} keeptrusts on; {dead} error_page 502 = @governed; }}
        location @governed {{ {usual} keeptrusts on; {fallback} }}
        location /tried/ {{ {usual} keeptrusts on; try_files /absent @governed; }}
        location /page/ {{ {usual} keeptrusts on; {dead} error_page 502 /50x.html; }}
        location /denied/ {{ {usual} keeptrusts on; deny all; error_page 403 /50x.html; }}
        location /asked/ {{ {usual} keeptrusts on; {fallback} }}
        location /internal/ {{ internal; alias {{dir}}/; }}
        location = /50x.html {{ {usual} keeptrusts on; root {{dir}}; }}"""


@pytest.fixture(scope="module")
def gw(make_gateway, shared_provider, make_provider):
    dead = make_provider()
    dead.close()
    gateway = make_gateway(
        policy.config(policy.target(dead)), locations(shared_provider), start=False
    )
    gateway.write("50x.html", "<html>static page</html>")
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.mark.parametrize("place", ["routed", "stock", "governed", "tried"])
def test_a_redirected_request_carries_the_edited_body(gw, provider, place):
    answer = gw.chat(f"Mail {chat.EMAIL}", f"/{place}{PATH}")
    assert answer.status == 200
    assert provider.last.json()["messages"][0]["content"] == f"Mail {chat.EMAIL_MARK}"


@pytest.mark.parametrize("place", ["governed", "tried"])
def test_a_redirected_request_is_recorded_once(gw, provider, place):
    gw.record_of(gw.chat("Hello", f"/{place}{PATH}"))  # the records before it are there too
    before = len(gw.audit_lines())
    answer = gw.chat(f"Mail {chat.EMAIL}", f"/{place}{PATH}")
    assert gw.record_of(answer)["redactions"]
    gw.chat("Hello", f"/{place}{PATH}")
    assert len(gw.wait_for_records(before + 2)) == before + 2


@pytest.mark.parametrize("place", ["governed", "tried"])
def test_the_answer_behind_a_redirect_is_governed(gw, provider, place):
    provider.answer(answers.whole(chat.dump(chat.answer(f"Mail {chat.EMAIL}"))))
    answer = gw.chat("Hello", f"/{place}{PATH}")
    assert chat.EMAIL.encode() not in answer.body
    assert answer.status == 200


@pytest.mark.parametrize("place, status", [("page", 502), ("denied", 403)])
def test_an_error_page_of_a_governed_location_keeps_its_status(gw, place, status):
    answer = gw.chat("Hello", f"/{place}{PATH}")
    assert answer.status == status
    assert answer.header("content-type") == "application/json"
    assert b"static page" not in answer.body


def test_an_error_behind_an_error_page_is_recorded(gw):
    answer = gw.chat("Hello", f"/page{PATH}")
    assert gw.record_of(answer)["status"] == 502


@pytest.mark.parametrize("to", ["/internal/50x.html", "@plain"])
def test_a_provider_cannot_redirect_to_a_location_of_ours(gw, provider, to):
    body = chat.dump(chat.answer())
    provider.answer_once(answers.whole(body, headers=[("X-Accel-Redirect", to)]))
    answer = gw.chat("Hello", f"/asked{PATH}")
    assert answer.status == 502
    assert b"static page" not in answer.body
    assert gw.record_of(answer)["status"] == 502
    assert len(provider.requests) == 1
