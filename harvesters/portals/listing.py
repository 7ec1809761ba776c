"""Write entries or rows as a source's file: a JSON list, or a GeoJSON collection, of one object each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from harvesters.reading.catalogues import AS_BEFORE, Entry
from harvesters.sources import Raw


@dataclass
class Listing:
    """A list under way in the file `path`; open it with `with`, which begins it anew.

    `before`, `between` and `after` are what stands around its objects, `format` is how to read all of it.
    """

    path: Path
    count: int = 0
    before: str = "["
    between: str = ","
    after: str = "\n]\n"
    format: str = "json"
    _file: TextIO | None = field(default=None, repr=False)

    def __enter__(self) -> Listing:
        # Half a character, which JSON can say and UTF-8 cannot, is written as "?".
        self._file, self.count = self.path.open("w", encoding="utf-8", errors="replace"), 0
        self._file.write(self.before)
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: BaseException | TracebackType | None) -> None:
        if self._file:
            self._file.write(self.after)
            self._file.close()

    def add(self, entry: Entry) -> None:
        """One entry that is read anew."""
        self.write(entry.row())

    def keep(self, identifier: str) -> None:
        """One entry that stands as it is published."""
        self.write({"identifier": identifier, AS_BEFORE: True})

    def write(self, row: Mapping[str, Any]) -> None:
        """One object as it is."""
        self.put(json.dumps(row, ensure_ascii=False))

    def put(self, text: str) -> None:
        """One object that is written already."""
        assert self._file is not None, "a listing is written between its beginning and its end"
        self._file.write((self.between if self.count else "") + "\n" + text)
        self.count += 1

    def raw(self, size: int, digest: str | None = None, state: Mapping[str, Any] | None = None) -> Raw:
        """The list as what a visit gives; `size` bytes were fetched for it, `digest` names its content."""
        if digest is None:
            with self.path.open("rb") as body:
                digest = hashlib.file_digest(body, "sha256").hexdigest()
        return Raw(
            path=self.path,
            name=self.path.name,
            bytes=size,
            sha256=digest,
            format=self.format,
            expected=self.count,
            state=state or {},
        )


def digest_of(lines: Iterable[str]) -> str:
    """The digest of some lines, whatever their order."""
    return hashlib.sha256("\n".join(sorted(lines)).encode("utf-8", "surrogatepass")).hexdigest()
