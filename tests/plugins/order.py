"""Which files of tests share a worker, and which go first: workers end together and start little twice."""

from __future__ import annotations

from collections import Counter

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

DEMO = ("clients/test_guide.py", "journeys/test_examples.py", "journeys/test_schemathesis.py")
"""Files that ask the demo of the session; the fuzzer last, since as an operator it may end the demo's key."""
SEARCH = (
    "catalogue/search/test_engines.py",
    "catalogue/search/test_cluster.py",
    "catalogue/search/test_korean.py",
    "journeys/test_outgrown.py",
)
"""Files that ask an Elasticsearch, most of them one that holds a large list."""
FEATURES = tuple(
    f"gateway/dialects/ogc_features/test_{name}.py" for name in ("maplibre", "ogctests", "clients")
)
PORTAL = ("gateway/portal/test_browser.py", "gateway/portal/test_snippets.py")
CITY = tuple(f"clients/test_{name}.py" for name in ("maps", "qgis", "tables", "gdal_asks", "browser"))
LONG = (
    *DEMO,
    "config/test_demo.py",
    "journeys/test_real_data.py",
    "config/test_cli_harvest.py",
    *SEARCH,
    *FEATURES,
    *PORTAL,
    *CITY,
)
"""Files that take longest, first: the last to begin should be a short one."""
MANY = 5
"""A file of fewer tests has long ones: a whole walk, a browser's session, hundreds of random questions."""
_TOGETHER = {file: group[0] for group in (DEMO, SEARCH, FEATURES, PORTAL, CITY) for file in group}


class ByService(LoadFileScheduling):
    """A worker takes whole files, together with the others that ask what has been started for the first."""

    def _split_scope(self, nodeid: str) -> str:
        file = _file(nodeid)
        return _TOGETHER.get(file, file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByService | None:
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return ByService(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files, those of few tests, then the rest by how many they hold; each in its own order."""
    tests = Counter(_file(item.nodeid) for item in items)
    rank = {file: place for place, file in enumerate(LONG)}

    def place(item: pytest.Item) -> tuple[int, bool, int, str]:
        file = _file(item.nodeid)
        return rank.get(file, len(rank)), tests[file] >= MANY, -tests[file], file

    items.sort(key=place)


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0].removeprefix("tests/")
