"""No key of a source is found in the database, in what is published, in what is left over, or in a log."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from liar import Asked, Kind, Reply, Tell, kinds

KINDS = kinds(Path(__file__).parent / "kinds")
KEYED = [kind for kind in KINDS if "env:" in str(kind.options("http://data.example"))]


def heard(asked: Asked) -> str:
    """Everything that the request said, as a server that is too talkative repeats it."""
    return f"{asked.target} {unquote(asked.target)} {json.dumps(dict(asked.headers))}"


def refused(told: Reply, asked: Asked) -> Reply:
    return Reply(heard(asked).encode(), 403, reason=asked.target)


def failed(told: Reply, asked: Asked) -> Reply:
    return Reply(heard(asked).encode(), 500, {"X-Asked": asked.target})


def sent_on(told: Reply, asked: Asked) -> Reply:
    return Reply(b"", 302, {"Location": f"http://127.0.0.1:1{asked.target}"})


def repeated_as_json(told: Reply, asked: Asked) -> Reply:
    result = {
        "resultCode": "99",
        "resultMsg": heard(asked),
        "RESULT": {"CODE": "ERROR-999", "MESSAGE": heard(asked)},
    }
    return Reply(json.dumps(result).encode())


def repeated_as_page(told: Reply, asked: Asked) -> Reply:
    return Reply(f"<html>{heard(asked)}</html>".encode(), headers={"Content-Type": "text/html"})


def misnamed(told: Reply, asked: Asked) -> Reply:
    return replace(
        told, headers={"Content-Disposition": f"attachment; filename={quote(asked.target, safe='')}"}
    )


TALK: list[Tell] = [refused, failed, sent_on, repeated_as_json, repeated_as_page, misnamed]


@pytest.mark.parametrize("kind", KEYED, ids=lambda kind: kind.name)
def test_a_key_stays_with_the_run(city, secrets, caplog, kind: Kind) -> None:
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.DEBUG, "harvesters")
    city.settled(kind)
    errors = []
    for tell in TALK:
        city.liar.turn(city.changed(), tell)
        errors.append(city.harvest().error)
    city.liar.turn(city.changed(), None)
    assert city.harvest().status == "published"
    assert any(
        secrets[0] in asked.target + str(asked.headers) or kind.name == "s3" for asked in city.liar.asked
    )
    files = [file for file in city.folder.rglob("*") if file.is_file()]
    assert any(file.name == "entrepot.db" for file in files)
    for secret in secrets:
        assert secret not in caplog.text
        assert secret not in str(errors)
        assert [file.name for file in files if secret.encode() in file.read_bytes()] == []
