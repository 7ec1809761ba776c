"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pyogrio
import pytest

pytest_plugins = ["services", "commands", "order", "demo_city", "elasticsearch_node"]

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The optional folder of sample data beside the project; the test is skipped where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the folder of sample data beside the project (../shared/data)")
    return folder


@pytest.fixture(scope="session")
def in_ci() -> bool:
    """Whether missing services fail a test instead of skipping it."""
    return os.environ.get("CI") == "true"


@pytest.fixture
def gdal_online() -> None:
    """GDAL reaches addresses again: harvests in the same process have taken its way out."""
    closed = ("GDAL_HTTP_PROXY", "GDAL_HTTPS_PROXY", "CPL_VSIL_CURL_ALLOWED_EXTENSIONS")
    pyogrio.set_gdal_config_options(dict.fromkeys(closed))
