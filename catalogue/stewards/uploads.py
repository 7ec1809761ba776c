"""Feeds that came as an upload: the text of each feed's file in the database, its data beside the parts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from catalogue.database import insert, writing
from catalogue.errors import UnknownFeed
from catalogue.queue import new_id
from catalogue.stewards import deeds
from catalogue.storage import Storage
from catalogue.tables import uploaded_feeds
from schemas.steward import Deed, UploadedFeed


def store(storage: Storage, path: str, data: BinaryIO) -> str:
    """Keep the content of an upload, and return where."""
    with storage.writer(path) as file, file.open("wb") as out:
        shutil.copyfileobj(data, out)
    return path


class UploadedFeeds:
    """What was uploaded last of a feed counts; each upload and removal is a deed."""

    def __init__(self, engine: Engine, storage: Storage, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._storage = storage
        self._clock = clock

    def put(self, feed: str, text: str, by: str, data: tuple[str, BinaryIO] | None = None) -> UploadedFeed:
        """Keep a feed's file, with the name and the content of its data where they come along.

        Without them the data that was uploaded before stays.
        """
        now = self._clock()
        fresh: dict[str, Any] = {"text": text, "uploaded": now, "by": by}
        if data is not None:
            name, content = data
            fresh |= {"file": store(self._storage, f"uploads/feeds/{new_id(now)}", content), "name": name}
        with writing(self._engine) as connection:
            former = connection.scalar(sa.select(uploaded_feeds.c.file).where(uploaded_feeds.c.feed == feed))
            new = insert(connection, uploaded_feeds).values(feed=feed, **fresh)
            connection.execute(new.on_conflict_do_update(index_elements=["feed"], set_=fresh))
            deeds.note(connection, Deed(now, by, "upload", feed, {"name": fresh.get("name")}))
        if former is not None and data is not None:
            self._storage.remove(former)
        return self.get(feed)

    def get(self, feed: str) -> UploadedFeed:
        """A feed that was uploaded; raises UnknownFeed."""
        asked = sa.select(uploaded_feeds).where(uploaded_feeds.c.feed == feed)
        with self._engine.connect() as connection:
            row = connection.execute(asked).one_or_none()
        if row is None:
            raise UnknownFeed(feed)
        return _uploaded(row)

    def data(self, feed: UploadedFeed) -> Path | None:
        """Where its data lies, if some was uploaded."""
        return None if feed.file is None else self._storage.path(feed.file)

    def list(self) -> list[UploadedFeed]:
        """All feeds that were uploaded, by id."""
        with self._engine.connect() as connection:
            found = connection.execute(sa.select(uploaded_feeds).order_by(uploaded_feeds.c.feed))
            return [_uploaded(row) for row in found]

    def remove(self, feed: str, by: str) -> None:
        """Forget an uploaded feed and its data; what it published stays. Raises UnknownFeed."""
        gone = sa.delete(uploaded_feeds).where(uploaded_feeds.c.feed == feed)
        with writing(self._engine) as connection:
            row = connection.execute(gone.returning(uploaded_feeds.c.file)).one_or_none()
            if row is None:
                raise UnknownFeed(feed)
            deeds.note(connection, Deed(self._clock(), by, "remove", feed))
        if row.file is not None:
            self._storage.remove(row.file)


def _uploaded(row: sa.Row[Any]) -> UploadedFeed:
    return UploadedFeed(row.feed, row.text, row.uploaded, row.by, row.file, row.name)
