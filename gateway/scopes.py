"""What a caller may do: each address names the scope it takes, and a credential without it is refused."""

from __future__ import annotations

from flask import request

from gateway.caller import caller


class ScopeNeeded(PermissionError):
    """The credential is good, but was not made for this."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__(f"this takes the scope {scope}; ask for a token that has it, or use the key itself")


class KeyNeeded(PermissionError):
    """Nobody may do this without a credential here."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__(f"this takes a key with the scope {scope}; make one at /developers")


def require(scope: str) -> None:
    """Let a caller pass who has `scope`; raises ScopeNeeded, or KeyNeeded where no credential was sent."""
    who = caller(request.environ)
    if scope not in who.scopes:
        raise KeyNeeded(scope) if who.kind == "anonymous" else ScopeNeeded(scope)
