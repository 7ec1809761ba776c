"""A stranger's fuzzer reads the description of the demo and finds nothing that is not as it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from demo_city import Demo

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "use_after_free",
    "ensure_resource_availability",
    "refused_for_its_data_alone",
)
"""All but what sends wrong keys, of which the gate takes few in a minute."""
ACCEPTED = ["2xx", "3xx", "400", "401", "403", "404", "409", "410", "429"]
FORMATS = ["parquet", "csv", "geojson", "ndjson", "arrows", "fgb", "gpkg", "xlsx"]
READ = ["gaon-traffic", "gaon-facilities", "gaon-districts", "gaon-air", "gaon-buses"]
ALIKE = ["gaon-air", "gaon-buses", "gaon-districts", "gaon-shelters", "gaon-stops"]
SPENT = ["gaon-shelters"]
"""A dataset that may be withdrawn, archived and brought back in the course of it."""
ASKED = {
    "filter": [
        "kind = '공원' AND NOT capacity BETWEEN 1 AND 9",
        "speed > 10 OR volume < 5",
        "S_INTERSECTS(geometry, BBOX(128.8, 35.2, 129, 35.4))",
        "surveyed_on <= TIMESTAMP('9999-12-31T23:59:59Z')",
        "measured_at > DATE('0001-01-01')",
        "name LIKE '%공원%'",
    ],
    "order": ["name", "-speed", "-capacity,kind"],
    "select": ["name,geometry", "speed,volume", "_id"],
    "group": ["kind", "district,kind", "detector_id", "station"],
    "agg": ["count", "avg(speed)", "sum(capacity)", "max(pm10),min(pm10)"],
    "bucket": ["5m", "1h", "1d"],
    "columns": ["kind", "district", "level"],
    "datetime": ["2026-11-24T00:00:00Z/..", "0001-01-01T00:00:00Z/9999-12-31T23:59:59Z"],
    "near": ["129,35.2,500", "0,90,10"],
    "bbox": ["128,34,130,36", "170,-90,-170,90"],
}
"""What the description cannot tell: words that mean something for the columns that there are."""


@pytest.fixture
def fuzz(demo: Demo, tmp_path: Path):
    """Run the fuzzer with what a caller holds; the counts of operations and of cases that passed."""

    def run(description: str, credential: str, datasets: list[str], *more: str) -> tuple[int, int]:
        (tmp_path / "fuzz.toml").write_text(_configuration(demo, datasets))
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", "fuzz.toml"]
        command += ["run", demo.url + description, "-H", f"Authorization: Bearer {credential}", "--seed", "7"]
        command += ["--phases", "coverage,fuzzing", "--max-examples", "5", "--continue-on-failure"]
        command += ["--checks", ",".join(CHECKS), *more]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        assert "Rate limited" not in done.stdout
        tested = re.search(r"Tested: (\d+)", done.stdout)
        passed = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
        assert tested, done.stdout
        assert passed, done.stdout
        return int(tested[1]), int(passed[2])

    return run


def _configuration(demo: Demo, datasets: list[str]) -> str:
    """What a path's placeholders hold: datasets and snapshots that there are, for the most part."""
    snapshots = [each["id"] for each in _read(demo, "/api/v1/datasets/gaon-facilities/snapshots")["items"]]
    known = {"path.dataset": datasets, "path.feed": datasets, "path.extension": FORMATS}
    known |= {"path.collectionId": datasets, "query.snapshot": snapshots}
    known |= {f"query.{name}": values for name, values in ASKED.items()}
    lists = (
        f'"{name}" = {{ values = {json.dumps(values, ensure_ascii=False)} }}'
        for name, values in known.items()
    )
    uses = (f'"{name}" = {{ dictionary = "{name}", probability = 0.7 }}' for name in known)
    parts = [
        # A stream of events stays open until it is told to end.
        'max-stream-events = 1\nrequest-timeout = 30\nwarnings = ["rate_limited"]',
        f"hooks = {json.dumps(str(Path(__file__).with_name('accepting.py')))}",
        "[generation]\nwith-security-parameters = false",
        # A snapshot may be gone; why a good request is refused with 400 is looked at by our own check.
        f"[checks.positive_data_acceptance]\nexpected-statuses = {json.dumps(ACCEPTED)}",
        "[dictionaries]",
        *lists,
        '[parameters]\n"query.seconds" = 1',
        *uses,
    ]
    return "\n".join(parts)


def _read(demo: Demo, path: str):
    with urlopen(Request(demo.url + path, headers={"X-API-Key": demo.api_key}), timeout=30) as answer:
        return json.load(answer)


def _others(description) -> int:
    """How many operations there are besides the one that gives the description."""
    verbs = {"get", "post", "put", "delete"}
    return sum(len(set(item) & verbs) for item in description["paths"].values()) - 1


def test_every_operation_does_with_a_key_what_is_written(demo: Demo, fuzz):
    tested, passed = fuzz("/api/v1/openapi.json", demo.api_key, READ)
    assert tested == _others(_read(demo, "/api/v1/openapi.json"))
    assert passed > 10 * tested


def test_every_operation_of_the_gis_programs_does_what_is_written(demo: Demo, fuzz):
    """Of the collections, which differ in their columns alone, those that have every type of them."""
    alike = f"/collections/({'|'.join(ALIKE)})/"
    tested, passed = fuzz("/ogc/api", demo.api_key, READ, "--exclude-path-regex", alike)
    paths = _read(demo, "/ogc/api")["paths"]
    assert tested == len(paths) - 1 - 2 * len(ALIKE)
    assert passed > 10 * tested


def test_every_operation_of_people_does_for_an_operator_what_is_written(demo: Demo, fuzz):
    """All but the one that ends the session."""
    chosen = ["--include-tag-regex", "access|stewards|feeds", "--exclude-path", "/api/v1/sessions"]
    tested, passed = fuzz("/api/v1/openapi.json", demo.session(), SPENT, *chosen)
    assert passed > 10 * tested
