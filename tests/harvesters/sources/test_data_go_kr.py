"""Services of data.go.kr answer in three envelopes, page by page, and rarely as they say."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.faults import (
    FeedMisconfigured,
    HarvestFault,
    QuotaSpent,
    SourceIncomplete,
    SourceRefused,
    SourceUnavailable,
    Unreadable,
)
from harvesters.reading.items.envelopes import open_envelope
from harvesters.secrets import resolve_secrets
from harvesters.sources import Visit, data_go_kr
from schemas.dataset import Text
from schemas.feed import Feed, SourceSpec

KEY = "ab+c/d=="
ROWS = [{"stationName": f"측정소 {number}", "pm10": number} for number in range(250)]


def feed(url: str, **options: object) -> Feed:
    source = SourceSpec("data-go-kr", {"url": url, "service_key": KEY} | options)
    return Feed(id="air", title=Text("대기"), publisher="부산광역시", licence="KOGL-1", source=source)


def body(rows: object, total: int | None = None, code: str = "00", message: str = "NORMAL SERVICE.") -> bytes:
    counted = {} if total is None else {"totalCount": total}
    answer = {"header": {"resultCode": code, "resultMsg": message}, "body": {"items": rows} | counted}
    return json.dumps({"response": answer}).encode()


def xml(items: str, total: str = "", code: str = "00") -> bytes:
    return (
        f"<?xml version='1.0' encoding='UTF-8'?>\r\n<response><header><resultCode>{code}</resultCode>"
        f"<resultMsg>NORMAL</resultMsg></header><body><items>{items}</items>{total}</body></response>"
    ).encode()


@pytest.fixture
def serve(site, respond, query, tmp_path) -> Callable[..., list[object]]:
    """Serve pages by a function of the request's parameters, read the feed, and return its rows."""

    def read(page: Callable[[dict[str, str]], bytes], **options: object) -> list[object]:
        site.routes["/air"] = lambda request: respond(request, page(query(request)))
        described = feed(site.url("/air"), **options)
        raw = data_go_kr.read(Visit(described, site.fetch(), tmp_path, sleep=lambda _: None))
        rows = json.loads(raw.path.read_text())
        assert raw.format == "json"
        assert raw.bytes == raw.path.stat().st_size
        assert raw.expected in (None, len(rows))
        return rows

    return read


def paged(asked: dict[str, str], rows: list[dict[str, object]] = ROWS, cap: int = 10_000) -> list[object]:
    size = min(int(asked["numOfRows"]), cap)
    start = (int(asked["pageNo"]) - 1) * size
    return rows[start : start + size]


def test_every_page_is_read_in_order(serve) -> None:
    assert serve(lambda asked: body({"item": paged(asked)}, 250)) == ROWS


def test_the_page_size_and_own_parameters_are_sent(serve, site) -> None:
    def page(asked: dict[str, str]) -> bytes:
        return body({"item": [{"asked": asked["numOfRows"] + asked["returnType"] + asked["sido"]}]}, 1)

    rows = serve(page, page_size=30, params={"returnType": "json", "sido": "부산"})
    assert rows == [{"asked": "30json부산"}]


def test_a_service_that_caps_its_pages_below_what_is_asked_is_read_whole(serve) -> None:
    assert serve(lambda asked: body({"item": paged(asked, cap=40)}, 250)) == ROWS


@pytest.mark.parametrize("nothing", ["", None, [], {}, {"item": ""}, {"item": []}])
def test_no_items_is_an_empty_list_however_it_is_written(serve, nothing: object) -> None:
    assert serve(lambda asked: body(nothing, 0)) == []


@pytest.mark.parametrize("code", ["03", "3", "INFO-200"])
def test_a_result_that_says_no_data_is_an_empty_list(serve, code: str) -> None:
    assert serve(lambda asked: body(None, code=code)) == []


