"""Applications: what a developer builds, on a plan, with keys of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from marshmallow import Schema, fields
from sqlalchemy import Connection, or_, select
from sqlalchemy.exc import IntegrityError

from gateway.clients.faults import AlreadyExists
from gateway.clients.tables import application
from gateway.clients.words import findable


@dataclass(frozen=True)
class Application:
    """A developer's app; limits and usage are counted for it, over all of its keys."""

    id: str
    name: str
    owner: str
    plan: str
    description: str
    created: datetime


class ApplicationSchema(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    owner = fields.String(required=True)
    plan = fields.String(required=True)
    description = fields.String(required=True)
    created = fields.AwareDateTime(required=True, format="iso")


_COLUMNS = (
    application.c.id,
    application.c.name,
    application.c.owner,
    application.c.plan,
    application.c.description,
    application.c.created,
)


def add(db: Connection, new: Application) -> None:
    """Store an application; raises AlreadyExists when its name is taken."""
    values = {"owner": new.owner, "plan": new.plan, "description": new.description, "created": new.created}
    try:
        db.execute(application.insert().values(id=new.id, name=new.name, **values))
    except IntegrityError as error:
        raise AlreadyExists("application", new.name) from error


def get(db: Connection, id_or_name: str) -> Application | None:
    """The application with that id or name; ids are random, so that no name can take another's place."""
    asked = findable(id_or_name)
    named = or_(application.c.id == asked, application.c.name == asked)
    row = db.execute(select(*_COLUMNS).where(named).order_by(application.c.id != asked)).first()
    return Application(*row) if row else None


def of_owner(db: Connection, owner: str) -> list[Application]:
    """A person's applications, oldest first."""
    found = select(*_COLUMNS).where(application.c.owner == owner)
    return [Application(*row) for row in db.execute(found.order_by(application.c.created, application.c.id))]
