"""Both search engines, empty and holding the list of data.go.kr, behind one fixture each."""

from __future__ import annotations

import csv
import gzip
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalogue.search import SearchDocument, SearchEngine, open_engine
from catalogue.search.elasticsearch import Cluster

ENGINES = ["embedded", pytest.param("elasticsearch", marks=pytest.mark.service("elasticsearch"))]


def make(request: pytest.FixtureRequest, folder: Path) -> SearchEngine:
    """An empty engine of the kind the fixture asks for."""
    if request.param == "embedded":
        return open_engine(None, folder)
    return Cluster(
        request.getfixturevalue("elasticsearch_url"), name=f"test-{secrets.token_hex(6)}", answer=60
    )


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SearchEngine]:
    """An engine without documents."""
    engine = make(request, tmp_path / "search")
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def listed(shared_data: Path) -> list[SearchDocument]:
    """Half of the list of datasets of data.go.kr: 30,820 documents."""
    path = shared_data / "catalogue" / "data_go_kr_list_half1.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as lines:
        return [
            SearchDocument(
                id=f"data-go-kr-list-{row['목록키']}",
                title_ko=row["목록명"],
                description=row["목록설명"],
                publisher=row["기관명"],
                themes=(row["분류체계"],),
                formats=(row["목록유형"],),
                licence="KOGL-1" if row["국가중점여부"] == "Y" else "KOGL-0",
                updated=datetime.fromisoformat(row["목록 수정일"]).replace(tzinfo=UTC),
                identifier=row["목록키"],
            )
            for row in csv.DictReader(lines)
        ]


@pytest.fixture(scope="session", params=ENGINES)
def full(
    request: pytest.FixtureRequest, listed: list[SearchDocument], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SearchEngine]:
    """An engine that holds the list."""
    engine = make(request, tmp_path_factory.mktemp("search"))
    engine.put(listed)
    yield engine
    engine.close()