@pytest.mark.parametrize("one", [{"item": ROWS[0]}, {"item": [ROWS[0]]}, [ROWS[0]], ROWS[0]])
def test_one_item_is_a_row_however_it_is_written(serve, one: object) -> None:
    assert serve(lambda asked: body(one, 1)) == [ROWS[0]]


@pytest.mark.parametrize("code", ["00", "0", "000", "0000", 0, "INFO-000"])
def test_every_spelling_of_success_is_one(serve, code: str) -> None:
    assert len(serve(lambda asked: body({"item": ROWS[:2]}, 2, code))) == 2


def test_xml_is_read_though_json_was_asked_for(serve) -> None:
    items = "<item><stationName>광복동</stationName><pm10>041</pm10><memo/></item>" * 2
    rows = serve(lambda asked: xml(items, "<totalCount>2</totalCount>"), params={"returnType": "json"})
    assert rows == [{"stationName": "광복동", "pm10": "041", "memo": ""}] * 2


def test_a_cap_that_is_found_out_becomes_the_size_of_pages(serve) -> None:
    """This service counts pages by what is asked and gives less: what lies between would be skipped."""

    def page(asked: dict[str, str]) -> bytes:
        size = int(asked["numOfRows"])
        start = (int(asked["pageNo"]) - 1) * size
        return body({"item": ROWS[start : start + min(size, 40)]}, 250)

    assert serve(page, page_size=1000) == ROWS


@pytest.mark.parametrize("total", [100, 200])
def test_a_total_that_is_too_small_is_found_out(serve, total: int) -> None:
    with pytest.raises(SourceIncomplete, match=f"holds {total} rows and gave"):
        serve(lambda asked: body({"item": paged(asked)}, total))


def test_a_last_page_that_is_full_is_followed_by_an_empty_one(serve, site) -> None:
    assert serve(lambda asked: body({"item": paged(asked, ROWS[:200])}, 200)) == ROWS[:200]
    assert len(site.seen) == 3


@pytest.mark.parametrize("beyond", [1, 2])
def test_a_service_that_clamps_the_page_number_is_read_whole(serve, beyond: int) -> None:
    """Beyond its end it gives its first or its last page again."""

    def page(asked: dict[str, str]) -> bytes:
        return body(
            {"item": paged(asked | ({"pageNo": str(beyond)} if asked["pageNo"] == "3" else {}), ROWS[:200])},
            200,
        )

    assert serve(page) == ROWS[:200]


def test_pages_that_come_again_are_named(serve) -> None:
    def page(asked: dict[str, str]) -> bytes:
        return body({"item": paged(asked | {"pageNo": str(1 + int(asked["pageNo"]) % 2)})})

    with pytest.raises(SourceIncomplete, match="its page 3 repeats page 1"):
        serve(page)


def test_a_service_without_end_is_given_up(serve, monkeypatch) -> None:
    monkeypatch.setattr("harvesters.reading.items.pages.MOST_PAGES", 20)
    with pytest.raises(SourceIncomplete, match="no end to its pages, 20 were read"):
        serve(lambda asked: body({"item": [{"n": asked["pageNo"] + str(n)} for n in range(100)]}))


def test_a_spent_quota_is_told_from_a_refusal(serve) -> None:
    with pytest.raises(QuotaSpent) as spent:
        serve(lambda asked: body(None, code="22"))
    assert spent.value.reason == "quota_spent"


def test_a_web_page_once_in_a_while_is_asked_again(serve) -> None:
    answers = iter([b"<html>502 Bad Gateway</html>", b""])
    assert serve(lambda asked: next(answers, body({"item": ROWS[:3]}, 3))) == ROWS[:3]


def test_files_that_the_portal_serves_in_pages_are_read(serve) -> None:
    def page(asked: dict[str, str]) -> bytes:
        start = (int(asked["page"]) - 1) * int(asked["perPage"])
        rows = ROWS[start : start + int(asked["perPage"])]
        counts = {"page": asked["page"], "perPage": asked["perPage"], "totalCount": 250, "matchCount": 250}
        return json.dumps(counts | {"currentCount": len(rows), "data": rows}).encode()

    assert serve(page, paging=["page", "perPage"]) == ROWS


