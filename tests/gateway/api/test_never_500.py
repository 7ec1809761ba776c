"""Whatever a query string, a header or a body holds, the fault is never ours."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

NAMES = [
    "q", "theme", "publisher", "format", "licence", "bbox", "from", "to", "sort", "limit", "offset",
    "facets",
    "select", "order", "cursor", "count", "snapshot", "as_of", "id", "name", "capacity", "area", "open",
    "since",
    "checked", "geometry", "_id", "name__in", "capacity__gt", "since__lte", "checked__ne", "name__isnull",
    "area__lt", "open__in", "id__startswith", "name__contains", "limit__eq",
]  # fmt: skip
VALUES = some.one_of(
    some.text(),
    some.sampled_from(
        [
            "", "0", "-1", "1", "1e308", "-1e-400", "NaN", "true", "null", "9223372036854775807",
            "2026-01-01",
            "0001-01-01", "9999-12-31T23:59:59.999999Z", "2026-02-29", "129,35,130,36", "180,-90,-180,90",
            "id,name", "-id", "exact", "csv", "parquet", "*", "%", "_", "'", '"', "\\", "(", ")", "a b",
            "가", "OR",
            "2026-01-01T00:00:00+09:00", "1" * 400, ",", ",,", "-", "--", "__", "AND NOT", "[* TO *]", "😀",
        ]
    ),
    some.integers().map(str),
    some.floats().map(str),
)  # fmt: skip
PATHS = [
    "/api/v1/datasets", "/api/v1/datasets/autocomplete", "/api/v1/datasets/parks",
    "/api/v1/datasets/parks/rows",
    "/api/v1/datasets/air/rows", "/api/v1/datasets/odd/rows", "/api/v1/datasets/parks/download.csv",
    "/api/v1/datasets/parks/faults", "/api/v1/datasets/parks/missing", "/api/v1/datasets/parks/deeds",
    "/api/v1/datasets/parks/changes", "/api/v1/datasets/parks/rejects/download", "/api/v1/trials/x",
    "/api/v1/datasets/parks/rejects", "/api/v1/datasets/list-1/rows", "/api/v1/usage", "/api/v1/feeds",
    "/api/v1/subscriptions", "/resource/parks.json", "/resource/odd.csv", "/gtfs-rt/parks.pb",
    "/gbfs/air/gbfs.json",
]  # fmt: skip


@pytest.fixture(scope="session")
def still_steward(still):
    """The token of a steward in the city that does not change."""
    return still.clients.sign_in("steward@example.org", "a few words make a good one")


fuzz = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


def written(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@fuzz
@given(
    path=some.sampled_from(PATHS), asked=some.lists(some.tuples(some.sampled_from(NAMES), VALUES), max_size=4)
)
def test_no_parameter_is_a_fault_of_ours(still, path, asked):
    query = "&".join(f"{written(name)}={written(value)}" for name, value in asked)
    assert still.get(f"{path}?{query}").status_code < 500, (path, asked)


@fuzz
@given(path=some.sampled_from(PATHS), query=some.binary(max_size=60))
def test_no_query_string_is_a_fault_of_ours(still, path, query):
    assert still.get(path, query_string=query.decode("latin-1")).status_code < 500


@fuzz
@given(
    name=some.sampled_from(
        [
            "Accept",
            "Accept-Encoding",
            "Range",
            "If-Range",
            "If-None-Match",
            "If-Modified-Since",
            "Cookie",
            "Origin",
        ]
    ),
    value=some.text(
        some.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60
    ),
    path=some.sampled_from(PATHS),
)
def test_no_header_is_a_fault_of_ours(still, name, value, path):
    assert still.get(path, headers={name: value}).status_code < 500


JSON = some.recursive(
    some.none() | some.booleans() | some.floats() | some.integers() | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(email=JSON, name=JSON, more=some.dictionaries(some.text(), JSON, max_size=2))
def test_no_body_is_a_fault_of_ours(still, email, name, more):
    answer = still.post("/api/v1/people", {"email": email, "password": "short", "name": name, **more})
    assert answer.status_code in (400, 409)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    body=some.dictionaries(some.sampled_from(["url", "feed", "id", "publish", "file", "x"]), JSON, max_size=4)
)
def test_no_trial_is_a_fault_of_ours(still, still_steward, body):
    answer = still.post("/api/v1/trials", body, key=still_steward)
    assert answer.status_code in (202, 400)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    names=some.lists(some.sampled_from(["file", "feed", "id", "publish", "url", "\u0000"]), max_size=4),
    data=some.binary(max_size=80),
)
def test_no_form_is_a_fault_of_ours(still, still_steward, names, data):
    parts = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), data)
        for name in names
    )
    kind = "multipart/form-data; boundary=b"
    asked = {"method": "POST", "data": parts + b"--b--\r\n", "content_type": kind, "key": still_steward}
    assert still.ask("/api/v1/trials", **asked).status_code in (202, 400)


@fuzz
@given(
    name=some.text(min_size=1, max_size=20).map("x{}".format),
    deed=some.sampled_from(["withdraw", "archive", "restore"]),
)
def test_no_name_is_a_fault_of_ours(still, still_steward, name, deed):
    for path in (f"/api/v1/datasets/{written(name)}/{deed}", f"/api/v1/feeds/{written(name)}/approve"):
        assert still.ask(path, method="POST", key=still_steward).status_code < 500, path
