"""Pages of other origins ask in a browser as programs do: with a key, with conditions, and for events."""

from __future__ import annotations

import pytest
from chromium import browser  # noqa: F401  (a fixture)

ASK = """async ([url, headers]) => {
  const answer = await fetch(url, {headers});
  await answer.arrayBuffer();
  return [answer.status, Object.fromEntries(answer.headers)];
}"""
HEAR = """([url, kinds, opens]) => new Promise(heard => {
  const told = [], source = new EventSource(url);
  let opened = 0;
  for (const kind of kinds) source.addEventListener(kind, event => told.push(Number(event.lastEventId)));
  source.onopen = () => { if (++opened === opens) { source.close(); heard(told); } };
})"""


@pytest.fixture(scope="module")
def page(browser, city):  # noqa: F811
    """A page of another origin: localhost is none to 127.0.0.1."""
    opened = browser.new_page()
    opened.goto(city.url.replace("127.0.0.1", "localhost") + "/livez")
    yield opened
    opened.close()


@pytest.mark.service("chromium")
def test_a_page_sends_keys_conditions_and_what_its_libraries_add(page, city):
    url = city.rows("libraries") + "/rows?limit=1"
    for headers in (
        {"X-API-Key": city.key},
        {"Authorization": f"Bearer {city.key}", "Cache-Control": "no-cache"},
        {"If-None-Match": '"another"', "Pragma": "no-cache", "traceparent": "00-1-2-00"},
    ):
        status, told = page.evaluate(ASK, [url, headers])
        assert status == 200
        assert {"link", "etag", "x-snapshot", "x-request-id"} <= told.keys()
    status, _ = page.evaluate(ASK, [url, {"If-None-Match": told["etag"], "Cache-Control": "no-cache"}])
    assert status == 304


@pytest.mark.service("chromium")
def test_a_page_learns_in_which_system_features_are(page, city):
    system = "http://www.opengis.net/def/crs/EPSG/0/5187"
    url = f"{city.url}/ogc/collections/libraries/items?limit=1&crs={system}"
    assert page.evaluate(ASK, [url, {}])[1]["content-crs"] == f"<{system}>"


@pytest.mark.service("chromium")
def test_a_page_that_comes_back_for_events_is_told_none_twice(page, city):
    """It opens a stream that has ended again by itself; libraries send by fetch what it sends."""
    url = f"{city.url}/api/v1/events?last_event_id=0&seconds=1"
    told = page.evaluate(HEAR, [url, ["published"], 3])
    assert told == sorted(set(told))
    assert len(told) >= 3
    status, answered = page.evaluate(
        ASK, [url, {"Last-Event-ID": str(told[0]), "Accept": "text/event-stream"}]
    )
    assert (status, answered["content-type"]) == (200, "text/event-stream")
