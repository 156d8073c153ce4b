"""Where visits to pages come from.

signalbox_page_visits_total advances once an hour is over, by all of the hour's visits at once: a rate of it would
show one spike an hour. So everything here is an increase over whole hours or over the whole time.
"""

from __future__ import annotations

from typing import Any

from .board import Board, override, runbook
from .frame import JSON
from .promql import increase, series, total

VISITS = "page_visits_total"
# Without the codes that are no place on the map.
PLACES = 'country!~"XX|T1|LOCAL|other"'
UNKNOWN = 'source="unknown"'
SLOW = "Advances once an hour is over."
# Each bar takes in five minutes more and leaves out its first five: an hour's visits are counted at the hour's end or
# a moment after it, and would otherwise stand in the next hour's bar.
BAR = f"increase({series(VISITS)}[$__interval] offset -5m)"


def board(runbooks: str) -> Board:
    board = Board(
        "signalbox-countries",
        "Signalbox / Countries",
        "Where visits to pages come from. The counter advances once an hour is over; the present hour isn't in it.",
        runbooks,
        since="now-7d",
    )
    sums(board)
    places(board)
    times(board)
    sources(board)
    return board


def within(*matchers: str) -> str:
    """Visits by country within the whole time; whole ones, since an increase is reckoned between scrapes."""
    return f"round({total(increase(VISITS, '$__range', *matchers), 'country')})"


def share(matcher: str) -> str:
    return f"{total(increase(VISITS, '$__range', matcher))} / ({total(increase(VISITS, '$__range'))} > 0)"


def sums(board: Board) -> None:
    board.row("Visits within the time chosen")
    common: dict[str, Any] = {"instant": True, "noValue": "none"}
    board.stat("Visits", "short", f"Visits to pages by browsers. {SLOW}", ("visits", f"sum({within()})"), **common)
    board.stat(
        "Countries",
        "short",
        f"Countries with a visit, without those that were too few in their hour to be named. {SLOW}",
        ("countries", f"count({within(PLACES)} > 0)"),
        **common,
    )
    for title, matcher, description in [
        ("Unknown", 'country="XX"', "Share of visits whose country nothing told."),
        ("Through Tor", 'country="T1"', "Share of visits through Tor, as Cloudflare tells it."),
        ("Own machine and tailnet", 'country="LOCAL"', "Share of visits from the same machine or the tailnet."),
        ("Too few to name", 'country="other"', "Share of visits from countries below GEO_MIN_COUNT in their hour."),
    ]:
        board.stat(title, "percentunit", f"{description} {SLOW}", ("share", share(matcher)), decimals=1, **common)


def places(board: Board) -> None:
    board.row("By country")
    all_visits = increase(VISITS, "$__range")
    board.panel(
        "geomap",
        "Map",
        "short",
        f"Visits within the time chosen. {SLOW} The outlines are Grafana's own: no map server is asked.",
        [("{{country}}", f"{within(PLACES)} > 0")],
        world(),
        15,
        15,
        instant=True,
        color={"mode": "continuous-BlPu"},
        noValue="no visits",
        transformations=[
            {"id": "organize", "options": {"excludeByName": {"Time": True}, "renameByName": {"Value": "Visits"}}}
        ],
    )
    board.table(
        "Countries",
        "short",
        f"Visits within the time chosen, with those that are no country: XX unknown, T1 Tor, LOCAL, other. {SLOW}",
        [
            ("visits", f"{within()} > 0"),
            ("share", f"{total(all_visits, 'country')} / scalar({total(all_visits)}) > 0"),
        ],
        sort="Visits",
        width=9,
        height=15,
        noValue="no visits",
        transformations=[
            {"id": "merge", "options": {}},
            {
                "id": "organize",
                "options": {
                    "excludeByName": {"Time": True},
                    "indexByName": {"country": 0, "Value #A": 1, "Value #B": 2},
                    "renameByName": {"country": "Country", "Value #A": "Visits", "Value #B": "Share"},
                },
            },
        ],
        overrides=[
            override("Share", unit="percentunit", decimals=1),
            override(
                "Visits",
                custom__cellOptions={"type": "gauge", "mode": "basic"},
                color={"mode": "continuous-BlPu"},
            ),
        ],
    )


