"""The front door of people, applications, keys, tokens, sessions and usage: one transaction a call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from catalogue import webhook_secret
from catalogue.database import writing
from gateway.clients import applications, audit, credentials, people, usage
from gateway.clients.applications import Application
from gateway.clients.credentials import Credential, Grant, Key
from gateway.clients.faults import NoSuch
from gateway.clients.passwords import Passwords
from gateway.clients.people import ROLES, Person, Role
from gateway.clients.plans import SIGN_UP_PLAN, Plan
from gateway.clients.secrets import Secrets
from gateway.clients.tokens import Kind, mint, parse, random_id
from gateway.clients.usage import RouteUsage
from gateway.clients.words import bad, email_address, words
from schemas.problem import did_you_mean

SESSION_LASTS = timedelta(days=7)
TOKEN_LASTS = timedelta(hours=1)
SYSTEM = "system"
"""Who acts in the audit where no person does: the command line."""


class Clients:
    """All that the gateway knows of who calls it.

    `clock` gives aware datetimes. `zone` is where days of usage begin. Nothing is deleted, and every
    change leaves an audit event in the same transaction.
    """

    def __init__(
        self,
        engine: Engine,
        secrets: Secrets,
        plans: Mapping[str, Plan],
        *,
        clock: Callable[[], datetime],
        zone: tzinfo = UTC,
    ) -> None:
        self._engine, self._secrets, self._plans = engine, secrets, plans
        self._clock, self._zone = clock, zone
        self._passwords = Passwords()

    # People

    def create_person(
        self,
        email: str,
        password: str | None,
        name: str = "",
        role: Role = "developer",
        *,
        by: str | None = None,
    ) -> Person:
        """A new person, who cannot sign in without a password; raises BadInput, AlreadyExists."""
        if role not in ROLES:
            raise bad("role", f"{role!r} is not a role", did_you_mean(role, ROLES))
        address = email_address("email", email)
        named = words("name", name, longest=120, shortest=0)
        new = Person(f"per_{random_id(12)}", address, named, role, self._clock())
        stored = None if password is None else self._passwords.hash(password)
        with writing(self._engine) as db:
            people.add(db, new, stored)
            audit.record(db, audit.Event(new.created, by or address, "person created", new.id))
        return new

    def person(self, id_or_email: str) -> Person | None:
        with self._engine.connect() as db:
            return people.get(db, id_or_email)

    def set_password(self, person_id: str, password: str, *, by: str) -> None:
        """Replace a person's password and end all of their sessions; raises BadInput, NoSuch."""
        now, stored = self._clock(), self._passwords.hash(password)
        with writing(self._engine) as db:
            if not people.set_password(db, person_id, stored):
                raise NoSuch("person", person_id)
            credentials.end_sessions(db, person_id, now)
            audit.record(db, audit.Event(now, by, "password set", person_id))

    # Sessions

    def sign_in(self, email: str, password: str) -> str | None:
        """A session's text, good for SESSION_LASTS; None for a wrong password and for nobody alike."""
        with self._engine.connect() as db:
            known = people.password_of(db, email)
        if not self._passwords.match(known[1] if known else None, password) or known is None:
            return None
        now, token = self._clock(), mint("session")
        with writing(self._engine) as db:
            grant = Grant(person=known[0], expires=now + SESSION_LASTS)
            credentials.add(db, token, grant, self._secrets, now)
            audit.record(db, audit.Event(now, known[0], "signed in", known[0]))
        return token.text

    def session(self, text: str) -> Person | None:
        """Who signed in with this session; None when it has ended."""
        found = self.find(text)
        return self.person(found.person) if found and found.kind == "session" else None

    def end_session(self, text: str) -> None:
        """Sign out; a session that is none or has ended is no error."""
        self._end(text, "session", "signed out")

    # Applications

    def create_application(
        self, owner: str, name: str, plan: str = SIGN_UP_PLAN, description: str = "", *, by: str | None = None
    ) -> Application:
        """A new application of the person `owner` (an id); raises BadInput, AlreadyExists, NoSuch."""
        if plan not in self._plans:
            raise bad("plan", f"there is no plan {plan!r}", did_you_mean(plan, self._plans))
        named = words("name", name, longest=100)
        about = words("description", description, longest=1000, shortest=0)
        new = Application(f"app_{random_id(12)}", named, owner, plan, about, self._clock())
        with writing(self._engine) as db:
            if people.get(db, owner) is None:
                raise NoSuch("person", owner)
            applications.add(db, new)
            audit.record(db, audit.Event(new.created, by or owner, "application created", new.id))
        return new

    def application(self, id_or_name: str) -> Application | None:
        with self._engine.connect() as db:
            return applications.get(db, id_or_name)

    def applications(self, owner: str) -> list[Application]:
        """A person's applications, oldest first."""
        with self._engine.connect() as db:
            return applications.of_owner(db, owner)

    def owner(self, application: str) -> str:
        """The address of mail of whoever made the application of this id; raises NoSuch."""
        with self._engine.connect() as db:
            found = applications.get(db, application)
            person = people.get(db, found.owner) if found else None
        if person is None:
            raise NoSuch("application", application)
        return person.email

    def webhook_secret(self, subscription: str) -> str:
        """What messages to a subscription are signed with; it is made anew each time and kept nowhere."""
        return webhook_secret(self._secrets.webhook_key, subscription)

    # Keys

    def create_key(
        self, application: str, label: str = "", expires: datetime | None = None, *, by: str = SYSTEM
    ) -> tuple[Key, str]:
        """A new key of the application with that id, and its text, which is told only now."""
        now, token = self._clock(), mint("key")
        if expires is not None and (expires.tzinfo is None or expires <= now):
            raise bad("expires", "is not a time to come", "write a later time with its offset")
        grant = Grant(application, label=words("label", label, longest=100, shortest=0), expires=expires)
        with writing(self._engine) as db:
            if applications.get(db, application) is None:
                raise NoSuch("application", application)
            credentials.add(db, token, grant, self._secrets, now)
            audit.record(db, audit.Event(now, by, "key created", token.kid))
        return Key(token.kid, application, grant.label, now, expires), token.text

    def key(self, kid: str) -> Key | None:
        with self._engine.connect() as db:
            return credentials.key(db, kid)

    def keys(self, application: str) -> list[Key]:
        """An application's keys, oldest first, revoked ones too."""
        with self._engine.connect() as db:
            return credentials.keys(db, application)

    def revoke_key(self, kid: str, by: str) -> Key:
        """End a key and every token issued through it; again is no error. Raises NoSuch."""
        now = self._clock()
        with writing(self._engine) as db:
            if credentials.revoke(db, kid, "key", now):
                audit.record(db, audit.Event(now, by, "key revoked", kid))
            key = credentials.key(db, kid)
        if key is None:
            raise NoSuch("key", kid)
        return key

    # Credentials of any kind

    def find(self, credential: str) -> Credential | None:
        """Who is behind a key, token or session; None when it is none, or revoked, or has expired."""
        with self._engine.connect() as db:
            row = credentials.find(db, credential, self._secrets, self._clock())
        return credentials.described(row, self._plans) if row else None

    def is_live(self, kid: str) -> bool:
        """Whether a credential that was let in once would be let in still."""
        with self._engine.connect() as db:
            return credentials.is_live(db, kid, self._clock())

    def _end(self, text: str, kind: Kind, what: str) -> None:
        now, token, found = self._clock(), parse(text), self.find(text)
        if token is None or found is None or found.kind != kind:
            return
        with writing(self._engine) as db:
            if credentials.revoke(db, token.kid, kind, now):
                audit.record(db, audit.Event(now, found.person, what, token.kid))

    # OAuth access tokens

    def issue_token(self, key: Credential, scopes: Iterable[str]) -> tuple[str, int]:
        """An access token issued through a key, and the seconds it lives: never longer than the key."""
        now, token = self._clock(), mint("token")
        expires = min(now + TOKEN_LASTS, key.expires or datetime.max.replace(tzinfo=UTC))
        grant = Grant(key.application, parent=key.kid, scopes=tuple(sorted(scopes)), expires=expires)
        with writing(self._engine) as db:
            credentials.add(db, token, grant, self._secrets, now)
            audit.record(db, audit.Event(now, key.kid, "token issued", token.kid))
        return token.text, int((expires - now).total_seconds())

    def introspect(self, text: str) -> Credential | None:
        """The live access token that `text` is, or None."""
        found = self.find(text)
        return found if found and found.kind == "token" else None

    def revoke_token(self, text: str) -> None:
        """End an access token; one that is none or has ended is no error."""
        self._end(text, "token", "token revoked")

    # Usage and audit

    def fold(self, segment: str, records: Iterable[usage.UsageRecord]) -> bool:
        """Count a segment of metered requests; False when its id was counted before."""
        with writing(self._engine) as db:
            return usage.fold(db, segment, records, now=self._clock(), zone=self._zone)

    def usage(self, application: str) -> usage.Usage:
        """What an application used since it was made; `usage.ANONYMOUS` for calls without a credential."""
        with self._engine.connect() as db:
            return usage.of_application(db, application)

    def usage_by_route(self) -> tuple[RouteUsage, ...]:
        """What all callers together used of each route."""
        with self._engine.connect() as db:
            return usage.by_route(db)

    def ready(self) -> bool:
        """Whether credentials can be looked up: the database answers and has its tables."""
        try:
            with self._engine.connect() as db:
                people.get(db, "")
        except SQLAlchemyError:
            return False
        return True

    def events(self, subject: str) -> list[audit.Event]:
        """The audit of a person, application or credential (by id or kid), oldest first."""
        with self._engine.connect() as db:
            return audit.events(db, subject)
