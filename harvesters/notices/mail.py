"""Tell a person by e-mail, through the city's mail server, encrypted where the server can."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import parse_qs, unquote, urlsplit

from catalogue import Notice
from harvesters.notices import Undelivered, identity

SECONDS = 20.0
_LOCAL = ("localhost", "127.0.0.1", "::1")
_MAILBOX = re.compile(r"[^@\s<>()\[\],;:\\\"]{1,64}@[^@\s<>()\[\],;:\\\"]{1,255}")
_WORDS = {
    "fresh": ("정상", "fresh again"),
    "late": ("늦음", "late"),
    "stale": ("오래됨", "stale"),
    "failing": ("실패", "failing"),
    "disabled": ("꺼짐", "switched off"),
}


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in: `smtp://USER:PASSWORD@HOST:PORT?from=ADDRESS`, `smtps://` for TLS at once."""

    host: str
    port: int
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False


def mail_server(url: str) -> MailServer:
    """The server that a URL names; raises ValueError for what is none."""
    parts = urlsplit(url)
    options = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
    if (
        parts.scheme not in ("smtp", "smtps")
        or not parts.hostname
        or parts.port == 0
        or set(options) - {"from"}
    ):
        raise ValueError("takes smtp://HOST:PORT?from=ADDRESS")
    if (parts.username is None) != (parts.password is None) or parts.path not in ("", "/"):
        raise ValueError("takes a user and a password, or neither")
    sender = options.get("from", [f"entrepot@{parts.hostname}"])[0]
    return MailServer(
        parts.hostname,
        parts.port or (465 if parts.scheme == "smtps" else 587),
        mailbox(sender),
        unquote(parts.username) if parts.username is not None else None,
        unquote(parts.password) if parts.password is not None else None,
        parts.scheme == "smtps",
    )


def mailbox(text: str) -> str:
    """An address of mail as it is; raises ValueError for what is none."""
    if not _MAILBOX.fullmatch(text):
        raise ValueError(f"{text!r} is no address of mail; write name@city.example")
    return text


class Mail:
    """Hands a message to the server for each notice; a password is never sent in the clear."""

    def __init__(self, server: MailServer, *, tls: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._tls = tls or ssl.create_default_context()

    def send(self, notice: Notice, title: str) -> None:
        """Tell the address; raises Undelivered, a lasting one where the server refuses for good."""
        try:
            message = self._message(notice, title)
        except ValueError as fault:
            raise Undelivered(f"{notice.address} is no address of mail", lasting=True) from fault
        try:
            with self._session() as session:
                session.send_message(message)
        except smtplib.SMTPRecipientsRefused as refused:
            code, words = next(iter(refused.recipients.values()))
            raise Undelivered(f"{notice.address}: {_plain(words)}", lasting=code >= 500) from refused
        except (smtplib.SMTPException, OSError) as fault:
            # The words of a server may quote what it was sent; the class says enough of a log-in.
            said = (
                type(fault).__name__ if isinstance(fault, smtplib.SMTPAuthenticationError) else _plain(fault)
            )
            raise Undelivered(f"mail server {self._server.host}: {said}") from fault

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        server = self._server
        with self._connected() as session:
            session.ehlo()
            encrypted = server.tls
            if not encrypted and session.has_extn("starttls"):
                session.starttls(context=self._tls)
                session.ehlo()
                encrypted = True
            if server.user is not None and server.password is not None:
                if not encrypted and server.host not in _LOCAL:
                    raise smtplib.SMTPException("it offers no encryption, so the password is not sent")
                session.login(server.user, server.password)
            yield session

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        if server.tls:
            return smtplib.SMTP_SSL(server.host, server.port, timeout=SECONDS, context=self._tls)
        return smtplib.SMTP(server.host, server.port, timeout=SECONDS)

    def _message(self, notice: Notice, title: str) -> EmailMessage:
        korean, english = _WORDS.get(notice.state, (notice.state, notice.state))
        name = " ".join(title.split())[:200]
        message = EmailMessage()
        message["Subject"] = f"[Entrepot] {name}: {korean} / {english}"
        message["From"] = self._server.sender
        message["To"] = Address(addr_spec=mailbox(notice.address))
        message["Date"] = format_datetime(notice.at)
        message["Message-ID"] = f"<{identity(notice)}@{self._server.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        when = notice.at.isoformat(timespec="seconds")
        message.set_content(
            f"{name} ({notice.feed})\n\n{notice.former or '-'} -> {notice.state} ({korean}), {when}\n"
            + (f"{notice.detail}\n" if notice.detail else "")
            + ("" if notice.state == "disabled" else f"\nentrepot feeds check {notice.feed}\n")
        )
        return message


def _plain(words: object) -> str:
    """What a server says, in one line without control characters."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return re.sub(r"[^\x20-\x7e\u00a0-\uffff]+", " ", text)[:300]
