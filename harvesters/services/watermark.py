"""Remember how far a source that only grows was read, so that the next visit asks for what came since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any


@dataclass
class Watermark:
    """The latest instant of the rows that were seen; one of the next hours is believed, none beyond them."""

    latest: datetime | None = None

    @classmethod
    def known(cls, state: Mapping[str, Any]) -> Watermark:
        """How far the last visit came."""
        return cls(moment(state.get("latest")))

    def note(self, text: Any) -> None:
        """A row of this time was seen."""
        then = moment(text)
        # A clock that is wrong by years would end all reading.
        if then and then <= datetime.now(UTC) + timedelta(hours=1):
            self.latest = max(then, self.latest) if self.latest else then

    @property
    def state(self) -> dict[str, str]:
        """What to remember."""
        return {"latest": written(self.latest)} if self.latest else {}


def moment(text: Any) -> datetime | None:
    """An instant, or the start of an interval, in UTC; None for what is neither."""
    try:
        found = datetime.fromisoformat(str(text).partition("/")[0])
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def written(then: datetime) -> str:
    """An instant as RFC 3339 writes it."""
    return then.isoformat().replace("+00:00", "Z")
