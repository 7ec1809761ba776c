"""How pages write what the catalogue holds, in the language of the page and the city's zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from gateway.portal.language import Language, words_of
from gateway.portal.units import readable
from schemas.dataset import Column, Text
from schemas.problem import Problem


@dataclass(frozen=True)
class Wording:
    """Writes words, moments, numbers and values."""

    language: Language
    zone: ZoneInfo

    def t(self, key: str, **values: object) -> str:
        """The phrase of that key, with its places filled."""
        return words_of(self.language)[key].format(**values)

    def named(self, kind: str, word: str) -> str:
        """What a word of a kind (theme, licence, type, reason ...) is called; itself where it has no name."""
        return words_of(self.language).get(f"{kind}_{word}", word)

    def error(self, problem: Problem) -> tuple[str, str | None]:
        """What heads the page of a problem, and our own advice where there is some."""
        said = words_of(self.language)
        head = said.get(f"error_{problem.type}") or said.get(f"error_{problem.status}") or said["error_other"]
        return head, said.get(f"advice_{problem.type}")

    def when(self, moment: datetime | None) -> str:
        """A moment in the city's zone, to the minute."""
        return "" if moment is None else f"{self._here(moment):%Y-%m-%d %H:%M}"

    def number(self, value: float | None) -> str:
        """A number with its thousands apart."""
        return "" if value is None else f"{value:,}"

    def size(self, count: int) -> str:
        """Bytes in the unit that keeps them short."""
        size = float(count)
        for unit in ("B", "kB", "MB"):
            if size < 1000:
                return f"{size:.3g} {unit}"
            size /= 1000
        return f"{size:,.3g} GB"

    def cell(self, column: Column, value: object) -> str:
        """One value of a row: codes and truths by their meaning, times in the city's zone."""
        if value is None:
            return ""
        if column.codes and (meaning := column.codes.get(str(value))):
            return meaning.best(self.language)
        if isinstance(value, bool):
            return self.t("yes" if value else "no")
        if column.type == "time":
            return f"{self._here(datetime.fromisoformat(str(value))):%Y-%m-%d %H:%M:%S}"
        return str(value)

    def column(self, column: Column) -> str:
        """What a column is called."""
        return column.title.best(self.language) or column.name

    def spoken(self, text: Text) -> Language:
        """The language of what `text.best` gives."""
        there = text.en if self.language == "en" else text.ko
        return self.language if there else "ko" if self.language == "en" else "en"

    def unit(self, column: Column) -> str:
        """The unit of a column as people write it."""
        return readable(column.unit)

    def _here(self, moment: datetime) -> datetime:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(self.zone)
