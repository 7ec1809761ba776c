"""Keep secrets out of feed files: a feed names an environment variable, and a run looks it up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from harvesters.faults import FeedMisconfigured
from schemas.feed import Feed

PREFIX = "env:"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET = re.compile(r"(?i)(key|secret|token|passw(or)?d|credentials?)$")


class Secret(str):
    """A text that does not show itself in a traceback or a log."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'…'"


def is_secret(name: str) -> bool:
    """Whether an option or query parameter of that name holds a credential (`serviceKey`, `api_token`)."""
    return _SECRET.search(name) is not None


def resolve_secrets(feed: Feed, environ: Mapping[str, str]) -> Feed:
    """The feed with every `env:NAME` of its [source] looked up; raises FeedMisconfigured for a missing one.

    Keep the feed that is given for records and fingerprints: the one returned holds the secrets.
    """

    def look_up(path: tuple[str, ...], value: str) -> str:
        name = value.removeprefix(PREFIX)
        if not environ.get(name):
            raise FeedMisconfigured(
                f"feed {feed.id}: {'.'.join(path)} is to be read from the environment variable {name}, "
                "which is not set",
                hint=f"set {name} where the harvesters run",
            )
        return Secret(environ[name])

    options = _mapped(feed.source.options, look_up, ("source",))
    return replace(feed, source=replace(feed.source, options=options))


def literal_secrets(options: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every option that holds a secret itself, with the line to write instead; nested tables too."""
    for path, value in _texts(options, ("source",)):
        name = path[-1]
        named = value.startswith(PREFIX)
        if named and not _VARIABLE.fullmatch(value.removeprefix(PREFIX)):
            yield path, f'write {name} = "env:NAME", NAME being letters, digits and _'
        elif is_secret(name) and not named:
            variable = re.sub(r"(?<=[a-z])(?=[A-Z])|\W", "_", name).upper()
            yield path, f'write {name} = "env:{variable}" and set {variable} in the environment'
        elif _shows_secret(value):
            yield path, f'write {name} = "env:MY_URL" and set MY_URL to the whole address in the environment'


def _shows_secret(value: str) -> bool:
    """Whether a text is an address with a password or a key in it."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return "@" in parts.netloc or any(is_secret(name) for name, _ in parse_qsl(parts.query))


def _mapped(
    options: Mapping[str, Any], change: Callable[[tuple[str, ...], str], str], path: tuple[str, ...]
) -> dict[str, Any]:
    return {name: _changed(value, change, (*path, name)) for name, value in options.items()}


def _changed(value: Any, change: Callable[[tuple[str, ...], str], str], path: tuple[str, ...]) -> Any:
    if isinstance(value, Mapping):
        return _mapped(value, change, path)
    if isinstance(value, list):
        return [_changed(each, change, path) for each in value]
    return change(path, value) if isinstance(value, str) and value.startswith(PREFIX) else value


def _texts(options: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, value in options.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, Mapping):
                yield from _texts(each, (*path, name))
            elif isinstance(each, str):
                yield (*path, name), each
