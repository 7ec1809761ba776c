"""Pages as people meet them: in a real browser, over a real server, and with nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from portal_city import HOSTILE, PLACES
from portal_site import PASSWORD

import gateway.portal

VENDOR = Path(gateway.portal.__file__).parent / "static" / "vendor" / "map.js"
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
PAGES = [
    "/",
    "/datasets?q=가온",
    "/datasets?q=없는낱말",
    "/datasets/places",
    "/datasets/areas",
    "/datasets/readings",
    "/datasets/lib-1",
    "/datasets/hostile",
    "/developers",
    "/docs",
    "/problems/bad-input",
]
expect.set_options(timeout=60_000)


@dataclass
class Watched:
    """A page, and all that went wrong in it or left for elsewhere."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", lambda said: self._note(said.type in ("error", "warning"), said.text))
        self.page.on("pageerror", lambda fault: self._note(True, str(fault)))
        self.page.on("dialog", lambda dialog: self._note(True, dialog.message))
        self.page.on(
            "requestfailed", lambda gone: self._note("ERR_ABORTED" not in str(gone.failure), gone.url)
        )
        self.page.on("request", lambda request: self.asked.append(request.url))

    def _note(self, wrong: bool, what: str) -> None:
        if wrong:
            self.faults.append(what)

    def go(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page


@pytest.fixture
def watch(browser: Any, served: Any, in_ci: bool) -> Iterator[Callable[..., Watched]]:
    """Opens a page of a reader; in the end nothing must have gone wrong in it."""
    if not VENDOR.exists():
        assert not in_ci, "the scripts of the pages are not built"
        pytest.skip("needs the scripts of the pages: make demo, or npm run build in gateway/portal/assets")
    opened = []

    def open_page(size: dict[str, int] = DESK, **options: Any) -> Watched:
        context = browser.new_context(viewport=size, **{"locale": "ko-KR", **options})
        watched = Watched(context.new_page(), served.url)
        watched.watch()
        opened.append((context, watched))
        return watched

    yield open_page
    for context, watched in opened:
        context.close()
        assert watched.faults == []
        away = [url for url in watched.asked if not re.match(rf"{re.escape(served.url)}/|data:|blob:", url)]
        assert away == []


@pytest.mark.parametrize("locale", ["ko-KR", "en-US"])
def test_no_page_is_wider_than_its_window(watch: Callable[..., Watched], locale: str) -> None:
    watched = watch(locale=locale)
    for path in PAGES:
        watched.page.goto(watched.url + path)
        for size in (PHONE, DESK):
            watched.page.set_viewport_size(size)
            width = watched.page.evaluate("document.documentElement.scrollWidth")
            assert width <= size["width"], path


def test_what_a_publisher_wrote_does_not_run_in_a_browser(watch: Callable[..., Watched]) -> None:
    page = watch().go("/datasets/hostile")
    expect(page.locator("[data-map]")).to_have_attribute("data-drawn", "1")
    page.locator("[data-map]").click()
    expect(page.locator(".leaflet-popup-content")).to_contain_text(HOSTILE)
    assert page.evaluate("window.hacked") is None


def test_a_click_on_the_map_tells_the_row_by_titles(watch: Callable[..., Watched]) -> None:
    page = watch().go("/datasets/areas")
    expect(page.locator("[data-map-status]")).to_have_text(
        "4개를 그렸습니다. 누르면 내용이 보입니다. 1개는 위치가 없습니다."
    )
    shape = page.locator("[data-map]").bounding_box()
    assert shape
    page.mouse.click(shape["x"] + shape["width"] * 0.45, shape["y"] + shape["height"] / 2)
    told = page.locator(".leaflet-popup-content")
    expect(told).to_have_text(
        re.compile("관리 번호00001종류도서관미세먼지0.25 µg/m³.*점검 시각2026. 3. 1. 오전 9:00:01")
    )
    expect(page.get_by_role("button", name="닫기")).to_be_visible()


def test_more_rows_than_are_drawn_are_said_and_drawn_where_one_looks(watch: Callable[..., Watched]) -> None:
    page = watch(locale="en-US").go("/datasets/places")
    status = page.locator("[data-map-status]")
    expect(status).to_contain_text(f"2,000 of {PLACES:,} drawn")
    for _ in range(2):
        page.get_by_role("button", name="Zoom in").click()
        page.wait_for_timeout(500)
    expect(status).to_contain_text(re.compile(rf"^[\d,]+ of {PLACES:,} lie here, all drawn"))
    drawn = int(page.locator("[data-map]").get_attribute("data-drawn") or 0)
    assert 0 < drawn < 2_000


def test_rows_that_move_are_drawn_again(watch: Callable[..., Watched]) -> None:
    watched = watch()
    watched.page.clock.install()
    watched.go("/datasets/buses")
    expect(watched.page.locator("[data-map]")).to_have_attribute("data-drawn", "3")
    with watched.page.expect_response("**/api/v1/datasets/buses/rows*") as again:
        watched.page.clock.fast_forward(16_000)
    assert again.value.ok


def test_a_map_that_cannot_be_drawn_says_so(watch: Callable[..., Watched]) -> None:
    watched = watch()
    watched.page.route(
        "**/api/v1/datasets/areas/rows*",
        lambda route: route.fulfill(status=429, headers={"Retry-After": "7"}, body="{}"),
    )
    page = watched.go("/datasets/areas")
    expect(page.locator("[data-map-status]")).to_contain_text("7초 뒤에 다시 그립니다")
    assert len(watched.faults) == 1  # the browser's own line about the 429
    watched.faults.clear()


def test_a_developer_gets_a_key_and_calls_with_it(watch: Callable[..., Watched]) -> None:
    watched = watch(PHONE)
    page = watched.go("/developers")
    form = page.locator('form[action$="sign-up"]')
    form.get_by_label("이메일").fill("chrome@example.org")
    form.get_by_label("비밀번호").fill(PASSWORD)
    form.get_by_role("button").click()
    page.get_by_label("애플리케이션 이름").fill("버스 전광판")
    page.get_by_role("button", name="만들기", exact=True).click()
    page.get_by_role("button", name="키 만들기").click()
    key = page.locator(".made code").first.text_content()
    bearer = {"Authorization": f"Bearer {key}"}
    assert page.request.get(f"{watched.url}/api/v1/datasets", headers=bearer).status == 200
    page.get_by_role("link", name="English").click()
    assert page.url.endswith("/developers?lang=en")
    page.get_by_role("button", name=re.compile("^Revoke")).click()
    expect(page.get_by_text("revoked")).to_be_visible()
    page.wait_for_timeout(2_000)
    assert page.request.get(f"{watched.url}/api/v1/datasets", headers=bearer).status == 401


def test_pages_work_without_scripts(watch: Callable[..., Watched]) -> None:
    page = watch(java_script_enabled=False).go("/")
    page.get_by_label("데이터셋 검색").fill("도서관")
    page.get_by_role("button", name="검색").click()
    page.get_by_role("link", name="도서관 목록").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("도서관 목록")


def test_titles_are_offered_while_one_types(watch: Callable[..., Watched]) -> None:
    page = watch().go("/")
    page.get_by_label("데이터셋 검색").press_sequentially("가온 구", delay=20)
    expect(page.locator('#titles option[value="가온 구역"]')).to_have_count(1)


def test_code_is_copied(watch: Callable[..., Watched]) -> None:
    watched = watch(permissions=["clipboard-read", "clipboard-write"])
    page = watched.go("/datasets/readings")
    page.get_by_role("button", name="복사").first.click()
    expect(page.get_by_role("button", name="복사됨")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl -H")


def test_the_console_calls_the_server(watch: Callable[..., Watched]) -> None:
    page = watch().go("/docs")
    page.locator(".opblock-summary-control").first.click()
    page.get_by_role("button", name="Execute").first.click()
    expect(page.locator(".live-responses-table .response .response-col_status").first).to_have_text(
        re.compile("200")
    )


def test_one_can_go_by_keyboard(watch: Callable[..., Watched]) -> None:
    page = watch().go("/datasets/places")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_steward_tries_a_file_and_sees_it_on_a_map(watch: Callable[..., Watched], served: Any) -> None:
    watched = watch()
    page = watched.go("/developers")
    form = page.locator('form[action="/developers/sign-in"]')
    form.locator("[name=email]").fill(served.steward)
    form.locator("[name=password]").fill(PASSWORD)
    form.locator("button").click()
    page.get_by_role("navigation").get_by_role("link", name="담당자 책상").click()
    quoted = HOSTILE.replace('"', '""')
    rows = "".join(f'{n},"{quoted}",35.1{n},129.0{n}\n' for n in range(1, 9))
    file = {
        "name": "공원.csv",
        "mimeType": "text/csv",
        "buffer": f"번호,이름,위도,경도\n{rows}".encode("cp949"),
    }
    page.set_input_files("[name=file]", files=[file])
    page.get_by_role("button", name="시험", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("저절로 새로")
    served.work()
    expect(page.locator("[data-map]")).to_have_attribute("data-drawn", "5")
    expect(page.locator("[data-map-status]")).to_contain_text("8행 가운데 처음 5행")
    expect(page.locator("main")).to_contain_text("아무것도 바뀌지 않았습니다")
    assert page.evaluate("window.hacked") is None
    for path in (page.url.removeprefix(watched.url), "/steward", "/datasets/places"):
        page.goto(watched.url + path)
        for size in (PHONE, DESK):
            page.set_viewport_size(size)
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], path
