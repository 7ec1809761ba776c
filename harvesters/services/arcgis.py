"""Speak with a layer of an ArcGIS server: what it is, which ids it has, and the rows of some of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from harvesters.faults import FeedMisconfigured, SourceIncomplete, SourceRefused, SourceUnavailable
from harvesters.services import Service
from harvesters.services.domains import Domains, domains_of
from harvesters.services.esri import as_geojson
from harvesters.services.features import feature

_REFUSED = (400, 401, 403, 404, 498, 499)
_PAUSES = (1.0, 3.0)
"""Seconds before a query is asked again that the server failed to answer."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BLOBS = ("esriFieldTypeBlob", "esriFieldTypeRaster", "esriFieldTypeGeometry")


@dataclass
class Layer:
    """One layer; `about` is what it says of itself, `domains` what its codes are called."""

    service: Service
    about: Mapping[str, Any] = field(default_factory=dict)
    domains: Domains | None = None

    def open(self) -> None:
        """Read what the layer is; raises FeedMisconfigured where the address leads to no layer."""
        about = self._ask("", {})
        if isinstance(about.get("layers"), list) and "fields" not in about:
            known = [f"{each.get('id')} ({each.get('name')})" for each in _objects(about["layers"])]
            raise FeedMisconfigured(
                f"{self.service.name}: url leads to a service and to none of its layers",
                f"end it with the number of one: {', '.join(known[:12]) or 'it has none'}",
            )
        if not _objects(about.get("fields")):
            raise SourceUnavailable(f"{self.service.name}: the layer says nothing of its fields")
        self.about = about
        if self.service.visit.options.get("domains", "names") == "names":
            self.domains = domains_of(about, self.id_field)

    @cached_property
    def id_field(self) -> str:
        """The field that holds the layer's own ids."""
        fields = _objects(self.about["fields"])
        oids = [each.get("name") for each in fields if each.get("type") == "esriFieldTypeOID"]
        found = self.about.get("objectIdField") or next(iter(oids), None)
        if not found:
            raise SourceUnavailable(f"{self.service.name}: the layer has no field of ids to be read by")
        return str(found)

    @property
    def size(self) -> int:
        """Rows that the server gives at once."""
        most = self.about.get("maxRecordCount")
        return most if isinstance(most, int) and not isinstance(most, bool) and most > 0 else 1000

    @property
    def edited(self) -> int | None:
        """When the layer was last edited, in milliseconds since 1970, where it keeps that."""
        info = self.about.get("editingInfo")
        edits = (
            [info.get(name) for name in ("lastEditDate", "schemaLastEditDate")]
            if isinstance(info, dict)
            else []
        )
        return max((each for each in edits if isinstance(each, int)), default=None)

    @property
    def has_places(self) -> bool:
        return bool(self.about.get("geometryType"))

    def ids(self, where: str) -> list[int]:
        """The ids of all rows, in order; raises SourceIncomplete unless the layer counts as many."""
        for _ in range(2):
            found = self._ask("/query", {"where": where, "returnIdsOnly": "true"})
            counted = self._ask("/query", {"where": where, "returnCountOnly": "true"}).get("count")
            listed = found.get("objectIds", ...)
            ids = sorted(set(self._numbers(listed)))
            if counted == len(ids):
                return ids
        raise SourceIncomplete(
            f"{self.service.name}: the layer says it holds {counted} rows and lists {len(ids)}",
            "try again later",
        )

    def rows(self, where: str) -> tuple[dict[int, dict[str, Any]], bool]:
        """Rows by their ids, as features or plain, and whether the server gave fewer than there are."""
        answer = self._ask(
            "/query",
            {
                "where": where,
                "outFields": "*",
                "outSR": "4326",
                "returnGeometry": str(self.has_places).lower(),
            },
        )
        found = answer.get("features")
        if not isinstance(found, list):
            raise SourceUnavailable(f"{self.service.name}: a query gave no list of features")
        rows: dict[int, dict[str, Any]] = {}
        for each in found:
            id, row = self._row(each)
            if id in rows:
                raise SourceIncomplete(f"{self.service.name}: {self.id_field} {id} came twice in one answer")
            rows[id] = row
        return rows, answer.get("exceededTransferLimit") is True

    def _row(self, held: Any) -> tuple[int, dict[str, Any]]:
        told = held.get("attributes") if isinstance(held, Mapping) else None
        id = told.get(self.id_field) if isinstance(told, Mapping) else None
        if not isinstance(told, Mapping) or not isinstance(id, int):
            raise SourceUnavailable(
                f"{self.service.name}: a row came without {self.id_field}: {self.service.quoted(held)}"
            )
        row = {
            name: self._value(name, told.get(name)) for name in (*self._kinds, *(told.keys() - self._kinds))
        }
        row = {name: value for name, value in row.items() if self._kinds.get(name) not in _BLOBS}
        row = self.domains.named(row) if self.domains else row
        if not self.has_places:
            return id, row
        try:
            return id, feature(row, as_geojson(held.get("geometry"), z=self.about.get("hasZ") is True))
        except ValueError as fault:
            raise SourceUnavailable(
                f"{self.service.name}: {self.id_field} {id} has {fault}, which is not read"
            ) from fault

    @cached_property
    def _kinds(self) -> dict[str, str]:
        """The type of each field that the layer says it has."""
        return {str(each.get("name")): str(each.get("type")) for each in _objects(self.about["fields"])}

    def _value(self, name: str, value: Any) -> Any:
        """Times, which come in milliseconds since 1970 in UTC, as such."""
        if self._kinds.get(name) != "esriFieldTypeDate" or not isinstance(value, int | float):
            return value
        try:
            then = _EPOCH + timedelta(milliseconds=value)
        except OverflowError:
            return value
        return then.isoformat().replace("+00:00", "Z")

    def _numbers(self, listed: Any) -> Iterator[int]:
        for id in listed or () if listed is not ... else (None,):
            if not isinstance(id, int):
                raise SourceUnavailable(f"{self.service.name}: the layer gives no list of its ids")
            yield id

    def _ask(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        """One answer, asked again while the server fails; raises what its error means."""
        token = self.service.visit.options.get("token")
        asked = {**params, "f": "json"} | ({"token": token} if token else {})
        for pause in (*_PAUSES, None):
            answer = self.service.object_at(self.service.address + path, asked)
            error = answer.get("error")
            if error is None:
                return answer
            code = error.get("code") if isinstance(error, Mapping) else None
            said = f"{self.service.name}: the server answered error {code} ({self.service.quoted(error)})"
            if code in _REFUSED:
                raise SourceRefused(said, hint="check url, where and token under [source]")
            if pause is not None:
                self.service.visit.sleep(pause)
        raise SourceUnavailable(said)


def _objects(held: Any) -> Sequence[Mapping[str, Any]]:
    return [each for each in held if isinstance(each, Mapping)] if isinstance(held, list) else []
