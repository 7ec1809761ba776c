"""Which counter a path belongs to: free of limits, a page for people, or the API."""

from __future__ import annotations

import re
from typing import Literal

PathClass = Literal["free", "page", "page_sign_in", "usage", "api_sign_in", "api"]
"""`usage` is API that is not counted as use; `…sign_in` is where the application itself judges secrets."""

_CLASSES = re.compile(
    r"""/(?:
      (?P<free>livez|readyz|metrics|favicon\.ico|robots\.txt|static/.*)
    | (?P<page_sign_in>developers/sign-in)
    | (?P<usage>api/v1/usage)
    | (?P<api_sign_in>oauth/.*|api/v1/sessions)
    | (?P<api>(?:api|oauth|ogc|resource|catalog|data|mcp|gtfs-rt|gbfs|\.well-known)(?:[/.].*)?)
    )""",
    re.DOTALL | re.VERBOSE,
)


def path_class(path: str) -> PathClass:
    """The class of a decoded path; whatever is nothing else is a page."""
    match = _CLASSES.fullmatch(path)
    return match.lastgroup if match else "page"  # type: ignore[return-value] # the groups are the classes
