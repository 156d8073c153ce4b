"""Charts under the pointer, the finger and the keys: readouts and zoom."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, CDPSession, Page

from browser import (
    PHONE,
    assert_no_sideways_scroll,
    charted,  # noqa: F401
    chromium,  # noqa: F401
    data_of,
    parameters,
    visiting,
)
from series_client import series
from server import Server

FRAMES = ["usage", "classes"]


def readout(page: Page, name: str = "usage") -> list[str]:
    """The lines of a chart's readout, none while it is hidden."""
    found = page.locator(f"#{name}-frame .readout")
    return found.inner_text().splitlines() if found.is_visible() else []


def rows(page: Page, name: str = "usage") -> list[tuple[int, list[str]]]:
    """Time and lines of each row of a chart's table, oldest first, as a readout tells them."""
    found = page.locator(f"#{name}-table").evaluate(
        """(table) => [...table.querySelectorAll('tr[data-t]')].map((row) => [+row.dataset.t,
           [...row.cells].map((cell, i) => i ? `${table.tHead.rows[0].cells[i].textContent} ${cell.textContent}`
                                             : cell.textContent)])"""
    )
    return sorted((t, lines) for t, lines in found)


def minute(t: int) -> int:
    """The beginning of a point's minute; its time may be the end."""
    return t - t % 60_000


def past(server: Server) -> str:
    """Asks for a window in which nothing changes any more, however long a test looks at it."""
    times = [point["t"] for point in series(server, range="1h")["points"]]
    return f"from={minute(times[1])}&to={minute(times[-4])}"


def place(page: Page, t: float, name: str = "usage") -> tuple[float, float]:
    """Where on the screen a time of a chart is."""
    first, last, _ = data_of(page, f"{name}-frame")
    box = page.locator(f"#{name}-frame svg.chart").bounding_box()
    return box["x"] + box["width"] * (t - first) / (last - first), box["y"] + 120


def show(page: Page, name: str = "usage") -> None:
    """Brings a chart into the middle of the screen."""
    page.locator(f"#{name}-frame").evaluate("(frame) => frame.scrollIntoView({ block: 'center' })")


# The pointer


@pytest.mark.parametrize("name", FRAMES)
def test_the_pointer_reads_the_nearest_row_of_the_table(chromium: Browser, charted: Server, name: str) -> None:
    with visiting(chromium, charted) as visit:
        page = visit.enter(past(charted))
        show(page, name)
        table = rows(page, name)
        assert len({tuple(lines) for _, lines in table}) == len(table) > 20
        bucket = data_of(page, f"{name}-frame")[2]
        for t, lines in (table[3], table[10], table[-6]):
            for beside in (-0.3, 0.3):
                page.mouse.move(*place(page, t + beside * bucket, name))
                assert readout(page, name) == lines
            line = page.locator(f"#{name}-frame .cursor").bounding_box()
            assert abs(line["x"] - place(page, t, name)[0]) < 1.5, "a line stands where it is read"
        page.mouse.move(5, 5)
        assert not readout(page, name)
        assert page.locator(f"#{name}-frame .cursor").is_hidden()
        page.mouse.move(*place(page, table[5][0], name))
        page.keyboard.press("Escape")
        assert not readout(page, name)


def test_a_drag_zooms_and_the_way_back_shows_all_again(chromium: Browser, charted: Server) -> None:
    with visiting(chromium, charted) as visit:
        page = visit.enter("range=1h&metric=bytes&scale=log")
        page.evaluate("window.isSame = true")
        show(page)
        before = data_of(page, "usage-frame")
        table = rows(page)
        first, last = minute(table[5][0]), minute(table[16][0])
        page.mouse.move(*place(page, first + 10_000))
        page.mouse.down()
        page.mouse.move(*place(page, table[10][0]), steps=3)
        band = page.locator("#usage-frame .band").bounding_box()
        page.mouse.move(*place(page, last - 10_000), steps=3)
        assert page.locator("#usage-frame .band").bounding_box()["width"] > band["width"] > 20
        page.mouse.up()
        page.wait_for_url(re.compile("[?&]from="))
        asked = parameters(page)
        assert (asked["from"], asked["to"]) == (str(first), str(last)), "whole buckets"
        assert (asked["metric"], asked["scale"]) == ("bytes", "log"), "the rest stays"
        assert data_of(page, "usage-frame")[:2] == (first, last)
        assert data_of(page, "classes-frame")[:2] == (first, last), "both charts show the same time"
        assert page.locator("#usage-frame .band").is_hidden()
        page.go_back()
        page.wait_for_function(
            "(from) => document.querySelector('#usage-frame svg').dataset.from < from", arg=first
        )
        assert data_of(page, "usage-frame")[2] == before[2]
        assert "from" not in parameters(page)
        assert page.evaluate("window.isSame")


def test_a_double_click_and_a_link_lead_back_to_the_whole_range(chromium: Browser, charted: Server) -> None:
    with visiting(chromium, charted) as visit:
        page = visit.enter("range=1h")
        show(page)
        table = rows(page)
        for way_back in ("double click", "link"):
            page.mouse.move(*place(page, table[4][0]))
            page.mouse.down()
            page.mouse.move(*place(page, table[20][0]), steps=3)
            page.mouse.up()
            page.wait_for_url(re.compile("[?&]from="))
            if way_back == "link":
                page.get_by_role("link", name="Whole range").click()
            else:
                page.locator("#usage-frame svg.chart").dblclick()
            page.wait_for_url(lambda url: "from=" not in url)
            assert data_of(page, "usage-frame")[0] < table[0][0]
        assert page.locator('nav[aria-label="Range"] a[aria-current]').count() == 1


