"""Page views as people's browsers and others make them, and what was counted of them."""

from __future__ import annotations

from typing import Any

import requests

from series_client import geo
from server import Server

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36"

# Addresses that no real client has (RFC 5737, RFC 3849).
ANN, BOB, IPV6 = "203.0.113.9", "198.51.100.7", "2001:db8:1::9"


def visit(
    server: Server,
    path: str = "/",
    *,
    client: str | None = None,
    country: str | bytes | None = None,
    agent: str = BROWSER,
    method: str = "GET",
    **headers: str,
) -> requests.Response:
    """A request for a page: as a proxy forwards a client's, with the country that Cloudflare would tell."""
    sent: dict[str, Any] = {"User-Agent": agent, "Accept": "text/html"} | headers
    if client is not None:
        sent["X-Forwarded-For"] = client
    if country is not None:
        sent["CF-IPCountry"] = country
    return server.http.request(method, server.url + path, headers=sent, timeout=10, allow_redirects=False)


def visit_times(server: Server, counts: dict[str, int], client: str = ANN) -> None:
    """So many visits of each country, for a server that believes Cloudflare's word."""
    for country, count in counts.items():
        for _ in range(count):
            assert visit(server, client=client, country=country).status_code == 200


def counted(server: Server, **query: Any) -> dict[str, int]:
    """Visits by country, special ones too."""
    answer = geo(server, **{"range": "1h", **query})
    counts = answer["countries"] | answer["extras"]
    assert answer["total_visits"] == sum(counts.values())
    return counts
