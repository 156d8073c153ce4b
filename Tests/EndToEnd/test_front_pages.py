"""The pages for everybody: sound, quiet, for every screen and reader, and without a dead end."""

from __future__ import annotations

import re
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from browser import (
    DESK,
    PHONE,
    assert_accessible,
    assert_no_sideways_scroll,
    chromium,  # noqa: F401
    visiting,
)
from page_source import AS_A_BROWSER, MISSING, PAGES, PageSource, fetch
from server import Server
from wire import assert_refused

EVERY = [*PAGES, MISSING]
# The one remark there is about a page that isn't there, of Chromium itself.
NOT_THERE = "status of 404"


def status_of(path: str) -> int:
    return 404 if path == MISSING else 200


def source(server: Server, path: str) -> PageSource:
    return PageSource(fetch(server, path, status_of(path)).text)


# What is sent


@pytest.mark.parametrize("path", EVERY)
def test_a_page_is_html_that_nobody_keeps(shared_server: Server, path: str) -> None:
    response = fetch(shared_server, path, status_of(path))
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert not response.cookies, "nobody is followed"


@pytest.mark.parametrize("path", EVERY)
def test_a_page_allows_no_code_from_elsewhere_and_none_inline(shared_server: Server, path: str) -> None:
    response = fetch(shared_server, path, status_of(path))
    policy = {
        name: values
        for name, *values in (part.split() for part in response.headers["Content-Security-Policy"].split(";"))
    }
    assert policy["default-src"] in (["'none'"], ["'self'"])
    assert policy["frame-ancestors"] == ["'none'"]
    for directive, values in policy.items():
        assert all(value in ("'self'", "'none'", "data:") for value in values), (directive, values)
    page = PageSource(response.text)
    assert page.scripts.strip() == ""
    assert page.all("style") == []
    for tag, attributes in page.elements:
        assert not any(name == "style" or name.startswith("on") for name in attributes), (tag, attributes)
        assert not any(value.startswith("javascript:") for value in attributes.values()), (tag, attributes)


@pytest.mark.parametrize("path", EVERY)
def test_head_says_what_get_says(shared_server: Server, path: str) -> None:
    got = fetch(shared_server, path, status_of(path))
    head = shared_server.http.head(shared_server.url + path, headers=AS_A_BROWSER, timeout=30)
    assert (head.status_code, head.content) == (got.status_code, b"")
    for name in ("Content-Type", "Cache-Control", "Content-Security-Policy", "Link"):
        assert head.headers.get(name) == got.headers.get(name), name


@pytest.mark.parametrize("path", ["/DOCS", "/docs/", "/Docs/Agents/", "/CONNECT", "/source/"])
def test_a_pages_address_forgives_case_and_a_slash_at_its_end(shared_server: Server, path: str) -> None:
    assert fetch(shared_server, path).text == fetch(shared_server, path.lower().rstrip("/")).text


# How it is built


def test_every_page_has_a_name_of_its_own_and_one_heading_above_all(shared_server: Server) -> None:
    titles = set()
    for path in EVERY:
        page = source(shared_server, path)
        titles.update(re.findall(r"<title>(.+?)</title>", page.html))
        assert page.all("html") == [{"lang": "en"}]
        assert len(page.all("h1")) == 1 and len(page.all("main")) == 1, path
        assert len(set(page.ids)) == len(page.ids), f"an id twice on {path}"
        assert "{{" not in page.html, path
    assert len(titles) == len(EVERY)


@pytest.mark.parametrize("path", PAGES[1:])
def test_the_way_between_pages_says_where_one_is(shared_server: Server, path: str) -> None:
    here = [link for link in source(shared_server, path).all("a") if "aria-current" in link]
    assert [(link["href"], link["aria-current"]) for link in here] == [(path, "page")]


@pytest.mark.parametrize("path", EVERY)
def test_every_link_leads_somewhere(shared_server: Server, path: str) -> None:
    links = set(source(shared_server, path).links)
    assert {"#main", "/", "/docs", "/docs/agents", "/connect", "/source"} <= links
    for link in links:
        target, fragment = urldefrag(urljoin(path, link))
        assert not urlsplit(target).netloc, f"{link} leads away"
        if fragment and target == path:
            assert fragment in source(shared_server, path).ids, link
            continue
        # The dashboard shows its door.
        response = fetch(shared_server, target, 401 if target == "/admin/stats" else 200)
        if fragment:
            assert fragment in PageSource(response.text).ids, link


# In a browser


