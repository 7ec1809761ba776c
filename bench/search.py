"""Time both search engines over a real list of datasets and hold their hits to each other.

    python bench/search.py --data data_go_kr_list.csv.gz [--elasticsearch http://host:9200] [--rounds 20]

Without --elasticsearch a node is started for the measurement, as the tests do; `none` leaves it out.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "plugins")]

from catalogue.search import SearchDocument, SearchEngine, open_engine  # noqa: E402
from catalogue.search.elasticsearch import Cluster  # noqa: E402
from schemas.query import SearchQuery  # noqa: E402

PLACES = ("부산", "서울", "대구", "경기도", "제주", "강원", "해운대", "전국")
THINGS = ("버스", "주차장", "도서관", "교통사고", "미세먼지", "공원", "정류장", "현황", "충전소", "병원")
WORDS = ("해수욕", "버스정류장", "어린이보호구역", "하수도", "CCTV", "2018년", "GTFS", "구")


@dataclass(frozen=True)
class Measure:
    """One engine: seconds to index, process seconds of it, milliseconds of each search, hits by question."""

    name: str
    index: float
    cpu: float
    searches: tuple[float, ...]
    hits: dict[str, frozenset[str]]


def main() -> int:
    asked = _arguments()
    documents = _read(asked.data)
    print(
        f"{len(documents)} documents, {asked.rounds} x {len(PLACES) * len(THINGS)} two-word queries, 2 facets"
    )
    with tempfile.TemporaryDirectory() as folder:
        measures = [_measure("tantivy", open_engine(None, Path(folder)), documents, asked.rounds)]
        print(
            f"peak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"
        )
    if asked.elasticsearch != "none":
        with _cluster(asked.elasticsearch) as url:
            engine = Cluster(url, name="bench", answer=60)
            measures.append(_measure("Elasticsearch", engine, documents, asked.rounds))
            engine.clear()
            engine.close()
    return _report(measures, len(documents))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the list of data.go.kr, .csv.gz in UTF-8")
    parser.add_argument("--elasticsearch", help="URL of a cluster, or none")
    parser.add_argument("--rounds", type=int, default=10, help="how often each query is asked")
    return parser.parse_args()


def _read(path: Path) -> list[SearchDocument]:
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as lines:
        return [_document(row) for row in csv.DictReader(lines)]


def _document(row: dict[str, str]) -> SearchDocument:
    return SearchDocument(
        id=f"data-go-kr-list-{row['목록키']}",
        title_ko=row["목록명"],
        description=row["목록설명"],
        publisher=row["기관명"],
        themes=(row["분류체계"],),
        formats=(row["목록유형"],),
        updated=datetime.fromisoformat(row["목록 수정일"]).replace(tzinfo=UTC),
        identifier=row["목록키"],
    )


@contextmanager
def _cluster(url: str | None) -> Iterator[str]:
    if url:
        yield url
        return
    from elasticsearch_node import distribution, java_home, node

    with node(distribution(), java_home()) as started:
        yield started


def _measure(name: str, engine: SearchEngine, documents: Sequence[SearchDocument], rounds: int) -> Measure:
    start, cpu = time.perf_counter(), time.process_time()
    engine.put(documents)
    index, cpu = time.perf_counter() - start, time.process_time() - cpu
    pairs = [f"{place} {thing}" for place in PLACES for thing in THINGS]
    for q in pairs:
        engine.search(_query(q))  # warms caches and, of the cluster, its compiler
    searches = [_timed(engine, q) for _ in range(rounds) for q in pairs]
    hits = {q: _everything(engine, q, len(documents)) for q in (*pairs, *WORDS)}
    return Measure(name, index, cpu, tuple(searches), hits)


def _query(q: str) -> SearchQuery:
    return SearchQuery(q=q, facets=("theme", "publisher"))


def _timed(engine: SearchEngine, q: str) -> float:
    query, start = _query(q), time.perf_counter()
    engine.search(query)
    return (time.perf_counter() - start) * 1000


def _everything(engine: SearchEngine, q: str, limit: int) -> frozenset[str]:
    return frozenset(id for id, _ in engine.search(SearchQuery(q=q, sort="title", limit=limit)).hits)


def _report(measures: list[Measure], documents: int) -> int:
    print(f"{'engine':15}{'index s':>9}{'docs/s':>9}{'cpu s':>7}{'p50 ms':>9}{'p99 ms':>9}{'hits/query':>12}")
    for found in measures:
        p50, p99 = statistics.median(found.searches), statistics.quantiles(found.searches, n=100)[98]
        mean = statistics.mean(map(len, found.hits.values()))
        speed = documents / found.index
        print(
            f"{found.name:15}{found.index:9.1f}{speed:9.0f}{found.cpu:7.1f}{p50:9.2f}{p99:9.2f}{mean:12.1f}"
        )
    if len(measures) == 1:
        return 0
    one, other = measures
    apart = [q for q in one.hits if one.hits[q] != other.hits[q]]
    print(f"same hits on both for {len(one.hits) - len(apart)} of {len(one.hits)} queries", *apart)
    return 1 if apart else 0


if __name__ == "__main__":
    sys.exit(main())
