"""Tell from a request who calls and on which plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic_ns
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from gateway.caller import Caller
from gateway.clients import Credential
from gateway.clients.plans import PAGES_PLAN, Plan
from gateway.gate.credentials import take
from gateway.gate.limits import Subject
from gateway.gate.lookups import Lookups
from gateway.gate.refusals import bad_credential, look_up_failed

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

UNKNOWN = "is unknown, expired or revoked"


class Identify:
    """`find` gives the owner of a live credential or None; callers without one are on `anonymous_plan`."""

    def __init__(
        self,
        find: Callable[[str], Credential | None],
        plans: Mapping[str, Plan],
        anonymous_plan: str = "anonymous",
        steady: Callable[[], int] = monotonic_ns,
    ) -> None:
        """KeyError where `plans` has no `anonymous_plan`, or none for pages."""
        self._lookups = Lookups(find, steady)
        self.plans, self.pages, self._anonymous_plan = plans, plans[PAGES_PLAN], plans[anonymous_plan]
        self._anonymous_scopes = frozenset(self._anonymous_plan.scopes)

    def __call__(self, environ: WSGIEnvironment, address: str, *, client_secrets: bool = False) -> Caller:
        """The caller; a credential is taken out of `environ`, but for a session's.

        Raises Refusal: 400, 401, or 503 where the credential cannot be looked up.
        """
        presented = take(environ, client_secrets=client_secrets)
        if presented is None:
            return self.anonymous(address)
        try:
            found = self._lookups(presented.text)
        except SQLAlchemyError as error:
            raise look_up_failed() from error
        if found is None:
            raise bad_credential(presented.where, UNKNOWN, "make a new key on the developer page")
        if found.kind == "session":
            # Whoever signs out must be able to say which session ends.
            environ["HTTP_AUTHORIZATION"] = f"Bearer {presented.text}"
        # The plan may have been taken out of the plans' file; its application is never without a limit.
        plan = self.plans.get(found.plan, self._anonymous_plan)
        return Caller(found.kind, plan, found.application, found.person, found.kid, found.scopes, address)

    def anonymous(self, address: str) -> Caller:
        """Someone without a credential."""
        return Caller("anonymous", self._anonymous_plan, None, None, None, self._anonymous_scopes, address)


def subject(caller: Caller) -> Subject:
    """Whom the caller's limits count: an application over all its keys, a person, or an address."""
    if caller.kind == "anonymous":
        return Subject("address", caller.address)
    return Subject("application", caller.application or f"person {caller.person}")
