"""What a meter, building or grid area used or made over one interval."""

from __future__ import annotations

from marshmallow import Schema

from schemas import fields

DIRECTIONS = {
    "consumption": ("소비", "Consumption"),
    "production": ("생산", "Production"),
}


class Record(Schema):
    meter_id = fields.key("계량기 번호", "Meter id")
    measured_at = fields.time("측정 시각", "Start of the interval")
    interval = fields.integer("간격", "Length of the interval", "s")
    direction = fields.text("구분", "Direction", codes=DIRECTIONS)
    source = fields.text("에너지원", "Energy source")
    energy = fields.number("에너지", "Energy", "kWh")
    power = fields.number("전력", "Power", "kW")
    geometry = fields.geometry()
