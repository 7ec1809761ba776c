"""Ask a WFS for a layer, page by page, in GeoJSON or GML."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from harvesters.faults import SourceIncomplete, SourceUnavailable
from harvesters.reading.catalogues.markup import Element, name_of, root_of
from harvesters.secrets import Secret
from harvesters.services import Service
from harvesters.services.axes import EPSG, Naming, naming
from harvesters.services.capabilities import DEGREES, VERSIONS, WfsLayer, capabilities, refuse_fault
from harvesters.services.features import feature
from harvesters.services.gml import members

_OURS = frozenset(
    {"service", "request", "version", "acceptversions", "typename", "typenames", "outputformat", "srsname"}
    | {"count", "maxfeatures", "startindex", "resulttype"}
)
"""Parameters that each request sets itself, whatever stands in the feed's address."""


@dataclass(frozen=True)
class Page:
    """Some features of a layer as they are written, and their ids, None where the service gives none.

    `around` is what GML has around them, `crs` the code of a CRS that GeoJSON names, `mark` their digest.
    """

    ids: Sequence[str | None]
    features: Sequence[str]
    around: Element | None
    crs: str | None
    mark: str


@dataclass
class Wfs:
    """One layer of a service; open it before it is asked."""

    service: Service
    version: str = VERSIONS[0]
    layer: WfsLayer = field(default_factory=lambda: WfsLayer("", (), ()))
    naming: Naming | None = None

    def open(self) -> None:
        """Agree with the service on a version, and find the layer and how it is written."""
        wanted = self.service.visit.options.get("version")
        params = {"version": wanted} if wanted else {"acceptVersions": ",".join(VERSIONS)}
        offered = capabilities(self.service, self._body("GetCapabilities", params))
        self.version = offered.version
        self.layer = offered.layer(self.service.visit.options["layer"], self.service.name)
        self.naming = None

    def hits(self) -> int | None:
        """How many features the service says there are, None where it does not know."""
        root = self._root(self._body("GetFeature", {**self._named(), "resultType": "hits"}))
        said = root.get("numberMatched", root.get("numberOfFeatures"))
        if said == "unknown":
            return None
        if said is None or not said.isascii() or not said.isdigit():
            raise SourceUnavailable(
                f"{self.service.name}: the service does not say how many features there are"
            )
        return int(said)

    def page(self, start: int, size: int | None) -> Page:
        """At most `size` features from a place on; all that the service gives where it is None."""
        params = self._named()
        if self.layer.geojson:
            params["outputFormat"] = self.layer.geojson
        if self.layer.degrees:
            params["srsName"] = self.layer.degrees
        if size is not None:
            params |= {("count" if self._is_two else "maxFeatures"): str(size)}
            # Some services want an order as soon as they are to begin anywhere, were it at the start.
            params |= {"startIndex": str(start)} if start else {}
        if sort := self.service.visit.options.get("sort"):
            params["sortBy"] = sort
        body = self._body("GetFeature", params)
        return (
            self._in_gml(body) if body.lstrip()[:1] == b"<" or not self.layer.geojson else self._in_json(body)
        )

    @property
    def _is_two(self) -> bool:
        return self.version.startswith("2.")

    def _named(self) -> dict[str, str]:
        return {("typeNames" if self._is_two else "typeName"): self.layer.name}

    def _in_json(self, body: bytes) -> Page:
        answer = self.service.as_object(self.service.parsed(body))
        found = answer.get("features")
        if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
            raise SourceUnavailable(f"{self.service.name}: the answer holds no list of features")
        self._check(len(found), answer.get("numberReturned"))
        ids = [None if each.get("id") is None else str(each["id"]) for each in found]
        features = [
            json.dumps(
                feature(_with_id(each.get("properties") or {}, id), each.get("geometry")), ensure_ascii=False
            )
            for id, each in zip(ids, found, strict=True)
        ]
        return Page(ids, features, None, self._crs(answer), _mark(features))

    def _crs(self, answer: Mapping[str, Any]) -> str | None:
        """The CRS that the answer names, or else the one that was asked for; None for degrees."""
        named = answer.get("crs")
        held = named.get("properties") if isinstance(named, Mapping) else None
        said = held.get("name") if isinstance(held, Mapping) else self.layer.degrees
        if said is None or DEGREES.search(str(said)):
            return None
        code = EPSG.search(str(said))
        if code is None:
            raise SourceUnavailable(
                f"{self.service.name}: the features come in {self.service.quoted(said)}, no code of EPSG",
                "ask the service's operator to offer the layer in EPSG:4326",
            )
        return f"urn:ogc:def:crs:EPSG::{code[1]}"

    def _in_gml(self, body: bytes) -> Page:
        root = self._root(body)
        self.naming = self.naming or naming(root, self.layer.degrees, self.layer.box)
        found = list(members(root, self.service.name))
        texts = [self.naming.applied(text) if self.naming else text for _, text in found]
        said = root.get("numberReturned", None if self._is_two else root.get("numberOfFeatures"))
        self._check(len(found), int(said) if said and said.isascii() and said.isdigit() else None)
        return Page([id for id, _ in found], texts, root, None, _mark(texts))

    def _check(self, given: int, said: Any) -> None:
        if isinstance(said, int) and said != given:
            raise SourceIncomplete(
                f"{self.service.name}: an answer says it holds {said} features and gave {given}"
            )

    def _root(self, body: bytes) -> Element:
        root = root_of(body)
        refuse_fault(self.service, root)
        if name_of(root) != "FeatureCollection":
            raise SourceUnavailable(
                f"{self.service.name}: answered {name_of(root)} where a FeatureCollection is due"
            )
        return root

    def _body(self, request: str, params: Mapping[str, str]) -> bytes:
        asked = {"service": "WFS", "request": request, **params}
        if request != "GetCapabilities":
            asked["version"] = self.version
        return self.service.body_at(_bare(self.service.address), asked)


def _bare(url: str) -> str:
    """The address without what each request says itself, in whatever letters."""
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name.lower() not in _OURS]
    bare = parts._replace(query=urlencode(kept)).geturl()
    return Secret(bare) if isinstance(url, Secret) else bare


def _with_id(row: Mapping[str, Any], id: str | None) -> Mapping[str, Any]:
    """The properties with the service's own id, where they have none of that name."""
    return row if id is None or "id" in row else {"id": id, **row}


def _mark(features: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(features).encode("utf-8", "surrogatepass")).hexdigest()
