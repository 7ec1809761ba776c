"""An Elasticsearch cluster that is away, half away, or holds another version's index."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from catalogue.search import SearchDocument, SearchUnavailable, open_engine
from catalogue.search.elasticsearch import Cluster
from schemas.query import SearchQuery

NOBODY = "http://127.0.0.1:9"  # the discard port: nothing listens there


def test_a_missing_cluster_is_reported_within_two_seconds(tmp_path: Path) -> None:
    engine = open_engine(NOBODY, tmp_path)
    uses = (
        lambda: engine.search(SearchQuery(q="버스")),
        lambda: engine.put([SearchDocument("a")]),
        lambda: engine.drop(["a"]),
        lambda: engine.autocomplete("버", 5),
        engine.clear,
        engine.count,
    )
    for use in uses:
        start = time.monotonic()
        with pytest.raises(SearchUnavailable, match=r"127\.0\.0\.1:9 does not answer .*ENTREPOT_SEARCH_URL"):
            use()
        assert time.monotonic() - start < 2
    engine.close()


def test_a_password_in_the_url_is_not_told() -> None:
    engine = Cluster("http://me:secret@127.0.0.1:9")
    with pytest.raises(SearchUnavailable) as raised:
        engine.count()
    assert "secret" not in str(raised.value)
    engine.close()


def test_a_url_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="scheme"):
        Cluster("elastic.example")


@pytest.mark.service("elasticsearch")
def test_a_host_that_is_down_is_passed_over(elasticsearch_url: str) -> None:
    engine = Cluster(f"{NOBODY}, {elasticsearch_url}", name="test-hosts", answer=60)
    engine.put([SearchDocument("a", title_ko="버스")])
    for _ in range(5):
        assert engine.search(SearchQuery(q="버스")).total == 1
    engine.close()


@pytest.mark.service("elasticsearch")
def test_an_index_of_another_version_says_how_to_mend_it(elasticsearch_url: str) -> None:
    with Elasticsearch(elasticsearch_url) as client:
        client.indices.create(index="test-versions-v0-7", aliases={"test-versions-v0": {}})
    engine = Cluster(elasticsearch_url, name="test-versions", answer=60)
    uses = (engine.count, lambda: engine.search(SearchQuery()), lambda: engine.put([SearchDocument("a")]))
    for use in uses:
        with pytest.raises(SearchUnavailable, match="entrepot reindex"):
            use()
    engine.clear()
    engine.put([SearchDocument("a")])
    assert engine.count() == 1
    engine.close()


@pytest.mark.service("elasticsearch")
def test_a_document_the_cluster_refuses_is_reported(elasticsearch_url: str) -> None:
    engine = Cluster(elasticsearch_url, name="test-refused", answer=60)
    with pytest.raises(SearchUnavailable, match="refused 1 documents"):
        engine.put([SearchDocument("x" * 40_000), SearchDocument("a")])
    assert engine.count() == 1
    engine.close()
