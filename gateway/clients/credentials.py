"""Keys, access tokens and sessions: how they are stored, found and revoked."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import Schema, fields
from sqlalchemy import Connection, Row, func, select, update

from gateway.clients.plans import SIGN_UP_PLAN, Plan
from gateway.clients.secrets import Secrets
from gateway.clients.tables import application, credential, person
from gateway.clients.tokens import Kind, Token, parse
from gateway.clients.words import findable

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Key:
    """An application's key as it may be shown; its text is shown once, when it is made."""

    kid: str
    application: str
    label: str
    created: datetime
    expires: datetime | None = None
    revoked: datetime | None = None


class KeySchema(Schema):
    kid = fields.String(required=True)
    application = fields.String(required=True)
    label = fields.String(required=True)
    created = fields.AwareDateTime(required=True, format="iso")
    expires = fields.AwareDateTime(allow_none=True, format="iso")
    revoked = fields.AwareDateTime(allow_none=True, format="iso")


@dataclass(frozen=True)
class Credential:
    """Who is behind a live credential; `scopes` is what it may do now, under the plan it is on.

    `kid` names the key, also for a token that was issued through it. `application` is None for a
    session. `person` is who signed in, or the application's owner, and `role` is theirs.
    """

    kind: Kind
    kid: str
    application: str | None
    person: str
    role: str
    plan: str
    scopes: frozenset[str]
    created: datetime
    expires: datetime | None


@dataclass(frozen=True)
class Grant:
    """What a new credential is for; `scopes` None gives all of the plan's."""

    application: str | None = None
    person: str | None = None
    parent: str | None = None
    label: str = ""
    scopes: tuple[str, ...] | None = None
    expires: datetime | None = None


def add(db: Connection, token: Token, grant: Grant, secrets: Secrets, now: datetime) -> None:
    """Store a credential: its text only as an HMAC under the newest pepper."""
    version = secrets.version
    db.execute(
        credential.insert().values(
            kid=token.kid,
            kind=token.kind,
            mac=secrets.mac(token.text, version),
            pepper=version,
            application=grant.application,
            person=grant.person,
            parent=grant.parent,
            label=grant.label,
            scopes=None if grant.scopes is None else " ".join(grant.scopes),
            created=now,
            expires=grant.expires,
        )
    )


def find(db: Connection, text: str, secrets: Secrets, now: datetime) -> Row[Any] | None:
    """The stored row of a live credential, with plan, owner and role; None for any other text."""
    token = parse(text)
    if token is None:
        return None
    row = db.execute(_FOUND.where(credential.c.kid == token.kid, credential.c.kind == token.kind)).first()
    if row is not None and row.pepper not in secrets.peppers:
        log.error("the pepper %d that credential %s was stored with is missing", row.pepper, row.kid)
        row = None
    # The same work for an unknown kid as for a wrong secret, so that time tells nothing of kids.
    given = secrets.mac(text, row.pepper if row else secrets.version)
    same = hmac.compare_digest(given, row.mac if row else bytes(len(given)))
    return row if row and same and _live(row, now) else None


def is_live(db: Connection, kid: str, now: datetime) -> bool:
    """Whether the credential with that kid is neither revoked nor expired."""
    mine = (credential.c.kid == kid) & credential.c.revoked.is_(None)
    lasting = credential.c.expires.is_(None) | (credential.c.expires > now)
    return db.execute(select(credential.c.kid).where(mine, lasting)).first() is not None


_parent = credential.alias("parent")
_FOUND = (
    select(
        credential,
        application.c.plan,
        func.coalesce(credential.c.person, application.c.owner).label("who"),
        person.c.role,
        _parent.c.revoked.label("parent_revoked"),
    )
    .join(application, application.c.id == credential.c.application, isouter=True)
    .join(person, person.c.id == func.coalesce(credential.c.person, application.c.owner))
    .join(_parent, _parent.c.kid == credential.c.parent, isouter=True)
)


def described(row: Row[Any], plans: Mapping[str, Plan]) -> Credential:
    """The credential of a row that `find` gave, with the scopes that its plan grants today."""
    plan = plans.get(row.plan or SIGN_UP_PLAN)
    if plan is None:
        log.error(
            "application %s is on plan %s, which is no more; %s stands in",
            row.application,
            row.plan,
            SIGN_UP_PLAN,
        )
        plan = plans[SIGN_UP_PLAN]
    scopes = frozenset(plan.scopes)
    return Credential(
        kind=row.kind,
        kid=row.parent or row.kid,
        application=row.application,
        person=row.who,
        role=row.role,
        plan=plan.name,
        scopes=scopes if row.scopes is None else scopes & frozenset(row.scopes.split()),
        created=row.created,
        expires=row.expires,
    )


def _live(row: Row[Any], now: datetime) -> bool:
    """A token ends with the key it was issued through."""
    ended = row.revoked is not None or row.parent_revoked is not None
    return not ended and (row.expires is None or now < row.expires)


_KEY = (
    credential.c.kid,
    credential.c.application,
    credential.c.label,
    credential.c.created,
    credential.c.expires,
    credential.c.revoked,
)


def key(db: Connection, kid: str) -> Key | None:
    """The key with that kid, revoked ones too."""
    row = db.execute(
        select(*_KEY).where(credential.c.kid == findable(kid), credential.c.kind == "key")
    ).first()
    return Key(*row) if row else None


def keys(db: Connection, application_id: str) -> list[Key]:
    """An application's keys, oldest first, revoked ones too."""
    found = select(*_KEY).where(credential.c.application == application_id, credential.c.kind == "key")
    return [Key(*row) for row in db.execute(found.order_by(credential.c.created, credential.c.kid))]


def revoke(db: Connection, kid: str, kind: Kind, now: datetime) -> bool:
    """End a credential now; False when it was ended before or never was."""
    named = update(credential).where(credential.c.kid == findable(kid), credential.c.kind == kind)
    return db.execute(named.where(credential.c.revoked.is_(None)).values(revoked=now)).rowcount == 1


def end_sessions(db: Connection, person_id: str, now: datetime) -> None:
    """End all sessions of a person."""
    ended = update(credential).where(credential.c.person == person_id, credential.c.kind == "session")
    db.execute(ended.where(credential.c.revoked.is_(None)).values(revoked=now))
