"""Whatever is sent in or asked for, it is refused in a sentence, and what is published stays as it was."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

GOOD = "id,name\nP1,용두산\nP2,태종대\n"
ROWS = "/api/v1/datasets/parks/rows"
ASKED = [
    f"{ROWS}?nmae=x",
    f"{ROWS}?name=a&name=b",
    f"{ROWS}?name__liken=a",
    f"{ROWS}?id__gt=",
    f"{ROWS}?name=%FF",
    f"{ROWS}?name=%zz",
    f"{ROWS}?name=%C0%80",
    f"{ROWS}?limit=0",
    f"{ROWS}?limit=10001",
    f"{ROWS}?limit=-1",
    f"{ROWS}?limit=99999999999999999999999",
    f"{ROWS}?bbox=1,2,3,4",
    f"{ROWS}?bbox=nan,nan,nan,nan",
    f"{ROWS}?cursor=AAAA",
    f"{ROWS}?cursor={'A' * 4000}",
    f"{ROWS}?order=name,name",
    f"{ROWS}?select=*",
    f"{ROWS}?format=exe",
    f"{ROWS}?format=geojson",
    f"{ROWS}?snapshot=../../etc/passwd",
    f"{ROWS}?as_of=9999-99-99",
    f"{ROWS}?count=all",
    f"{ROWS}?name'; DROP TABLE datasets; --=1".replace(" ", "%20"),
    "/api/v1/datasets?sort=name",
    "/api/v1/datasets?limit=1001",
    "/api/v1/datasets?offset=-1",
    "/api/v1/datasets?facets=all",
    "/api/v1/datasets?bbox=200,0,201,1",
    "/api/v1/datasets?from=2026-02-30",
    "/api/v1/datasets?q=%ED%A0%80",
    "/api/v1/datasets/parks/download.exe",
    "/api/v1/datasets/parks/download.parquet?snapshot=../x",
    "/api/v1/datasets/../../../etc/passwd/rows",
    "/api/v1/datasets/nothing/rows",
    "/api/v1/datasets/parks/rejects?limit=many",
    "/api/v1/feeds?state=failed",
    "/api/v1/openapi.json?version=2",
    "/api/v1/nothing",
]
KEYS = [
    {"Authorization": "Bearer "},
    {"Authorization": "Bearer ek_live_000000000000_00000000000000000000000000000000_000000"},
    {"Authorization": "Bearer " + "a" * 5000},
    {"Authorization": "Basic YTpi"},
    {"Authorization": "키".encode("cp949")},
    {"X-API-Key": "'; DROP TABLE credential; --"},
    {"X-API-Key": "키".encode()},
]


@pytest.fixture
def parks(platform, tmp_path):
    """A dataset that is published, and its answer, which nothing here may change."""
    platform.settings["ENTREPOT_ALLOW_HOSTS"] = "127.0.0.1"
    (tmp_path / "parks.csv").write_text(GOOD)
    platform.feed("parks", f'kind = "file"\npath = "{tmp_path / "parks.csv"}"')
    assert platform.harvest("parks")["parks"]["status"] == "published"
    return tmp_path / "parks.csv"


def published(platform):
    """What the catalogue shows: the current snapshot and rows of every dataset."""
    _, lines, _ = platform.command("datasets", "list", "--json")
    return {line["id"]: line.get("rows") for line in lines}


def test_wrong_questions_and_wrong_keys_are_problems_and_never_500(platform, parks):
    platform.serve()
    before = platform.ask(ROWS).body
    for path in ASKED:
        answer = platform.ask(path)
        assert 400 <= answer.status < 500, (path, answer.status)
        assert answer.headers["content-type"] == "application/problem+json", path
        problem = answer.json
        assert problem["status"] == answer.status
        assert len(problem["detail"]) > 10, path
        assert problem["type"].startswith("/problems/")
        assert problem["instance"] == answer.headers["x-request-id"]
        for told in ("Traceback", "sqlite", "SELECT", str(platform.folder), "/work"):
            assert told not in answer.body.decode(), path
    for headers in KEYS:
        answer = platform.ask(ROWS, headers=headers)
        assert answer.status == 401, headers
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json["type"] == "/problems/invalid-credential"
    assert platform.ask(ROWS).body == before


CORRUPT = {
    # Nothing in it can be rows.
    "frictionless/empty.csv": "failed",
    "messytables/encrypted_no_password.xls": "failed",
    "messytables/libreoffice.xlsx": "failed",
    "pyshp/empty_zipfile.zip": "failed",
    "pyshp/corrupt_too_long.shp": "failed",
    "frictionless/package-invalid.zip": None,
    "badgtfs.zip": None,
    "umlaut-cp437.zip": None,
    # Some of it can.
    "messytables/badcolspan.html": "published",
    "frictionless/defective-rows.csv": None,
    "frictionless/capital-invalid.csv": None,
    "frictionless/issue-811.csv": None,
    "messytables/weird_head_padding.csv": None,
    "messytables/span_rich.xls": None,
    "xloader/extra_fields.csv": None,
    "xloader/sample_with_mixed_quotes.csv": None,
    "xloader/polling_locations.shapefile.zip": None,
}
"""How a run of each file ends; None where it may be published in part, held, or fail."""


def test_broken_files_end_as_runs_with_a_sentence_and_change_nothing(platform, parks, shared_data):
    before = published(platform)
    for name in CORRUPT:
        id = Path(name).name.lower().replace(".", "-").replace("_", "-")
        platform.feed(id, f'kind = "file"\npath = "{shared_data / "corrupt" / name}"')
    (platform.folder / "feeds" / "parks.toml").rename(platform.folder / "parks.toml")
    outcomes = platform.harvest()
    for name, wanted in CORRUPT.items():
        id = Path(name).name.lower().replace(".", "-").replace("_", "-")
        ended = [line for feed, line in outcomes.items() if feed == id]
        assert ended, name
        for line in ended:
            assert line["status"] in ((wanted,) if wanted else ("published", "held", "failed")), (name, line)
            assert line["read"] == line["published"] + line["rejected"], name
            if line["status"] in ("held", "failed"):
                assert line["error"], name
                assert "unexpected fault" not in line["error"], (name, line["error"])
                assert line["published"] == 0
    assert published(platform)["parks"] == before["parks"]


def test_a_source_that_breaks_leaves_yesterdays_rows(platform, parks, shared_data):
    """The good file is replaced by each broken one in turn; the snapshot stays the same."""
    platform.serve()
    before = platform.ask(ROWS).json
    broken = [
        b"",
        b"\x00" * 1000,
        "id,name\nP1,\xff\xfe\n".encode("latin-1"),
        b"<html><body>Sorry, we are closed</body></html>",
        (shared_data / "corrupt" / "messytables" / "encrypted_no_password.xls").read_bytes(),
        (shared_data / "corrupt" / "pyshp" / "empty_zipfile.zip").read_bytes(),
        (shared_data / "corrupt" / "messytables" / "simple.zip").read_bytes()[:150],
        b"id,name\n",
    ]
    for body in broken:
        parks.write_bytes(body)
        line = platform.harvest("parks")["parks"]
        assert line["status"] in ("failed", "held"), (body[:40], line)
        assert line["error"], body[:40]
        assert "unexpected fault" not in line["error"], (body[:40], line["error"])
        assert platform.ask(ROWS).json == before
    (latest, *_) = platform.ask("/api/v1/datasets/parks/runs").json["items"]
    assert latest["status"] in ("failed", "held")
    (feed,) = platform.ask("/api/v1/feeds").json["items"]
    assert (feed["status"], feed["rows"]) == (latest["status"], 2)
    assert feed["error"]


def test_sources_that_cannot_be_reached_or_lie_end_as_failed_runs(platform, parks, source, free_port):
    csv = GOOD.encode()
    lies = {
        "closed-port": f"http://127.0.0.1:{free_port}/x.csv",
        "not-there": source.says("/gone.csv", b"no", 404),
        "broken": source.says("/500.csv", b"oops", 500),
        "html-for-csv": source.says(
            "/login.csv", b"<!doctype html><html><body>Log in</body></html>", Content_Type="text/csv"
        ),
        "too-short": source.says("/short.csv", csv, Content_Length=str(len(csv) + 100)),
        "no-gzip": source.says("/gzip.csv", csv, Content_Encoding="gzip"),
        "to-metadata": source.says("/away.csv", b"", 302, Location="http://169.254.169.254/latest/meta-data"),
        "to-private": source.says("/inside.csv", b"", 302, Location="http://10.0.0.1/x.csv"),
        "to-file": source.says("/file.csv", b"", 302, Location="file:///etc/passwd"),
        "in-a-circle": source.says("/circle.csv", b"", 302, Location="/circle.csv"),
        "private": "http://192.168.0.1/x.csv",
        "metadata": "http://169.254.169.254/latest/meta-data",
        "no-such-host": "http://nothing.invalid/x.csv",
    }
    for id, url in lies.items():
        platform.feed(id, f'kind = "url"\nurl = "{url}"', '[format]\nkind = "csv"')
    before = published(platform)
    outcomes = platform.harvest(*lies)
    for id in lies:
        line = outcomes[id]
        assert line["status"] == "failed", (id, line)
        assert len(line["error"]) > 20, id
        assert "unexpected fault" not in line["error"], (id, line["error"])
        assert "passwd" not in line["error"] or id == "to-file"
    assert published(platform) == before


def test_a_source_that_hangs_holds_up_nobody_else(platform, parks, source):
    asked = threading.Event()

    def hang(request):
        asked.set()
        source.closing.wait(60)

    source.answers["/hangs.csv"] = hang
    platform.feed("hangs", f'kind = "url"\nurl = "{source.url("/hangs.csv")}"')
    waiting = platform.start("harvest", "hangs")
    assert asked.wait(120)
    parks.write_text(GOOD + "P3,금정산\n")
    assert platform.harvest("parks")["parks"]["status"] == "published"
    assert waiting.poll() is None
    assert published(platform) == {"parks": 3}


def test_feed_files_that_are_wrong_are_named_and_the_others_run(platform, parks):
    folder = platform.folder / "feeds"
    (folder / "broken.toml").write_text("title = {")
    (folder / "unknown.toml").write_text('titel = { en = "x" }\npublisher = "x"\nlicence = "x"\n')
    code, lines, said = platform.command("harvest", "--all", "--json")
    assert code == 1
    assert [line["feed"] for line in lines] == ["parks"]
    assert "broken.toml" in said
    assert "title" in said
    assert "Traceback" not in said
