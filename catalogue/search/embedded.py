"""Search without a service: a tantivy index in a folder, written by one process and read by any.

A reader looks at the index's own list of files before each search and opens the index again when another
process has committed. A writer holds a lock of the operating system, which a killed process lets go of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tantivy import (
    DocAddress,
    Document,
    FieldType,
    Index,
    IndexWriter,
    Occur,
    Order,
    Query,
    Schema,
    SchemaBuilder,
    Searcher,
)

from catalogue.search import entry, text
from catalogue.search.engine import Hits, SearchDocument, SearchUnavailable
from catalogue.search.lock import LOCK, alone
from schemas.query import FacetCount, SearchQuery

_HEAP = 64_000_000  # bytes of the writer, one thread; 30,000 documents fit in two segments
_PATIENCE = 30.0  # seconds to wait for another writer
_TYPES = dict.fromkeys(entry.EDGES, FieldType.Float) | dict.fromkeys(entry.TIMES, FieldType.Integer)
_FILES = "meta.json"
_EVERY_VALUE = 65_000  # of a facet: all are counted, for the cut among equals must be ours


class Embedded:
    """An index in `folder`, which is made by the first `put`."""

    def __init__(self, folder: Path, patience: float = _PATIENCE) -> None:
        self._folder = folder
        self._patience = patience
        self._opened: tuple[tuple[int, int, int], Searcher] | None = None

    def put(self, documents: Iterable[SearchDocument]) -> None:
        schema = _schema()
        with self._writing() as writer:
            for document in documents:
                writer.delete_documents_by_term("id", document.id)
                writer.add_document(Document.from_dict(entry.entry(document), schema))

    def drop(self, ids: Iterable[str]) -> None:
        with self._writing() as writer:
            for id in ids:
                writer.delete_documents_by_term("id", id)

    def search(self, query: SearchQuery) -> Hits:
        with _reported(self._folder):
            searcher = self._current()
            if searcher is None:
                return Hits(0, facets=dict.fromkeys(query.facets, ()))
            return _Search(searcher, query).hits()

    def autocomplete(self, q: str, limit: int) -> list[str]:
        wanted = text.typed_terms(q)
        with _reported(self._folder):
            searcher = self._current()
            if searcher is None or not wanted:
                return []
            query = _all(_holds("name", term) for term in wanted)
            return [id for id, _ in _best(searcher, query, limit)]

    def clear(self) -> None:
        self.close()
        with alone(self._folder, self._patience):
            # Its list of files goes first: without it there is no index, and readers find nothing.
            (self._folder / _FILES).unlink(missing_ok=True)
            for path in self._folder.iterdir():
                if path.is_file() and path.name != LOCK:
                    path.unlink()

    def count(self) -> int:
        with _reported(self._folder):
            searcher = self._current()
            return searcher.num_docs if searcher else 0

    def close(self) -> None:
        self._opened = None

    def _current(self) -> Searcher | None:
        """The newest commit of any process; None before the first."""
        try:
            state = (self._folder / _FILES).stat()
        except FileNotFoundError:
            return None
        mark = state.st_ino, state.st_mtime_ns, state.st_size
        opened = self._opened
        if opened is None or opened[0] != mark:
            opened = self._opened = mark, _opened(self._folder)
        return opened[1]

    @contextmanager
    def _writing(self) -> Iterator[IndexWriter]:
        with alone(self._folder, self._patience):
            with _reported(self._folder):
                writer = Index(_schema(), path=str(self._folder)).writer(_HEAP, 1)
            try:
                yield writer
                with _reported(self._folder):
                    writer.commit()
            finally:
                writer.wait_merging_threads()


class _Search:
    """One query against one commit."""

    def __init__(self, searcher: Searcher, query: SearchQuery) -> None:
        self._searcher = searcher
        self._query = query
        self._terms = text.terms(query.q)
        self._filters = {
            name: _silent(Query.term_set_query(_schema(), name, list(values)))
            for name, values in entry.chosen(query).items()
        }
        self._rest = [_word(term) for term in self._terms]
        self._rest += [_silent(_any(map(_within, choice))) for choice in entry.place_and_time(query)]
        if query.q.strip() and not self._terms:
            self._rest.append(Query.empty_query())

    def hits(self) -> Hits:
        # The stubs have forgotten the count.
        total = self._searcher.search(self._asked(), limit=1).count  # type: ignore[attr-defined]
        return Hits(total, self._page(total), self._facets())

    def _asked(self, but: str = "") -> Query:
        """What was asked, `but` for one facet's filter."""
        return _all([*self._rest, *(part for name, part in self._filters.items() if name != but)])

    def _page(self, total: int) -> tuple[tuple[str, float | None], ...]:
        # tantivy makes room for as many as it is asked for, so we never ask for more than there are.
        start, end = self._query.offset, min(self._query.offset + self._query.limit, total)
        if start >= end:
            return ()
        if self._query.sort == "relevance" and self._terms:
            return tuple(_best(self._searcher, self._asked(), end)[start:])
        found = self._searcher.search(
            self._asked(),
            limit=end - start,
            offset=start,
            count=False,
            order_by_field=entry.ORDERS[self._query.sort],
            order=Order.Asc,
        )
        return tuple((_id(self._searcher, address), None) for _, address in found.hits)

    def _facets(self) -> dict[str, tuple[FacetCount, ...]]:
        free = [name for name in self._query.facets if name not in self._filters]
        counted = self._count(self._asked(), free)
        for name in self._query.facets:
            if name in self._filters:
                counted |= self._count(self._asked(but=name), [name])
        return {name: counted[name] for name in self._query.facets}

    def _count(self, query: Query, names: list[str]) -> dict[str, tuple[FacetCount, ...]]:
        if not names:
            return {}
        asked = {name: {"terms": {"field": name, "size": _EVERY_VALUE}} for name in names}
        return {name: _frequent(found) for name, found in self._searcher.aggregate(query, asked).items()}


