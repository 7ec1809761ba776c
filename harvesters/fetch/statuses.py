"""Say what the status of an answer means for a fetch: take it, give up, or try again later."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from harvesters.faults import HarvestFault, SourceRefused, SourceUnavailable


class Passing(Exception):
    """A fault that may pass: try again after `pause` seconds, or after the usual time where it is None."""

    def __init__(self, fault: HarvestFault, pause: float | None = None) -> None:
        self.fault = fault
        self.pause = pause
        super().__init__(str(fault))


def judge(url: object, status: int, headers: Mapping[str, str]) -> None:
    """Raise what a status means, unless the body is what was asked for; `url` is shown in the sentence."""
    if status in (200, 203):
        return
    if status in (404, 410):
        raise SourceUnavailable(
            f"{url}: not found (status {status})", hint="it may have moved; mend url under [source]"
        )
    if status == 429:
        asked = SourceRefused(f"{url}: too many requests (status 429)", hint="run the feed less often")
        raise Passing(asked, retry_after(headers))
    if status >= 500:
        failed = SourceUnavailable(f"{url}: the source failed (status {status})")
        raise Passing(failed, retry_after(headers))
    if 400 <= status < 500:
        raise SourceRefused(f"{url}: the source refused (status {status})", hint="check its key and its url")
    raise SourceUnavailable(f"{url}: answered with status {status}, which holds no whole file")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that Retry-After asks for (RFC 9110, 10.2.3); a date is held against the sender's own clock."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    then, now = _moment(value), _moment(headers.get("date", ""))
    return max(0.0, (then - now).total_seconds()) if then and now else None


def _moment(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone()
    except ValueError:
        return None
