"""Search in an Elasticsearch cluster (8.19 or 9), with the core queries that every cluster has.

Documents lie in a numbered index behind one alias, so that `clear` can swap in an empty one at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from elasticsearch import ApiError, BadRequestError, Elasticsearch, NotFoundError, TransportError
from elasticsearch.helpers import BulkIndexError, bulk

from catalogue.search import entry, text
from catalogue.search.engine import Hits, SearchDocument, SearchUnavailable
from schemas.query import FacetCount, SearchQuery

Json = dict[str, Any]

_ANSWER = 5.0  # seconds a search may take; a host that refuses says so at once
_WINDOW = 1_000_000  # hits that pages can reach: more than there are datasets
_WRITE = 60.0  # seconds a bulk request, or a new index, may take


class Cluster:
    """The cluster at `url`, one `http(s)://host:port` or several, comma-separated.

    `name` sets installations apart that share a cluster; `answer` is how many seconds a search may
    take. ValueError where `url` is no such list.
    """

    def __init__(self, url: str, name: str = "entrepot-datasets", answer: float = _ANSWER) -> None:
        hosts = [host.strip() for host in url.split(",") if host.strip()]
        self._alias = f"{name}-v{text.ANALYSIS}"
        self._name = name
        self._where = ", ".join(host.rpartition("@")[2] for host in hosts)
        # A host that is down is passed over for the next; an answer that is late is not asked for again.
        self._client = Elasticsearch(
            hosts, request_timeout=answer, max_retries=len(hosts) - 1, retry_on_timeout=False
        )
        self._writer = self._client.options(request_timeout=_WRITE)

    def put(self, documents: Iterable[SearchDocument]) -> None:
        with self._reported():
            if not self._exists():
                self._create()
            self._write({"_id": _key(document.id), **entry.entry(document)} for document in documents)

    def drop(self, ids: Iterable[str]) -> None:
        with self._reported():
            if self._exists():
                self._write(({"_op_type": "delete", "_id": _key(id)} for id in ids), ignore_status=404)

    def search(self, query: SearchQuery) -> Hits:
        by_score = query.sort == "relevance" and bool(text.terms(query.q))
        order = [{"_score": "desc"}, {"id": "asc"}] if by_score else [{entry.ORDERS[query.sort]: "asc"}]
        found = self._found(
            query=_wanted(query),
            post_filter=_every(_filters(query).values()),
            aggs={name: _counted(name, _filters(query)) for name in query.facets},
            sort=order,
            from_=min(query.offset, _WINDOW - query.limit),
            size=query.limit,
            track_total_hits=True,
        )
        if found is None:
            return Hits(0, facets=dict.fromkeys(query.facets, ()))
        hits = tuple((_id(hit), hit["_score"] if by_score else None) for hit in found["hits"]["hits"])
        facets = {name: _frequent(found["aggregations"][name]) for name in query.facets}
        return Hits(found["hits"]["total"]["value"], hits, facets)

    def autocomplete(self, q: str, limit: int) -> list[str]:
        wanted = text.typed_terms(q)
        if not wanted:
            return []
        query = {"bool": {"must": [_holds("name", term) for term in wanted]}}
        found = self._found(query=query, sort=[{"_score": "desc"}, {"id": "asc"}], size=limit)
        return [_id(hit) for hit in found["hits"]["hits"]] if found else []

    def clear(self) -> None:
        with self._reported():
            old = self._indices()
            number = 1 + max((int(name.rpartition("-")[2]) for name in old), default=0)
            new = f"{self._alias}-{number}"
            self._writer.indices.create(index=new, settings=_SETTINGS, mappings=_MAPPINGS)
            swap: list[Json] = [{"remove_index": {"index": name}} for name in old]
            self._writer.indices.update_aliases(
                actions=[*swap, {"add": {"index": new, "alias": self._alias}}]
            )

    def count(self) -> int:
        with self._reported():
            return int(self._client.count(index=self._alias)["count"]) if self._exists() else 0

    def close(self) -> None:
        self._client.close()

    def _found(self, **request: Any) -> Mapping[str, Any] | None:
        """What a search finds; None before the first put."""
        with self._reported():
            try:
                found: Json = self._client.search(
                    index=self._alias, source=False, docvalue_fields=[{"field": "id"}], **request
                ).body
            except NotFoundError:
                if self._exists():
                    raise
                return None
            return found

    def _write(self, actions: Iterable[Json], ignore_status: int | tuple[()] = ()) -> None:
        try:
            # An alias is asked for, or a bulk request would make an index of its own when ours is gone.
            bulk(
                self._writer,
                actions,
                index=self._alias,
                chunk_size=2_000,
                require_alias=True,
                ignore_status=ignore_status,
            )
        finally:  # what was taken before a fault is seen as well
            self._writer.indices.refresh(index=self._alias)

    def _exists(self) -> bool:
        if self._client.indices.exists_alias(name=self._alias):
            return True
        if self._indices():
            raise SearchUnavailable(
                f"the search index {self._name} at {self._where} was written by another version",
                "build it again with `entrepot reindex`",
            )
        return False

    def _create(self) -> None:
        try:
            self._writer.indices.create(
                index=f"{self._alias}-1", settings=_SETTINGS, mappings=_MAPPINGS, aliases={self._alias: {}}
            )
        except BadRequestError as fault:
            if fault.error != "resource_already_exists_exception":  # else another process was first
                raise

    def _indices(self) -> list[str]:
        """Ours, of any version, behind the alias or not."""
        return list(self._client.indices.get(index=f"{self._name}-v*").body)

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """The client's faults as ours."""
        try:
            yield
        except BulkIndexError as fault:
            raise SearchUnavailable(
                f"Elasticsearch at {self._where} refused {len(fault.errors)} documents ({_reason(fault)})",
                "build the index again with `entrepot reindex`",
            ) from fault
        except ApiError as fault:
            raise SearchUnavailable(
                f"Elasticsearch at {self._where} answered {fault.status_code} ({fault.error})",
                "look at the cluster's health, then build the index again with `entrepot reindex`",
            ) from fault
        except TransportError as fault:
            raise SearchUnavailable(
                f"Elasticsearch at {self._where} does not answer ({type(fault).__name__})",
                "start it, or correct ENTREPOT_SEARCH_URL",
            ) from fault


