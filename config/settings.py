"""What an operator may set, read once from the environment; a wrong value names its variable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from config import values
from schemas.dataset import BBox

PREFIX = "ENTREPOT_"
PROJECT = Path(__file__).resolve().parent
KOREA: BBox = (124.5, 33.0, 132.0, 38.95)
"""The land and islands of the Republic of Korea, Baengnyeongdo to Dokdo, Marado included."""


class BadSetting(ValueError):
    """A variable of the environment holds what it does not take."""

    def __init__(self, variable: str, value: str, takes: str) -> None:
        self.variable, self.value, self.takes = variable, value, takes
        super().__init__(f"{variable}={values.masked(value)!r} is not usable: it takes {takes}")


def _setting(default: Any, help: str, takes: str, parse: Callable[[str], Any], shown: str = "") -> Any:
    metadata = {"help": help, "takes": takes, "parse": parse, "shown": shown}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """Every setting with its default; the variable is ENTREPOT_ and the field's name in capitals."""

    data: Path = _setting(
        Path("data"),
        "Folder of everything embedded: metadata, parts, row indexes, search index, secrets.",
        "a folder",
        Path,
        "./data",
    )
    database_url: str | None = _setting(
        None,
        "SQLAlchemy URL of metadata, accounts and runs.",
        "sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME",
        values.database,
        "SQLite in the folder",
    )
    storage_url: str | None = _setting(
        None,
        "Where parts and downloads lie.",
        "nothing yet: S3 buckets come with a later release, parts lie in the folder",
        values.nothing_yet,
        "the folder",
    )
    search_url: str | None = _setting(
        None,
        "Elasticsearch hosts, separated by commas.",
        "http://HOST:9200[,http://HOST2:9200]",
        values.web_addresses,
        "embedded",
    )
    redis_url: str | None = _setting(
        None,
        "Redis for limits shared by several machines.",
        "nothing yet: limits are shared by all processes of one machine through the folder",
        values.nothing_yet,
        "the data folder, one count for all processes",
    )
    cluster_url: str | None = _setting(
        None,
        "A Dask scheduler for harvest work.",
        "nothing yet: harvests run on this machine",
        values.nothing_yet,
        "local processes",
    )
    feeds: tuple[Path, ...] = _setting(
        (PROJECT / "feeds",),
        "Folders of feed files, separated by ':'.",
        "folders separated by ':'",
        values.folders,
        "config/feeds",
    )
    allow_hosts: tuple[str, ...] = _setting(
        (),
        "Private hosts or networks that harvesters may reach.",
        "hosts, addresses or networks separated by commas, such as 10.20.0.0/16,files.city.internal",
        values.hosts,
        "none",
    )
    extent: BBox = _setting(
        KOREA,
        "Box that a feed's geometry must fall inside, unless the feed says its own.",
        "west,south,east,north in degrees",
        values.extent,
        "Republic of Korea (124.5,33.0,132.0,38.95)",
    )
    timezone: ZoneInfo = _setting(
        ZoneInfo("Asia/Seoul"),
        "Zone of source times that carry none, of schedules and of daily quotas.",
        "a name of the IANA time zone database, such as Asia/Seoul",
        ZoneInfo,
        "Asia/Seoul",
    )
    public_url: str | None = _setting(
        None,
        "Address under which the public reaches the gateway, for absolute links.",
        "http(s)://HOST[/PATH]",
        values.web_address,
        "from the request",
    )
    accel_prefix: str | None = _setting(
        None,
        "Path under which a proxy in front (nginx) has the data folder for itself; it then sends downloads.",
        "a path such as /entrepot-files",
        values.inner_path,
        "none: the gateway sends them",
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (),
        "Addresses whose Forwarded and X-Forwarded-For are believed for per-address limits.",
        "addresses or networks separated by commas",
        values.networks,
        "none",
    )
    plans: Path = _setting(
        PROJECT / "plans.toml",
        "File of the plans: limits and scopes by name.",
        "a TOML file that exists",
        values.existing_file,
        "config/plans.toml",
    )
    anonymous_plan: str = _setting(
        "anonymous", "Plan of callers without a key.", "the name of a plan", str, "anonymous"
    )
    smtp_url: str | None = _setting(
        None,
        "Mail server for notices.",
        "smtp://HOST:PORT?from=ADDRESS, USER:PASSWORD@ before HOST where it asks for them, smtps:// for TLS",
        values.mail_server,
        "none: shown to the operator",
    )
    notify: tuple[tuple[str, str], ...] = _setting(
        (),
        "Who is told when the state of any feed changes, beside those that its file names.",
        "mailto:ADDRESS, https://HOST/PATH or env:NAME that holds such an address, separated by commas",
        values.notified,
        "nobody",
    )

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{(self.data / 'entrepot.db').resolve()}"


def variable(name: str) -> str:
    """The environment variable of a field of Settings."""
    return PREFIX + name.upper()


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Settings from the environment; raises BadSetting. An empty value counts as unset."""
    given = {setting: environ.get(variable(setting.name), "") for setting in fields(Settings)}
    return Settings(**{setting.name: _parsed(setting, text) for setting, text in given.items() if text})


def _parsed(setting: Field[Any], text: str) -> Any:
    try:
        return setting.metadata["parse"](text)
    except (ValueError, KeyError, OSError) as fault:
        raise BadSetting(variable(setting.name), text, setting.metadata["takes"]) from fault


def describe_settings(environ: Mapping[str, str]) -> list[dict[str, str]]:
    """Each variable with its value, default, help and what it takes; passwords are struck out."""
    return [
        {
            "variable": variable(setting.name),
            "value": values.masked(environ.get(variable(setting.name), "")),
            "default": setting.metadata["shown"],
            "help": setting.metadata["help"],
            "takes": setting.metadata["takes"],
        }
        for setting in fields(Settings)
    ]


def settings_page(described: Iterable[Mapping[str, str]]) -> str:
    """The settings as a table of Markdown, for the documentation."""
    lines = ["| variable | default | meaning | takes |", "|---|---|---|---|"]
    for each in described:
        cells = (f"`{each['variable']}`", each["default"], each["help"], each["takes"])
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
