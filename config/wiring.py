"""Where the parts are put together, and nowhere else: Settings in, catalogue, gate and worker out."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from catalogue import Catalogue, open_catalogue, open_engine
from config import __version__
from config.migrations import upgrade
from config.settings import BadSetting, Settings, load_settings, variable
from gateway.clients import Clients
from gateway.clients.plans import Plan, load_plans
from gateway.clients.secrets import Secrets, open_secrets

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from harvesters.fetch import HttpFetch
    from harvesters.notices import Herald
    from harvesters.notices.events import Courier
    from harvesters.run import Harvester
    from harvesters.tryout import Bench
    from harvesters.worker import Worker
    from schemas.feed import Feed


def settings() -> Settings:
    """The settings of this process's environment; raises BadSetting."""
    return load_settings(os.environ)


def migrate(settings: Settings) -> None:
    """Make the data folder and bring the database to this version's tables."""
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise BadSetting(
            variable("data"), str(settings.data), f"a folder that can be made ({fault})"
        ) from fault
    upgrade(settings.database)


@contextmanager
def open_catalogue_of(settings: Settings) -> Iterator[Catalogue]:
    """The catalogue on tables brought up to date, closed at the end."""
    migrate(settings)
    catalogue = catalogue_of(settings)
    try:
        yield catalogue
    finally:
        catalogue.close()


def catalogue_of(settings: Settings) -> Catalogue:
    """The catalogue over a migrated database."""
    return open_catalogue(
        settings.database,
        settings.data / "parts",
        open_engine(settings.search_url, settings.data / "search"),
        index_folder=settings.data / "derived",
    )


def plans_of(settings: Settings) -> Mapping[str, Plan]:
    """The plans by name; raises BadInput for their file, BadSetting for a plan that is not there."""
    plans = load_plans(settings.plans)
    if settings.anonymous_plan not in plans:
        raise BadSetting(variable("anonymous_plan"), settings.anonymous_plan, f"one of {', '.join(plans)}")
    return plans


def secrets_of(settings: Settings) -> Secrets:
    """The installation's own secrets, made at the first run."""
    return open_secrets(settings.data / "secrets")


@contextmanager
def open_clients_of(settings: Settings) -> Iterator[Clients]:
    """People, applications and keys, on tables brought up to date."""
    from catalogue.database import connect

    migrate(settings)
    engine = connect(settings.database)
    try:
        yield Clients(engine, secrets_of(settings), plans_of(settings), clock=now, zone=settings.timezone)
    finally:
        engine.dispose()


@contextmanager
def open_clients() -> Iterator[Clients]:
    """The same for this process's environment."""
    with open_clients_of(settings()) as clients:
        yield clients


def gateway(
    settings: Settings, at_end: Callable[[Callable[[], None]], None] = lambda deed: None
) -> WSGIApplication:
    """The gate with the application behind it; made once in each serving process.

    `at_end` is told what ends the streams that are open, to be done when the process is to end.
    """
    from catalogue.database import connect
    from gateway.app import create_app
    from gateway.gate import EmbeddedLimiter, Gate, Identify, Meter, Proxies, Remembered, Turns
    from gateway.services import Handover, Services

    plans, secrets = plans_of(settings), secrets_of(settings)
    clients = Clients(connect(settings.database), secrets, plans, clock=now, zone=settings.timezone)
    meter = Meter(settings.data / "usage", clients.fold)
    limiter = EmbeddedLimiter(settings.data / "limits", settings.timezone)
    services = Services(
        catalogue=catalogue_of(settings),
        clients=clients,
        plans=plans,
        limiter=limiter,
        zone=settings.timezone,
        flush_usage=meter.flush,
        public_url=settings.public_url,
        handover=Handover(settings.accel_prefix, settings.data) if settings.accel_prefix else None,
    )
    at_end(services.catalogue.watch.close)
    app = create_app(services, session_key=secrets.session_key, version=__version__)
    meter.start()
    return Gate(
        Remembered(Turns(app.wsgi_app), lambda dataset: services.catalogue.snapshot(dataset).id),
        identify=Identify(clients.find, plans, settings.anonymous_plan),
        limiter=limiter,
        meter=meter,
        proxies=Proxies(settings.trusted_proxies),
    )


@contextmanager
def _work_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="entrepot-") as folder:
        yield Path(folder)


def fetch_of(settings: Settings) -> HttpFetch:
    """The only outgoing sockets, guarded."""
    from harvesters.fetch import HttpFetch
    from harvesters.fetch.guard import Guard

    return HttpFetch(Guard(settings.allow_hosts))


@contextmanager
def open_harvester(settings: Settings, catalogue: Catalogue) -> Iterator[Harvester]:
    """What runs a feed: guarded sockets, a folder for work, the city's extent and zone.

    The folder stays: another process goes on there with what one that was killed has fetched.
    """
    from harvesters.run import Harvester

    work = settings.data / "work"
    yield Harvester(catalogue, fetch_of(settings), work, settings.extent, settings.timezone, os.environ)


@contextmanager
def bench_of(settings: Settings) -> Iterator[Bench]:
    """What tries a source without publishing."""
    from harvesters.tryout import Bench

    with _work_folder() as work:
        yield Bench(fetch_of(settings), work, settings.extent, settings.timezone, os.environ)


@contextmanager
def open_worker(settings: Settings) -> Iterator[Worker]:
    """A worker over the feeds of the settings."""
    from harvesters.feeds.folders import FeedFolders
    from harvesters.feeds.uploaded import AllFeeds
    from harvesters.pauses import pause_of
    from harvesters.schedule import Schedule
    from harvesters.worker import Worker, last_start, quiet_runs

    folders = FeedFolders(settings.feeds)
    with open_catalogue_of(settings) as catalogue, open_harvester(settings, catalogue) as harvester:
        feeds = AllFeeds(folders, catalogue)

        def request(feed: str) -> str:
            return catalogue.request_run(feed, "schedule")

        schedule = Schedule(
            feeds,
            last_start(catalogue),
            request,
            zone=settings.timezone,
            quiet=quiet_runs(catalogue),
            pause=partial(pause_of, catalogue=catalogue, zone=settings.timezone),
        )
        herald, courier = herald_of(settings, catalogue, feeds), courier_of(settings, catalogue)
        yield Worker(harvester, feeds, schedule, clock=now, herald=herald, courier=courier)


def herald_of(settings: Settings, catalogue: Catalogue, feeds: Callable[[], Mapping[str, Feed]]) -> Herald:
    """Who tells of changes of feeds: by webhook, and by mail where there is a server for it."""
    from harvesters.fetch.guard import Guard
    from harvesters.fetch.post import Post
    from harvesters.notices import Channel, Herald
    from harvesters.notices.mail import Mail, mail_server
    from harvesters.notices.webhook import Webhook

    post, key = Post(Guard(settings.allow_hosts)), secrets_of(settings).webhook_key
    channels: dict[str, Channel] = {"webhook": Webhook(post, key, os.environ, clock=now)}
    if settings.smtp_url:
        channels["mail"] = Mail(mail_server(settings.smtp_url))
    return Herald(catalogue, channels, feeds, clock=now, city=settings.notify)


def courier_of(settings: Settings, catalogue: Catalogue) -> Courier:
    """Who sends events to those who subscribe, through the same guarded sockets."""
    from harvesters.fetch.guard import Guard
    from harvesters.fetch.post import Post
    from harvesters.notices.events import Courier

    post, key = Post(Guard(settings.allow_hosts)), secrets_of(settings).webhook_key
    return Courier(catalogue, post, key, clock=now, base=settings.public_url or "")


def now() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)
