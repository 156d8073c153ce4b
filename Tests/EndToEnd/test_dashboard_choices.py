"""What the dashboard can show: every range and metric, by links and by the list, with and without scripts."""

from __future__ import annotations

import re

from playwright.sync_api import Browser

from browser import both, charted, chromium, parameters, visiting  # noqa: F401
from server import Server

RANGES = ["all", "1month", "1week", "1day", "8h", "1h"]


@both
def test_ranges_and_metrics_are_links(chromium: Browser, charted: Server, scripts: bool) -> None:
    with visiting(chromium, charted, scripts=scripts) as visit:
        page = visit.enter()
        metrics = {
            match.group(1)
            for link in page.locator('nav[aria-label="Metric"] a').all()
            if (match := re.search(r"[?&]metric=([^&#]+)", link.get_attribute("href") or ""))
        }
        assert len(metrics) >= 3
        for name in RANGES:
            page.locator(f'nav[aria-label="Range"] a[href*="range={name}"]').click()
            page.wait_for_url(re.compile(rf"[?&]range={name}(&|#|$)"))
            page.locator(f'a[href*="range={name}"][aria-current]').first.wait_for()
            for metric in ("bytes", "request_p99_us", "peak_subs"):
                page.locator(f'nav[aria-label="Metric"] a[href*="metric={metric}"]').click()
                page.wait_for_url(re.compile(rf"[?&]metric={metric}(&|#|$)"))
                assert f"range={name}" in page.url, "the range stays while the metric changes"
                assert page.locator("a[aria-current]:visible").count() >= 2, "what is shown is marked"
                assert page.locator("#usage-frame svg.chart").is_visible()
        for metric in sorted(metrics):
            page.locator(f'nav[aria-label="Metric"] a[href*="metric={metric}"]').click()
            page.wait_for_url(re.compile(rf"[?&]metric={metric}(&|#|$)"))
            page.locator(f'nav[aria-label="Metric"] a[href*="metric={metric}"][aria-current]').wait_for()


@both
def test_every_metric_can_be_picked_from_the_list(chromium: Browser, charted: Server, scripts: bool) -> None:
    with visiting(chromium, charted, scripts=scripts) as visit:
        page = visit.enter("range=1h")
        names = page.locator("form.pick option").evaluate_all("(all) => all.map((one) => one.value)")
        assert len(names) > 50 and len(set(names)) == len(names)
        # Without scripts each is a page of its own; a few show that the way there works.
        for name in names if scripts else names[:: len(names) // 8]:
            page.locator("form.pick select").select_option(name)
            if not scripts:
                page.locator("form.pick button").click()
            page.wait_for_url(re.compile(rf"[?&]metric={name}(&|#|$)"))
            assert page.locator("form.pick option[selected]").get_attribute("value") == name
            assert "range=1h" in page.url
            assert not re.search("nan|inf", page.locator("#usage-frame svg.chart").inner_html(), re.IGNORECASE)
            assert page.locator("#usage-table tr[data-t]").count() > 10


def test_a_choice_costs_no_reload_and_the_way_back_works(chromium: Browser, charted: Server) -> None:
    with visiting(chromium, charted) as visit:
        page = visit.enter()
        page.evaluate("window.isSame = true")
        page.locator('nav[aria-label="Range"] a[href*="range=1h"]').click()
        page.wait_for_url(re.compile("range=1h"))
        for metric in ("rooms", "bytes"):
            page.locator("form.pick select").select_option(metric)
            page.wait_for_url(re.compile(f"metric={metric}"))
        page.go_back()
        page.locator("#usage-heading", has_text="Rooms").wait_for()
        assert page.locator("form.pick select").input_value() == "rooms", "the list says what is shown"
        page.locator('nav[aria-label="Scale"] a[href*="scale=log"]').click()
        page.wait_for_url(re.compile("scale=log"))
        assert parameters(page) == {"range": "1h", "metric": "rooms", "scale": "log"}
        page.go_back()
        page.locator('nav[aria-label="Scale"] a[aria-current]', has_text="Linear").wait_for()
        page.go_back()
        page.locator("#usage-heading", has_text="Messages").wait_for()
        assert page.locator("form.pick select").input_value() == "messages"
        page.go_forward()
        page.locator("#usage-heading", has_text="Rooms").wait_for()
        assert page.evaluate("window.isSame"), "all of that on one page"


def test_a_click_for_a_new_tab_gets_one(chromium: Browser, charted: Server) -> None:
    with visiting(chromium, charted) as visit:
        page = visit.enter()
        with visit.context.expect_page() as opened:
            page.locator('nav[aria-label="Range"] a[href*="range=1h"]').click(modifiers=["ControlOrMeta"])
        opened.value.wait_for_url(re.compile("range=1h"))
        assert "range" not in page.url
