"""What crosses HTTP has a dataclass and a marshmallow schema that say the same."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime

import pytest
from marshmallow import Schema, ValidationError

from schemas.dataset import Column, ColumnSchema, Dataset, DatasetSchema, Text, TextSchema
from schemas.feed import Duration, FeedSchema, FormatSpec, FormatSpecSchema, ScheduleSpec, ScheduleSpecSchema
from schemas.problem import InputError, InputErrorSchema, Problem, ProblemSchema, did_you_mean, nearest
from schemas.run import FeedHealth, FeedHealthSchema, Run, RunSchema
from schemas.snapshot import Part, PartSchema, Snapshot, SnapshotSchema

PAIRS = [
    (Text, TextSchema),
    (Column, ColumnSchema),
    (Dataset, DatasetSchema),
    (Part, PartSchema),
    (Snapshot, SnapshotSchema),
    (InputError, InputErrorSchema),
    (Problem, ProblemSchema),
    (FeedHealth, FeedHealthSchema),
    (FormatSpec, FormatSpecSchema),
    (ScheduleSpec, ScheduleSpecSchema),
]


@pytest.mark.parametrize(("kind", "schema"), PAIRS, ids=lambda each: each.__name__)
def test_a_dataclass_and_its_schema_have_the_same_fields(kind: type, schema: type[Schema]) -> None:
    assert {field.name for field in fields(kind)} == set(schema().fields)


def test_a_run_is_shown_with_its_pace_and_never_with_its_fingerprint() -> None:
    run = Run("r1", "parks", "parks", "published", read=300, seconds=2.0, fingerprint="secret of the house")
    named = {field.name for field in fields(Run)}
    assert set(RunSchema().fields) == named - {"fingerprint", "step", "state", "worker"} | {"rows_per_second"}
    shown = RunSchema().dump(run)
    assert shown["rows_per_second"] == 150.0
    assert "fingerprint" not in shown
    assert Run("r2", "parks", "parks", "failed").rows_per_second == 0.0


def test_a_dataset_comes_back_from_json_as_it_went() -> None:
    now = datetime(2026, 1, 3, 9, tzinfo=UTC)
    dataset = Dataset(
        id="parks",
        title=Text("공원", "Parks"),
        publisher="부산광역시",
        licence="KOGL-1",
        feed="parks",
        bbox=(128.7, 34.8, 129.4, 35.5),
        period=(now, None),
        updated=now,
        rows=3,
    )
    loaded = DatasetSchema().loads(DatasetSchema().dumps(dataset))
    assert loaded["title"] == {"ko": "공원", "en": "Parks"}
    assert (tuple(loaded["bbox"]), tuple(loaded["period"]), loaded["updated"]) == (
        dataset.bbox,
        dataset.period,
        now,
    )


def test_words_fall_back_to_the_language_there_is() -> None:
    assert Text("공원").best("en") == "공원"
    assert Text("공원", "Parks").best("en") == "Parks"
    assert Text("공원", "Parks").best("ko") == "공원"
    assert Text().best("ko") == ""


def test_a_misspelt_word_is_answered_with_the_nearest_or_with_what_there_is() -> None:
    assert nearest("limt", ["limit", "order"]) == "limit"
    assert did_you_mean("limt", ["limit", "order"]) == "did you mean 'limit'?"
    assert did_you_mean("zzz", ["order", "limit"]) == "known: limit, order"
    assert did_you_mean("zzz", []) == "none is known here"


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("5m", 300), ("6h", 21_600), ("2 d", 172_800)])
def test_a_length_of_time_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert Duration().deserialize(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "0s", "-5m", "5 minutes", 300, "99999999999d"])
def test_any_other_length_of_time_is_refused_with_an_example(text: object) -> None:
    with pytest.raises(ValidationError, match="30s"):
        Duration().deserialize(text)


def test_a_feed_needs_a_title_a_publisher_a_licence_and_a_source() -> None:
    with pytest.raises(ValidationError) as refused:
        FeedSchema().load({"title": {}})
    assert {"publisher", "licence", "source"} <= refused.value.normalized_messages().keys()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("extent", [[1, 2, 3], [0, 10, 1, 5], [-200, 0, 0, 1], [0, -91, 1, 0]])
def test_an_extent_that_is_none_is_refused(extent: list[float]) -> None:
    feed = {"title": {"ko": "가"}, "publisher": "나", "licence": "다", "source": {"kind": "file"}}
    FeedSchema().load(feed | {"extent": [128.7, 34.8, 129.4, 35.5]})
    with pytest.raises(ValidationError, match=r"extent|Length"):
        FeedSchema().load(feed | {"extent": extent})
