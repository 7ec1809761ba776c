"""Read what SoQL asks of places: boxes and circles, latitude first, and shapes in WKT."""

from __future__ import annotations

import shapely

from gateway.dialects.soda import literals
from gateway.dialects.soda.faults import SoqlFault
from gateway.dialects.soda.literals import number
from gateway.dialects.soda.tokens import Tokens
from schemas.conditions import Box, Near, Relation, Shape


def box(tokens: Tokens) -> Box:
    """Two corners, each latitude first: the order of SODA, which is not that of its geometries."""
    first, second = _point(tokens), _point(tokens)
    south, north = sorted((first[0], second[0]))
    west, east = sorted((first[1], second[1]))
    return Box((west, south, east, north))


def circle(tokens: Tokens) -> Near:
    """A latitude, a longitude and metres."""
    lat, lon = _point(tokens)
    tokens.expect(",")
    return Near(lon, lat, number(tokens))


def shape(tokens: Tokens, relation: Relation) -> Shape:
    """A shape in WKT."""
    found = _wkt(tokens)
    return Shape(relation, bytes(shapely.to_wkb(shapely.force_2d(found))))


def point(tokens: Tokens) -> tuple[float, float]:
    """A point in WKT, longitude first."""
    found = _wkt(tokens)
    if not isinstance(found, shapely.Point):
        raise SoqlFault(tokens.where, "distance_in_meters takes a POINT", "ask intersects of other shapes")
    if not (-180 <= found.x <= 180 and -90 <= found.y <= 90):
        raise SoqlFault(tokens.where, f"{found.x:g} {found.y:g} is no longitude and latitude")
    return found.x, found.y


def _point(tokens: Tokens) -> tuple[float, float]:
    tokens.expect(",")
    lat = number(tokens)
    tokens.expect(",")
    lon = number(tokens)
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise SoqlFault(tokens.where, f"{lat:g}, {lon:g} is no latitude and longitude")
    return lat, lon


def _wkt(tokens: Tokens) -> shapely.Geometry:
    tokens.expect(",")
    written = literals.text(tokens)
    try:
        found = shapely.from_wkt(written)
    except shapely.errors.GEOSException:
        found = None
    if found is None or found.is_empty or not found.is_valid:
        raise SoqlFault(tokens.where, f"{written[:40]!r} is no valid WKT")
    return found
