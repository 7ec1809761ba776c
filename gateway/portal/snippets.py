"""Code that a developer can copy and run as it stands, for one dataset."""

from __future__ import annotations

from gateway.api.answers import link
from schemas.dataset import Column, Dataset


def snippets(dataset: Dataset, columns: tuple[Column, ...]) -> dict[str, str]:
    """curl, Python and JavaScript that read rows of `dataset`; the key is a placeholder."""
    parameters = [("limit", "5")]
    if dataset.bbox and any(column.type == "geometry" for column in columns):
        parameters.insert(0, ("bbox", ",".join(f"{side:.4f}" for side in dataset.bbox)))
    url = link(f"/api/v1/datasets/{dataset.id}/rows", parameters)
    parquet = link(f"/api/v1/datasets/{dataset.id}/download.parquet")
    return {
        "curl": f'curl -H "Authorization: Bearer $ENTREPOT_KEY" \\\n  "{url}"',
        "Python": _python(url),
        "JavaScript": _javascript(url),
        "DuckDB": f"SELECT * FROM read_parquet('{parquet}') LIMIT 5;",  # noqa: S608  (shown, not run)
    }


def _python(url: str) -> str:
    return f"""import os, requests

url = "{url}"
headers = {{"Authorization": f"Bearer {{os.environ['ENTREPOT_KEY']}}"}}
while url:
    page = requests.get(url, headers=headers, timeout=30).json()
    for row in page["items"]:
        print(row)
    url = page.get("next")"""


def _javascript(url: str) -> str:
    return f"""const headers = {{ Authorization: `Bearer ${{process.env.ENTREPOT_KEY}}` }};
let url = "{url}";
while (url) {{
  const page = await (await fetch(url, {{ headers }})).json();
  console.log(page.items);
  url = page.next;
}}"""
