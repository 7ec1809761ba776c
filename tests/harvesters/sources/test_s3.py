"""Objects of a bucket come through the guarded door, signed, whole, and only when something changed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from services import unused_port
from serving import answers
from waiting import wait_for

from harvesters.faults import SourceIncomplete, SourceRefused, SourceUnavailable, Unreadable
from harvesters.fetch import HttpFetch
from harvesters.fetch.guard import Guard
from harvesters.fetch.signing import Keys, canonical_query, signed_headers
from harvesters.secrets import Secret
from harvesters.sources import Raw, Unmodified, Visit, s3
from schemas.dataset import Text
from schemas.feed import Feed, SourceSpec

KEYS = {"access_key": Secret("AKIAENTREPOT"), "secret_key": Secret("swordfish/+7")}


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """The address of a local S3 (moto)."""
    port = unused_port()
    command = [Path(sys.executable).parent / "moto_server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    wait_for(lambda: answers(f"{url}/moto-api/"))
    yield url
    server.terminate()
    server.wait()


@pytest.fixture
def bucket(store: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A new bucket of the store; `bucket.put(key, text)`."""
    client = boto3.client(
        "s3",
        endpoint_url=store,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(s3={"addressing_style": "path"}),
    )
    name = f"city-{abs(hash(request.node.name)) % 10**9}-{os.getpid()}"
    client.create_bucket(Bucket=name)

    class Bucket:
        url = f"s3://{name}/air/?endpoint={store}"

        def put(self, key: str, text: str) -> None:
            client.put_object(Bucket=name, Key=key, Body=text.encode())

    yield Bucket()
    client.close()


def read(url: str, folder: Path, known: dict[str, Any] | None = None, **options: object) -> Any:
    spec = SourceSpec("s3", {"url": url} | KEYS | options)
    feed = Feed("air", Text("대기"), "부산", "KOGL-1", spec)
    return s3.read(Visit(feed, HttpFetch(Guard(["127.0.0.1"]), retries=0), folder, known or {}))


def texts(raw: Raw) -> list[str]:
    return [each.path.read_text() for each in (raw, *raw.more)]


def test_the_objects_under_a_prefix_are_one_table(bucket, tmp_path: Path) -> None:
    for key in ("air/1월 자료.csv", "air/2+2=4&x.csv", "water/1.csv", "air/"):
        bucket.put(key, f"key\n{key}\n" if key[-1] != "/" else "")
    raw = read(bucket.url, tmp_path, take="all")
    assert texts(raw) == ["key\nair/1월 자료.csv\n", "key\nair/2+2=4&x.csv\n"]
    assert [each.name for each in (raw, *raw.more)] == ["1월 자료.csv", "2+2=4&x.csv"]


def test_the_newest_is_taken_and_a_pattern_chooses(bucket, tmp_path: Path) -> None:
    bucket.put("air/b.csv", "b")
    time.sleep(1.1)
    bucket.put("air/a.csv", "a")
    bucket.put("air/c.json", "c")
    assert texts(read(bucket.url, tmp_path, glob="*.csv")) == ["a"]


def test_a_listing_goes_on_to_its_end(site, respond, query, tmp_path: Path) -> None:
    entry = "<Contents><Key>{0}.csv</Key><ETag>&quot;v&quot;</ETag><Size>1</Size></Contents>"
    more = "<IsTruncated>true</IsTruncated><NextContinuationToken>{0}+/=</NextContinuationToken>"

    def answer(request) -> None:
        begun = int(query(request).get("continuation-token", "0+/=").removesuffix("+/="))
        page = "".join(entry.format(number) for number in range(begun, min(begun + 3, 8)))
        rest = more.format(begun + 3) if begun + 3 < 8 else "<IsTruncated>false</IsTruncated>"
        respond(request, f"<ListBucketResult>{page}{rest}</ListBucketResult>".encode())

    site.routes["/city/"] = answer
    for number in range(8):
        site.body(f"/city/{number}.csv", str(number).encode(), ETag='"v"')
    assert texts(read(f"s3://city/?endpoint={site.url('')}", tmp_path, take="all")) == list("01234567")


@pytest.mark.parametrize("take", ["newest", "all"])
def test_objects_that_are_as_they_were_are_not_fetched_again(bucket, tmp_path: Path, take: str) -> None:
    bucket.put("air/1.csv", "one")
    first = read(bucket.url, tmp_path, take=take)
    assert isinstance(read(bucket.url, tmp_path, first.state, take=take), Unmodified)
    bucket.put("air/1.csv", "two")
    assert texts(read(bucket.url, tmp_path, first.state, take=take)) == ["two"]


def test_a_bucket_or_an_object_that_is_not_there_is_named(bucket, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match=r"holds no object \*"):
        read(bucket.url, tmp_path)
    with pytest.raises(SourceUnavailable, match="404"):
        read(bucket.url.replace("city-", "town-"), tmp_path)


