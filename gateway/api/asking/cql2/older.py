"""Read filters in CQL as it was before CQL2, which GDAL writes and calls `cql-text`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from schemas.dataset import Column

_TEXT = r"'(?:[^']|'')*'"
_WORD = r'"(?:[^"]|"")+"|(?:[^\W\d]|:)[\w.:]*'
_LIKE = rf"\s+ILIKE\s+(?P<like>{_TEXT})"
_VALUE = r"\s*(?P<sign>[<>=]+)\s*(?P<value>[01](?![\w.])|'\d{4}-\d\d-\d\dT')"
_TRUTHS = {"0": "FALSE", "1": "TRUE"}


def as_cql2(text: str, columns: Sequence[Column]) -> str:
    """The same filter as CQL2 text.

    Names of columns stand bare in it, whatever letters they are of; ILIKE looks at no case, truths are 0 and
    1, and a day ends in a T that no time follows.
    """
    kinds = {column.name: column.type for column in columns}
    names = "|".join(sorted(map(re.escape, kinds), key=len, reverse=True))
    parts = rf"(?P<name>(?<!\w)(?:{names})(?!\w)|{_WORD})(?:{_LIKE}|{_VALUE})?|{_TEXT}"

    def told(found: re.Match[str]) -> str:
        name, like, sign, value = found["name"], found["like"], found["sign"], found["value"]
        if name not in kinds:
            return found[0]
        quoted = '"' + name.replace('"', '""') + '"'
        if like:
            return f"CASEI({quoted}) LIKE CASEI({like})"
        if value in _TRUTHS and kinds[name] == "boolean":
            return f"{quoted} {sign} {_TRUTHS[value]}"
        if value and kinds[name] in ("date", "time"):
            return f"{quoted} {sign} {value.replace('T', '')}"
        return quoted + found[0].removeprefix(name)

    return re.sub(parts, told, text)
