"""GDAL has the city answer its filters, whichever columns they name, and sends the key that it is given."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pyogrio
import pytest

MANY = 100_000
READ = """import json, sys, pyogrio
source, where = sys.argv[1:]
print(json.dumps(sorted(pyogrio.read_dataframe(source, layer='facilities', where=where)['관리번호'])))"""
COUNT = """import sys, pyogrio
pyogrio.set_gdal_config_options({'GDAL_HTTP_HEADER_FILE': sys.argv[2]})
print(pyogrio.read_info(sys.argv[1], layer='facilities')['features'])"""


def since(n: int) -> date:
    return date(2020, 1, 1) + timedelta(days=n % 2000)


def gdal(script: str, *arguments: str) -> str:
    """What comes out of a process of its own: GDAL lets no other thread run while it waits for an answer."""
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout


@pytest.mark.parametrize(
    ("where", "answers"),
    [
        ('"수용인원" >= 498 OR "시설명" LIKE \'%식당 1_\'', lambda n: n % 500 >= 498),
        # A day of a column that does not say when.
        (
            '"개설일" > \'2025/06/01\' AND "수용인원" = 7',
            lambda n: since(n) > date(2025, 6, 1) and n % 500 == 7,
        ),
        (
            'NOT ("수용인원" > 0) AND "개방여부" = 1 AND "비고" ILIKE \'엘리%\' AND "관리번호" < \'F050000\'',
            lambda n: n % 500 == 0 and n % 6 == 0 and n < 50_000,
        ),
    ],
)
def test_gdal_has_the_city_answer_a_whole_filter(line, where, answers):
    expected = [f"F{n:06}" for n in range(MANY) if answers(n)]
    assert json.loads(gdal(READ, f"OAPIF:{line.url}/ogc/", where)) == expected
    pages = [parse_qs(urlsplit(each.path).query) for each in line.asked if "facilities/items" in each.path]
    filtered = [page for page in pages if page.get("filter-lang") == ["cql-text"]]
    assert (len(filtered), len(pages)) == (1, 2)  # The other looks at the first few, to see what they are.


def test_gdal_sends_the_key_of_a_file_of_headers(line, tmp_path):
    """Of GDAL_HTTP_HEADERS newer versions send nothing where the driver has headers of its own."""
    headers = tmp_path / "headers"
    headers.write_text(f"X-API-Key: {line.city.key}\n", encoding="ascii")
    assert gdal(COUNT, f"OAPIF:{line.url}/ogc/", str(headers)).strip() == str(MANY)
    assert {each.headers["X-API-Key"] for each in line.asked} == {line.city.key}


def test_gdal_reads_a_workbook(city, tmp_path):
    """It goes by the numbers of rows."""
    file = tmp_path / "rows.xlsx"
    with urlopen(city.rows("libraries") + "/export.xlsx?order=-%EC%88%98%EC%9A%A9%EC%9D%B8%EC%9B%90") as book:
        file.write_bytes(book.read())
    read = pyogrio.read_dataframe(file)
    assert len(read) == 5_000
    assert (read["수용인원"].is_monotonic_decreasing, read["관리번호"].is_unique) == (True, True)
    assert str(read["개설일"].dtype).startswith("datetime64")