def _frequent(found: Mapping[str, list[dict[str, object]]]) -> tuple[FacetCount, ...]:
    counts = [FacetCount(str(bucket["key"]), int(str(bucket["doc_count"]))) for bucket in found["buckets"]]
    return tuple(sorted(counts, key=lambda found: (-found.count, found.value))[: entry.MOST_FACETS])


def _best(searcher: Searcher, query: Query, wanted: int) -> list[tuple[str, float | None]]:
    """The `wanted` best of a query, by id among equals.

    tantivy breaks ties by the place in the index, which merges change: so we read on until no equal of
    the last is left out.
    """
    ask = wanted + 50
    while True:
        found = searcher.search(query, limit=ask, count=False).hits
        if len(found) < ask or found[-1][0] < found[wanted - 1][0]:
            break
        ask *= 4
    ranked = sorted((-score, _id(searcher, address)) for score, address in found)
    return [(id, -score) for score, id in ranked[:wanted]]


def _id(searcher: Searcher, address: DocAddress) -> str:
    return str(searcher.doc(address)["id"][0])


def _word(term: text.Term) -> Query:
    return _any([Query.boost_query(_holds("title", term), entry.TITLE_BOOST), _holds("body", term)])


def _holds(field: str, term: text.Term) -> Query:
    *ahead, last = term.tokens
    if not term.open:
        return _phrase(field, term.tokens)
    begun = Query.regex_query(_schema(), field, f"{re.escape(last)}.*")
    return _all([_phrase(field, ahead), begun]) if ahead else begun


def _phrase(field: str, tokens: Sequence[str]) -> Query:
    if len(tokens) == 1:
        return Query.term_query(_schema(), field, tokens[0], "freq")
    return Query.phrase_query(_schema(), field, [*tokens])


def _within(ranges: list[entry.Range]) -> Query:
    return _all(
        Query.range_query(_schema(), limit.field, _TYPES[limit.field], limit.low, limit.high)
        for limit in ranges
    )


def _all(parts: Iterable[Query]) -> Query:
    clauses = [(Occur.Must, part) for part in parts]
    return Query.boolean_query(clauses) if clauses else Query.all_query()


def _any(parts: Iterable[Query]) -> Query:
    return Query.boolean_query([(Occur.Should, part) for part in parts])


def _silent(query: Query) -> Query:
    """A query that says yes or no, and nothing about the score."""
    return Query.const_score_query(query, 0.0)


@cache
def _schema() -> Schema:
    schema = SchemaBuilder()
    schema.add_text_field("id", stored=True, fast=True, tokenizer_name="raw", index_option="basic")
    for name in entry.WORDS:
        schema.add_text_field(name, tokenizer_name="whitespace")
    for name in (*entry.LISTS, *filter("id".__ne__, entry.ORDERS.values())):
        schema.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    for name in entry.EDGES:
        schema.add_float_field(name, fast=True)
    for name in entry.TIMES:
        schema.add_integer_field(name, fast=True)
    # Holds nothing; an index of another analysis has another schema, and so is known.
    schema.add_boolean_field(f"analysis_{text.ANALYSIS}")
    return schema.build()


def _opened(folder: Path) -> Searcher:
    index = Index.open(str(folder))
    if index.schema != _schema():
        raise ValueError("it was written by another version")
    index.config_reader("manual")  # or a thread would watch the folder for us
    return index.searcher()


@contextmanager
def _reported(folder: Path) -> Iterator[None]:
    """tantivy's faults, which are bare ValueErrors, as ours."""
    try:
        yield
    except (ValueError, OSError) as fault:
        if isinstance(fault, SearchUnavailable):
            raise
        raise SearchUnavailable(
            f"the search index in {folder} cannot be used ({fault})", "build it again with `entrepot reindex`"
        ) from fault
