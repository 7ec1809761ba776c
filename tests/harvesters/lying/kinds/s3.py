"""An object in a bucket, as CSV."""

import hashlib
from dataclasses import replace

from liar import Asked, Kind, Lie, Reply, Row


def truth(asked: Asked, rows: list[Row]) -> Reply:
    body = "id,name,size\n" + "".join(f"{row['id']},{row['name']},{row['size']}\n" for row in rows)
    etag = hashlib.md5(body.encode()).hexdigest()
    if asked.path == "/city/":
        return Reply(
            f"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>parks.csv</Key><ETag>&quot;{etag}"
            f"&quot;</ETag><Size>{len(body.encode())}</Size><LastModified>2026-03-02T00:00:00Z</LastModified>"
            "</Contents></ListBucketResult>".encode(),
            headers={"Content-Type": "application/xml"},
        )
    return Reply(body.encode(), headers={"ETag": f'"{etag}"', "Content-Type": "text/csv"})


def cut(told: Reply, asked: Asked) -> Reply:
    return told if asked.path == "/city/" else replace(told, body=told.body[:-20])


def other(told: Reply, asked: Asked) -> Reply:
    return told if asked.path == "/city/" else replace(told, headers={"ETag": '"other"'})


def denied(told: Reply, asked: Asked) -> Reply:
    return replace(told, body=b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")


KIND = Kind(
    "s3",
    lambda url: {
        "kind": "s3",
        "url": f"s3://city?endpoint={url}",
        "access_key": "env:LIAR_ID",
        "secret_key": "env:LIAR_KEY",
    },
    truth,
    lies=(
        Lie("an object shorter than its listing", cut, "is listed with"),
        Lie("another object than the listed one", other, 'came with .* "other"'),
        Lie("a refusal with 200", denied, "answered Error"),
    ),
)
