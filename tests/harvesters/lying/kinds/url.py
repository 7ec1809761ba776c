"""A CSV file with an ETag."""

import hashlib
from dataclasses import replace

from liar import Asked, Kind, Lie, Reply, Row


def truth(asked: Asked, rows: list[Row]) -> Reply:
    body = "id,name,size\n" + "".join(f"{row['id']},{row['name']},{row['size']}\n" for row in rows)
    etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:8]}"'
    headers = {
        "Content-Type": "text/csv; charset=utf-8",
        "ETag": etag,
        "Date": "Mon, 02 Mar 2026 00:00:00 GMT",
    }
    if asked.headers.get("if-none-match") == etag:
        return Reply(b"", 304, headers, "Not Modified")
    return Reply(body.encode(), 200, headers)


def cut(told: Reply, asked: Asked) -> Reply:
    return replace(told, body=told.body[: len(told.body) // 2])


def etag_kept(told: Reply, asked: Asked) -> Reply:
    return replace(told, headers={**told.headers, "ETag": asked.headers.get("if-none-match", '"x"')})


def from_the_future(told: Reply, asked: Asked) -> Reply:
    return replace(told, headers={"Last-Modified": "Fri, 01 Jan 2100 00:00:00 GMT"})


def cp949(told: Reply, asked: Asked) -> Reply:
    return replace(told, body=told.body.decode().encode("cp949"))


def repeated(told: Reply, asked: Asked) -> Reply:
    head, *lines = told.body.splitlines(keepends=True)
    return replace(told, body=head + b"".join(lines[:-10] + lines[:10]))


def nameless(told: Reply, asked: Asked) -> Reply:
    head, *lines = told.body.splitlines(keepends=True)
    return replace(told, body=head + b"".join(b"," + line.partition(b",")[2] for line in lines))


KIND = Kind(
    "url",
    lambda url: {"kind": "url", "url": f"{url}/parks.csv"},
    truth,
    lies=(
        Lie("cut with the length of what is left", cut, "20 of 40 published .* would vanish"),
        Lie("the old ETag on a new body", etag_kept, None),
        Lie("a date of change in the future", from_the_future, None),
        Lie("CP949 that is said to be UTF-8", cp949, None),
        Lie("ids that come twice", repeated, "same key"),
        Lie("no ids", nameless, "named"),
    ),
    blind_to=frozenset({"304 to who did not ask"}),
)