def test_an_answer_that_does_not_count_ends_with_its_short_page(serve) -> None:
    assert serve(lambda asked: body({"item": paged(asked)})) == ROWS


def test_a_service_that_pages_nothing_is_read_once(serve, site) -> None:
    assert serve(lambda asked: body({"item": ROWS})) == ROWS
    assert serve(lambda asked: body({"item": ROWS[:100]})) == ROWS[:100]


def test_recorded_stops_of_a_busan_bus_route_are_143(serve, shared_data) -> None:
    recorded = next((shared_data / "api").glob("busan_bims_busInfoByRouteId*.xml")).read_bytes()
    rows = serve(lambda asked: recorded, page_size=1000)
    assert len(rows) == 143
    assert rows[0]["bstopnm"] == "청강리공영차고지"
    assert sum("carno" in row for row in rows) == 10


def test_a_total_that_moves_once_is_read_again(serve) -> None:
    totals = iter([250, 251, 251])
    longer = [*ROWS, {"stationName": "새 측정소", "pm10": 1}]
    rows = serve(lambda asked: body({"item": paged(asked, longer)}, next(totals, 251)))
    assert rows == longer


def test_fewer_rows_than_the_total_are_incomplete(serve) -> None:
    with pytest.raises(SourceIncomplete, match="300 rows and gave 250"):
        serve(lambda asked: body({"item": paged(asked)}, 300))


def test_a_first_page_given_again_and_again_is_incomplete(serve) -> None:
    with pytest.raises(SourceIncomplete):
        serve(lambda asked: body({"item": ROWS[:100]}, 250))


@pytest.mark.parametrize("code", ["01", "02", "04", "05", "99", "23"])
def test_a_service_that_stumbles_is_asked_again(serve, code: str) -> None:
    answers = iter([body(None, code=code), body(None, code=code)])
    assert serve(lambda asked: next(answers, body({"item": ROWS[:3]}, 3))) == ROWS[:3]


@pytest.mark.parametrize(
    ("code", "fault", "words"),
    [
        ("04", SourceUnavailable, "its own source failed"),
        ("05", SourceUnavailable, "too long"),
        ("22", SourceRefused, "quota"),
        ("23", SourceRefused, "quota"),
        ("10", SourceRefused, "params"),
        ("11", SourceRefused, "params"),
        ("12", SourceRefused, "url"),
        ("20", SourceRefused, "apply"),
        ("30", SourceRefused, "not registered"),
        ("31", SourceRefused, "expired"),
        ("32", SourceRefused, "address of this machine"),
        ("ERROR-777", SourceRefused, "ERROR-777"),
    ],
)
def test_a_result_that_is_none_says_what_to_do(serve, code: str, fault: type[Exception], words: str) -> None:
    with pytest.raises(fault, match=words):
        serve(lambda asked: body(None, code=code))


GATEWAY = (
    b"<OpenAPI_ServiceResponse><cmmMsgHeader><errMsg>SERVICE ERROR</errMsg><returnAuthMsg>SERVICE_KEY_IS_NOT"
    b"_REGISTERED_ERROR</returnAuthMsg><returnReasonCode>30</returnReasonCode></cmmMsgHeader>"
    b"</OpenAPI_ServiceResponse>"
)


@pytest.mark.parametrize(
    "answer",
    [
        GATEWAY,
        b'{"resultCode": "30", "resultMsg": "SERVICE KEY IS NOT REGISTERED ERROR."}',
        b'{"OpenAPI_ServiceResponse": {"cmmMsgHeader": {"errMsg": "SERVICE_KEY_IS_NOT_REGISTERED_ERROR"}}}',
        b'\xef\xbb\xbf\r\n{"header": {"resultCode": 30}, "body": null}',
    ],
)
def test_each_envelope_of_a_refusal_is_read(serve, answer: bytes) -> None:
    with pytest.raises(SourceRefused, match="not registered"):
        serve(lambda asked: answer)