@pytest.mark.parametrize("size", ["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_quiet_accessible_and_fits(
    chromium: Browser, shared_server: Server, scheme: str, size: str
) -> None:
    with visiting(
        chromium, shared_server, scheme=scheme, viewport=PHONE if size == "phone" else DESK
    ) as visit:
        visit.remarks += (NOT_THERE,)
        for path in EVERY:
            answer = visit.page.goto(shared_server.url + path)
            assert answer and answer.status == status_of(path)
            assert_accessible(visit.page)
            assert_no_sideways_scroll(visit.page)
            wide = visit.page.eval_on_selector_all(
                ".scroll:not(.code), dl, dt, h1, h2, h3, p, li",
                "(all) => all.filter((one) => one.scrollWidth > one.clientWidth && getComputedStyle(one).display != 'inline')"
                ".map((one) => one.textContent.slice(0, 80))",
            )
            assert wide == [], f"{path}: only code may be wider than its box"


@pytest.mark.parametrize("path", EVERY)
def test_a_page_says_everything_without_scripts(chromium: Browser, shared_server: Server, path: str) -> None:
    with (
        visiting(chromium, shared_server) as scripted,
        visiting(chromium, shared_server, scripts=False) as plain,
    ):
        for visit in (scripted, plain):
            visit.remarks += (NOT_THERE,)
            visit.page.goto(shared_server.url + path)
        for selector in ("h1, h2, h3", "main a", "table tr", "pre"):
            count = scripted.page.locator(selector).count()
            expect(plain.page.locator(selector).locator("visible=true")).to_have_count(
                # Only here there is a hint, with a link.
                count + (1 if (path, selector) == ("/", "main a") else 0)
            )


def test_without_scripts_the_front_page_offers_what_works(chromium: Browser, shared_server: Server) -> None:
    with visiting(chromium, shared_server, scripts=False) as visit:
        visit.page.goto(shared_server.url)
        expect(visit.page.locator("#start-room")).to_be_hidden()
        expect(visit.page.locator("#join-link")).to_be_hidden()
        expect(visit.page.locator("noscript .hint")).to_be_visible()
        expect(visit.page.locator('[data-snippet="sh make-link"]')).to_be_visible()


@pytest.mark.parametrize("path", EVERY)
def test_by_keyboard_the_content_is_a_step_away(chromium: Browser, shared_server: Server, path: str) -> None:
    with visiting(chromium, shared_server) as visit:
        page = visit.page
        visit.remarks += (NOT_THERE,)
        page.goto(shared_server.url + path)
        page.keyboard.press("Tab")
        skip = page.locator("a.skip")
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport()
        page.keyboard.press("Enter")
        page.wait_for_url("**#main")
        # The next step leads into the content, past the ways between pages.
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main') !== null")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", "where one is can be seen"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_follow_the_visitors_colours(chromium: Browser, shared_server: Server, scheme: str) -> None:
    with visiting(chromium, shared_server, scheme=scheme) as visit:
        for path in PAGES:
            visit.page.goto(shared_server.url + path)
            colour = visit.page.evaluate("getComputedStyle(document.querySelector('main')).backgroundColor")
            red, green, blue = (int(number) for number in re.findall(r"\d+", colour)[:3])
            assert (red + green + blue > 3 * 128) == (scheme == "light"), (path, colour)


# Where nothing is


@pytest.mark.parametrize("path", [MISSING, "/docs/nope", "/index.html", "/Room", "/%3Cscript%3Ealert(1)%3C/script%3E"])
def test_a_browser_at_a_place_where_nothing_is_gets_a_page(shared_server: Server, path: str) -> None:
    page = PageSource(fetch(shared_server, path, 404).text)
    assert "/" in page.links
    assert {"name": "robots", "content": "noindex"} in page.all("meta")
    assert "alert(1)" not in page.html, "what was asked for isn't repeated"


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/plain", ""])
def test_a_program_at_a_place_where_nothing_is_gets_json(shared_server: Server, accept: str | None) -> None:
    response = shared_server.get(MISSING, headers={"Accept": accept})
    assert assert_refused(response, 404, "not found")["reason"] == "unknown_route"


@pytest.mark.parametrize("path", ["/api/nope", "/API/nope", "/api/", "/api/rooms/abcd/nope"])
def test_below_api_a_browser_gets_json_too(shared_server: Server, path: str) -> None:
    assert assert_refused(fetch(shared_server, path, 404), 404)["reason"] == "unknown_route"


@pytest.mark.parametrize(("path", "reason"), [("/assets/nope.css", "unknown_asset"), ("/sdk/nope.py", "unknown_client")])
def test_a_missing_file_is_told_as_json(shared_server: Server, path: str, reason: str) -> None:
    assert assert_refused(fetch(shared_server, path, 404), 404)["reason"] == reason


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_only_who_looks_is_shown_the_missing_page(shared_server: Server, method: str) -> None:
    response = shared_server.http.request(
        method, shared_server.url + MISSING, headers=AS_A_BROWSER, timeout=30
    )
    assert assert_refused(response, 404)["reason"] == "unknown_route"
