"""A dataset of a Socrata portal on this machine: SODA's pages, counts and headers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Query = dict[str, str]
Row = dict[str, Any]
FIELDS = {":id": "row_identifier", "id": "text", "name": "text", "size": "text"}


def row(number: int, updated: str = "2024-03-01T09:00:00.000Z", **said: Any) -> Row:
    """A row; its own id, and the portal's, begin with its number."""
    held = {":id": f"row-{number:04}", ":updated_at": updated}
    return held | {"id": f"{number:03}", "name": f"공원 {number}", "size": str(number), **said}


@dataclass
class SocrataPortal:
    """What the dataset holds, its columns, and what it was asked.

    `lie` may change an answer before it is sent: it gets what is asked (count, rows), the query and the
    answer.
    """

    rows: list[Row] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=lambda: dict(FIELDS))
    asked: list[tuple[str, Query]] = field(default_factory=list)
    lie: Callable[[str, Query, Any], Any] = lambda what, query, answer: answer

    def answer(self, query: Query) -> tuple[bytes, dict[str, str]]:
        """The body and the headers of the answer to a query."""
        what = "count" if "count(*)" in query.get("$select", "") else "rows"
        self.asked.append((what, query))
        found = sorted(self._found(query), key=lambda each: each[":id"])
        if what == "count":
            latest = max((each[":updated_at"] for each in found), default=None)
            told: Any = [{"rows": str(len(found)), **({"latest": latest} if latest else {})}]
        else:
            start = int(query.get("$offset", 0))
            told = [self._shown(each) for each in found[start : start + int(query.get("$limit", 1000))]]
        told = self.lie(what, query, told)
        headers = {
            "X-SODA2-Fields": json.dumps(list(self.fields)),
            "X-SODA2-Types": json.dumps(list(self.fields.values())),
        }
        return told if isinstance(told, bytes) else json.dumps(told).encode(), headers

    def _shown(self, each: Row) -> Row:
        """The row without what is empty, as SODA leaves it out."""
        return {name: each[name] for name in self.fields if each.get(name) is not None}

    def _found(self, query: Query) -> list[Row]:
        since = re.search(r":updated_at >= '([^']*)'", query.get("$where", ""))
        name = re.search(r"name = '([^']*)'", query.get("$where", ""))
        return [
            each
            for each in self.rows
            if (since is None or each[":updated_at"] >= since[1])
            and (name is None or each["name"] == name[1])
        ]
