"""People: who may sign in, and as what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from marshmallow import Schema, fields
from sqlalchemy import Connection, or_, select, update
from sqlalchemy.exc import IntegrityError

from gateway.clients.faults import AlreadyExists
from gateway.clients.tables import person
from gateway.clients.words import findable

Role = Literal["developer", "steward", "operator"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True)
class Person:
    """A person; developers use data, stewards publish it, operators run the platform."""

    id: str
    email: str
    name: str
    role: Role
    created: datetime


class PersonSchema(Schema):
    id = fields.String(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True)
    created = fields.AwareDateTime(required=True, format="iso")


_COLUMNS = (person.c.id, person.c.email, person.c.name, person.c.role, person.c.created)


def add(db: Connection, new: Person, password: str | None) -> None:
    """Store a person with an encoded password hash; raises AlreadyExists for a known address."""
    values = {"email": new.email, "name": new.name, "role": new.role, "created": new.created}
    try:
        db.execute(person.insert().values(id=new.id, password=password, **values))
    except IntegrityError as error:
        raise AlreadyExists("person", new.email) from error


def get(db: Connection, id_or_email: str) -> Person | None:
    """The person with that id or (normalised) e-mail address."""
    asked = findable(id_or_email)
    named = or_(person.c.id == asked, person.c.email == asked.strip().lower())
    row = db.execute(select(*_COLUMNS).where(named)).first()
    return Person(*row) if row else None


def password_of(db: Connection, email: str) -> tuple[str, str | None] | None:
    """The id and encoded password hash behind an address."""
    asked = findable(email).strip().lower()
    row = db.execute(select(person.c.id, person.c.password).where(person.c.email == asked)).first()
    return (row.id, row.password) if row else None


def set_password(db: Connection, person_id: str, password: str) -> bool:
    """Replace the encoded password hash; False when there is no such person."""
    changed = update(person).where(person.c.id == person_id).values(password=password)
    return db.execute(changed).rowcount == 1