def world() -> JSON:
    # The base layer is a file that comes with Grafana. Its default would have every reader's browser ask a map
    # server, which then knows who looks at this.
    ground = {
        "type": "geojson",
        "name": "Land",
        "tooltip": False,
        "config": {
            "src": "public/maps/countries.geojson",
            "rules": [],
            "style": {"color": {"fixed": "rgb(128, 128, 128)"}, "opacity": 0.25, "lineWidth": 1},
        },
    }
    markers = {
        "type": "markers",
        "name": "Visits",
        "tooltip": True,
        "location": {"mode": "lookup", "lookup": "country", "gazetteer": "public/gazetteer/countries.json"},
        "config": {
            "showLegend": True,
            "style": {
                "size": {"field": "Visits", "fixed": 5, "min": 4, "max": 24},
                "color": {"field": "Visits", "fixed": "blue"},
                "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
                "opacity": 0.7,
            },
        },
    }
    return {
        "view": {"id": "coords", "lat": 25, "lon": 10, "zoom": 1.6, "allLayers": True},
        "controls": {"showZoom": True, "mouseWheelZoom": False, "showAttribution": True, "showScale": False},
        "basemap": ground,
        "layers": [markers],
        "tooltip": {"mode": "details"},
    }


def times(board: Board) -> None:
    board.row("Over time")
    bars: dict[str, Any] = {"bars": True, "stacked": True, "decimals": 0}
    # The same ten for all bars: those of the whole time.
    whole = total(f"increase({series(VISITS)}[$__range] @ end())", "country")
    board.timeseries(
        "Visits by the hour",
        "short",
        f"The ten countries with the most visits within the time chosen. A bar ends at its time, and is an hour, or "
        f"more where the whole time is long. {SLOW}",
        [("{{country}}", f"{total(BAR, 'country')} and on (country) topk(10, {whole} > 0)")],
        width=24,
        height=10,
        interval="1h",
        **bars,
    )
    board.timeseries(
        "Visits by the day",
        "short",
        f"All visits. A bar ends at its time, which is midnight UTC. {SLOW}",
        [("visits", total(BAR))],
        width=12,
        interval="1d",
        **bars,
    )
    board.timeseries(
        "Visits just now, by what told their country",
        "short",
        "Visits within the hour before. This one doesn't wait for the hour's end: it has no countries.",
        [("{{source}}", total(increase("country_lookups_total", "1h"), "source"))],
        width=12,
        stacked=True,
        decimals=0,
    )


def sources(board: Board) -> None:
    board.row("What tells the country")
    board.stat(
        "Database loaded",
        "none",
        "Whether a country database is in use.",
        ("{{instance}}", series("geoip_database_loaded")),
        width=6,
        graph=False,
        mappings=[{"type": "value", "options": {"1": {"text": "yes", "index": 0}, "0": {"text": "no", "index": 1}}}],
    )
    built = series("geoip_database_build_timestamp_seconds")
    board.stat(
        "Age of the database",
        "s",
        "Time since the country database in use was built.",
        ("{{instance}}", f"(time() - {built}) and ({series('geoip_database_loaded')} == 1)"),
        width=6,
        graph=False,
        steps=[("green", None), ("orange", 45 * 86400)],
        noValue="no database",
        links=[runbook("SignalboxCountryDatabaseStale")],
    )
    board.stat(
        "Cloudflare headers ignored",
        "short",
        "Visits within the time chosen whose CF-IPCountry didn't count: TRUST_CLOUDFLARE is off or the peer isn't "
        "trusted.",
        ("ignored", f"round({total(increase('cloudflare_headers_ignored_total', '$__range'))})"),
        width=6,
        instant=True,
    )
    board.stat(
        "Not told",
        "percentunit",
        "Share of visits within the hour before whose country nothing told.",
        (
            "unknown",
            f"{total(increase('country_lookups_total', '1h', UNKNOWN))}"
            f" / ({total(increase('country_lookups_total', '1h'))} > 0)",
        ),
        width=6,
        decimals=1,
        noValue="no visits",
    )
