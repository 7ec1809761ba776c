"""An administrative or statistical area."""

from __future__ import annotations

from marshmallow import Schema

from schemas import fields

LEVELS = {
    "sido": ("시도", "Province or metropolitan city"),
    "sigungu": ("시군구", "City, county or district"),
    "eupmyeondong": ("읍면동", "Township or neighbourhood"),
    "other": ("기타", "Other"),
}


class Record(Schema):
    code = fields.key("행정구역 코드", "Area code")
    name = fields.text("이름", "Name", required=True)
    name_en = fields.text("영문 이름", "Name in English")
    level = fields.text("단계", "Level", codes=LEVELS)
    parent_code = fields.text("상위 행정구역 코드", "Code of the area above")
    base_date = fields.date("기준일", "As of")
    geometry = fields.geometry("경계", "Boundary")
