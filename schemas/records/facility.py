"""A place that serves the public: a park, library, shelter, car park, clinic."""

from __future__ import annotations

from marshmallow import Schema

from schemas import fields


class Record(Schema):
    facility_id = fields.key("시설 번호", "Facility id")
    name = fields.text("시설명", "Name", required=True)
    kind = fields.text("시설 종류", "Kind")
    address = fields.text("도로명주소", "Road address")
    address_lot = fields.text("지번주소", "Lot address")
    district = fields.text("구군", "District")
    operator = fields.text("관리기관", "Operator")
    phone = fields.text("전화번호", "Telephone")
    capacity = fields.integer("수용 규모", "Capacity")
    area = fields.number("면적", "Area", "m2")
    opened_on = fields.date("설치일", "Opened on")
    surveyed_on = fields.date("데이터기준일", "Surveyed on")
    geometry = fields.geometry()
