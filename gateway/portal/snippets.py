"""Code that a developer can copy and run as it stands, for one dataset."""

from __future__ import annotations

from math import ceil, floor

from gateway.api.answers import link
from schemas.dataset import BBox, Column, Dataset

LOOK, PAGE = "5", "1000"


def snippets(dataset: Dataset, columns: tuple[Column, ...]) -> dict[str, str]:
    """Code that reads rows of `dataset` with the key in ENTREPOT_KEY, by what is always there."""
    path, box = f"/api/v1/datasets/{dataset.id}/rows", []
    if dataset.bbox and any(column.type == "geometry" for column in columns):
        box = [("bbox", ",".join(f"{side:g}" for side in _around(dataset.bbox)))]
    some, every = link(path, [*box, ("limit", LOOK)]), link(path, [*box, ("limit", PAGE)])
    parquet = link(f"/api/v1/datasets/{dataset.id}/download.parquet")
    return {
        "curl": f'curl -H "Authorization: Bearer $ENTREPOT_KEY" \\\n  "{some}"',
        "Python": _python(every),
        "JavaScript": _javascript(every),
        "DuckDB": f"SELECT * FROM read_parquet('{parquet}') LIMIT {LOOK};",  # noqa: S608  (shown, not run)
    }


def _around(bbox: BBox) -> tuple[float, ...]:
    """The box to two digits, rounded outwards so that nothing at its edge is lost."""
    west, south, east, north = bbox
    return floor(west * 100) / 100, floor(south * 100) / 100, ceil(east * 100) / 100, ceil(north * 100) / 100


def _python(url: str) -> str:
    return f"""import json, os, urllib.request

url = "{url}"
headers = {{"Authorization": "Bearer " + os.environ["ENTREPOT_KEY"]}}
while url:
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        page = json.load(answer)
    for row in page["items"]:
        print(row)
    url = page.get("next")"""


def _javascript(url: str) -> str:
    return f"""// Node 18 or later: node --input-type=module < this-file
const headers = {{ Authorization: `Bearer ${{process.env.ENTREPOT_KEY}}` }};
let url = "{url}";
while (url) {{
  const answer = await fetch(url, {{ headers }});
  if (!answer.ok) throw new Error(await answer.text());
  const page = await answer.json();
  for (const row of page.items) console.log(row);
  url = page.next;
}}"""
