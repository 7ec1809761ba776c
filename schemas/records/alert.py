"""What passengers of public transport are told of a disturbance."""

from __future__ import annotations

from marshmallow import Schema

from schemas import fields


class Record(Schema):
    """Causes, effects and severities are words of GTFS Realtime's Alert."""

    alert_id = fields.key("알림 번호", "Alert id")
    header = fields.text("제목", "Headline")
    header_ko = fields.text("국문 제목", "Headline in Korean")
    header_en = fields.text("영문 제목", "Headline in English")
    description = fields.text("내용", "Description")
    description_ko = fields.text("국문 내용", "Description in Korean")
    description_en = fields.text("영문 내용", "Description in English")
    url = fields.text("주소", "Address")
    cause = fields.text("원인", "Cause")
    effect = fields.text("영향", "Effect")
    severity = fields.text("심각도", "Severity")
    active_from = fields.instant("시작 시각", "Active from")
    active_until = fields.instant("종료 시각", "Active until")
    entities = fields.integer("대상 수", "Things it is about")
