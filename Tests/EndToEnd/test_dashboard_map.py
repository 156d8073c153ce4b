"""The map of countries: under the pointer, the finger and the keys, and its table twin."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from playwright.sync_api import Browser, Page

from browser import PHONE, assert_no_sideways_scroll, both, chromium, visiting  # noqa: F401
from server import OPEN_LIMITS, Server
from visits import visit_times

# A state too small for an outline is a dot.
VISITS = {"DE": 7, "FR": 3, "MT": 2, "JP": 1}
NAMES = {"DE": "Germany", "FR": "France", "MT": "Malta", "JP": "Japan"}


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server, None, None]:
    settings = OPEN_LIMITS | {"TRUST_CLOUDFLARE": "1"}
    server = Server(tmp_path_factory.mktemp("server"), settings).start()
    visit_times(server, VISITS | {"T1": 2})
    yield server
    server.stop()


def words(count: int) -> str:
    return "1 visit" if count == 1 else f"{count} visits"


def readout(page: Page) -> list[str]:
    found = page.locator("#map-frame .readout")
    return found.inner_text().splitlines() if found.is_visible() else []


def marked(page: Page) -> list[str]:
    return page.locator("#map-frame .c-on").evaluate_all("(all) => all.map((shape) => shape.id)")


def point_at(page: Page, code: str) -> tuple[float, float]:
    """A spot on the screen that is well within a country's shape, on top of all others."""
    page.locator("#map-frame").evaluate("(frame) => frame.scrollIntoView({ block: 'center' })")
    found = page.locator(f"#c-{code}").evaluate(
        """(shape) => {
             const box = shape.getBoundingClientRect();
             for (let i = 1; i < 40; i++) for (let j = 1; j < 40; j++) {
               const [x, y] = [box.left + box.width * i / 40, box.top + box.height * j / 40];
               const around = [[0, 0], [1, 1], [1, -1], [-1, 1], [-1, -1]];
               if (around.every(([dx, dy]) => document.elementFromPoint(x + dx, y + dy) === shape)) return [x, y];
             }
           }"""
    )
    assert found, f"{code} can't be pointed at"
    return tuple(found)


@both
def test_the_map_has_all_countries_and_a_table_twin(chromium: Browser, visited: Server, scripts: bool) -> None:
    with visiting(chromium, visited, scripts=scripts) as visit:
        page = visit.enter()
        shapes = page.locator("#map-frame .c")
        codes = shapes.evaluate_all("(all) => all.map((shape) => shape.id)")
        assert len(codes) == len(set(codes))
        assert len(set(codes) - {"c-XK"}) == 249, "every country of ISO 3166-1, whether or not Kosovo beside them"
        for code, count in VISITS.items():
            shape = page.locator(f"#c-{code}")
            assert shape.get_attribute("data-n") == words(count)
            assert shape.locator("title").text_content() == f"{NAMES[code]}: {count}"
            row = page.locator(f'#countries-table tr[data-code="{code}"]')
            assert row.locator("th").inner_text() == NAMES[code]
            assert row.locator("td").first.inner_text() == str(count)
        assert page.locator("#c-US").get_attribute("data-n") == "0 visits"
        levels = {page.locator(f"#c-{code}").evaluate("(shape) => getComputedStyle(shape).fill") for code in ("DE", "JP", "US")}
        assert len(levels) == 3, "the more visits, the stronger"


def test_the_pointer_reads_a_country(chromium: Browser, visited: Server) -> None:
    with visiting(chromium, visited) as visit:
        page = visit.enter()
        for code in ("DE", "MT", "FR"):
            page.mouse.move(*point_at(page, code))
            assert readout(page) == [NAMES[code], words(VISITS[code])]
            assert marked(page) == [f"c-{code}"]
        page.mouse.move(*point_at(page, "BR"))
        assert readout(page) == ["Brazil", "0 visits"]
        frame = page.locator("#map-frame").bounding_box()
        box = page.locator("#map-frame .readout").bounding_box()
        assert frame["x"] <= box["x"] and box["x"] + box["width"] <= frame["x"] + frame["width"]
        page.mouse.move(2, 2)
        assert not readout(page) and not marked(page)


def test_the_keys_go_through_the_countries_most_visits_first(chromium: Browser, visited: Server) -> None:
    with visiting(chromium, visited) as visit:
        page = visit.enter()
        page.locator("#map-frame").focus()
        order = list(VISITS)
        for key, code in (("ArrowRight", order[0]), ("ArrowDown", order[1]), ("ArrowRight", order[2]),
                          ("ArrowLeft", order[1]), ("End", order[-1]), ("ArrowDown", order[-1]),
                          ("Home", order[0]), ("ArrowUp", order[0])):  # fmt: skip
            page.keyboard.press(key)
            assert readout(page) == [NAMES[code], words(VISITS[code])], key
            assert marked(page) == [f"c-{code}"]
        page.keyboard.press("Escape")
        assert not readout(page) and not marked(page)


def test_what_is_read_stays_while_the_page_moves(chromium: Browser, visited: Server) -> None:
    with visiting(chromium, visited) as visit:
        page = visit.enter_live()
        page.locator("#map-frame").focus()
        page.keyboard.press("ArrowRight")
        visit_times(visited, {"DE": 1})
        # A choice brings all parts anew, the map too.
        page.evaluate("document.querySelector('nav[aria-label=Range] a[href*=\"range=1h\"]').click()")
        page.wait_for_url("**range=1h**")
        assert readout(page) == [NAMES["DE"], words(VISITS["DE"] + 1)]
        assert marked(page) == ["c-DE"]
        assert page.evaluate("document.activeElement.id") == "map-frame"


def test_a_tap_reads_a_country_on_a_phone(chromium: Browser, visited: Server) -> None:
    with visiting(chromium, visited, viewport=PHONE, has_touch=True, is_mobile=True) as visit:
        page = visit.enter()
        for code, name in (("BR", "Brazil"), ("AU", "Australia"), ("CA", "Canada")):
            page.touchscreen.tap(*point_at(page, code))
            assert readout(page) == [name, "0 visits"]
            assert_no_sideways_scroll(page)
        page.touchscreen.tap(5, 5)
        assert not readout(page)
