"""GTFS timetables: a table a file, held against those that it refers to."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.formats import Parsed, gtfs
from harvesters.normalise import normalise
from harvesters.reading.delimited import stream as delimited
from schemas.dataset import Text
from schemas.feed import Feed, FormatSpec, SourceSpec

FILES = {
    "agency": "agency_id,agency_name,agency_url,agency_timezone\n1,부산교통공사,http://b.example,Asia/Seoul\n",
    "stops": "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
    "001,서면,35.1577,129.0592,0,S\n002,부산역,35.1152,129.0415,0,\nS,서면역,35.1577,129.0592,1,\n",
    "routes": "route_id,agency_id,route_short_name,route_type\n0101,1,1호선,1\n",
    "trips": "route_id,service_id,trip_id,shape_id,direction_id\n0101,W,T1,,0\n",
    "stop_times": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
    "T1,23:50:00,23:51:00,001,1\nT1,24:10:30,24:10:30,002,2\n",
    "calendar": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
    "W,1,1,1,1,1,0,0,20260101,20261231\n",
}


@pytest.fixture
def timetable(zipped: Any) -> Any:
    """Makes a timetable of FILES with others in their place; None leaves one out."""

    def maker(folder: str = "", **others: str | bytes | None) -> Path:
        texts = {name: text for name, text in (FILES | others).items() if text is not None}
        encoded = {name: text if isinstance(text, bytes) else text.encode() for name, text in texts.items()}
        path: Path = zipped({f"{folder}{name}.txt": text for name, text in encoded.items()}, "gtfs.zip")
        return path

    return maker


def rows(parsed: Parsed) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = pa.concat_tables([each.table for each in parsed.pieces()]).to_pylist()
    return listed


def drain(tables: list[Parsed]) -> None:
    for each in tables:
        rows(each)


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("bullrunner-gtfs", {"routes": 6, "shapes": 1522, "stops": 125, "stop_times": 473, "trips": 15}),
        ("caltrain_gtfs", {"routes": 3, "shapes": 2677, "stops": 31, "stop_times": 4560, "trips": 252}),
        ("poa", {"routes": 4, "shapes": 1265, "stops": 212, "stop_times": 23040, "trips": 387}),
        ("saopaulo", {"routes": 72, "shapes": 35886, "stops": 3039, "stop_times": 3639, "frequencies": 1182}),
        ("testagency", {"routes": 18, "shapes": 9, "stops": 24, "stop_times": 80, "trips": 33}),
        ("vvs-bus-751-only.gtfs", {"routes": 1, "stops": 47, "trips": 134, "stop_times": 1495}),
    ],
)
def test_real_timetables_give_every_line_below_the_heading(
    shared_data: Path, read: Any, name: str, counts: dict[str, int]
) -> None:
    found = {each.name: len(rows(each)) for each in read(shared_data / f"gtfs/{name}.zip")}

    assert found | counts == found
    assert set(found) >= {"agency", "stops", "routes", "trips", "stop_times"}


def test_times_past_midnight_stay_as_written_and_are_counted_in_seconds(timetable: Any, read: Any) -> None:
    (parsed,) = read(timetable(), layer="stop_times")

    assert parsed.name == ""
    assert [(row["arrival_time"], row["arrival_seconds"]) for row in rows(parsed)] == [
        ("23:50:00", 85800),
        ("24:10:30", 87030),
    ]
    assert parsed.units["arrival_seconds"] == "s"


def test_ids_keep_their_zeros_and_days_become_dates(timetable: Any, read: Any) -> None:
    feed = Feed("line", Text(en="Line"), "p", "l", SourceSpec("file"))
    tables = {each.name: each for each in read(timetable())}

    def landed(name: str) -> list[dict[str, Any]]:
        found = normalise(tables[name], feed, extent=(124, 33, 132, 39), zone=ZoneInfo("Asia/Seoul"))
        listed: list[dict[str, Any]] = found.rows.to_pylist()
        return listed

    assert [row["stop_id"] for row in landed("stop_times")] == ["001", "002"]
    assert landed("routes")[0] | {"route_id": "0101", "route_type": 1} == landed("routes")[0]
    assert landed("calendar")[0]["end_date"] == date(2026, 12, 31)
    assert all(row["geometry"] for row in landed("stops"))


def test_rows_that_refer_to_nothing_are_set_aside_and_lesser_references_lose_their_value(
    timetable: Any, read: Any
) -> None:
    path = timetable(
        stop_times=FILES["stop_times"] + "T9,10:00:00,10:00:00,001,3\nT1,25:00,25:00:00,009,4\n",
        stops=FILES["stops"].replace(",0,S", ",0,NO"),
    )
    tables = {each.name: each for each in read(path)}

    times, stops = tables["stop_times"], tables["stops"]
    assert len(times.table) == 2
    assert [
        (each["line"], each["column"], each["value"], each["reason"])
        for each in times.rejects.to_pylist()
        if each["scope"] == "row"
    ] == [(4, "trip_id", "T9", "unknown_reference"), (5, "stop_id", "009", "unknown_reference")]
    assert stops.table["parent_station"].to_pylist() == [None, None, None]
    (cell,) = stops.rejects.to_pylist()
    assert (cell["scope"], cell["line"], cell["value"]) == ("cell", 2, "NO")


def test_a_time_that_is_none_is_told_and_its_row_kept(timetable: Any, read: Any) -> None:
    path = timetable(stop_times=FILES["stop_times"].replace("24:10:30,24:10:30", "24:10,24:10:30"))
    (parsed,) = read(path, layer="stop_times")

    assert rows(parsed)[1]["arrival_seconds"] is None
    (cell,) = parsed.rejects.to_pylist()
    assert (cell["scope"], cell["column"], cell["reason"]) == ("cell", "arrival_seconds", "bad_time")


@pytest.mark.parametrize("folder", ["", "google_transit/"])
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\n\n"])
def test_a_folder_in_the_zip_and_a_mark_or_blank_lines_before_the_heading_do_not_matter(
    timetable: Any, read: Any, folder: str, before: bytes
) -> None:
    path = timetable(folder, stops=before + FILES["stops"].replace("\n", "\r\n").encode())
    tables = {each.name: each for each in read(path)}

    assert tables["stops"].table["stop_id"].to_pylist() == ["001", "002", "S"]
    first = 2 + before.count(b"\n")
    assert tables["stops"].lines.to_pylist() == [first, first + 1, first + 2]


def test_names_in_cp949_are_read(timetable: Any, read: Any) -> None:
    (parsed,) = read(timetable(stops=FILES["stops"].encode("cp949")), layer="stops")

    assert parsed.encoding == "cp949"
    assert rows(parsed)[0]["stop_name"] == "서면"


@pytest.mark.parametrize(
    ("without", "named"),
    [
        ({"trips": None}, "lacks trips.txt"),
        ({"calendar": None}, "lacks calendar.txt or calendar_dates.txt"),
        ({"stop_times": None, "agency": None}, "lacks agency.txt, stop_times.txt"),
        ({"stop_times": "trip,arrival_time\nT1,10:00:00\n"}, "stop_times.txt: it has no column trip_id"),
        ({"routes": ""}, "lacks routes.txt"),
        ({"stops": b"stop_id,stop_name\n1,\xff\xfe\xff\n"}, "stops.txt: "),
    ],
)
def test_what_a_timetable_lacks_is_named(timetable: Any, read: Any, without: Any, named: str) -> None:
    with pytest.raises(Unreadable, match=named):
        drain(read(timetable(**without)))


def test_a_zip_with_other_files_under_such_a_name_says_what_it_lacks(shared_data: Path, read: Any) -> None:
    with pytest.raises(Unreadable, match=r"lacks agency\.txt, stops\.txt"):
        read(shared_data / "corrupt/badgtfs.zip")


def test_two_timetables_in_one_zip_are_not_mixed(zipped: Any, read: Any) -> None:
    members = {f"{day}/{name}.txt": text.encode() for day in ("a", "b") for name, text in FILES.items()}

    with pytest.raises(Unreadable, match="several timetables, in a, b"):
        read(zipped(members))


def test_a_table_that_is_not_there_is_told_with_the_nearest(timetable: Any, read: Any) -> None:
    with pytest.raises(FeedMisconfigured, match="did you mean 'stops'"):
        read(timetable(), layer="stop")


def test_a_timetable_that_is_over_and_files_not_read_are_told(timetable: Any) -> None:
    def notes(today: date) -> dict[str, int]:
        path = timetable(**{"readme.md": "x"})
        tables = gtfs.read(path, FormatSpec(), lambda: today)
        return {rule: count for each in tables for rule, count in each.repairs.items()}

    assert notes(date(2026, 12, 31)) == {}
    assert notes(date(2027, 1, 1)) == {"calendar_expired": 1}


def test_a_large_table_comes_in_pieces_and_loses_nothing(
    timetable: Any, read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "PIECE", 1000)
    monkeypatch.setattr("harvesters.reading.delimited.encoding.CHUNK", 700)
    lines = "".join(f"T1,10:00:00,10:00:00,001,{at}\n" for at in range(3, 900))
    broken = "T1,10:00:00\n"
    (parsed,) = read(timetable(stop_times=FILES["stop_times"] + lines + broken), layer="stop_times")

    pieces = list(parsed.pieces())
    assert len(pieces) > 5
    everything = [value for piece in pieces for value in piece.table["stop_sequence"].to_pylist()]
    assert everything == [str(at) for at in range(1, 900)]
    assert [place for piece in pieces for place in piece.lines.to_pylist()] == list(range(2, 901))
    assert sum(len(piece.rejects) for piece in pieces) == 1


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_a_zip_cut_short_is_unreadable(shared_data: Path, read_text: Any, share: float) -> None:
    content = (shared_data / "gtfs/caltrain_gtfs.zip").read_bytes()

    with pytest.raises(Unreadable):
        read_text(content[: int(len(content) * share)], "gtfs.zip")


def test_a_zip_with_rotten_bytes_never_gives_part_of_a_table(shared_data: Path, read_text: Any) -> None:
    content = bytearray((shared_data / "gtfs/caltrain_gtfs.zip").read_bytes())
    for place in range(30_000, 30_400):
        content[place] ^= 0x5A

    with pytest.raises(Unreadable):
        drain(read_text(bytes(content), "gtfs.zip"))