def _key(id: str) -> str:
    """The name of a document in the cluster, which takes 512 bytes."""
    return id if len(id.encode()) <= 512 else hashlib.sha256(id.encode()).hexdigest()


def _id(hit: Json) -> str:
    return str(hit["fields"]["id"][0])


def _reason(fault: BulkIndexError) -> str:
    (answer,) = fault.errors[0].values()
    return str(answer.get("error", {}).get("reason", answer["status"]))[:300]


def _wanted(query: SearchQuery) -> Json:
    """Words, place and time, without the facets' filters."""
    words = [_word(term) for term in text.terms(query.q)]
    if query.q.strip() and not words:
        return {"match_none": {}}
    choices = entry.place_and_time(query)
    return {"bool": {"must": words, "filter": [_some(map(_within, choice)) for choice in choices]}}


def _filters(query: SearchQuery) -> dict[str, Json]:
    return {name: {"terms": {name: list(values)}} for name, values in entry.chosen(query).items()}


def _counted(name: str, filters: Mapping[str, Json]) -> Json:
    """Counts of a facet's values over what the other facets leave."""
    others = [part for other, part in filters.items() if other != name]
    order = [{"_count": "desc"}, {"_key": "asc"}]
    values = {"terms": {"field": name, "size": entry.MOST_FACETS, "order": order}}
    return {"filter": _every(others), "aggs": {"values": values}}


def _frequent(found: Json) -> tuple[FacetCount, ...]:
    return tuple(FacetCount(bucket["key"], bucket["doc_count"]) for bucket in found["values"]["buckets"])


def _word(term: text.Term) -> Json:
    title = {"bool": {"must": [_holds("title", term)], "boost": entry.TITLE_BOOST}}
    return _some([title, _holds("body", term)])


def _holds(field: str, term: text.Term) -> Json:
    if not term.open:
        return _phrase(field, term.tokens)
    begun: Json = {"prefix": {field: term.tokens[-1]}}
    ahead = term.tokens[:-1]
    return {"bool": {"must": [_phrase(field, ahead), begun]}} if ahead else begun


def _phrase(field: str, tokens: tuple[str, ...]) -> Json:
    return {"match_phrase": {field: " ".join(tokens)}}


def _within(ranges: list[entry.Range]) -> Json:
    return _every(
        {"range": {limit.field: {"gte": limit.low} if limit.low is not None else {"lte": limit.high}}}
        for limit in ranges
    )


def _every(parts: Iterable[Json]) -> Json:
    return {"bool": {"filter": list(parts)}}


def _some(parts: Iterable[Json]) -> Json:
    return {"bool": {"should": list(parts), "minimum_should_match": 1}}


_SETTINGS: Json = {
    "number_of_shards": 1,  # with one, counts of facets are exact
    "auto_expand_replicas": "0-1",
    "max_result_window": _WINDOW,
}
_SORTED: Json = {"type": "keyword", "index": False}
_MAPPINGS: Json = {
    "dynamic": "strict",
    "_source": {"enabled": False},  # derived; the catalogue has the originals
    "properties": {
        "id": {"type": "keyword"},
        **{name: {"type": "text", "analyzer": "whitespace"} for name in entry.WORDS},
        **{name: {"type": "keyword", "ignore_above": 8191} for name in entry.LISTS},
        **{name: _SORTED for name in entry.ORDERS.values() if name != "id"},
        **{name: {"type": "double"} for name in entry.EDGES},
        **{name: {"type": "long"} for name in entry.TIMES},
    },
}
