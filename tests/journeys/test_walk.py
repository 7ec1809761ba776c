"""From an empty folder to a developer who reads every row once, downloads the file, and meets the limit."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import quote

import duckdb
import pytest
from waiting import wait_for

BUSAN = "boundary/hangjeongdong_부산광역시.geojson"
FEED = """
[columns]
code        = "adm_cd2"
name        = "adm_nm"
parent_code = "sgg"
"""


@pytest.fixture
def dongs(platform, shared_data):
    """Busan's neighbourhoods, harvested."""
    path = Path(shared_data) / BUSAN
    platform.feed("busan-dongs", f'kind = "file"\npath = "{path}"', FEED, 'record = "boundary"')
    outcome = platform.harvest("busan-dongs")["busan-dongs"]
    assert (outcome["status"], outcome["rejected"]) == ("published", 0)
    return outcome["published"]


def test_the_walk_of_a_developer(platform, dongs, tmp_path):
    platform.serve()
    person = {"email": "kim@example.org", "password": "a few words make a good one"}
    session = platform.ask("/api/v1/people", method="POST", body=person).json["token"]
    application = platform.ask("/api/v1/applications", method="POST", key=session, body={"name": "동네 지도"})
    assert application.status == 201, application.body
    path = f"/api/v1/applications/{application.json['id']}/keys"
    time.sleep(2.1)  # A session has the limits of the free plan too.
    key = platform.ask(path, method="POST", key=session, body={"label": "walk"}).json["key"]

    found = platform.ask(f"/api/v1/datasets?q={quote('busan')}").json
    assert [item["id"] for item in found["items"]] == ["busan-dongs"]

    rows = "/api/v1/datasets/busan-dongs/rows"
    haeundae = f"{rows}?name__contains={quote('해운대구')}&bbox=129.1,35.1,129.3,35.3&select=name&count=exact"
    answer = platform.ask(haeundae, key=key)
    assert answer.status == 200, answer.body
    names = [row["name"] for row in answer.json["items"]]
    assert answer.json["count"] == len(names) > 10
    assert all("해운대구" in name for name in names)

    seen, url = [], f"{rows}?limit=20"
    while url:
        page = platform.ask(url).json
        seen += [row["_id"] for row in page["items"]]
        url = page.get("next")
    assert len(seen) == len(set(seen)) == dongs

    file = tmp_path / "dongs.parquet"
    downloaded = platform.ask("/api/v1/datasets/busan-dongs/download.parquet", key=key)
    file.write_bytes(downloaded.body)
    (counted,) = duckdb.sql(f"SELECT count(*) FROM '{file}'").fetchone()
    assert counted == dongs

    # Five within two seconds: a machine that is too slow to ask them begins anew.
    refused = wait_for(lambda: (told := platform.ask(f"{rows}?limit=1", key=key)).status == 429 and told)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json["type"] == "/problems/quota-exceeded"
    assert refused.json["violated-policies"] == ["burst"]
    assert refused.headers["ratelimit-policy"] == '"burst";q=5;w=2, "day";q=10000;w=86400'
    assert '"burst";r=0;t=' in refused.headers["ratelimit"]
    wait = int(refused.headers["retry-after"])
    assert 1 <= wait <= 3
    time.sleep(wait)
    assert platform.ask(f"{rows}?limit=1", key=key).status == 200
    used = platform.usage(key, requests=6, refused=1)
    assert used["limits"][0]["name"] == "burst"
