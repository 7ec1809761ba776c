"""The whole line on the services a city names when it outgrows one folder: PostgreSQL and Elasticsearch."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from urllib.parse import quote

PARKS = "번호,공원명,경도,위도\n001,한마음공원,129.10,35.15\n002,새싹공원,129.2,35.2\n003,먼공원,130.9,20\n"


def test_a_city_on_postgresql_and_elasticsearch_is_harvested_found_and_served(
    platform,
    postgres_url: str,
    elasticsearch_url: str,
    tmp_path: Path,
) -> None:
    platform = dataclasses.replace(
        platform,
        settings={"ENTREPOT_DATABASE_URL": postgres_url, "ENTREPOT_SEARCH_URL": elasticsearch_url},
    )
    (tmp_path / "parks.csv").write_bytes(PARKS.encode("cp949"))
    before = 'themes = ["facility"]\nkey = ["번호"]\nreject_limit = 0.5\n'
    platform.feed("parks", f'kind = "file"\npath = "{tmp_path / "parks.csv"}"', before=before)

    run = platform.harvest()["parks"]
    assert (run["status"], run["read"], run["published"]) == ("published", 3, 2)
    assert run["reasons"] == {"outside_extent": 1}
    assert platform.harvest()["parks"]["status"] == "unchanged"

    code, states, said = platform.command("check", "--json")
    assert code == 0, (states, said)
    _, found, _ = platform.command("search", "parks", "--json")
    assert [item["id"] for item in found] == ["parks"]

    platform.command("apps", "create", "map", "--owner", "dev@example.org", "--plan", "wide")
    key = platform.command("keys", "create", "map", "--json")[1][0]["key"]
    platform.serve(workers=2)
    try:
        listed = platform.ask("/api/v1/datasets?theme=facility&facets=theme", key=key).json
        assert (listed["total"], listed["facets"]["theme"]) == (1, [{"value": "facility", "count": 1}])
        rows = platform.ask(
            f"/api/v1/datasets/parks/rows?bbox=129,35,129.15,35.3&{quote('번호')}=001", key=key
        )
        assert [row["공원명"] for row in rows.json["items"]] == ["한마음공원"]
        usage = platform.usage(key, requests=2)
        assert (usage["requests"], usage["rows"]) == (2, 1)
    finally:
        platform.stop()
    assert not (platform.folder / "data" / "entrepot.db").exists()
    assert not (platform.folder / "data" / "search").exists()
