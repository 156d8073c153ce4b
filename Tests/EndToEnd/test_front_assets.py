"""What pages load: kept for ever under a mark that changes with any of it, and only then."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from conftest import ServerFactory
from page_source import MISSING, PAGES, PageSource, fetch, public_copy
from server import OPEN_LIMITS, Server

FOR_EVER, A_WHILE = "public, max-age=31536000, immutable", "public, max-age=300, stale-while-revalidate=60"
ROOM = "/room/nobody-here"
IMPORT = re.compile(r"""\b(?:from|import)\s*\(?\s*['"]\./([\w.-]+)(?:\?v=([\w-]+))?['"]""")


def asset(server: Server, address: str, **headers: str) -> tuple[int, str, bytes]:
    response = server.get(address, headers=headers)
    return response.status_code, response.headers["Cache-Control"], response.content


def stamp(server: Server) -> str:
    """The mark on everything that pages load, which is one."""
    marks = set()
    for path in [*PAGES, MISSING, ROOM]:
        for address in PageSource(fetch(server, path, 404 if path == MISSING else 200).text).loads:
            parts = urlsplit(address)
            assert not parts.netloc and parts.path.startswith("/assets/"), address
            marks.add(parse_qs(parts.query)["v"][0])
    (mark,) = marks
    return mark


def test_what_a_page_loads_is_there_for_ever(shared_server: Server) -> None:
    seen = set()
    for path in [*PAGES, ROOM]:
        for address in PageSource(fetch(shared_server, path).text).loads:
            seen.add(address.split("?")[0])
            assert asset(shared_server, address)[:2] == (200, FOR_EVER), address
    assert {"/assets/signalbox.css", "/assets/site.css", "/assets/start.js", "/assets/favicon.svg"} <= seen


def test_modules_load_one_another_under_the_same_mark(shared_server: Server) -> None:
    mark = stamp(shared_server)
    names, found = ["room.js"], {"room.js"}
    while names:
        text = shared_server.get(f"/assets/{names.pop()}?v={mark}").text
        for name, version in IMPORT.findall(text):
            assert version == mark, name
            if name not in found:
                found.add(name)
                names.append(name)
    assert len(found) > 3, "the room is of several modules"


@pytest.mark.parametrize("query", ["", "?v=", "?v=old", "?w=STAMP", "?v=STAMPx", "?v=STAM"])
def test_without_the_right_mark_nothing_is_for_ever(shared_server: Server, query: str) -> None:
    mark = stamp(shared_server)
    query = query.replace("STAMP", mark).replace("STAM", mark[:-1])
    status, kept, body = asset(shared_server, "/assets/site.css" + query)
    assert (status, kept) == (200, A_WHILE)
    assert body == asset(shared_server, f"/assets/site.css?v={mark}")[2]


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_client_that_has_it_is_told_so(shared_server: Server, encoding: str) -> None:
    address = f"/assets/site.css?v={stamp(shared_server)}"
    first = shared_server.get(address, headers={"Accept-Encoding": encoding})
    assert first.headers.get("Content-Encoding", "identity") == encoding
    again = shared_server.get(
        address, headers={"Accept-Encoding": encoding, "If-None-Match": first.headers["ETag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Cache-Control"] == FOR_EVER


@pytest.mark.parametrize(
    "name", ["..%2Ftemplates%2Fhome.mustache", "%2e%2e%2fllms.txt", "site.css%00", "SITE.CSS", "home.mustache"]
)
def test_only_assets_are_assets(shared_server: Server, name: str) -> None:
    assert shared_server.get(f"/assets/{name}").status_code in (400, 404)


def test_the_mark_stays_over_restarts(start_server: ServerFactory, tmp_path: Path) -> None:
    server = start_server(**OPEN_LIMITS, PUBLIC_DIR=str(public_copy(tmp_path)))
    mark = stamp(server)
    server.restart()
    assert stamp(server) == mark


@pytest.mark.parametrize("name", ["assets/site.css", "assets/room-key.js", "assets/favicon.svg"])
def test_the_mark_changes_with_any_asset_at_the_next_start(
    start_server: ServerFactory, tmp_path: Path, name: str
) -> None:
    public = public_copy(tmp_path)
    server = start_server(**OPEN_LIMITS, PUBLIC_DIR=str(public))
    mark = stamp(server)
    address = f"/{name}?v={mark}"
    old = asset(server, address)
    with (public / name).open("a") as file:
        file.write("\n")
    assert (stamp(server), asset(server, address)) == (mark, old), "files are read at the start"
    server.restart()
    new = stamp(server)
    assert new != mark
    assert asset(server, address)[:2] == (200, A_WHILE), "a new file must not be kept under an old mark"
    assert asset(server, f"/{name}?v={new}")[:2] == (200, FOR_EVER)
    assert asset(server, f"/{name}?v={new}")[2] != old[2]


def test_the_mark_is_made_of_assets_and_of_nothing_else(start_server: ServerFactory, tmp_path: Path) -> None:
    public = public_copy(tmp_path)
    server = start_server(**OPEN_LIMITS, PUBLIC_DIR=str(public))
    mark = stamp(server)
    # Another file's date, place and neighbours don't count.
    for path in (public / "assets").iterdir():
        path.touch()
    (public / "assets/notes.md").write_text("served to nobody")
    with (public / "templates/home.mustache").open("a") as file:
        file.write("<!-- one more line -->\n")
    server.restart()
    assert stamp(server) == mark
    assert "one more line" in fetch(server, "/").text
    assert server.get("/assets/notes.md").status_code == 404
