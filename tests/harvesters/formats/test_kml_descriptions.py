"""The attributes that a KML shows in balloons are columns."""

from __future__ import annotations

from typing import Any

from harvesters.formats import GEOMETRY

ARCGIS = """<html><head><style>td{color:red}</style></head><body><table><tr><td>%s</td></tr><tr><td>
<table><tr><td>시설명</td><td>%s</td></tr><tr bgcolor="#D4E4F3"><td>면적</td><td>%s</td></tr></table>
</td></tr></table></body></html>"""
LIST = "<ul><li><strong>시설명</strong>: %s</li><li><b>면적:</b> %s</li></ul>"


def kml(places: list[tuple[str, str]]) -> str:
    marks = "".join(
        f"<Placemark><name>{name}</name><description><![CDATA[{text}]]></description>"
        f"<Point><coordinates>127.{place},37.5</coordinates></Point></Placemark>"
        for place, (name, text) in enumerate(places)
    )
    return (
        f'<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{marks}</Document></kml>'
    )


def rows(parsed: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = parsed.table.drop_columns([GEOMETRY]).to_pylist()
    return found


def test_a_table_in_the_description_gives_columns(read_text: Any) -> None:
    places = [("가", ARCGIS % ("가", "공원 1", "10.5")), ("나", ARCGIS % ("나", "공원 2", ""))]

    (parsed,) = read_text(kml(places), "a.kml")

    assert [(row["시설명"], row["면적"]) for row in rows(parsed)] == [("공원 1", "10.5"), ("공원 2", None)]
    assert [row["description"] for row in rows(parsed)] == [None, None]


def test_a_list_in_the_description_gives_columns(read_text: Any) -> None:
    (parsed,) = read_text(kml([("가", LIST % ("공원 1", "10.5"))]), "a.kml")

    assert rows(parsed)[0] | {"Name": "가", "시설명": "공원 1", "면적": "10.5"} == rows(parsed)[0]


def test_what_a_description_says_beside_its_table_stays(read_text: Any) -> None:
    text = "<p>2024년 조사</p>" + ARCGIS % ("가", "공원 1", "10.5")

    (parsed,) = read_text(kml([("가", text), ("나", "사진 없음"), ("다", LIST % ("공원 3", "7"))]), "a.kml")

    assert [row["시설명"] for row in rows(parsed)] == ["공원 1", None, "공원 3"]
    assert [row["description"] for row in rows(parsed)] == [text, "사진 없음", None]


def test_descriptions_in_prose_stay_what_they_are(read_text: Any) -> None:
    prose = [("가", "<b>공원</b> 봄에 연다"), ("나", "5 < 7"), ("다", LIST % ("공원 3", "7"))]

    (parsed,) = read_text(kml(prose), "a.kml")

    assert [row["description"] for row in rows(parsed)] == [text for _, text in prose]
    assert "시설명" not in parsed.table.column_names
