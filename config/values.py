"""How the text of an environment variable becomes the value of a setting; ValueError where it cannot."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from schemas.dataset import BBox

_PASSWORD = re.compile(r"(://[^:/@\s]*:)[^/\s]*@")
_PASSWORD_OPTION = re.compile(r"([?&][^=&]*(?:password|secret|key|token)[^=&]*=)[^&]*", re.I)


def folders(text: str) -> tuple[Path, ...]:
    """Folders separated by ':', at least one."""
    found = tuple(Path(part) for part in text.split(":") if part)
    if not found:
        raise ValueError(text)
    return found


def existing_file(text: str) -> Path:
    """A file that is there."""
    path = Path(text)
    if not path.is_file():
        raise ValueError(text)
    return path


def extent(text: str) -> BBox:
    """west,south,east,north in degrees; a box over the antimeridian has its west east of its east."""
    west, south, east, north = (float(part) for part in text.split(","))
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south < north <= 90):
        raise ValueError(text)
    return west, south, east, north


def hosts(text: str) -> tuple[str, ...]:
    """Hosts, addresses or networks separated by commas, as the guard of outgoing sockets takes them."""
    from harvesters.fetch.guard import Guard

    found = _words(text)
    Guard(found)
    return found


def networks(text: str) -> tuple[str, ...]:
    """Addresses or networks separated by commas."""
    return tuple(str(ip_network(part, strict=False)) for part in _words(text))


def inner_path(text: str) -> str:
    """The beginning of a path, such as /files, without the slash at its end."""
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+/?", text):
        raise ValueError(text)
    return text.rstrip("/")


def web_address(text: str) -> str:
    """One http or https address, without the slash at its end."""
    url = urlsplit(text)
    # A port that is no number shows only when it is asked for.
    if url.scheme not in ("http", "https") or not url.hostname or url.port == 0 or re.search(r"[\s,]", text):
        raise ValueError(text)
    return text.rstrip("/")


def web_addresses(text: str) -> str:
    """Several of them, separated by commas."""
    return ",".join(web_address(part) for part in _words(text))


def database(text: str) -> str:
    """A SQLAlchemy URL of a SQLite file or a PostgreSQL database, the latter with psycopg as its driver."""
    if re.fullmatch(r"sqlite:///(?!:memory:).+", text):
        return text
    url = urlsplit(text)
    if url.scheme not in ("postgresql", "postgresql+psycopg") or url.port == 0:
        raise ValueError(text)
    return re.sub(r"^postgresql://", "postgresql+psycopg://", text)


def mail_server(text: str) -> str:
    """The URL of a mail server."""
    from harvesters.notices.mail import mail_server

    mail_server(text)
    return text


def notified(text: str) -> tuple[tuple[str, str], ...]:
    """Who is told of changes, as pairs of channel and address: mailto: and web addresses, or env:NAME."""
    return tuple(_told(part) for part in _words(text))


def _told(text: str) -> tuple[str, str]:
    if text.startswith("mailto:"):
        from harvesters.notices.mail import mailbox

        return "mail", mailbox(text.removeprefix("mailto:"))
    if not re.fullmatch(r"env:[A-Za-z_]\w*", text):
        web_address(text)
    return "webhook", text


def nothing_yet(text: str) -> str:
    """No value is taken by this release."""
    raise ValueError(text)


def masked(text: str) -> str:
    """The text of a URL with its passwords struck out."""
    return _PASSWORD_OPTION.sub(r"\1***", _PASSWORD.sub(r"\1***@", text))


def _words(text: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found:
        raise ValueError(text)
    return found
