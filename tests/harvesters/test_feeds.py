"""A feed file is read whole, or each of its faults names the file, the line and the way to mend it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from harvesters.feeds import read_feed, read_feeds
from harvesters.feeds.cron import cron_fault
from schemas.dataset import Text
from schemas.problem import BadInput, InputError

WHOLE = """\
title     = { ko = "도시공원", en = "City parks" }
description = { ko = "부산의 공원" }
keywords  = ["공원", "녹지"]
publisher = "부산광역시"
licence   = "KOGL-1"
themes    = ["facility"]
record    = "facility"
key       = ["facility_id"]
time      = "surveyed_on"
contract  = "freeze"
reject_limit = 0.1
keep      = "90d"
extent    = [128.7, 34.8, 129.4, 35.5]
[source]
kind = "url"
url  = "https://files.example/parks.csv"
[format]
kind = "csv"
encoding = "cp949"
crs  = "EPSG:5186"
x    = "X좌표"
y    = "Y좌표"
[schedule]
cron = "30 4 * * *"
[columns]
facility_id = "관리번호"
name = "공원명"
"""
LEAST = """\
title = { ko = "공원" }
publisher = "부산광역시"
licence = "KOGL-1"
[source]
kind = "file"
path = "parks.csv"
"""
Faults = Callable[..., list[InputError]]


@pytest.fixture
def faults(tmp_path: Path) -> Faults:
    """The faults of a feed file with that text."""

    def read(text: str | bytes, name: str = "parks.toml") -> list[InputError]:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(BadInput) as bad:
            read_feed(path)
        return list(bad.value.errors)

    return read


def faults_of(path: Path) -> tuple[InputError, ...]:
    try:
        read_feed(path)
    except BadInput as bad:
        return bad.errors
    return ()


def test_every_line_of_a_feed_is_read(tmp_path: Path) -> None:
    path = tmp_path / "city-parks.toml"
    path.write_text(WHOLE)
    feed = read_feed(path)
    assert (feed.id, feed.folder) == ("city-parks", tmp_path)
    assert feed.title == Text("도시공원", "City parks")
    assert feed.source.options == {"url": "https://files.example/parks.csv"}
    assert (feed.format.encoding, feed.format.crs, feed.format.x) == ("cp949", "EPSG:5186", "X좌표")
    assert (feed.record, feed.key, feed.time) == ("facility", ("facility_id",), "surveyed_on")
    assert (feed.contract, feed.reject_limit, feed.keep) == ("freeze", 0.1, timedelta(days=90))
    assert feed.extent == (128.7, 34.8, 129.4, 35.5)
    assert feed.schedule is not None
    assert feed.schedule.cron == "30 4 * * *"
    assert feed.columns == {"facility_id": "관리번호", "name": "공원명"}


def test_what_may_be_left_out_has_the_documented_defaults(tmp_path: Path) -> None:
    path = tmp_path / "parks.toml"
    path.write_bytes(b"\xef\xbb\xbf" + LEAST.replace("\n", "\r\n").encode())
    feed = read_feed(path)
    assert (feed.record, feed.key, feed.time, feed.contract) == ("as-published", (), None, "discard_row")
    assert (feed.reject_limit, feed.keep, feed.schedule) == (0.05, timedelta(days=30), None)


@pytest.mark.parametrize(
    ("old", "new", "where", "what", "hint"),
    [
        # unknown keys, wherever they stand
        ('licence   = "KOGL-1"', 'license = "KOGL-1"', 5, "unknown key 'license'", "'licence'"),
        ("publisher =", "publishr =", 4, "unknown key 'publishr'", "'publisher'"),
        ("encoding = ", "encodng = ", 19, "unknown key 'encodng'", "'encoding'"),
        ("cron = ", "corn = ", 24, "unknown key 'corn'", "'cron'"),
        ('en = "City parks"', 'eng = "City parks"', 1, "unknown key 'eng'", "'en'"),
        ("url  = ", "ulr  = ", 16, "has no option 'ulr'", "'url'"),
        ("[schedule]", "[shedule]", 23, "unknown key 'shedule'", "'schedule'"),
        # kinds and names that are not there
        ('kind = "url"', 'kind = "ulr"', 15, "no source 'ulr'", "'url'"),
        ('kind = "csv"', 'kind = "cvs"', 18, "no format 'cvs'", "'csv'"),
        ('record    = "facility"', 'record = "facilty"', 7, "no record 'facilty'", "'facility'"),
        ('contract  = "freeze"', 'contract = "freez"', 10, "must be one of", ""),
        ('key       = ["facility_id"]', 'key = ["facility"]', 8, "no column 'facility'", "'facility_id'"),
        ('time      = "surveyed_on"', 'time = "surveyed"', 9, "no column 'surveyed'", "'surveyed_on'"),
        ('time      = "surveyed_on"', 'time = "name"', 9, "does not say when", "surveyed_on"),
        ("name = ", "nam = ", 27, "no column 'nam'", "'name'"),
        ('"cp949"', '"euckr949"', 19, "no encoding 'euckr949'", "cp949"),
        ('"EPSG:5186"', '"EPSG:51860"', 20, "no CRS", "EPSG:5186"),
        ('kind = "csv"', 'kind = "geojsn"', 18, "no format 'geojsn'", "'geojson'"),
        ('kind = "csv"', 'kind = "csv"\nlayer = "a"', 19, "format csv has no option 'layer'", ""),
        # values of the wrong kind
        ('keywords  = ["공원", "녹지"]', "keywords = 3", 3, "takes a list", ""),
        ('themes    = ["facility"]', "themes = [1]", 6, "takes a text", ""),
        ('title     = { ko = "도시공원", en = "City parks" }', 'title = "공원"', 1, "takes a table", ""),
        ("reject_limit = 0.1", "reject_limit = 5", 11, "must be", ""),
        ('keep      = "90d"', 'keep = "90 days"', 12, "30d", ""),
        ("35.5]", "35.5, 1]", 13, "length must be 4", ""),
        ("[128.7, 34.8, 129.4, 35.5]", "[34.8, 128.7, 35.5, 129.4]", 13, "west, south, east, north", ""),
        ("https://files", "ftp://files", 16, "http://", ""),
        ("url  = ", "calls = 0\nurl = ", 16, "calls takes a whole number from 1", ""),
        ("url  = ", 'calls = 1000\nper = "week"\nurl = ', 17, "per takes one of minute, hour, day", ""),
        ("url  = ", 'max_bytes = "12"\nurl = ', 16, "max_bytes takes a size such as '500MB'", ""),
        ("url  = ", 'urls = ["https://a.example/1.csv"]\nurl = ', 17, "and not both", ""),
        ('"30 4 * * *"', '"30 4 * *"', 24, "five fields", "30 4"),
        ('"30 4 * * *"', '"30 25 * * *"', 24, "'25' is no hour", ""),
        ('cron = "30 4 * * *"', 'every = "soon"', 24, "5m", ""),
        ('cron = "30 4 * * *"', 'every = "5m"\ncron = "0 0 * * *"', 25, "either cron", ""),
        ('x    = "X좌표"\n', "", 17, "x and y come together", ""),
        # secrets
        (
            'url  = "',
            'service_key = "abc"\nurl  = "',
            16,
            "names a secret",
            'service_key = "env:SERVICE_KEY"',
        ),
        ("https://files", "https://city:swordfish@files", 16, "url names a secret", "env:"),
        ("parks.csv", "parks.csv?serviceKey=swordfish", 16, "url names a secret", "env:"),
    ],
)
def test_a_fault_names_its_line_and_how_to_mend_it(
    faults: Faults, old: str, new: str, where: int, what: str, hint: str
) -> None:
    assert old in WHOLE
    found = faults(WHOLE.replace(old, new, 1))
    told = [fault for fault in found if fault.where == f"parks.toml, line {where}" and what in fault.what]
    assert told, found
    assert hint in (told[0].hint or "")
    assert "swordfish" not in str(found)


@pytest.mark.parametrize("line", LEAST.splitlines())
def test_a_missing_line_is_named(faults: Faults, line: str) -> None:
    text = LEAST.replace(line + "\n", "")
    if line == "[source]":
        text = text.replace('kind = "file"\npath = "parks.csv"\n', "")
    name = line.strip("[]").partition(" ")[0]
    assert any(name in fault.what for fault in faults(text))


JUNK = [
    *[
        "3",
        "nan",
        "true",
        '"x"',
        '""',
        "[]",
        "[[1]]",
        "{}",
        "[{ a = 1 }]",
        "2020-01-01",
        '"\\u0000"',
        "[nan, 1, 2, 3]",
    ],
    *["{ kind = 3 }", '{ kind = "file", path = 3 }', '{ kind = "url", url = "http://[x" }', '{ crs = "{}" }'],
    '{ kind = "data-go-kr", url = [], service_key = 3, page_size = true, params = { a = [] } }',
    *[
        '{ encoding = "\\u0000" }',
        '{ encoding = "hex" }',
        '{ crs = "\\u0000" }',
        '{ every = "99999999999d" }',
    ],
    *["{ every = 5 }", "{ cron = 3 }", '{ "a.b" = { c = 1 } }', '{ "" = "" }'],
]


@pytest.mark.parametrize("value", JUNK)
def test_a_value_of_any_kind_anywhere_is_read_or_is_a_fault_with_its_line(tmp_path: Path, value: str) -> None:
    path = tmp_path / "parks.toml"
    for name in (
        "title",
        "key",
        "record",
        "extent",
        "keep",
        "source",
        "format",
        "schedule",
        "columns",
        "time",
    ):
        lines = {"title": '{ ko = "공원" }', "publisher": '"x"', "licence": '"x"', "record": '"facility"'}
        lines |= {"source": '{ kind = "file", path = "a.csv" }', name: value}
        path.write_text("".join(f"{key} = {each}\n" for key, each in lines.items()))
        assert all(fault.where.startswith("parks.toml, line") for fault in faults_of(path))


def test_every_fault_is_told_at_once(faults: Faults) -> None:
    text = WHOLE.replace('kind = "csv"', 'kind = "cvs"').replace("name = ", "nam = ").replace("30 4", "99 4")
    assert [fault.where.rpartition(" ")[2] for fault in faults(text)] == ["18", "27", "24"]


def test_a_key_in_a_long_text_is_not_taken_for_the_line(faults: Faults) -> None:
    text = 'description = { ko = """\nkeywrds = 3\n""" }\nkeywrds = []\n' + LEAST
    assert [fault.where for fault in faults(text)] == ["parks.toml, line 4"]


@pytest.mark.parametrize(
    ("text", "line"),
    [("title = \n", 1), (LEAST + "[source]\n", 7), (LEAST + 'x = "', 7), ("a = 1\na = 2\n", 2)],
)
def test_text_that_is_no_toml_is_a_fault_with_its_line(faults: Faults, text: str, line: int) -> None:
    (fault,) = faults(text)
    assert fault.where == f"parks.toml, line {line}"
    assert "not TOML" in fault.what


def test_a_file_that_is_no_utf8_names_the_line(faults: Faults) -> None:
    (fault,) = faults(LEAST.replace("부산", "釜山").encode().replace("釜".encode(), b"\xba\xce"))
    assert (fault.where, fault.what) == ("parks.toml, line 2", "is not UTF-8")


@pytest.mark.parametrize(
    ("name", "better"),
    [("City Parks.toml", "city-parks.toml"), ("공원.toml", "my-feed.toml"), ("-a.toml", "a.toml")],
)
def test_a_file_name_that_is_no_id_is_a_fault(faults: Faults, name: str, better: str) -> None:
    (fault,) = faults(LEAST, name)
    assert fault.where == name
    assert better in (fault.hint or "")


def test_a_feed_of_entries_maps_what_an_entry_has(faults: Faults) -> None:
    text = LEAST.replace("[source]", 'record = "catalogue_entry"\n[source]')
    (fault,) = faults(text + '[columns]\nidentifier = "목록키"\ntitel = "목록명"\n')
    assert fault == InputError(
        "parks.toml, line 10", "record catalogue_entry has no column 'titel'", "did you mean 'title'?"
    )


@pytest.mark.parametrize("line", ['kind = "xml"', 'records = "response/body/items"'])
def test_a_source_that_finds_items_itself_takes_no_other_word_for_it(faults: Faults, line: str) -> None:
    source = 'kind = "data-go-kr"\nurl = "http://api.example/"\nservice_key = "env:CITY_KEY"\n'
    (fault,) = faults(LEAST.partition("kind")[0] + source + f"[format]\n{line}\n")
    assert fault.where == "parks.toml, line 9"
    assert "data-go-kr" in fault.what


def test_a_secret_in_a_nested_table_is_found(faults: Faults) -> None:
    source = 'kind = "data-go-kr"\nurl = "http://api.example/"\nservice_key = "env:CITY_KEY"\n'
    text = LEAST.partition("kind")[0] + source + '[source.params]\nauthToken = "abc"\n'
    (fault,) = faults(text)
    assert fault.where == "parks.toml, line 9"
    assert 'authToken = "env:AUTH_TOKEN"' in (fault.hint or "")


def test_one_broken_file_keeps_no_other_from_running(tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text(LEAST)
    (tmp_path / "broken.toml").write_text("title =")
    (tmp_path / "wrong.toml").write_text(LEAST.replace("licence", "license"))
    (tmp_path / ".#good.toml").write_text("an editor's lock")
    (tmp_path / "notes.txt").write_text("no feed")
    read = read_feeds([tmp_path])
    assert list(read.feeds) == ["good"]
    assert [fault.path.name for fault in read.faults] == ["broken.toml", "wrong.toml"]
    assert "did you mean 'licence'?" in str(read.faults[1])


def test_an_id_that_stands_in_two_folders_is_a_fault_of_the_second(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "parks.toml").write_text(LEAST)
    read = read_feeds([tmp_path / "a", tmp_path / "b", tmp_path / "a"])
    assert read.feeds["parks"].folder == tmp_path / "a"
    assert [fault.path for fault in read.faults] == [tmp_path / "b" / "parks.toml"]


def test_a_folder_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    read = read_feeds([tmp_path / "none"])
    assert str(tmp_path / "none") in str(read.faults[0])


def test_the_feeds_of_the_sample_data_are_good_and_their_files_are_there(shared_data: Path) -> None:
    read = read_feeds([Path(__file__).resolve().parents[1] / "feeds"])
    assert read.faults == ()
    assert len(read.feeds) == 19
    for feed in read.feeds.values():
        assert (feed.folder / feed.source.options["path"]).resolve().is_relative_to(shared_data)
        assert (feed.folder / feed.source.options["path"]).is_file()


@pytest.mark.parametrize(
    "line", ["* * * * *", "*/5 * * * *", "0,30 8-18 * * mon-fri", "0 0 1 JAN,jul 7", "1-59/2 0 * * 0"]
)
def test_a_cron_line_of_five_fields_is_good(line: str) -> None:
    assert cron_fault(line) is None


@pytest.mark.parametrize(
    "line",
    [
        "",
        "@daily",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "*/0 * * * *",
        "5-1 * * * *",
        "a * * * *",
        "1, * * * *",
        "1-2-3 * * * *",
        "-1 * * * *",
        "² * * * *",
    ],
)
def test_a_cron_line_that_never_fires_is_a_fault(line: str) -> None:
    assert cron_fault(line)
