"""A column's description says what its values name, where that was recognised."""

from __future__ import annotations

from gateway.api.shapes import ColumnItemSchema, column_item
from schemas.dataset import Column, Text


def test_what_the_values_name_is_said_where_it_is_known_and_only_there():
    phone = column_item(Column("tel", "text", Text("전화번호"), semantic="phone"))
    assert phone["semantic"] == "phone"
    assert "semantic" not in column_item(Column("name", "text", Text("이름")))
    assert ColumnItemSchema().validate(phone) == {}
    assert "semantic" in ColumnItemSchema().validate(phone | {"semantic": "fone"})
