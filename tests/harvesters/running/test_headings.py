"""The headings of a source become a record's columns by a dictionary; what is ambiguous is said."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from harvesters.faults import FeedMisconfigured
from harvesters.feeds import read_feed, read_feeds
from harvesters.formats import Parsed
from harvesters.normalise import Normalised, normalise
from harvesters.normalise.headings import built_in, match, plain, suggest
from schemas.dataset import Text
from schemas.feed import Feed, SourceSpec
from schemas.records import record_columns, record_names

KOREA = (124.5, 33.0, 132.0, 38.95)
PARKS = [
    "관리번호", "공원명", "공원구분", "소재지도로명주소", "소재지지번주소", "위도", "경도", "공원면적",
    "지정고시일", "관리기관명", "전화번호", "데이터기준일자", "제공기관코드", "제공기관명",
]  # fmt: skip
FEED = """\
title     = { ko = "도서관" }
publisher = "부산광역시"
licence   = "KOGL-1"
record    = "facility"
key       = ["name"]
[source]
kind = "file"
path = "libraries.csv"
"""


def made(headings: list[str], record: str, **lines: object) -> Normalised:
    table = pa.table({name: ["1"] for name in headings})
    feed = Feed("parks", Text("공원"), "부산", "KOGL-1", SourceSpec("file"), record=record, **lines)
    parsed = Parsed(table, pa.array([2], pa.int64()), "csv")
    return normalise(parsed, feed, extent=KOREA, zone=ZoneInfo("Asia/Seoul"))


def test_the_headings_of_the_national_standard_need_no_lines():
    found = match("facility", PARKS, {}, {}).found
    assert found == {
        "facility_id": "관리번호", "name": "공원명", "kind": "공원구분", "address": "소재지도로명주소",
        "address_lot": "소재지지번주소", "operator": "관리기관명", "phone": "전화번호", "area": "공원면적",
        "opened_on": "지정고시일", "surveyed_on": "데이터기준일자",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("정류장.명칭", "정류장명칭"),
        (" 공원 면적(㎡)", "공원면적"),
        ("SIG_KOR_NM", "sigkornm"),
        ("속도 [km/h]", "속도"),
    ],
)
def test_blanks_dots_capitals_and_units_make_no_difference(written, same):
    assert plain(written) == plain(same)


def test_brackets_that_are_no_unit_tell_headings_apart():
    assert plain("공원보유시설(운동시설)") != plain("공원보유시설(유희시설)")


def test_two_headings_of_one_meaning_are_said_and_not_guessed():
    with pytest.raises(
        FeedMisconfigured, match=r"kind may be any of '도서관유형', '도서관유형명'.*\[columns\] kind"
    ):
        made(["관리번호", "도서관명", "도서관유형", "도서관유형명"], "facility")
    left = made(["관리번호", "도서관명", "도서관유형", "도서관유형명"], "facility", columns={"kind": ""})
    assert left.rows["kind"].null_count == 1
    chosen = made(
        ["관리번호", "도서관명", "도서관유형", "도서관유형명"], "facility", columns={"kind": "도서관유형명"}
    )
    assert chosen.rows["kind"].to_pylist() == ["1"]


def test_a_heading_of_its_own_goes_before_that_of_the_office():
    found = match("facility", ["전화번호", "관리기관전화번호"], {}, {}).found
    assert found["phone"] == "전화번호"
    assert match("facility", ["관리기관전화번호"], {}, {}).found["phone"] == "관리기관전화번호"


def test_a_suggestion_names_the_record_and_what_is_missing():
    suggestion = suggest([name for name in PARKS if name != "관리번호"])
    assert suggestion is not None
    assert (suggestion.record, suggestion.missing) == ("facility", ("facility_id",))
    assert suggest(["a", "b", "c"]) is None


def test_every_line_of_the_dictionary_names_a_column_and_no_heading_stands_twice():
    for record in record_names():
        lines, seen = built_in(record), set()
        assert set(lines) <= {column.name for column in record_columns(record)}
        for column, tiers in lines.items():
            for name in (plain(name) for tier in tiers for name in tier):
                assert name not in seen, (record, column, name)
                seen.add(name)


def test_a_steward_adds_headings_beside_the_feeds(tmp_path: Path):
    (tmp_path / "libraries.toml").write_text(FEED, encoding="utf-8")
    (tmp_path / "headings.toml").write_text('[facility]\nname = ["책집 이름"]\n', encoding="utf-8")
    found = read_feeds([tmp_path])
    assert (list(found.feeds), found.faults) == (["libraries"], ())
    table = pa.table({"책집이름": ["가"], "도서관명": ["나"]})
    rows = normalise(
        Parsed(table, pa.array([2], pa.int64()), "csv"),
        found.feeds["libraries"], extent=KOREA, zone=ZoneInfo("Asia/Seoul"),
    ).rows  # fmt: skip
    assert rows["name"].to_pylist() == ["가"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('[facilty]\nname = ["가"]', "line 1: no record 'facilty'; did you mean 'facility'"),
        ('[facility]\nnam = ["가"]', "line 2: record facility has no column 'nam'; did you mean 'name'"),
        ('[facility]\nname = "가"', "line 2: name takes a list of headings"),
        ("facility = 3", "line 1: facility takes a table"),
    ],
)
def test_a_wrong_line_of_headings_names_itself_and_keeps_no_feed_from_running(tmp_path: Path, line, says):
    (tmp_path / "libraries.toml").write_text(FEED.replace("facility", "as-published"), encoding="utf-8")
    (tmp_path / "headings.toml").write_text(line, encoding="utf-8")
    found = read_feeds([tmp_path])
    assert list(found.feeds) == ["libraries"]
    assert says in str(found.faults[0])


def test_a_feed_that_uses_the_dictionary_waits_until_the_wrong_line_is_mended(tmp_path: Path):
    (tmp_path / "libraries.toml").write_text(FEED, encoding="utf-8")
    (tmp_path / "headings.toml").write_text('[facility]\nnam = ["가"]', encoding="utf-8")
    with pytest.raises(Exception, match=r"headings.toml, line 2"):
        read_feed(tmp_path / "libraries.toml")


def test_a_wrong_line_of_headings_is_told_once_and_its_feeds_only_that_they_wait(tmp_path: Path):
    for name in ("libraries", "museums"):
        (tmp_path / f"{name}.toml").write_text(FEED, encoding="utf-8")
    (tmp_path / "headings.toml").write_text('[facility]\nnam = ["가"]', encoding="utf-8")
    told = [str(fault) for fault in read_feeds([tmp_path]).faults]
    assert ["line 2" in each for each in told] == [True, False, False]
    assert told[1:] == [
        f"{name}.toml: waits until headings.toml beside it is mended" for name in ("libraries", "museums")
    ]