@pytest.mark.parametrize("key", ["ab+c/d==", "ab%2Bc%2Fd%3D%3D"])
@pytest.mark.parametrize("taken", ["ab+c/d==", "ab%2Bc%2Fd%3D%3D"])
def test_a_key_is_taken_encoded_or_decoded_by_services_of_either_kind(serve, key: str, taken: str) -> None:
    def page(asked: dict[str, str]) -> bytes:
        return body({"item": paged(asked)}, 250) if asked["serviceKey"] == taken else GATEWAY

    assert serve(page, service_key=key) == ROWS


def test_a_refused_key_is_tried_in_two_forms_and_no_more(serve, site) -> None:
    with pytest.raises(SourceRefused):
        serve(lambda asked: GATEWAY)
    assert len(site.seen) == 2


def test_a_message_that_repeats_the_key_does_not_show_it(serve) -> None:
    with pytest.raises(SourceRefused) as fault:
        serve(lambda asked: body(None, code="31", message=f"key {asked['serviceKey']} expired"))
    assert KEY not in str(fault.value)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"", SourceUnavailable),
        (b"<!DOCTYPE html><html><body>502</body></html>", SourceUnavailable),
        (b"\n<HTML></HTML>", SourceUnavailable),
        (b"<response><header>", Unreadable),
        (
            b"<!DOCTYPE x [<!ENTITY a 'b'>]><response><header><resultCode>0</resultCode></header></response>",
            Unreadable,
        ),
        (b"{", Unreadable),
        (b"[" * 100_000, Unreadable),
        (b"[]", Unreadable),
        (b'{"rows": []}', Unreadable),
        (b"Internal error", Unreadable),
        (body({"item": []}, total="many"), Unreadable),
    ],
)
def test_an_answer_of_another_kind_is_a_fault(serve, answer: bytes, fault: type[Exception]) -> None:
    with pytest.raises(fault):
        serve(lambda asked: answer)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.just("00"),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["response", "header", "body", "resultCode", "items", "item", "totalCount", "errMsg"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(value=VALUES)
def test_an_answer_of_any_shape_is_understood_or_is_a_fault(tmp_path_factory, value: object) -> None:
    path = tmp_path_factory.mktemp("page") / "page"
    path.write_text(json.dumps(value))
    try:
        answer = open_envelope(path)
    except HarvestFault:
        return
    assert answer.verdict
    assert answer.meaning


@pytest.mark.parametrize(
    ("name", "verdict", "items"),
    [
        ("kpubdata_error_auth_30.json", "key", 0),
        ("kpubdata_error_rate_limit_22.json", "quota", 0),
        ("kpubdata_error_xml_auth_30.xml", "key", 0),
        ("kpubdata_success_apt_trade.json", "ok", 2),
        ("kpubdata_success_empty.json", "ok", 0),
    ],
)
def test_recorded_answers_are_understood(shared_data, name: str, verdict: str, items: int) -> None:
    answer = open_envelope(shared_data / "api" / name)
    assert (answer.verdict, len(answer.items)) == (verdict, items)


def test_the_key_is_looked_up_when_the_feed_runs() -> None:
    named = feed("http://api.example/air", service_key="env:CITY_KEY", params={"token": "env:OTHER", "n": 1})
    resolved = resolve_secrets(named, {"CITY_KEY": "k", "OTHER": "o"})
    assert resolved.source.options["service_key"] == "k"
    assert resolved.source.options["params"] == {"token": "o", "n": 1}
    assert "'k'" not in repr(resolved)
    assert named.source.options["service_key"] == "env:CITY_KEY"


@pytest.mark.parametrize("environ", [{}, {"CITY_KEY": ""}])
def test_a_missing_key_names_the_variable(environ: dict[str, str]) -> None:
    with pytest.raises(FeedMisconfigured, match="CITY_KEY"):
        resolve_secrets(feed("http://api.example/air", service_key="env:CITY_KEY"), environ)
