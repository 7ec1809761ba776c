"""Where a vehicle of public transport was at one time."""

from __future__ import annotations

from marshmallow import Schema

from schemas import fields

STATUSES = {
    "INCOMING_AT": ("진입 중", "Incoming"),
    "STOPPED_AT": ("정차 중", "Stopped"),
    "IN_TRANSIT_TO": ("운행 중", "In transit"),
}


class Record(Schema):
    """Statuses are those of GTFS Realtime's VehicleStopStatus."""

    vehicle_id = fields.key("차량 번호", "Vehicle id")
    observed_at = fields.time("관측 시각", "Observed at")
    label = fields.text("차량 표시", "Label")
    route_id = fields.text("노선 번호", "Route id")
    trip_id = fields.text("운행 번호", "Trip id")
    direction_id = fields.integer("방향", "Direction")
    stop_id = fields.text("정류소 번호", "Stop id")
    stop_sequence = fields.integer("정류소 순번", "Stop sequence")
    status = fields.text("운행 상태", "Status", codes=STATUSES)
    bearing = fields.number("방위각", "Bearing", "deg")
    speed = fields.number("속도", "Speed", "km/h")
    occupancy = fields.text("혼잡도", "Occupancy")
    geometry = fields.geometry()
