"""The code that a page shows is copied out of it and run against a server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.request import Request, urlopen

import pytest
from portal_city import PLACES
from serving import answers
from waiting import wait_for


def code(served: Any, dataset: str, language: str) -> str:
    url = f"{served.url}/datasets/{dataset}"
    wait_for(lambda: answers(url))  # A busy machine may first say 503.
    with urlopen(Request(url, headers={"Accept": "text/html"}), timeout=60) as page:
        text = page.read().decode()
    found = re.search(rf"<summary>{language}</summary>.*?<code>(.*?)</code>", text, re.DOTALL)
    assert found
    return unescape(found[1])


def ran(served: Any, command: list[str], **more: Any) -> str:
    environ = os.environ | {"ENTREPOT_KEY": served.key}
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=300, check=True, **more
    )
    return done.stdout


def test_the_python_code_prints_every_row_once(served: Any) -> None:
    lines = ran(served, [sys.executable, "-c", code(served, "places", "Python")]).splitlines()
    assert len(lines) == len(set(lines)) == PLACES


def test_the_curl_line_prints_rows(served: Any) -> None:
    if not shutil.which("curl"):
        pytest.skip("needs curl")
    assert ran(served, ["sh", "-c", code(served, "readings", "curl")]).count('"station"') == 2
    assert ran(served, ["sh", "-c", code(served, "places", "curl")]).count('"_id"') == 5


def test_the_javascript_code_prints_every_row_once(served: Any) -> None:
    if not shutil.which("node"):
        pytest.skip("needs Node")
    script = code(served, "places", "JavaScript")
    printed = ran(served, ["node", "--input-type=module"], input=script)
    assert len(re.findall(r"\b_id: ", printed)) == PLACES


def test_a_key_that_is_none_is_not_taken_for_rows(served: Any) -> None:
    wrong = replace(served, key="ek_live_wrong")
    with pytest.raises(subprocess.CalledProcessError):
        ran(wrong, [sys.executable, "-c", code(served, "places", "Python")])
