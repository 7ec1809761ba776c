"""What can go wrong with people, applications and keys, beside input that cannot be taken."""

from __future__ import annotations


class AlreadyExists(ValueError):
    """A name or address that must be unique is taken."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(f"{kind} {name!r} exists already; choose another or use the one there is")


class NoSuch(LookupError):
    """Nothing of this kind has that name or id."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(f"there is no {kind} {name!r}; check its spelling")
