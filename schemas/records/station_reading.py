"""What a station of shared vehicles had at one time: vehicles to take, docks to leave them in."""

from __future__ import annotations

from marshmallow import Schema

from schemas import fields


class Record(Schema):
    """The place, name and address of a station are those of a facility; this is how it fares."""

    station_id = fields.key("대여소 번호", "Station id")
    reported_at = fields.time("보고 시각", "Reported at")
    vehicles_available = fields.integer("대여 가능 대수", "Vehicles to take", "{vehicle}")
    vehicles_disabled = fields.integer("고장 대수", "Vehicles out of order", "{vehicle}")
    docks_available = fields.integer("반납 가능 거치대 수", "Docks to leave one in", "{dock}")
    docks_disabled = fields.integer("고장 거치대 수", "Docks out of order", "{dock}")
    installed = fields.truth("설치 여부", "Installed")
    renting = fields.truth("대여 가능 여부", "Renting")
    returning = fields.truth("반납 가능 여부", "Taking back")
