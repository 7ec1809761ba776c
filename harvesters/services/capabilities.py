"""What a WFS says that it can do: its version, layers, ways to write them, and what its errors mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from harvesters.faults import FeedMisconfigured, SourceRefused, SourceUnavailable
from harvesters.reading.catalogues.markup import Element, children, follow, name_of, root_of, text_in
from harvesters.services import Service
from schemas.dataset import BBox
from schemas.problem import did_you_mean

VERSIONS = ("2.0.0", "1.1.0")
GEOJSON = re.compile(r"(?i)(?:application/)?(?:vnd\.geo\+|geo\+)?json\b|geojson")
"""The names under which servers offer GeoJSON."""

DEGREES = re.compile(r"(?i)\bCRS:?84$|\bEPSG(?:::?|:[\d.]+:|/[\d.]+/|\.xml#)4326$")
"""How a CRS of longitude and latitude, or of latitude and longitude, is called."""

_FAULTS = ("ExceptionReport", "ServiceExceptionReport")


class NotTaken(SourceRefused):
    """The service's own report that it does not take what it was asked."""


@dataclass(frozen=True)
class WfsLayer:
    """A layer by its name: the CRSs that it comes in, its own first, the formats, and where it lies."""

    name: str
    crs: tuple[str, ...]
    formats: tuple[str, ...]
    box: BBox | None = None

    @property
    def geojson(self) -> str | None:
        """The name of the format that is GeoJSON, if there is one."""
        return next((each for each in self.formats if GEOJSON.match(each)), None)

    @property
    def degrees(self) -> str | None:
        """The CRS of longitude and latitude that it is offered in, else its own."""
        return next((each for each in self.crs if DEGREES.search(each)), next(iter(self.crs), None))


@dataclass(frozen=True)
class Capabilities:
    """What a service offers."""

    version: str
    layers: tuple[WfsLayer, ...]

    def layer(self, wanted: str, feed: str) -> WfsLayer:
        """The layer of that name, with or without its prefix; raises FeedMisconfigured."""
        found = [each for each in self.layers if each.name == wanted]
        found = found or [each for each in self.layers if each.name.rpartition(":")[2] == wanted]
        if len(found) == 1:
            return found[0]
        names = [each.name for each in found or self.layers]
        raise FeedMisconfigured(
            f"{feed}: the service has {len(found) or 'no'} layers {wanted!r}",
            did_you_mean(wanted, names),
        )


def capabilities(service: Service, body: bytes) -> Capabilities:
    """What an answer to GetCapabilities offers; raises SourceUnavailable where it is none."""
    root = root_of(body)
    refuse_fault(service, root)
    version = root.get("version", "")
    if name_of(root) != "WFS_Capabilities":
        raise SourceUnavailable(
            f"{service.name}: answered {name_of(root)} where WFS_Capabilities are due",
            "url under [source] is the address of a WFS",
        )
    if version not in VERSIONS and not version.startswith("2.0."):
        raise SourceUnavailable(
            f"{service.name}: the service speaks version {version[:20] or 'none'} of WFS",
            f"{' and '.join(VERSIONS)} are read here",
        )
    formats = tuple(_formats(root))
    layers = tuple(_layer(each, formats) for each in follow(root, "FeatureTypeList/FeatureType"))
    return Capabilities(version, layers)


def refuse_fault(service: Service, root: Element) -> None:
    """Raise SourceUnavailable or SourceRefused where an answer is a report of what went wrong."""
    if name_of(root) in _FAULTS:
        _refuse(service, root)


def _refuse(service: Service, root: Element) -> NoReturn:
    texts = [
        text_in(each) or "" for each in root.iter() if name_of(each) in ("ExceptionText", "ServiceException")
    ]
    faults = [each for each in root.iter() if name_of(each) in ("Exception", "ServiceException")]
    code = next((each.get("exceptionCode") or each.get("code") for each in faults), None) or "no code"
    said = service.masked(" ".join(" ".join(texts).split()))[:200]
    message = f"{service.name}: the service answered the exception {code} ({said})"
    if "order" in said.lower():
        raise NotTaken(message, 'write sort = "COLUMN" under [source]')
    if code in ("NoApplicableCode", "OperationProcessingFailed", "no code"):
        raise SourceUnavailable(message)
    raise NotTaken(message, "check layer, sort and params under [source]")


def _layer(held: Element, formats: tuple[str, ...]) -> WfsLayer:
    def texts(*paths: str) -> Iterator[str]:
        for path in paths:
            yield from (text for each in follow(held, path) if (text := text_in(each)))

    return WfsLayer(
        name=next(texts("Name"), ""),
        crs=tuple(texts("DefaultCRS", "DefaultSRS", "OtherCRS", "OtherSRS")),
        formats=tuple(texts("OutputFormats/Format")) or formats,
        box=_box(*texts("WGS84BoundingBox/LowerCorner", "WGS84BoundingBox/UpperCorner")),
    )


def _box(*corners: str) -> BBox | None:
    """A box in longitude and latitude; None for what is none."""
    try:
        (west, south), (east, north) = (map(float, corner.split()) for corner in corners)
    except ValueError:
        return None
    return west, south, east, north


def _formats(root: Element) -> Iterator[str]:
    for operation in follow(root, "OperationsMetadata/Operation"):
        if operation.get("name") == "GetFeature":
            for parameter in children(operation, "Parameter"):
                if parameter.get("name") == "outputFormat":
                    values = (each for each in parameter.iter() if name_of(each) == "Value")
                    yield from (text for each in values if (text := text_in(each)))
