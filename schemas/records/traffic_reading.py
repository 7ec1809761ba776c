"""What a detector or link measured of traffic at one time."""

from __future__ import annotations

from marshmallow import Schema

from schemas import fields

LEVELS = {
    "free": ("원활", "Free flow"),
    "slow": ("서행", "Slow"),
    "jam": ("정체", "Jam"),
}


class Record(Schema):
    detector_id = fields.key("검지기 번호", "Detector id")
    measured_at = fields.time("측정 시각", "Measured at")
    road = fields.text("도로명", "Road")
    direction = fields.text("방향", "Direction")
    speed = fields.number("속도", "Speed", "km/h")
    volume = fields.integer("교통량", "Volume", "{vehicle}")
    occupancy = fields.number("점유율", "Occupancy", "%")
    level = fields.text("소통 상태", "Level of service", codes=LEVELS)
    geometry = fields.geometry()
