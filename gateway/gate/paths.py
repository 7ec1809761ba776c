"""Which counter a path belongs to: free of limits, a page for people, or the API."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

PathClass = Literal["free", "page", "api"]

_FREE = re.compile(r"/(?:livez|readyz|metrics|favicon\.ico|robots\.txt|static/.*)", re.DOTALL)
_API = re.compile(r"/(?:api|oauth|ogc|resource|catalog|data|mcp|\.well-known)(?:[/.].*)?", re.DOTALL)


@dataclass(frozen=True)
class Paths:
    """`sign_in` is where the application itself judges secrets; `unmetered` is not counted as use."""

    free: re.Pattern[str] = _FREE
    api: re.Pattern[str] = _API
    sign_in: re.Pattern[str] = re.compile(r"/(?:oauth/.*|api/v1/sessions|sign-in)")
    unmetered: re.Pattern[str] = re.compile(r"/api/v1/usage")

    def metered(self, path: str) -> bool:
        """Whether a request of `path` counts as use of the API."""
        return self.kind(path) == "api" and not self.unmetered.fullmatch(path)

    def kind(self, path: str) -> PathClass:
        if self.api.fullmatch(path):
            return "api"
        return "free" if self.free.fullmatch(path) else "page"
