"""The list of datasets as clients of Socrata ask for it: `/api/catalog/v1`, by words and by what they are."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from catalogue import UnknownDataset
from gateway.api.answers import base_url, link, public_answer
from gateway.dialects.soda.blueprint import soda
from gateway.dialects.soda.encoding import soda_type
from gateway.dialects.soda.faults import UNKNOWN, SoqlFault
from gateway.scopes import require
from gateway.services import services
from schemas.dataset import Dataset
from schemas.problem import did_you_mean
from schemas.query import SearchQuery, Sort

LIMIT, MOST = 100, 1_000
_SEVERAL = {"ids", "categories", "attribution", "license", "domains"}
_KNOWN = (*_SEVERAL, "q", "order", "limit", "offset", "search_context")
_ORDERS: dict[str, Sort] = {
    "relevance": "relevance", "name": "title", "name asc": "title", "updatedat": "updated",
    "updatedat desc": "updated",
}  # fmt: skip


@soda.get("/api/catalog/v1")
def catalog() -> Response:
    """Datasets that answer, `limit` of them, and how many there are in `resultSetSize`."""
    require("catalogue:read")
    asked = {
        name: values for name, values in request.args.lists() if name not in ("domains", "search_context")
    }
    _check(asked)
    if "ids" in asked:
        known = [each for each in map(_described, asked["ids"]) if each is not None]
        first, count = _whole(asked, "offset", 0, 2**53), _whole(asked, "limit", LIMIT, MOST)
        return _listed(known[first : first + count], len(known))
    page = services().catalogue.find(_query(asked))
    return _listed([hit.dataset for hit in page.hits], page.total)


def _check(asked: dict[str, list[str]]) -> None:
    for name, values in asked.items():
        if name not in _KNOWN:
            raise SoqlFault(name, "is not a parameter here", did_you_mean(name, _KNOWN), code=UNKNOWN)
        if len(values) > 1 and name not in _SEVERAL:
            raise SoqlFault(name, "is given twice", "give it once", code=UNKNOWN)
    if "ids" in asked and not asked.keys() <= {"ids", "limit", "offset"}:
        raise SoqlFault("ids", "names datasets, and goes with limit and offset only", code=UNKNOWN)


def _query(asked: dict[str, list[str]]) -> SearchQuery:
    words = asked.get("q", [""])[0]
    order = asked.get("order", ["relevance"])[0].lower()
    if order not in _ORDERS:
        raise SoqlFault("order", f"cannot be {order!r}", did_you_mean(order, _ORDERS), code=UNKNOWN)
    return SearchQuery(
        q=words,
        themes=tuple(asked.get("categories", ())),
        publishers=tuple(asked.get("attribution", ())),
        licences=tuple(asked.get("license", ())),
        sort=_ORDERS[order],
        limit=max(_whole(asked, "limit", LIMIT, MOST), 1),
        offset=_whole(asked, "offset", 0, 2**53),
    )


def _whole(asked: dict[str, list[str]], name: str, default: int, most: int) -> int:
    text = asked.get(name, [str(default)])[0]
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= most):
        raise SoqlFault(name, f"takes a whole number from 0 to {most}, not {text[:40]!r}", code=UNKNOWN)
    return int(text)


def _described(id: str) -> Dataset | None:
    try:
        return services().catalogue.describe(id)
    except UnknownDataset:
        return None


def _listed(datasets: list[Dataset], total: int) -> Response:
    return public_answer({"results": [_item(each) for each in datasets], "resultSetSize": total})


def _item(dataset: Dataset) -> dict[str, Any]:
    columns = services().catalogue.columns(dataset.id) if dataset.rows is not None else ()
    page = link(f"/datasets/{dataset.id}")
    resource = {
        "id": dataset.id,
        "name": str(dataset.title),
        "description": str(dataset.description),
        "attribution": dataset.publisher,
        "type": "href" if dataset.rows is None else "dataset",
        "createdAt": dataset.created,
        "updatedAt": dataset.updated,
        "data_updated_at": dataset.updated,
        "columns_name": [str(column.title) or column.name for column in columns],
        "columns_field_name": [column.name for column in columns],
        "columns_datatype": [soda_type(column) for column in columns],
    }
    return {
        "resource": resource,
        "classification": {"categories": dataset.themes, "tags": dataset.keywords},
        "metadata": {"domain": base_url().partition("://")[2], "license": dataset.licence},
        "permalink": page,
        "link": page,
    }
