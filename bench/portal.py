"""Other catalogues on this machine, to harvest from: a CKAN portal, a DCAT catalogue in pages, a data.json.

Run: python -m bench.portal PACKAGES.json COUNT, which prints its port. `/asked` tells and forgets what was
asked of it; `/touch?share=0.01` changes that share of the packages.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape, quoteattr

PAGE = 500
_HEAD = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dct="http://purl.org/dc/terms/" '
    'xmlns:dcat="http://www.w3.org/ns/dcat#" xmlns:foaf="http://xmlns.com/foaf/0.1/" '
    'xmlns:hydra="http://www.w3.org/ns/hydra/core#">'
)


def scaled(recorded: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """As many packages as asked for, in the order of their ids, each like a recorded one."""
    packages = []
    for number in range(count):
        like = recorded[number % len(recorded)]
        id = str(uuid.uuid5(uuid.NAMESPACE_URL, str(number)))
        then = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=number, microseconds=number)
        said = {"id": id, "name": f"{like['name']}-{number}", "title": f"{like['title']} {number}"}
        packages.append(like | said | {"metadata_modified": f"{then:%Y-%m-%dT%H:%M:%S.%f}"})
    return sorted(packages, key=lambda each: str(each["id"]))


class Portal:
    """What is served: each package encoded once, as a CKAN gives it from its search index."""

    def __init__(self, packages: list[dict[str, Any]]) -> None:
        self.packages = packages
        self.bodies = [json.dumps(each).encode() for each in packages]
        self.places = {each["id"]: place for place, each in enumerate(packages)}
        self.asked: Counter[str] = Counter()

    def package_search(self, query: dict[str, str]) -> bytes:
        start, rows = int(query.get("start", 0)), min(int(query.get("rows", 10)), 1000)
        ids = re.findall(r'"([^"]+)"', query.get("fq", ""))
        if ids:
            found = [self.bodies[self.places[id]] for id in ids]
        elif "fl" in query:
            found = [self._light(each) for each in self.packages[start : start + rows]]
        else:
            found = self.bodies[start : start + rows]
        count = len(ids) or len(self.packages)
        head = f'{{"success": true, "result": {{"count": {count}, "results": ['
        return head.encode() + b",".join(found) + b"]}}"

    def _light(self, package: dict[str, Any]) -> bytes:
        then = package["metadata_modified"][:23]
        return json.dumps({"id": package["id"], "metadata_modified": f"{then}Z"}).encode()

    def touch(self, query: dict[str, str]) -> bytes:
        """Change a share of the packages."""
        every = round(1 / float(query["share"]))
        for place in range(0, len(self.packages), every):
            package = self.packages[place]
            package["metadata_modified"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"
            package["notes"] = f"{package['notes']} (changed)"
            self.bodies[place] = json.dumps(package).encode()
        return str(len(range(0, len(self.packages), every))).encode()

    def catalogue(self, query: dict[str, str]) -> bytes:
        """A page of the catalogue in RDF/XML, with a link to the next."""
        page = int(query.get("page", 1))
        shown = self.packages[(page - 1) * PAGE : page * PAGE]
        more = page * PAGE < len(self.packages)
        following = f'<hydra:next rdf:resource="/catalog.rdf?page={page + 1}"/>' if more else ""
        paging = (
            f'<hydra:PagedCollection rdf:about="/catalog.rdf?page={page}">{following}'
            f"<hydra:totalItems>{len(self.packages)}</hydra:totalItems></hydra:PagedCollection>"
        )
        return (_HEAD + paging + "".join(map(_rdf, shown)) + "</rdf:RDF>").encode()

    def data_json(self, query: dict[str, str]) -> bytes:
        """The whole catalogue by the DCAT-US schema."""
        conforms = "https://project-open-data.cio.gov/v1.1/schema"
        return json.dumps({"conformsTo": conforms, "dataset": list(map(_pod, self.packages))}).encode()

    def told(self, query: dict[str, str]) -> bytes:
        """How often each thing was asked for since this was asked last."""
        asked, self.asked = self.asked, Counter()
        return json.dumps(asked).encode()


def _rdf(package: dict[str, Any]) -> str:
    keywords = "".join(f"<dcat:keyword>{escape(tag['name'])}</dcat:keyword>" for tag in package["tags"])
    files = "".join(
        f"<dcat:distribution><dcat:Distribution><dct:format>{escape(each['format'] or '')}</dct:format>"
        f"<dcat:accessURL rdf:resource={quoteattr(each['url'] or '')}/>"
        "</dcat:Distribution></dcat:distribution>"
        for each in package["resources"]
    )
    return (
        f"<dcat:Dataset rdf:about={quoteattr('http://portal.example/' + package['id'])}>"
        f"<dct:identifier>{package['id']}</dct:identifier><dct:title>{escape(package['title'])}</dct:title>"
        f"<dct:description>{escape(_plain(package['notes']))}</dct:description>{keywords}"
        f"<dct:modified>{package['metadata_modified']}</dct:modified><dct:publisher><foaf:Agent><foaf:name>"
        f"{escape(package['organization']['title'])}</foaf:name></foaf:Agent></dct:publisher>{files}</dcat:Dataset>"
    )


def _plain(text: str | None) -> str:
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text or "")


def _pod(package: dict[str, Any]) -> dict[str, Any]:
    return {
        "identifier": package["id"],
        "title": package["title"],
        "description": package["notes"],
        "modified": package["metadata_modified"],
        "keyword": [tag["name"] for tag in package["tags"]],
        "publisher": {"name": package["organization"]["title"]},
        "distribution": [
            {"format": each["format"], "accessURL": each["url"]} for each in package["resources"]
        ],
    }


def handler(portal: Portal) -> type[BaseHTTPRequestHandler]:
    """Answers for one portal; all but `/asked` is counted."""
    routes: dict[str, Callable[[dict[str, str]], bytes]] = {
        "/api/3/action/package_search": portal.package_search,
        "/catalog.rdf": portal.catalogue,
        "/data.json": portal.data_json,
        "/touch": portal.touch,
        "/asked": portal.told,
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            split = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(split.query).items()}
            body = routes[split.path](query)
            light = "light listing" if "fl" in query else "by id" if "id:" in query.get("fq", "") else "whole"
            if split.path in ("/api/3/action/package_search", "/catalog.rdf", "/data.json"):
                portal.asked[light] += 1
            self.send_response(200)
            self.send_header(
                "Content-Type", "application/json" if body[:1] == b"{" else "application/rdf+xml"
            )
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    return Handler


def main() -> None:
    recorded = json.loads(Path(sys.argv[1]).read_bytes())["result"]["results"]
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(Portal(scaled(recorded, int(sys.argv[2])))))
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
