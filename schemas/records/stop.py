"""A place where public transport stops."""

from __future__ import annotations

from marshmallow import Schema

from schemas import fields


class Record(Schema):
    stop_id = fields.key("정류소 번호", "Stop id")
    name = fields.text("정류소명", "Name", required=True)
    name_en = fields.text("영문 정류소명", "Name in English")
    code = fields.text("정류소 안내 번호", "Code shown to riders")
    route_id = fields.text("노선 번호", "Route id")
    sequence = fields.integer("순번", "Sequence on the route")
    direction = fields.text("방향", "Direction")
    district = fields.text("구군", "District")
    geometry = fields.geometry()
