"""No metered request is lost to a crash or counted twice."""

from __future__ import annotations

import subprocess
import sys
import time
from inspect import signature
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from waiting import wait_for

from gateway.clients.usage import UsageRecord
from gateway.gate import Meter

ROOT = Path(__file__).resolve().parents[3]
RECORD = UsageRecord(1_800_000_000.25, "app_one", "kid1", "/api/v1/x", 200, 10, 2000, 850)

WRITER = """
import sys, time
from pathlib import Path
from gateway.clients.usage import UsageRecord
from gateway.gate import Meter

meter = Meter(Path(sys.argv[1]), lambda segment, records: time.sleep(3600))
for n in range(10**9):
    meter.record(UsageRecord(1.8e9, "app_one", "kid1", "/api/v1/x", 200, n, 2000, 850))
    print(n, flush=True)
"""


class Folded:
    """What was folded, each segment once, like the SQL side does."""

    def __init__(self):
        self.segments = {}

    def __call__(self, segment, records):
        self.segments.setdefault(segment, records)

    @property
    def records(self):
        return [record for records in self.segments.values() for record in records]


def test_what_was_recorded_is_folded_within_a_second_and_leaves_no_file(tmp_path):
    folded = Folded()
    meter = Meter(tmp_path, folded)
    meter.start()
    meter.record(RECORD)
    wait_for(lambda: folded.records == [RECORD])
    assert signature(Meter).parameters["every"].default <= 1
    meter.close()
    assert list(tmp_path.iterdir()) == []


def test_closing_folds_what_is_left(tmp_path):
    folded = Folded()
    meter = Meter(tmp_path, folded)
    meter.record(RECORD)
    meter.close()
    assert folded.records == [RECORD]


@pytest.mark.parametrize("attempt", range(3))
def test_a_process_killed_while_it_records_loses_nothing_it_had_told_of(tmp_path, attempt):
    told = tmp_path / "told"
    with told.open("w") as out:
        process = subprocess.Popen([sys.executable, "-c", WRITER, tmp_path / "usage"], cwd=ROOT, stdout=out)
        wait_for(lambda: told.stat().st_size > 2000 * (attempt + 1))
        process.kill()
        process.wait()
    last = int(told.read_text().split()[-1])
    folded = Folded()
    meter = Meter(tmp_path / "usage", folded)
    meter.flush()
    meter.flush()
    assert [record.rows for record in folded.records][: last + 1] == list(range(last + 1))
    assert len(folded.records) - last in {1, 2}
    meter.close()


def test_the_segment_of_a_living_process_is_left_alone(tmp_path):
    mine, theirs = Folded(), Folded()
    first, second = Meter(tmp_path, mine), Meter(tmp_path, theirs)
    first.record(RECORD)
    second.flush()
    assert theirs.records == []
    first.flush()
    assert mine.records == [RECORD]
    first.close()
    second.close()


def test_a_torn_last_line_and_a_damaged_one_are_left_out(tmp_path):
    meter = Meter(tmp_path, lambda segment, records: None)
    for _ in range(3):
        meter.record(RECORD)
    (path,) = tmp_path.iterdir()
    lines = path.read_bytes().splitlines(keepends=True)
    orphan = tmp_path / "00000000000000000001-orphan.usage"
    orphan.write_bytes(lines[0] + lines[1].replace(b"2000", b"9000") + lines[2] + lines[0][:-20])
    folded = Folded()
    other = Meter(tmp_path, folded)
    other.flush()
    assert folded.records == [RECORD, RECORD]
    assert not orphan.exists()
    meter.close()
    other.close()


def test_while_the_database_is_away_usage_waits_in_one_file(tmp_path):
    folded, away = Folded(), [True]

    def fold(segment, records):
        if away[0]:
            raise OperationalError("INSERT", {}, Exception("away"))
        folded(segment, records)

    meter = Meter(tmp_path, fold, every=0.02)
    meter.start()
    for _ in range(20):
        meter.record(RECORD)
        time.sleep(0.01)
    assert len(list(tmp_path.iterdir())) <= 2
    away[0] = False
    wait_for(lambda: len(folded.records) == 20)
    meter.close()


def test_usage_that_could_not_be_folded_waits_for_the_next_process(tmp_path):
    def fold(segment, records):
        raise OperationalError("INSERT", {}, Exception("away"))

    meter = Meter(tmp_path, fold)
    meter.record(RECORD)
    meter.close()
    folded = Folded()
    Meter(tmp_path, folded).close()
    assert folded.records == [RECORD]


def test_threads_record_while_others_flush_and_each_record_counts_once(tmp_path):
    from threading import Thread

    folded = Folded()
    meter = Meter(tmp_path, folded, every=0.005)
    meter.start()
    threads = [Thread(target=lambda: [meter.record(RECORD) for _ in range(2000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    meter.close()
    assert len(folded.records) == 8000
