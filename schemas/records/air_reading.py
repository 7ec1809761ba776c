"""What an air quality station measured at one time."""

from __future__ import annotations

from marshmallow import Schema

from schemas import fields


class Record(Schema):
    """Units are those of AirKorea: ppm for gases, ug/m3 for particles."""

    station = fields.key("측정소", "Station")
    measured_at = fields.time("측정 시각", "Measured at")
    pm10 = fields.number("미세먼지", "PM10", "ug/m3")
    pm25 = fields.number("초미세먼지", "PM2.5", "ug/m3")
    o3 = fields.number("오존", "Ozone", "[ppm]")
    no2 = fields.number("이산화질소", "Nitrogen dioxide", "[ppm]")
    co = fields.number("일산화탄소", "Carbon monoxide", "[ppm]")
    so2 = fields.number("아황산가스", "Sulphur dioxide", "[ppm]")
    geometry = fields.geometry()