def test_a_click_and_a_twitch_zoom_nothing(chromium: Browser, charted: Server) -> None:
    with visiting(chromium, charted) as visit:
        page = visit.enter("range=1h")
        show(page)
        x, y = place(page, rows(page)[10][0])
        for far in (0, 6):
            page.mouse.move(x, y)
            page.mouse.down()
            page.mouse.move(x + far, y + far, steps=2)
            page.mouse.up()
            assert page.locator("#usage-frame .band:visible").count() == 0
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 100, y, steps=2)
        page.keyboard.press("Escape")
        page.mouse.up()
        # A choice would be under way now, and the next one waits for it.
        page.locator('nav[aria-label="Range"] a[href*="range=8h"]').click()
        page.wait_for_url(re.compile("range=8h"))
        assert not any("from=" in url for url in visit.requests)


# The keys


def test_the_keys_read_point_by_point(chromium: Browser, charted: Server) -> None:
    with visiting(chromium, charted) as visit:
        page = visit.enter(past(charted))
        lines = [lines for _, lines in rows(page)]
        frame = page.locator("#usage-frame")
        frame.focus()
        for key, at in (("ArrowLeft", -1), ("ArrowLeft", -2), ("ArrowLeft", -3), ("ArrowRight", -2), ("Home", 0),
                        ("ArrowLeft", 0), ("ArrowRight", 1), ("End", -1), ("ArrowRight", -1)):  # fmt: skip
            page.keyboard.press(key)
            assert readout(page) == lines[at], key
        output = page.locator("#usage-frame .readout")
        page.wait_for_function("() => document.querySelector('#usage-frame .readout').ariaLive === 'polite'")
        page.keyboard.press("ArrowLeft")
        assert output.get_attribute("aria-live") == "off", "what is passed isn't read out"
        page.keyboard.press("Escape")
        assert not readout(page)
        page.keyboard.press("Home")
        page.keyboard.press("Tab")
        assert not readout(page), "it goes with the focus"
        assert page.evaluate("document.activeElement.id") != "usage-frame"


def test_the_keys_zoom_in_and_out(chromium: Browser, charted: Server) -> None:
    with visiting(chromium, charted) as visit:
        page = visit.enter(past(charted) + "&metric=rooms")
        times = [t for t, _ in rows(page)]
        page.locator("#usage-frame").focus()
        page.keyboard.press("End")
        for _ in range(9):
            page.keyboard.press("Shift+ArrowLeft")
        assert page.locator("#usage-frame .band").is_visible()
        page.keyboard.press("Escape")
        assert page.locator("#usage-frame .band").is_hidden() and readout(page), "the selection goes first"
        for _ in range(9):
            page.keyboard.press("Shift+ArrowLeft")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(f"[?&]from={minute(times[-19])}&"))
        assert parameters(page)["metric"] == "rooms"
        zoomed = data_of(page, "usage-frame")
        assert zoomed[:2] == (minute(times[-19]), minute(times[-10]) + 60_000), "both ends are in it"
        assert page.evaluate("document.activeElement.id") == "usage-frame", "and one can go on"
        page.keyboard.press("+")
        page.wait_for_function(
            "(to) => document.querySelector('#usage-frame svg').dataset.to < to", arg=zoomed[1]
        )
        closer = data_of(page, "usage-frame")
        assert closer[0] >= zoomed[0] - 60_000 * 3 and closer[1] - closer[0] < zoomed[1] - zoomed[0]
        page.keyboard.press("-")
        page.wait_for_function(
            "(span) => { const { from, to } = document.querySelector('#usage-frame svg').dataset;"
            " return to - from > span; }",
            arg=closer[1] - closer[0],
        )
        assert page.evaluate("document.activeElement.id") == "usage-frame"


# The finger


def touch(session: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})


def swipe(session: CDPSession, start: tuple[float, float], end: tuple[float, float]) -> None:
    touch(session, "touchStart", start)
    for share in (0.1, 0.3, 0.5, 0.7, 0.9, 1):
        touch(session, "touchMove", *[tuple(a + (b - a) * share for a, b in zip(start, end, strict=True))])
    touch(session, "touchEnd")


def stand_still(page: Page) -> None:
    """Waits until the page no longer rolls on from a swipe."""
    page.evaluate(
        """async () => {
             for (let still = 0, last = scrollY; still < 10; last = scrollY) {
               await new Promise(requestAnimationFrame);
               still = scrollY === last ? still + 1 : 0;
             }
           }"""
    )


def test_a_finger_reads_zooms_and_scrolls(chromium: Browser, charted: Server) -> None:
    with visiting(chromium, charted, viewport=PHONE, has_touch=True, is_mobile=True) as visit:
        page = visit.enter("range=1h")
        show(page)
        session = visit.context.new_cdp_session(page)
        table = rows(page)
        t, lines = table[12]
        page.touchscreen.tap(*place(page, t))
        assert readout(page) == lines, "a tap leaves the readout behind"
        assert_no_sideways_scroll(page)
        box = page.locator("#usage-frame .readout").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]

        x, y = place(page, t)
        top = page.evaluate("scrollY")
        swipe(session, (x, y), (x, y - 150))
        page.wait_for_function("(top) => scrollY > top + 50", arg=top)
        assert not readout(page) and "from" not in parameters(page), "up and down scroll the page"

        stand_still(page)
        show(page)
        start, end = minute(table[4][0]), minute(table[20][0])
        swipe(session, place(page, start + 20_000), place(page, end - 20_000))
        page.wait_for_url(re.compile("[?&]from="))
        assert data_of(page, "usage-frame")[:2] == (start, end)
        page.locator("h1").tap()
        assert not readout(page), "a tap elsewhere ends it"
