"""How a trip of public transport keeps to its timetable, as it was said at one time."""

from __future__ import annotations

from marshmallow import Schema

from schemas import fields

RELATIONSHIPS = {
    "SCHEDULED": ("정상 운행", "Scheduled"),
    "ADDED": ("추가 운행", "Added"),
    "UNSCHEDULED": ("배차 간격 운행", "Unscheduled"),
    "CANCELED": ("운행 취소", "Cancelled"),
    "REPLACEMENT": ("대체 운행", "Replacement"),
    "DUPLICATED": ("증편 운행", "Duplicated"),
    "DELETED": ("운행 삭제", "Deleted"),
    "NEW": ("신규 운행", "New"),
}


class Record(Schema):
    """Relationships are those of GTFS Realtime's TripDescriptor; a negative delay is early."""

    entity_id = fields.key("항목 번호", "Entity id")
    observed_at = fields.time("갱신 시각", "Updated at")
    trip_id = fields.text("운행 번호", "Trip id")
    route_id = fields.text("노선 번호", "Route id")
    direction_id = fields.integer("방향", "Direction")
    start_date = fields.date("운행일", "Service day")
    start_time = fields.text("출발 시각", "Start time")
    relationship = fields.text("운행 구분", "Relationship to the timetable", codes=RELATIONSHIPS)
    vehicle_id = fields.text("차량 번호", "Vehicle id")
    delay = fields.integer("지연", "Delay", "s")
    stops = fields.integer("정류소 수", "Stops that something is said of")
