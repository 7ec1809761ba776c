"""The city in a box: a synthetic city published locally, harvested on its schedules and served."""

from __future__ import annotations

import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from config.processes import Parts, exit_on_signals, started
from config.sample_city import api
from config.sample_city.server import serve as serve_city
from config.serving import claimed
from config.settings import load_settings
from config.wiring import open_catalogue_of, open_clients_of

HOST = "127.0.0.1"
FEEDS = Path(__file__).parent / "sample_city" / "feeds"
PLACEHOLDER = "http://sample-city.invalid"
ADMIN = "admin@gaon.example"
APPLICATION = "Gaon demo"
PLAN = "partner"
READY_SECONDS = 300


class NotReady(RuntimeError):
    """The demo did not come up in time."""

    def __init__(self, waiting_for: str) -> None:
        self.waiting_for = waiting_for
        super().__init__(
            f"not ready within {READY_SECONDS} s: still waiting for {waiting_for}; see the lines above"
        )


@dataclass(frozen=True)
class Ticket:
    """What a visitor needs: where it is served, a key, and the operator's account."""

    url: str
    api_key: str
    admin_email: str
    admin_password: str


def run(port: int, data: Path) -> None:
    """Serve the demo until a signal ends it; raises AddressTaken, PartEnded or NotReady."""
    exit_on_signals()
    # The processes of a demo that was just killed need a moment to let go of it.
    with claimed(HOST, port, patience=3):
        pass
    with _told(data / "demo.json") as tell, _city() as city:
        environ = _environ(data, city)
        _write_feeds(data / "feeds", city)
        url = f"http://{HOST}:{port}"
        ticket = _ticket(data, url, environ)
        with started({"gateway": ["serve", "--port", str(port)], "worker": ["work"]}, environ) as parts:
            _await_ready(url, environ, parts)
            tell(ticket)
            parts.wait()


@contextmanager
def _told(path: Path) -> Iterator[Callable[[Ticket], None]]:
    """The file that says the demo is ready: there while it is, and not before or after."""
    path.unlink(missing_ok=True)

    def tell(ticket: Ticket) -> None:
        _write_atomically(path, json.dumps(asdict(ticket), indent=2) + "\n")
        _print(ticket)

    try:
        yield tell
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def _city() -> Iterator[str]:
    """The synthetic city's own server; yields its address."""
    server = serve_city()
    threading.Thread(target=server.serve_forever, name="city", daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _environ(data: Path, city: str) -> dict[str, str]:
    own = {
        "ENTREPOT_DATA": str(data),
        "ENTREPOT_FEEDS": str(data / "feeds"),
        "ENTREPOT_ALLOW_HOSTS": city.removeprefix("http://"),
        "GAON_SERVICE_KEY": api.SERVICE_KEY,
    }
    return {**os.environ, **own}


def _write_feeds(folder: Path, city: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for feed in sorted(FEEDS.glob("*.toml")):
        text = feed.read_text(encoding="utf-8").replace(PLACEHOLDER, city)
        _write_atomically(folder / feed.name, text)


def _ticket(data: Path, url: str, environ: Mapping[str, str]) -> Ticket:
    """A key that works and the operator's password, kept from the last time where they still hold."""
    former = _former(data / "demo-ticket.json")
    with open_clients_of(load_settings(environ)) as clients:
        admin = clients.person(ADMIN)
        password = former.get("admin_password", "")
        if admin is None:
            password = secrets.token_urlsafe(15)
            admin = clients.create_person(ADMIN, password, "Gaon", "operator", by="demo")
        elif clients.sign_in(ADMIN, password) is None:
            password = secrets.token_urlsafe(15)
            clients.set_password(admin.id, password, by="demo")
        application = clients.application(APPLICATION) or clients.create_application(
            admin.id, APPLICATION, PLAN, by="demo"
        )
        key = former.get("api_key", "")
        if not key or clients.find(key) is None:
            _, key = clients.create_key(application.id, "demo", by="demo")
    ticket = Ticket(url, key, ADMIN, password)
    _write_atomically(data / "demo-ticket.json", json.dumps(asdict(ticket)))
    return ticket


def _former(path: Path) -> dict[str, str]:
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _write_atomically(path: Path, text: str) -> None:
    written = path.with_suffix(path.suffix + ".new")
    written.touch(mode=0o600)
    written.write_text(text, encoding="utf-8")
    written.replace(path)


def _await_ready(url: str, environ: Mapping[str, str], parts: Parts) -> None:
    """Wait until the gateway answers and every feed of the city has been harvested once and can be found."""
    deadline = time.monotonic() + READY_SECONDS
    wanted = {feed.stem for feed in FEEDS.glob("*.toml")}
    with open_catalogue_of(load_settings(environ)) as catalogue:
        while True:
            parts.check()
            missing = wanted - {state.feed for state in catalogue.feed_health() if state.last_success}
            if not missing and _answers(f"{url}/readyz"):
                catalogue.drain_search()  # What a worker has published it may be telling only now.
                return
            if time.monotonic() > deadline:
                raise NotReady(", ".join(sorted(missing)) or "the gateway")
            time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:  # noqa: S310  (our own address)
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _print(ticket: Ticket) -> None:
    sys.stdout.write(
        f"\nEntrepot serves the synthetic city of Gaon.\n"
        f"  pages      {ticket.url}/\n"
        f"  API        {ticket.url}/api/v1/datasets   described at {ticket.url}/docs\n"
        f"  key        {ticket.api_key}\n"
        f"  operator   {ticket.admin_email}  {ticket.admin_password}\n"
        f"Ctrl-C ends it; the data stays.\n"
    )
    sys.stdout.flush()
