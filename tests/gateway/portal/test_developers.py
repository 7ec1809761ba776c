"""The developers' page works without scripts, and says beside a form what was wrong with it."""

from __future__ import annotations

import re
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from portal_site import PASSWORD, Browser


@pytest.fixture
def member(site: Any) -> Browser:
    """Somebody new who has signed up."""
    reader = Browser(site)
    reader.sign_up(f"{uuid4().hex}@example.org")
    return reader


def shown_key(text: str) -> str:
    found = re.search(r"<code>(ek_live_[\w-]+)</code>", text)
    assert found
    return found[1]


def own_application(text: str) -> str:
    found = re.search(r"ID <code>(app_\w+)</code>", text)
    assert found
    return found[1]


def form_of(text: str, action: str) -> str:
    found = re.search(rf'<form[^>]*action="{action}".*?</form>', text, re.DOTALL)
    assert found
    return found[0]


def test_from_sign_up_to_a_key_that_opens_and_ends(site: Any, member: Browser) -> None:
    assert member.send("/developers/applications", name="버스 전광판").headers["Location"] == "/developers"
    application = own_application(member.get("/developers").text)
    made = member.send(f"/developers/applications/{application}/keys", label="첫 키")
    assert made.status_code == 200
    assert made.headers["Cache-Control"] == "no-store"
    key = shown_key(made.text)
    bearer = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
    assert site.get("/api/v1/datasets", **bearer).status_code == 200
    again = member.get("/developers").text
    assert key not in again
    assert "첫 키" in again
    (kid,) = re.findall(r"/developers/keys/(\w+)/revoke", again)
    assert member.send(f"/developers/keys/{kid}/revoke").status_code == 303
    assert site.clients.find(key) is None
    assert "폐기됨" in member.get("/developers").text


def test_usage_counts_what_a_key_asked(site: Any, member: Browser) -> None:
    member.send("/developers/applications", name="usage")
    application = own_application(member.get("/developers").text)
    key = shown_key(member.send(f"/developers/applications/{application}/keys").text)
    site.get("/api/v1/datasets/places/rows?limit=7", Authorization=f"Bearer {key}", Accept="*/*")
    total = re.search(r'class="sum">.*?</tr>', member.get("/developers").text, re.DOTALL)
    assert total
    assert re.findall(r'class="n">([\d,]+)<', total[0])[:3] == ["1", "0", "7"]


FORMS = [
    "sign-up",
    "sign-in",
    "sign-out",
    "applications",
    "applications/app_x/keys",
    "keys/x/revoke",
]


def test_a_form_that_our_page_did_not_show_is_refused(member: Browser) -> None:
    for form, csrf in product(FORMS, ["", "wrong", "Ünicode"]):
        answer = member.send(
            f"/developers/{form}", csrf, email="new@example.org", password=PASSWORD, name="x"
        )
        assert answer.status_code == 403, (form, csrf)
        assert "보낸 곳을 확인할 수 없습니다" in answer.text
    assert member.get("/developers").text.count('action="/developers/sign-out"') == 1


def test_every_form_carries_the_token(member: Browser) -> None:
    member.send("/developers/applications", name="tokens")
    text = member.get("/developers").text
    forms = re.findall(r'<form[^>]*method="post".*?</form>', text, re.DOTALL)
    assert len(forms) == 3
    assert all('name="csrf" value="' in form for form in forms)


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(member: Browser) -> None:
    for name in ("entrepot_session", "entrepot_page"):
        cookie = member.cookie(name)
        assert cookie.http_only, name
        assert cookie.same_site == "Lax", name


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"email": "kim", "password": PASSWORD, "name": "김하늘"}, 400, "이메일 주소를 name@example.org"),
        ({"email": "kim@example.org", "password": "short", "name": "김하늘"}, 400, "10자에서 1,000자까지"),
        (
            {"email": "kim@example.org", "password": PASSWORD, "name": "김\u200b"},
            400,
            "보이는 글자로 한 줄에",
        ),
        (
            {"email": "Taken@example.org", "password": PASSWORD, "name": "김하늘"},
            409,
            "이미 가입한 주소입니다",
        ),
    ],
)
def test_a_sign_up_that_cannot_be_taken_says_why_and_keeps_what_was_typed(
    site: Any, form: dict[str, str], status: int, said: str
) -> None:
    Browser(site).send("/developers/sign-up", email="taken@example.org", password=PASSWORD)
    answer = Browser(site).send("/developers/sign-up", **form)
    assert answer.status_code == status
    shown = form_of(answer.text, "/developers/sign-up")
    assert said in shown
    assert 'aria-describedby="why"' in shown
    assert f'value="{form["email"]}"' in shown
    assert f'value="{form["name"]}"' in shown
    assert form["password"] not in answer.text
    assert 'role="alert"' not in form_of(answer.text, "/developers/sign-in")