def test_an_endpoint_inside_the_network_is_refused(tmp_path: Path) -> None:
    spec = SourceSpec("s3", {"url": "s3://city/air?endpoint=http://169.254.169.254"} | KEYS)
    feed = Feed("air", Text("대기"), "부산", "KOGL-1", spec)
    with pytest.raises(SourceRefused, match="public Internet"):
        s3.read(Visit(feed, HttpFetch(Guard(), retries=0), tmp_path))


def test_a_redirect_elsewhere_does_not_take_the_signature_along(site, respond, tmp_path: Path) -> None:
    carried: list[str | None] = []

    def answer(request) -> None:
        carried.append(request.headers["Authorization"])
        respond(request, b"", 307, Location=f"http://localhost:{site.port}/there")

    site.routes |= {"/city/": answer, "/there": answer}
    spec = SourceSpec("s3", {"url": f"s3://city/?endpoint={site.url('')}"} | KEYS)
    guard = Guard([f"127.0.0.1:{site.port}", f"localhost:{site.port}"])
    with pytest.raises(SourceUnavailable, match="redirects"):
        s3.read(
            Visit(Feed("air", Text("대기"), "부산", "KOGL-1", spec), HttpFetch(guard, retries=0), tmp_path)
        )
    assert carried[0] is not None
    assert set(carried[1:]) == {None}


LISTED = (
    "<ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>{more}<Contents><Key>{key}</Key>"
    "<ETag>&quot;v1&quot;</ETag><Size>3</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>"
    "</ListBucketResult>"
)
AGAIN = "<IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken>"


@pytest.mark.parametrize(
    ("listing", "fault", "words"),
    [
        (LISTED.format(more="", key="gone.csv"), SourceUnavailable, "404"),
        (LISTED.format(more="", key="a.csv"), SourceIncomplete, "listed with 3 bytes"),
        (LISTED.format(more="", key="../../etc/passwd"), Unreadable, "leads elsewhere"),
        (LISTED.format(more=AGAIN, key="a.csv"), SourceIncomplete, "second time"),
        (LISTED.format(more="<IsTruncated>true</IsTruncated>", key="a.csv"), SourceIncomplete, "its end"),
        ("<Error><Code>AccessDenied</Code></Error>", Unreadable, "answered Error"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><ListBucketResult>&a;</ListBucketResult>", Unreadable, "entities"),
        ("<html>", Unreadable, "XML"),
    ],
)
def test_a_store_that_lies_is_found_out(site, tmp_path: Path, listing: str, fault, words: str) -> None:
    site.body("/city/", listing.encode())
    site.body("/city/a.csv", b"12345678", ETag='"v1"')
    with pytest.raises(fault, match=words):
        read(f"s3://city/?endpoint={site.url('')}", tmp_path)


@pytest.mark.parametrize("params", [{}, {"list-type": "2", "prefix": "대기/a b+c&d=e~"}])
def test_the_signature_is_the_one_that_amazons_own_library_makes(params: dict[str, str]) -> None:
    now = datetime(2026, 3, 2, 4, 5, 6, tzinfo=UTC)
    query = canonical_query(params)
    url = "https://s3.ap-northeast-2.amazonaws.com/city/a%20b/%EA%B3%B5.csv" + (f"?{query}" if query else "")
    ours = signed_headers(url, Keys("AKIAENTREPOT", "swordfish/+7", "ap-northeast-2"), now)
    asked = AWSRequest("GET", url, headers={"X-Amz-Content-SHA256": ours["x-amz-content-sha256"]})
    theirs = S3SigV4Auth(Credentials("AKIAENTREPOT", "swordfish/+7"), "s3", "ap-northeast-2")
    asked.context["timestamp"] = ours["x-amz-date"]
    asked.headers["X-Amz-Date"] = ours["x-amz-date"]
    canonical = theirs.canonical_request(asked)
    signature = theirs.signature(theirs.string_to_sign(asked, canonical), asked)
    assert ours["Authorization"].endswith(signature)


def test_no_fault_shows_a_key(site, tmp_path: Path) -> None:
    site.body("/city/", b"", 403)
    with pytest.raises(SourceRefused) as fault:
        read(f"s3://city/?endpoint={site.url('')}", tmp_path)
    assert "swordfish" not in str(fault.value)


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"url": "s3://city/air?endpoint=https://s3.city.example&region=kr"}, []),
        ({"url": "env:BUCKET"}, []),
        ({"url": "https://city.example/air"}, ["url"]),
        ({"url": "s3://city/air?endpont=https://s3.city.example"}, ["url"]),
        ({"url": "s3://city/air?endpoint=file:///etc"}, ["url"]),
        ({"access_key": "env:A"}, ["access_key"]),
        ({"take": "oldest"}, ["take"]),
    ],
)
def test_an_option_that_cannot_be_taken_is_named(options: dict[str, object], wrong: list[str]) -> None:
    assert [name for name, _ in s3.check(options)] == wrong
