"""A catalogue service of geographic data, ten records a page."""

import re
from dataclasses import replace

from liar import Asked, Kind, Lie, Reply, Row, Tell

OPEN = (
    '<csw:GetRecordsResponse xmlns:csw="http://www.opengis.net/cat/csw/2.0.2" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dct="http://purl.org/dc/terms/">'
)


def record(row: Row) -> str:
    return (
        f"<csw:Record><dc:identifier>{row['id']}</dc:identifier><dc:title>{row['name']}</dc:title>"
        f"<dct:abstract>{row['size']}</dct:abstract></csw:Record>"
    )


def truth(asked: Asked, rows: list[Row]) -> Reply:
    start, size = int(asked.query["startPosition"]), int(asked.query["maxRecords"])
    found = rows[start - 1 : start - 1 + size]
    following = start + size if start + size <= len(rows) else 0
    results = (
        f'<csw:SearchResults numberOfRecordsMatched="{len(rows)}" numberOfRecordsReturned="{len(found)}" '
        f'nextRecord="{following}">{"".join(map(record, found))}</csw:SearchResults>'
    )
    return Reply(f"{OPEN}{results}</csw:GetRecordsResponse>".encode(), headers={"Content-Type": "text/xml"})


def changed(pattern: str, to: str) -> Tell:
    """A lie that replaces what a pattern finds, `#` being the number of the request."""

    def tell(told: Reply, asked: Asked) -> Reply:
        said = re.sub(pattern, to.replace("#", str(asked.number)), told.body.decode(), flags=re.DOTALL)
        return replace(told, body=said.encode())

    return tell


def refused(told: Reply, asked: Asked) -> Reply:
    said = "<ows:Exception><ows:ExceptionText>too many requests</ows:ExceptionText></ows:Exception>"
    report = f'<ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows">{said}</ows:ExceptionReport>'
    return replace(told, body=report.encode())


def first_again(told: Reply, asked: Asked) -> Reply:
    return truth(replace(asked, query={**asked.query, "startPosition": "1"}), FIRST)


FIRST: list[Row] = [{"id": f"{n:03}", "name": "first", "size": "1"} for n in range(40)]
KIND = Kind(
    "csw",
    lambda url: {"kind": "csw", "url": f"{url}/csw", "schema": "dc", "page_size": 10},
    truth,
    lies=(
        Lie("a report of an exception with 200", refused, "too many requests"),
        Lie("a count that is too large", changed('Matched="40"', 'Matched="47"'), "matched 47 and gave 40"),
        Lie("a count that is too small", changed('Matched="40"', 'Matched="35"'), "35"),
        Lie("a count that moves", changed('Matched="40"', 'Matched="4#"'), "matched 41 first and 42"),
        Lie(
            "an end before the end", changed(r'nextRecord="\d+"', 'nextRecord="0"'), "matched 40 and gave 10"
        ),
        Lie("the first page for every page", first_again, "came on two pages|leads back"),
        Lie("records that are not there", changed("<csw:Record>.*</csw:Record>", ""), "gave 0|returned|says"),
    ),
    feed={"record": "catalogue_entry"},
)
