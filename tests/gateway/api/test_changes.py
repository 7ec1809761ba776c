"""How feeds are is told by the API, and what changed by an Atom feed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lxml import etree

from catalogue import Promise
from schemas.run import FeedHealth

ATOM = {"a": "http://www.w3.org/2005/Atom"}
PATH = "/api/v1/feeds/changes.atom"


def note(catalogue, feed: str, error: str | None, hours: int = 1) -> None:
    """Have a feed found as it is, something new being promised in so many hours."""
    now = datetime.now(UTC)
    status = "failed" if error else "published"
    health = FeedHealth(feed, status, last_run=now, last_success=now, error=error)
    late = now + timedelta(hours=hours)
    catalogue.states.note([health], {feed: Promise(late, late + timedelta(hours=2))}, {})


def test_the_state_of_a_feed_is_shown_with_since_when_and_what_is_expected(house):
    note(house.catalogue, "parks", None)
    parks = next(feed for feed in house.items("/api/v1/feeds") if feed["feed"] == "parks")
    assert parks["state"] == "fresh"
    assert parks["since"].endswith("Z")
    assert parks["expected"].endswith("Z")
    note(house.catalogue, "parks", None, hours=-1)
    parks = next(feed for feed in house.items("/api/v1/feeds") if feed["feed"] == "parks")
    assert (parks["state"], parks["since"]) == ("late", parks["expected"])


def test_a_feed_that_no_worker_looked_at_is_as_its_latest_run_and_promises_nothing(still):
    parks = next(feed for feed in still.items("/api/v1/feeds") if feed["feed"] == "parks")
    assert (parks["state"], parks["since"], parks["expected"]) == ("fresh", parks["last_run"], None)


def test_changes_are_an_atom_feed_with_an_entry_each_that_keeps_its_id(house):
    empty = etree.fromstring(house.get(PATH).data)
    assert empty.xpath("a:entry", namespaces=ATOM) == []
    note(house.catalogue, "parks", "the source said <no>\x07 & went")
    answer = house.get(PATH)
    assert answer.content_type == "application/atom+xml"
    (entry,) = etree.fromstring(answer.data).xpath("a:entry", namespaces=ATOM)
    assert entry.findtext("a:title", namespaces=ATOM) == "parks: 실패 (failing)"
    assert entry.find("a:category", ATOM).get("term") == "failing"
    assert entry.findtext("a:summary", namespaces=ATOM) == "- → failing. the source said <no>\ufffd & went"
    id = entry.findtext("a:id", namespaces=ATOM)
    note(house.catalogue, "stops", "away")
    both = etree.fromstring(house.get(PATH).data).xpath("a:entry/a:id/text()", namespaces=ATOM)
    assert both[1] == id
    assert len(set(both)) == 2


def test_an_unchanged_feed_of_changes_is_304(house):
    note(house.catalogue, "parks", "away")
    etag = house.get(PATH).headers["ETag"]
    assert house.get(PATH, headers={"If-None-Match": etag}).status_code == 304