def test_a_wrong_password_and_an_unknown_address_are_told_alike(site: Any) -> None:
    Browser(site).send("/developers/sign-up", email="known@example.org", password=PASSWORD)
    texts = []
    for email in ("known@example.org", "nobody@example.org"):
        answer = Browser(site).send("/developers/sign-in", email=email, password="not this one")
        assert answer.status_code == 401
        assert "not this one" not in answer.text
        texts.append(re.search(r'role="alert">([^<]+)', answer.text))
    assert texts[0]
    assert texts[1]
    assert texts[0][1] == texts[1][1] == "이메일과 비밀번호가 맞지 않습니다."


def test_an_application_s_faults_stand_beside_its_form(site: Any, member: Browser) -> None:
    member.send("/developers/applications", name="unique")
    taken = member.send("/developers/applications", name="unique")
    assert taken.status_code == 409
    assert "이미 쓰이는 이름" in form_of(taken.text, "/developers/applications")
    application = own_application(taken.text)
    long = member.send(f"/developers/applications/{application}/keys", label="x" * 101)
    assert long.status_code == 400
    assert "100자까지" in form_of(long.text, f"/developers/applications/{application}/keys")


def test_nobody_reaches_into_another_s_application(site: Any, member: Browser) -> None:
    member.send("/developers/applications", name="mine alone")
    application = own_application(member.get("/developers").text)
    kid = site.clients.create_key(application)[0].kid
    other = Browser(site)
    other.sign_up("other@example.org")
    for path in (f"applications/{application}/keys", f"keys/{kid}/revoke"):
        assert other.send(f"/developers/{path}").status_code == 404
    assert site.clients.key(kid).revoked is None
    assert len(site.clients.keys(application)) == 1


def test_without_a_session_a_form_leads_to_sign_in(site: Any) -> None:
    answer = Browser(site).send("/developers/applications", name="x")
    assert answer.status_code == 401
    assert "로그인이 끝났습니다" in form_of(answer.text, "/developers/sign-in")


def test_signing_out_ends_the_session_itself(site: Any, member: Browser) -> None:
    token = member.cookie("entrepot_session").value
    assert site.clients.session(token)
    assert member.send("/developers/sign-out").status_code == 303
    assert site.clients.session(token) is None
    assert 'action="/developers/sign-in"' in member.get("/developers").text


def test_no_form_leads_to_another_site(site: Any, member: Browser) -> None:
    away = "https://evil.example/"
    for form in ("sign-in", "sign-out"):
        path = f"/developers/{form}?next={away}&url={away}"
        answer = Browser(site).send(path, next=away, email="a@example.org", password=PASSWORD)
        assert answer.headers.get("Location", "/developers") == "/developers"
    for path in ("/developers//evil.example/", "/developers/%2F%2Fevil.example", "//evil.example/"):
        assert not re.match(r"(https?:)?//(?!localhost/)", member.get(path).headers.get("Location", "/"))


def test_the_address_of_a_form_leads_back_to_the_page(member: Browser) -> None:
    for form in FORMS:
        answer = member.get(f"/developers/{form}")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/developers")
    made = member.send("/developers/applications", name="")
    assert 'href="/developers?lang=en"' in made.text
