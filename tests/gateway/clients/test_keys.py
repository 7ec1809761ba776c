"""Applications get keys; a key works until it is revoked or expires, and is never stored as it is."""

from __future__ import annotations

import string
from datetime import timedelta
from statistics import median
from time import process_time
from typing import Any

import pytest
from sqlalchemy import Engine, select

from gateway.clients import Clients
from gateway.clients.credentials import Key
from gateway.clients.faults import AlreadyExists, NoSuch
from gateway.clients.plans import Plan
from gateway.clients.secrets import Secrets, open_secrets
from gateway.clients.tables import metadata
from gateway.clients.tokens import mint, parse
from schemas.problem import BadInput

Made = tuple[Key, str]


def test_a_key_names_its_application_owner_plan_and_scopes(clients: Clients, key: Made) -> None:
    found = clients.find(key[1])
    assert found
    assert (found.kind, found.kid, found.plan, found.role) == ("key", key[0].kid, "free", "developer")
    assert found.application == key[0].application == clients.application("bus-board").id  # type: ignore[union-attr]
    assert found.scopes == {"catalogue:read", "rows:read", "usage:read"}
    assert found.person == clients.person("kim@example.org").id  # type: ignore[union-attr]


def test_a_typing_error_anywhere_is_seen_without_a_look_up(key: Made) -> None:
    text = key[1]
    for place in range(len(text)):
        other = next(c for c in string.ascii_letters if c != text[place])
        assert parse(text[:place] + other + text[place + 1 :]) is None


@pytest.mark.parametrize("wrong", ["", "\0", "ek_live_", "열쇠", "\ud800", "x" * 1_000_000, "' OR 1=1 --"])
def test_nonsense_is_no_credential(clients: Clients, key: Made, wrong: str) -> None:
    assert clients.find(wrong) is None
    assert clients.find(key[1] + wrong) is None or wrong == ""


def test_a_well_formed_key_with_another_secret_is_refused(clients: Clients, key: Made) -> None:
    assert clients.find(_same_kid_other_secret(key[1])) is None


def test_a_key_does_not_pass_for_a_token_or_session(clients: Clients, key: Made) -> None:
    assert clients.introspect(key[1]) is None
    assert clients.session(key[1]) is None


def test_a_revoked_key_is_refused_at_once_and_its_sibling_is_not(clients: Clients, key: Made) -> None:
    sibling = clients.create_key(key[0].application)[1]
    revoked = clients.revoke_key(key[0].kid, by="kim")
    assert revoked.revoked
    assert clients.find(key[1]) is None
    assert clients.find(sibling)
    listed = {listed.kid: listed.revoked for listed in clients.keys(key[0].application)}
    assert sorted(listed.values(), key=str) == [revoked.revoked, None]
    assert listed[key[0].kid] == revoked.revoked


def test_revoking_again_keeps_the_first_time(clients: Clients, key: Made, clock: Any) -> None:
    first = clients.revoke_key(key[0].kid, by="kim")
    clock.turn(hours=1)
    assert clients.revoke_key(key[0].kid, by="lee") == first
    assert [event.who for event in clients.events(key[0].kid)] == ["system", "kim"]


def test_a_token_ends_with_the_key_it_was_issued_through(clients: Clients, key: Made) -> None:
    token, seconds = clients.issue_token(_found(clients, key), ["rows:read"])
    live = clients.introspect(token)
    assert live
    assert (seconds, live.scopes, live.kid) == (3600, {"rows:read"}, key[0].kid)
    clients.revoke_key(key[0].kid, by="kim")
    assert clients.find(token) is None


def test_a_token_expires_in_an_hour_and_never_after_its_key(clients: Clients, key: Made, clock: Any) -> None:
    short = clients.create_key(key[0].application, expires=clock() + timedelta(minutes=10))
    hour, ten = (clients.issue_token(_found(clients, made), [])[0] for made in (key, short))
    clock.turn(minutes=10)
    assert (clients.find(ten), clients.find(short[1])) == (None, None)
    assert clients.find(hour)
    clock.turn(minutes=50)
    assert clients.find(hour) is None


def test_a_revoked_token_leaves_its_key_alone(clients: Clients, key: Made) -> None:
    token = clients.issue_token(_found(clients, key), [])[0]
    clients.revoke_token(key[1])
    clients.revoke_token(token)
    clients.revoke_token(token)
    assert clients.introspect(token) is None
    assert clients.find(key[1])


