"""A service of Seoul is read to its last row, by no more rows a call than it gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest

from harvesters.faults import QuotaSpent, SourceIncomplete, SourceRefused, SourceUnavailable
from harvesters.secrets import Secret
from harvesters.sources import Visit, seoul
from schemas.dataset import Text
from schemas.feed import Feed, SourceSpec

KEY = "74686b/6569+61"
ROWS = [{"MSRSTE_NM": f"측정소 {number}", "PM10": number} for number in range(2300)]
PLACES = {"service": "ListAir", "service_key": Secret(KEY)}


class Plaza:
    """Answers as the plaza does: by the rows of the path, an error where there are too many."""

    def __init__(self, rows: list[dict[str, object]]) -> None:
        self.rows = rows
        self.asked: list[list[str]] = []
        self.total = len(rows)

    def __call__(self, path: str) -> bytes:
        key, kind, service, first, last, *rest = (unquote(step) for step in path.strip("/").split("/"))
        self.asked.append([key, kind, service, first, last, *rest])
        begin, end = int(first), int(last)
        if key == "sample" and end > 5:
            return result("ERROR-335", "샘플데이터(샘플키:sample) 는 한번에 최대 5건을 넘을 수 없습니다.")
        if key not in (KEY, "sample"):
            return result("INFO-100", f"인증키가 유효하지 않습니다. {key}")
        if end - begin + 1 > 1000:
            return result("ERROR-336", "데이터요청은 한번에 최대 1000건을 넘을 수 없습니다.")
        rows = self.rows[begin - 1 : end]
        if not rows:
            return result("INFO-200", "해당하는 데이터가 없습니다.")
        told = {"CODE": "INFO-000", "MESSAGE": "정상 처리되었습니다"}
        return json.dumps({service: {"list_total_count": self.total, "RESULT": told, "row": rows}}).encode()


def result(code: str, message: str) -> bytes:
    return json.dumps({"RESULT": {"CODE": code, "MESSAGE": message}}).encode()


@pytest.fixture
def serve(site, respond, tmp_path: Path) -> Callable[..., list[object]]:
    """Read the service of a plaza, or of a function of the path, and return its rows."""

    class Any(dict):  # type: ignore[type-arg]
        def get(self, path: str, default: object = None) -> object:
            return lambda request: respond(request, site.plaza(request.path))

    def read(plaza: Callable[[str], bytes], **options: object) -> list[object]:
        site.routes, site.plaza = Any(), plaza
        spec = SourceSpec("seoul", PLACES | {"url": site.url("")} | options)
        feed = Feed("air", Text("대기"), "서울특별시", "KOGL-1", spec)
        raw = seoul.read(Visit(feed, site.fetch(), tmp_path, sleep=lambda _: None))
        rows: list[object] = json.loads(raw.path.read_text())
        assert raw.expected in (None, len(rows))
        return rows

    return read


def test_rows_are_read_by_the_thousand(serve) -> None:
    plaza = Plaza(ROWS)
    assert serve(plaza) == ROWS
    assert [asked[3:] for asked in plaza.asked] == [["1", "1000"], ["1001", "2000"], ["2001", "3000"]]


def test_the_key_and_the_arguments_are_steps_of_the_path(serve) -> None:
    plaza = Plaza(ROWS[:3])
    serve(plaza, arguments=["20260101", "강남구/삼성동", 7])
    assert plaza.asked == [[KEY, "json", "ListAir", "1", "1000", "20260101", "강남구/삼성동", "7"]]


def test_no_data_is_an_empty_list(serve) -> None:
    assert serve(Plaza([])) == []


def test_a_full_last_page_is_followed_by_no_data(serve) -> None:
    plaza = Plaza(ROWS[:2000])
    assert serve(plaza) == ROWS[:2000]
    assert len(plaza.asked) == 3


def test_the_sample_key_gives_five_rows_and_says_so(serve) -> None:
    assert serve(Plaza(ROWS[:4]), service_key=Secret("sample")) == ROWS[:4]
    with pytest.raises(SourceRefused, match="sample key gives five rows"):
        serve(Plaza(ROWS), service_key=Secret("sample"))


@pytest.mark.parametrize("total", [2000, 2301])
def test_a_total_that_lies_is_found_out(serve, total: int) -> None:
    plaza = Plaza(ROWS)
    plaza.total = total
    with pytest.raises(SourceIncomplete, match=str(total)):
        serve(plaza)


@pytest.mark.parametrize(
    ("code", "fault", "words"),
    [
        ("INFO-100", SourceRefused, "key is not valid"),
        ("ERROR-300", SourceRefused, "arguments"),
        ("ERROR-310", SourceRefused, "mend service"),
        ("ERROR-334", SourceRefused, "ERROR-334"),
        ("ERROR-336", SourceRefused, "page_size"),
        ("ERROR-500", SourceUnavailable, "server failed"),
        ("ERROR-600", SourceUnavailable, "database"),
        ("ERROR-601", SourceUnavailable, "database"),
    ],
)
def test_a_result_says_what_to_do(serve, code: str, fault: type[Exception], words: str) -> None:
    with pytest.raises(fault, match=words):
        serve(lambda path: result(code, "…"))


def test_a_spent_quota_is_told_from_a_page_that_is_too_large(serve) -> None:
    with pytest.raises(QuotaSpent):
        serve(lambda path: result("ERROR-336", "일일 트래픽 초과입니다."))


def test_a_server_that_stumbles_is_asked_again(serve) -> None:
    answers = iter(
        [result("ERROR-500", "서버 오류입니다."), result("ERROR-600", "데이터베이스 연결 오류입니다.")]
    )
    plaza = Plaza(ROWS[:3])
    assert serve(lambda path: next(answers, None) or plaza(path)) == ROWS[:3]


def test_errors_come_as_xml_too(serve) -> None:
    answer = (
        "<RESULT><CODE>INFO-100</CODE><MESSAGE><![CDATA[인증키가 유효하지 않습니다.]]></MESSAGE></RESULT>"
    )
    with pytest.raises(SourceRefused, match="key is not valid"):
        serve(lambda path: answer.encode())


def test_the_realtime_services_are_read(serve) -> None:
    told = {"status": 200, "code": "INFO-000", "message": "정상 처리되었습니다.", "total": 3}
    answer = json.dumps({"errorMessage": told, "realtimeArrivalList": ROWS[:3]})
    assert serve(lambda path: answer.encode()) == ROWS[:3]
    failed = json.dumps(
        {"status": 500, "code": "INFO-200", "message": "해당하는 데이터가 없습니다.", "total": 0}
    )
    assert serve(lambda path: failed.encode()) == []


def test_no_fault_shows_the_key(serve, site) -> None:
    with pytest.raises(SourceRefused) as fault:
        serve(Plaza(ROWS), service_key=Secret("wrong+key/7"))
    with pytest.raises(SourceUnavailable) as missing:
        serve(lambda path: result("ERROR-500", path))
    for each in (fault, missing):
        assert "wrong+key" not in str(each.value)
        assert "74686b" not in str(each.value)
