"""What is wrong with a question in SoQL, in the shape in which Socrata's clients look for it."""

from __future__ import annotations

from typing import Any

MALFORMED = "query.compiler.malformed"
NO_COLUMN = "query.soql.no-such-column"
NO_FUNCTION = "query.soql.no-such-function"
MISMATCH = "query.soql.type-mismatch"
NOT_GROUPED = "query.soql.column-not-in-group-bys"
FIGURE_OF_ROWS = "query.soql.aggregate-in-ungrouped-context"
TWICE = "query.soql.duplicate-alias"
UNKNOWN = "invalid-parameter"
CODES = {400: MALFORMED, 401: "authentication_required", 403: "permission_denied", 404: "dataset.missing"}


class SoqlFault(ValueError):
    """A question that cannot be read; `code` is Socrata's word for it, `hint` says how to mend it, `data`
    names what is at fault."""

    def __init__(
        self, where: str, what: str, hint: str | None = None, *, code: str = MALFORMED, **data: str
    ) -> None:
        self.where, self.code, self.data = where, code, data
        super().__init__(f"{where}: {what}" + (f"; {hint}" if hint else ""))


def said(code: str, message: str, **data: Any) -> dict[str, Any]:
    """An error as Socrata's clients read it: they look for its code under either name."""
    return {"code": code, "errorCode": code, "error": True, "message": message, "data": data}