def test_a_token_keeps_no_scope_that_its_plan_has_lost(
    engine: Engine, secrets: Secrets, plans: dict[str, Plan], clock: Any, clients: Clients, key: Made
) -> None:
    token = clients.issue_token(_found(clients, key), ["rows:read", "usage:read"])[0]
    fewer = plans | {"free": Plan("free", plans["free"].title, (), ("rows:read",))}
    assert Clients(engine, secrets, fewer, clock=clock).find(token).scopes == {"rows:read"}  # type: ignore[union-attr]


def test_an_application_of_a_plan_that_is_no_more_falls_back_to_the_free_one(
    engine: Engine, secrets: Secrets, plans: dict[str, Plan], clock: Any, clients: Clients, key: Made
) -> None:
    partner = clients.create_application(_found(clients, key).person, "partner-app", "partner")
    text = clients.create_key(partner.id)[1]
    without = {name: plan for name, plan in plans.items() if name != "partner"}
    assert Clients(engine, secrets, without, clock=clock).find(text).plan == "free"  # type: ignore[union-attr]


def test_a_dump_of_the_database_holds_nothing_that_can_be_presented(
    clients: Clients, key: Made, engine: Engine
) -> None:
    token = clients.issue_token(_found(clients, key), ["rows:read"])[0]
    clients.create_person("lee@example.org", "correct horse battery")
    session = clients.sign_in("lee@example.org", "correct horse battery") or ""
    assert clients.session(session)
    with engine.connect() as db:
        values = [
            value for table in metadata.sorted_tables for row in db.execute(select(table)) for value in row
        ]
    dump = "\n".join(map(str, values))
    for text in (key[1], token, session):
        assert text not in dump
        assert text.rsplit("_", 2)[1] not in dump
    presented = [value for value in values if isinstance(value, str)]
    assert not any(clients.find(value) for value in presented)


def test_keys_of_an_older_pepper_work_until_its_file_is_gone(
    clients: Clients, key: Made, engine: Engine, plans: dict[str, Plan], clock: Any, tmp_path: Any
) -> None:
    newer = tmp_path / "secrets" / "pepper-2"
    newer.touch(0o600)
    newer.write_text("ab" * 32)
    rotated = Clients(engine, open_secrets(tmp_path / "secrets"), plans, clock=clock)
    text = rotated.create_key(key[0].application)[1]
    assert rotated.find(key[1])
    assert rotated.find(text)
    (tmp_path / "secrets" / "pepper-1").unlink()
    gone = Clients(engine, open_secrets(tmp_path / "secrets"), plans, clock=clock)
    assert gone.find(key[1]) is None
    assert gone.find(text)


def test_an_unknown_kid_takes_as_long_as_a_wrong_secret(clients: Clients, key: Made) -> None:
    wrong = _same_kid_other_secret(key[1])

    def seconds(text: str) -> float:
        start = process_time()
        clients.find(text)
        return process_time() - start

    unknown = mint("key").text
    pairs = [(seconds(wrong), seconds(unknown)) for _ in range(300)]
    known, not_known = zip(*pairs, strict=True)
    assert 0.7 < median(known) / median(not_known) < 1.4


def test_an_application_is_found_by_id_and_by_name(clients: Clients, key: Made) -> None:
    by_id = clients.application(key[0].application)
    assert by_id
    assert by_id == clients.application("bus-board")
    assert clients.applications(by_id.owner) == [by_id]
    assert clients.application("\0") is None
    assert clients.application("") is None


def test_an_application_is_refused_for_a_taken_name_an_unknown_plan_or_owner(
    clients: Clients, key: Made
) -> None:
    owner = _found(clients, key).person
    with pytest.raises(AlreadyExists, match="application 'bus-board' exists already"):
        clients.create_application(owner, " bus-board ")
    with pytest.raises(BadInput, match="there is no plan 'fre'"):
        clients.create_application(owner, "other", "fre")
    with pytest.raises(NoSuch, match="there is no person 'per_none'"):
        clients.create_application("per_none", "other")


def test_a_key_is_refused_for_no_application_or_a_time_that_has_passed(
    clients: Clients, key: Made, clock: Any
) -> None:
    with pytest.raises(NoSuch, match="there is no application 'app_none'"):
        clients.create_key("app_none")
    for past in (clock(), (clock() + timedelta(days=1)).replace(tzinfo=None)):
        with pytest.raises(BadInput, match="expires: is not a time to come"):
            clients.create_key(key[0].application, expires=past)
    with pytest.raises(NoSuch, match="there is no key"):
        clients.revoke_key("\0", by="kim")


def _found(clients: Clients, key: Made) -> Any:
    found = clients.find(key[1])
    assert found
    return found


def _same_kid_other_secret(text: str) -> str:
    from gateway.clients.tokens import _check

    body = f"ek_live_{text.split('_')[2]}_{'0' * 32}"
    return f"{body}_{_check(body)}"
