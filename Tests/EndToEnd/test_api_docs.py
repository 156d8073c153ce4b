"""The API's reference: Swagger UI where the set-up has put it, and a plain list of every route anywhere else."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from browser import DESK, PHONE, Visit, assert_accessible, assert_no_sideways_scroll, chromium, visiting  # noqa: F401
from conftest import ServerFactory
from relay_client import Room
from server import OPEN_LIMITS, REPOSITORY, Server

PAGE = "/api/docs"
BUNDLE, STYLES = "/assets/swagger-ui-bundle.js", "/assets/swagger-ui.css"
# A megabyte and a half of script takes its time on a busy machine.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def document(shared_server: Server) -> dict[str, Any]:
    return shared_server.get("/api/openapi.json").json()


@pytest.fixture
def bare_server(start_server: ServerFactory, tmp_path: Path) -> Server:
    """A server whose set-up hasn't put anything of others' work in place."""
    public = tmp_path / "Public"
    shutil.copytree(REPOSITORY / "Public", public, ignore=shutil.ignore_patterns("vendor"))
    return start_server(**OPEN_LIMITS, PUBLIC_DIR=str(public))


def routes(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Method, path and summary of everything described, group by group."""
    return [
        (method.upper(), path, operation["summary"])
        for tag in document["tags"]
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters" and tag["name"] in operation["tags"]
    ]


def listed(page: Page) -> list[tuple[str, str, str]]:
    """The same from the plain reference."""
    found = page.locator("#reference dl.routes > div").evaluate_all(
        "(all) => all.map((one) => [one.querySelector('dt').textContent, one.querySelector('dd').textContent])"
    )
    return [(*route.split(" ", 1), summary) for route, summary in found]


def address_of(url: str) -> str:
    return url.partition("?")[0]


def swagger(visit: Visit, fragment: str = "") -> Page:
    """Opens the page and waits until Swagger UI has taken the plain reference's place."""
    page = visit.page
    page.set_default_timeout(PATIENCE)
    page.goto(visit.server.url + PAGE + fragment)
    page.locator("#reference[data-shown=swagger] .opblock").first.wait_for()
    return page


def opened(page: Page, operation: str) -> Locator:
    block = page.locator(f"#operations-{operation}")
    block.locator(".opblock-summary-control").click()
    block.locator(".opblock-body").wait_for()
    return block


def executed(block: Locator) -> Locator:
    """Tries the operation out, and returns the row with the server's answer."""
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    answer = block.locator(".live-responses-table tr.response")
    answer.wait_for()
    return answer


# As Swagger UI


def test_every_operation_is_shown(chromium: Browser, shared_server: Server, document: dict[str, Any]) -> None:
    with visiting(chromium, shared_server) as visit:
        page = swagger(visit)
        shown = page.locator(".opblock").evaluate_all(
            "(all) => all.map((one) => ['.opblock-summary-method', '.opblock-summary-path',"
            " '.opblock-summary-description'].map((part) => one.querySelector(part).textContent))"
        )
        assert [tuple(one) for one in shown] == routes(document)
        assert page.locator("dl.routes").count() == 0, "the plain reference is gone"
        assert {STYLES, BUNDLE} <= {address_of(url).removeprefix(shared_server.url) for url in visit.requests}


def test_an_operation_can_be_tried_out(chromium: Browser, shared_server: Server) -> None:
    with visiting(chromium, shared_server) as visit:
        answer = executed(opened(swagger(visit), "Server-readHealth"))
        expect(answer.locator(".response-col_status")).to_have_text("200")
        assert '"ok": true' in answer.inner_text()
        assert f"{shared_server.url}/api/health" in visit.requests


def test_an_operation_is_opened_by_its_address_and_can_be_tried_out_there(
    chromium: Browser, shared_server: Server
) -> None:
    room = Room(shared_server.url)
    with visiting(chromium, shared_server) as visit:
        page = swagger(visit, "#/Rooms/postMessage")
        block = page.locator("#operations-Rooms-postMessage")
        expect(block.locator(".parameter__name").first).to_contain_text("id")
        expect(page.locator(".opblock.is-open")).to_have_count(1)
        expect(block.locator(".opblock-summary")).to_be_in_viewport()
        block.get_by_role("button", name="Try it out").click()
        block.get_by_role("textbox", name="id").fill(room.id)
        body = block.get_by_role("textbox", name="Body").bounding_box()
        assert body and body["width"] > 600 and body["height"] > 100, "room to write a body"
        block.get_by_role("button", name="Execute").click()
        expect(block.locator(".live-responses-table .response-col_status").last).to_have_text("200")
        assert len(room.transcript()["messages"]) == 1
        # An opened operation gives the page its address, to hand on.
        opened(page, "Directory-searchAgents")
        assert page.url.endswith("#/Directory/searchAgents")


def test_requests_go_to_where_the_page_came_from(chromium: Browser, start_server: ServerFactory) -> None:
    server = start_server(**OPEN_LIMITS, PUBLIC_BASE_URL="https://relay.example")
    with visiting(chromium, server) as visit:
        answer = executed(opened(swagger(visit), "Server-readHealth"))
        expect(answer.locator(".response-col_status")).to_have_text("200")


@pytest.mark.parametrize("operation", ["Rooms-streamEvents", "Rooms-openSocket", "Metrics-streamMetrics"])
def test_what_never_ends_cannot_be_tried_out(chromium: Browser, shared_server: Server, operation: str) -> None:
    with visiting(chromium, shared_server) as visit:
        page = swagger(visit)
        block = opened(page, operation)
        expect(block.locator(".responses-table")).to_be_visible()
        assert block.get_by_role("button", name="Try it out").count() == 0
        assert opened(page, "Server-readHealth").get_by_role("button", name="Try it out").count() == 1


