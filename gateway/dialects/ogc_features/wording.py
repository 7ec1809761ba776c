"""The few words of our own in titles of links and pages, in Korean and English."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.dataset import Text

WORDS: Mapping[str, Text] = {
    "title": Text("엔트레포 OGC API 피처", "Entrepot, OGC API Features"),
    "about": Text(
        "도시의 데이터셋을 GIS 프로그램이 읽는 피처로 제공합니다. 이 주소를 QGIS나 GDAL에 넣으세요.",
        "The city's datasets as collections of features that GIS programs read. "
        "Give this address to QGIS or GDAL.",
    ),
    "api": Text("이 API의 정의 (OpenAPI 3.0)", "The definition of this API (OpenAPI 3.0)"),
    "docs": Text("개발자 문서", "The developers' documentation"),
    "conformance": Text("지원하는 적합성 클래스", "Conformance classes"),
    "collections": Text("컬렉션", "Collections"),
    "items": Text("피처", "Features"),
    "queryables": Text("걸러 낼 수 있는 속성", "Queryable properties"),
    "schema": Text("피처의 스키마", "Schema of the features"),
    "tiles": Text("벡터 타일", "Vector tiles"),
    "grids": Text("타일 격자", "Grids of tiles"),
    "zoom": Text("확대 단계", "Zoom"),
    "scale": Text("축척 분모", "Scale denominator"),
    "address": Text("타일의 주소", "Address of a tile"),
    "download": Text("전체 내려받기", "The whole dataset"),
    "page": Text("이 데이터셋의 페이지", "The dataset's page"),
    "next": Text("다음", "Next"),
    "matched": Text("조건에 맞는 피처", "Features found"),
    "crs": Text("좌표계", "Coordinate reference systems"),
    "columns": Text("속성", "Properties"),
    "json": Text("JSON으로 보기", "As JSON"),
    "none": Text("조건에 맞는 피처가 없습니다.", "No feature answers."),
}


def word(key: str, language: str) -> str:
    """A phrase in a language."""
    return WORDS[key].best(language)
