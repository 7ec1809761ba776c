"""What waits for a steward, what a steward lets in, and that no run undoes what a steward did."""

from __future__ import annotations

from datetime import timedelta

import pytest

from catalogue import Catalogue, NothingHeld
from schemas.feed import DeletionsSpec

KEYED = "번호,이름\n" + "".join(f"P{number:03},공원 {number}\n" for number in range(100))
KEY = ("번호",)


def lines(count: int) -> str:
    return "".join(KEYED.splitlines(keepends=True)[: count + 1])


@pytest.mark.parametrize(("left", "status"), [(80, "published"), (79, "held")])
def test_more_than_a_fifth_of_the_named_rows_do_not_vanish_without_a_steward(desk, left: int, status: str):
    desk.harvest(KEYED, key=KEY)
    run = desk.harvest(lines(left))
    assert (run.status, len(desk.rows())) == (status, left if status == "published" else 100)
    if status == "held":
        assert run.reasons == {"mass_deletion": 79}
        assert "21 of 100" in run.error
        assert "P079" in run.error


def test_more_than_fifty_named_rows_do_not_vanish_however_small_their_share(desk):
    many = "번호,이름\n" + "".join(f"P{number:04},공원\n" for number in range(1_000))
    desk.harvest(many, key=KEY)
    assert desk.harvest("".join(many.splitlines(keepends=True)[:951])).status == "published"
    assert desk.harvest("".join(many.splitlines(keepends=True)[:900])).status == "held"
    assert desk.harvest(deletions=DeletionsSpec(rows=60)).status == "published"


def test_as_many_rows_in_the_place_of_others_are_a_mass_deletion_too(desk):
    desk.harvest(KEYED, key=KEY)
    assert desk.harvest(KEYED.replace("P0", "Q0")).reasons == {"mass_deletion": 100}


def test_what_is_held_is_let_in_by_an_approval_and_nothing_else_is(desk, catalogue: Catalogue):
    desk.harvest(KEYED, key=KEY)
    with pytest.raises(NothingHeld):
        catalogue.approve("parks", "kim")
    assert desk.harvest(lines(10)).status == "held"
    run = catalogue.approve("parks", "kim")
    assert [waiting.run for waiting in catalogue.queue()] == [run]
    assert desk.harvest(lines(5)).status == "held"
    landed = desk.harvest(lines(10))
    assert (landed.status, landed.inserted, landed.updated, landed.deleted) == ("published", 0, 0, 90)
    assert [(deed.by, deed.deed) for deed in catalogue.deeds("parks")] == [("kim", "approve")]


def test_an_approval_lets_in_whatever_held_it(desk, catalogue: Catalogue):
    desk.harvest("번호,면적\n" + "".join(f"P{n},{n}\n" for n in range(10)), key=KEY)
    retyped = "번호,면적\n" + "".join(f"P{n},넓이 {n}\n" for n in range(10))
    assert desk.harvest(retyped).reasons == {"schema_changed": 10}
    catalogue.approve("parks", "kim")
    assert desk.harvest().status == "published"
    assert desk.rows()[3]["면적"] == "넓이 3"
    assert desk.harvest(retyped.replace("넓이 9", "넓이 10")).status == "published"


def test_a_reviewed_feed_publishes_only_what_a_steward_approves(desk, catalogue: Catalogue):
    first = desk.harvest(KEYED, key=KEY, review=True)
    assert (first.status, first.reasons) == ("held", {"review": 100})
    catalogue.approve("parks", "kim")
    assert desk.harvest().status == "published"
    assert desk.harvest().status == "unchanged"
    assert desk.harvest(lines(99)).reasons == {"review": 99}
    assert len(desk.rows()) == 100


def test_rows_that_vanish_stay_for_the_grace_of_their_feed(desk, catalogue: Catalogue):
    desk.harvest(KEYED, key=KEY, deletions=DeletionsSpec(grace=timedelta(days=2)))
    run = desk.harvest(lines(98))
    assert (run.status, run.published, run.deleted, len(desk.rows())) == ("published", 98, 0, 100)
    assert [missing.id for missing in catalogue.missing("parks")] == ["P098", "P099"]
    assert desk.harvest().status == "unchanged"
    assert desk.harvest(lines(99)).status == "published"
    assert [missing.id for missing in catalogue.missing("parks")] == ["P099"]
    assert {row["_id"]: row["이름"] for row in desk.rows()}["P099"] == "공원 99"


def test_what_a_steward_set_back_stays_until_the_source_changes_or_it_is_approved(desk, catalogue: Catalogue):
    good = desk.harvest(KEYED, key=KEY)
    wrong = KEYED.replace("공원 7", "공원 칠")
    assert (desk.harvest(wrong).updated, desk.harvest().status) == (11, "unchanged")
    back = catalogue.revert("parks", good.snapshot, "kim")
    assert desk.rows()[7]["이름"] == "공원 7"
    again = desk.harvest()
    assert (again.status, again.reasons) == ("held", {"reverted": 100})
    assert "kim" in again.error
    assert catalogue.snapshot("parks").id == back.id
    catalogue.approve("parks", "kim")
    assert (desk.harvest().status, desk.rows()[7]["이름"]) == ("published", "공원 칠")
    catalogue.revert("parks", good.snapshot, "lee")
    assert desk.harvest().status == "held"
    assert desk.harvest(KEYED.replace("공원 7", "공원 일곱")).status == "published"


@pytest.mark.parametrize("deed", ["archive", "withdraw"])
def test_a_run_of_what_a_steward_took_away_is_refused_until_it_is_restored(
    desk, catalogue: Catalogue, deed: str
):
    desk.harvest(KEYED, key=KEY)
    getattr(catalogue, deed)("parks", "kim")
    refused = desk.harvest(lines(99))
    assert (refused.status, "by a steward" in refused.error) == ("failed", True)
    assert ("parks" in catalogue.ids()) == (deed == "archive")
    catalogue.restore("parks", "lee")
    assert (desk.harvest().status, len(desk.rows())) == ("published", 99)
    assert [(each.deed, each.by) for each in catalogue.deeds("parks")] == [("restore", "lee"), (deed, "kim")]


def test_a_feed_that_appends_grows_by_what_is_new_and_takes_an_empty_window_for_no_news(
    desk, catalogue: Catalogue
):
    head = "차량,시각,속도\n"
    minutes = [f"V1,2026-03-01 12:{minute:02},30\nV2,2026-03-01 12:{minute:02},31\n" for minute in range(4)]
    first = desk.harvest(head + minutes[0] + minutes[1], key=("차량", "시각"), time="시각", mode="append")
    assert (first.status, first.inserted) == ("published", 4)
    second = desk.harvest(head + minutes[1] + minutes[2])
    assert (second.status, second.published, second.inserted) == ("published", 4, 2)
    assert desk.harvest().status == "unchanged"
    none = desk.harvest(head)
    assert (none.status, none.published, none.inserted) == ("published", 0, 0)
    corrected = desk.harvest(head + minutes[2].replace("31", "13") + minutes[3], reject_limit=0.5)
    assert (corrected.inserted, corrected.rejected, corrected.reasons) == (
        2,
        1,
        {"differs_from_published": 1},
    )
    assert [row["속도"] for row in desk.rows()] == [30, 30, 31, 31, 30, 31, 30, 31]
    assert catalogue.describe("parks").rows == 8