def test_it_is_reached_by_keyboard_alone(chromium: Browser, shared_server: Server) -> None:
    with visiting(chromium, shared_server) as visit:
        page = swagger(visit)
        control = page.locator("#operations-Server-readHealth .opblock-summary-control")
        page.locator("#operations-Server-readHealth").scroll_into_view_if_needed()
        page.locator("#operations-tag-Server").get_by_role("button").focus()
        for key in ("Tab", "Enter"):
            page.keyboard.press(key)
        expect(control).to_be_focused()
        expect(control).to_have_attribute("aria-expanded", "true")
        page.locator("#operations-Server-readHealth .try-out__btn").wait_for()
        for name in ("Try it out", "Execute"):
            button = page.locator("#operations-Server-readHealth").get_by_role("button", name=name)
            for _ in range(8):
                page.keyboard.press("Tab")
                if button.evaluate("(one) => one === document.activeElement"):
                    break
            expect(button).to_be_focused()
            page.keyboard.press("Enter")
        page.locator("#operations-Server-readHealth .live-responses-table").wait_for()


# Colours don't depend on the size, and each look of axe at so much takes seconds.
@pytest.mark.parametrize(("scheme", "viewport"), [("light", DESK), ("dark", PHONE)], ids=["light desk", "dark phone"])
def test_axe_finds_nothing_in_it_and_it_fits(
    chromium: Browser, shared_server: Server, scheme: str, viewport: dict[str, int]
) -> None:
    with visiting(chromium, shared_server, scheme=scheme, viewport=viewport) as visit:
        page = swagger(visit)
        assert_accessible(page)
        assert_no_sideways_scroll(page)
        assert executed(opened(page, "Rooms-postMessage")).is_visible()
        opened(page, "Metrics-readSeries").get_by_role("button", name="Try it out").click()
        assert_accessible(page)
        assert_no_sideways_scroll(page)
        page.locator(".reference-head .authorize").click()
        page.locator(".modal-ux").wait_for()
        assert_accessible(page)
        assert_no_sideways_scroll(page)
        page.locator(".modal-ux").get_by_role("button", name="Close").first.click()
        page.locator(".models-control").click()
        page.locator(".models .json-schema-2020-12-accordion").first.click()
        assert_accessible(page)
        assert_no_sideways_scroll(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_the_colour_scheme_even_while_it_is_open(
    chromium: Browser, shared_server: Server, scheme: str
) -> None:
    def is_light(page: Page) -> bool:
        colour = page.locator(".opblock").first.evaluate("(block) => getComputedStyle(block).backgroundColor")
        return sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")) > 3 * 128

    with visiting(chromium, shared_server, scheme=scheme) as visit:
        page = swagger(visit)
        assert is_light(page) == (scheme == "light")
        page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
        assert is_light(page) == (scheme == "dark")
        expect(page.locator("html.dark-mode")).to_have_count(int(scheme == "light"))


# The plain one


def assert_plain(visit: Visit, document: dict[str, Any]) -> None:
    page = visit.page
    assert listed(page) == routes(document)
    assert page.locator("#reference h2").all_inner_texts() == [tag["name"] for tag in document["tags"]]
    for address in ("/docs", "/api/openapi.json"):
        assert page.locator(f"main a[href='{address}']").is_visible(), address
    assert_no_sideways_scroll(page)


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_swagger_ui_there_is_a_plain_reference_and_nothing_is_missed(
    chromium: Browser, bare_server: Server, document: dict[str, Any], scheme: str, viewport: dict[str, int]
) -> None:
    with visiting(chromium, bare_server, scheme=scheme, viewport=viewport) as visit:
        visit.page.goto(bare_server.url + PAGE, wait_until="networkidle")
        assert_plain(visit, document)
        assert_accessible(visit.page)
        assert not any("swagger" in url or url.endswith(".js") for url in visit.requests), visit.requests
        assert visit.page.locator("script").count() == 0
    assert bare_server.get(BUNDLE).status_code == bare_server.get(STYLES).status_code == 404


def test_without_scripts_there_is_the_plain_reference(
    chromium: Browser, shared_server: Server, document: dict[str, Any]
) -> None:
    with visiting(chromium, shared_server, scripts=False) as visit:
        visit.page.goto(shared_server.url + PAGE)
        assert_plain(visit, document)


@pytest.mark.parametrize("lost", [BUNDLE, "/api/openapi.json"])
def test_the_plain_reference_stays_when_something_does_not_come(
    chromium: Browser, shared_server: Server, document: dict[str, Any], lost: str
) -> None:
    with visiting(chromium, shared_server) as visit:
        visit.remarks += ("status of 503", "The plain reference stays")
        asked: list[str] = []

        def fail(route: Any) -> None:
            asked.append(route.request.url)
            route.fulfill(status=503, body="")

        visit.page.route(lambda url: lost in url, fail)
        visit.page.goto(shared_server.url + PAGE)
        visit.page.locator("#reference[data-shown=plain]").wait_for(timeout=PATIENCE)
        assert asked
        assert_plain(visit, document)
        assert visit.page.locator(".swagger-ui").count() == 0


def test_the_page_is_not_kept_and_has_no_code_of_its_own(shared_server: Server) -> None:
    page = shared_server.get(PAGE)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert "<style" not in page.text and " style=" not in page.text
    for tag in page.text.split("<script")[1:]:
        assert 'src="/assets/' in tag.partition(">")[0]
