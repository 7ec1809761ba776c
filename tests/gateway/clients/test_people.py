"""People sign up, sign in and out; nobody learns who has an account from how long that takes."""

from __future__ import annotations

from statistics import median
from time import process_time

import pytest
from sqlalchemy import Engine, select

from gateway.clients import Clients
from gateway.clients.clients import SESSION_LASTS
from gateway.clients.faults import AlreadyExists, NoSuch
from gateway.clients.tables import person
from schemas.problem import BadInput

PASSWORD = "correct horse battery"


def test_a_person_signs_in_with_the_address_however_it_is_written(clients: Clients) -> None:
    kim = clients.create_person("  Kim@Example.ORG ", PASSWORD, "김하늘")
    session = clients.sign_in("KIM@example.org ", PASSWORD)
    assert session
    assert clients.session(session) == kim
    assert kim.email == "kim@example.org"


@pytest.mark.parametrize(
    "password", ["wrong horse battery", "", "x" * 100_000, "\ud800" * 12, PASSWORD + "\0"]
)
def test_a_wrong_password_opens_nothing(clients: Clients, password: str) -> None:
    clients.create_person("kim@example.org", PASSWORD)
    assert clients.sign_in("kim@example.org", password) is None


@pytest.mark.parametrize("email", ["lee@example.org", "", "\0", "\ud800@example.org", "kim@example.org' --"])
def test_nobody_cannot_sign_in(clients: Clients, email: str) -> None:
    clients.create_person("kim@example.org", PASSWORD)
    assert clients.sign_in(email, PASSWORD) is None


def test_a_person_made_without_a_password_signs_in_once_one_is_set(clients: Clients) -> None:
    kim = clients.create_person("kim@example.org", None, role="operator")
    assert clients.sign_in("kim@example.org", "") is None
    clients.set_password(kim.id, PASSWORD, by="system")
    assert clients.sign_in("kim@example.org", PASSWORD)


def test_hangul_typed_in_parts_is_the_same_password(clients: Clients) -> None:
    clients.create_person("kim@example.org", "비밀번호는비밀입니다요")
    assert clients.sign_in("kim@example.org", "비밀번호는비밀입니다요")


def test_signing_out_ends_the_session_and_no_other(clients: Clients) -> None:
    clients.create_person("kim@example.org", PASSWORD)
    here, there = (clients.sign_in("kim@example.org", PASSWORD) or "" for _ in range(2))
    clients.end_session(here)
    clients.end_session(here)
    clients.end_session("es_nonsense")
    assert clients.session(here) is None
    assert clients.session(there)


def test_a_new_password_ends_every_session(clients: Clients) -> None:
    kim = clients.create_person("kim@example.org", PASSWORD)
    session = clients.sign_in("kim@example.org", PASSWORD) or ""
    clients.set_password(kim.id, "another horse battery", by=kim.id)
    assert clients.session(session) is None
    assert clients.sign_in("kim@example.org", PASSWORD) is None


def test_a_session_ends_after_a_week(clients: Clients, clock) -> None:
    clients.create_person("kim@example.org", PASSWORD)
    session = clients.sign_in("kim@example.org", PASSWORD) or ""
    clock.turn(seconds=SESSION_LASTS.total_seconds() - 1)
    assert clients.session(session)
    clock.turn(seconds=1)
    assert clients.session(session) is None


def test_an_unknown_address_takes_as_long_as_a_wrong_password(clients: Clients) -> None:
    clients.create_person("kim@example.org", PASSWORD)

    def seconds(email: str) -> float:
        start = process_time()
        clients.sign_in(email, "wrong horse battery")
        return process_time() - start

    known, unknown = zip(
        *((seconds("kim@example.org"), seconds("lee@example.org")) for _ in range(9)), strict=True
    )
    assert 0.5 < median(known) / median(unknown) < 2


def test_an_address_is_taken_once_however_it_is_written(clients: Clients) -> None:
    clients.create_person("kim@example.org", PASSWORD)
    with pytest.raises(AlreadyExists, match=r"person 'kim@example.org' exists already"):
        clients.create_person("KIM@EXAMPLE.ORG", PASSWORD)


@pytest.mark.parametrize(
    ("where", "wrong"),
    [
        ("email", {"email": "kim"}),
        ("email", {"email": "kim@example"}),
        ("email", {"email": "kim@@example.org"}),
        ("email", {"email": "kim@example.org\r\nBcc: all@example.org"}),
        ("email", {"email": "k" * 250 + "@example.org"}),
        ("email", {"email": "\ud800@example.org"}),
        ("password", {"password": "too short"}),
        ("password", {"password": "x" * 1001}),
        ("password", {"password": "\ud800" * 12}),
        ("name", {"name": "\0"}),
        ("name", {"name": "n" * 121}),
        ("role", {"role": "operater"}),
    ],
)
def test_what_a_person_cannot_be_is_refused_by_name(
    clients: Clients, where: str, wrong: dict[str, str]
) -> None:
    with pytest.raises(BadInput) as caught:
        clients.create_person(**({"email": "kim@example.org", "password": PASSWORD} | wrong))
    assert [error.where for error in caught.value.errors] == [where]


def test_a_password_is_stored_as_argon2id_only(clients: Clients, engine: Engine) -> None:
    clients.create_person("kim@example.org", PASSWORD)
    with engine.connect() as db:
        row = db.execute(select(person)).one()
    assert row.password.startswith("$argon2id$")
    assert PASSWORD not in str(row)


def test_setting_a_password_of_nobody_is_an_error(clients: Clients) -> None:
    with pytest.raises(NoSuch, match="there is no person 'per_x'"):
        clients.set_password("per_x", PASSWORD, by="system")
    assert clients.person("\0") is None
