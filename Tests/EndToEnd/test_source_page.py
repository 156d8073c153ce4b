"""/source tells what runs: hashes that anybody can compare, promises with their tests, all that is counted, how long."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import ServerFactory
from page_source import PageSource, fetch, public_copy
from server import BINARY, OPEN_LIMITS, REPOSITORY, Server

SERVED = {".css", ".js", ".svg", ".png", ".ico", ".json", ".txt", ".woff2"}
RETENTION = {
    "METRICS_HISTORY_RETENTION_MINUTES": ("44640", "600"),
    "METRICS_HOURLY_HISTORY_MAX": ("43920", "48"),
    "METRICS_DAILY_HISTORY_MAX": ("0", "99"),
    "METRICS_GEO_MINUTE_RETENTION_MINUTES": ("1440", "90"),
    "METRICS_GEO_HOURLY_HISTORY_MAX": ("43920", "72"),
    "STATS_TZ": ("UTC", "Asia/Kolkata"),
    "GEO_SOURCE": ("auto", "off"),
    "GEO_MIN_COUNT": ("1", "7"),
    "TRUST_CLOUDFLARE": ("0", "1"),
}


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def page(server: Server) -> PageSource:
    return PageSource(fetch(server, "/source").text)


def table(server: Server, first: str) -> list[list[str]]:
    """The rows of the table whose first column has that name."""
    (found,) = [rows for rows in page(server).tables if rows[0][0].startswith(first)]
    return found[1:]


def told(server: Server) -> dict[str, str]:
    """Hashes by file, on the page and as JSON alike."""
    rows = table(server, "File")
    found = {name: value for name, value in rows}
    assert len(found) == len(rows), "a file twice"
    status = server.get("/api/status").json()
    assert {name: "sha256:" + value for name, value in found.items()} == status["source_hashes"]
    return found


def facts(server: Server) -> dict[str, str]:
    """The pairs of name and value on the page."""
    text = fetch(server, "/source").text
    pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", text)
    return {re.sub(r"<[^>]+>", "", name): re.sub(r"<[^>]+>", "", value) for name, value in pairs}


def on_disk(public: Path) -> dict[str, str]:
    """What the server loads of a Public folder."""
    found = {}
    kinds = {"assets": SERVED, "vendor": SERVED, "templates": {".mustache"}, "sdk": {".py"}}
    for folder, suffixes in kinds.items():
        for path in (public / folder).glob("*"):
            if path.suffix in suffixes:
                found[f"{folder}/{path.name}"] = sha256(path)
    return found | {name: sha256(public / name) for name in ("llms.txt", "robots.txt", "openapi.json")}


# Hashes


def test_hashes_are_those_of_the_files_that_were_loaded(start_server: ServerFactory, tmp_path: Path) -> None:
    public = public_copy(tmp_path)
    server = start_server(**OPEN_LIMITS, PUBLIC_DIR=str(public))
    expected = on_disk(public)
    assert {"assets/start.js", "assets/room.js", "templates/home.mustache", "templates/source.mustache"} <= set(expected)
    found = told(server)
    # Of the running program itself, whatever lies at its place by now.
    assert found.pop("signalbox") == sha256(Path(f"/proc/{server.process.pid}/exe"))
    found.pop("Package.swift", None)
    assert found == expected


def test_what_changes_after_the_start_is_told_after_the_next(start_server: ServerFactory, tmp_path: Path) -> None:
    public = public_copy(tmp_path)
    server = start_server(**OPEN_LIMITS, PUBLIC_DIR=str(public))
    before = told(server)
    changed = {"assets/site.css", "templates/home.mustache"}
    for name in changed:
        with (public / name).open("a") as file:
            file.write("\n")
    (public / "assets/added.css").write_text("p {}\n")
    assert told(server) == before, "what is told is what was loaded"
    server.restart()
    after = told(server)
    assert {name for name in after if after[name] != before.get(name)} == changed | {"assets/added.css"}
    assert on_disk(public).items() <= after.items()


def test_a_restart_of_the_same_build_changes_nothing(start_server: ServerFactory, tmp_path: Path) -> None:
    server = start_server(**OPEN_LIMITS, PUBLIC_DIR=str(public_copy(tmp_path)))
    before = fetch(server, "/source").text
    assert fetch(server, "/source").text == before
    server.restart()
    assert fetch(server, "/source").text == before


# The build's note


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program in a folder of its own, where a note may be put beside it."""
    program = tmp_path / "signalbox"
    try:
        os.link(BINARY.resolve(), program)
    except OSError:
        shutil.copy2(BINARY, program)
    monkeypatch.setattr("server.BINARY", program)
    return program


@pytest.fixture
def noted(start_server: ServerFactory, installed: Path) -> Server:
    """A server, not running yet, of a program beside which notes may be."""
    return start_server(started=False, **OPEN_LIMITS, PUBLIC_DIR=str(REPOSITORY / "Public"))


def note(program: Path, text: str) -> Path:
    path = program.with_name(program.name + ".commit")
    path.write_text(text)
    return path


def test_what_the_build_noted_is_told(noted: Server, installed: Path) -> None:
    subprocess.run([REPOSITORY / "scripts/note-commit", installed], check=True, timeout=60)
    written = installed.with_name("signalbox.commit")
    if not written.exists():
        assert not (REPOSITORY / ".git").exists(), "only sources without git have no commit to note"
        return
    noted.start()
    head = subprocess.run(
        ["git", "-C", REPOSITORY, "rev-parse", "--short=12", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    commit = facts(noted)["Commit"]
    assert commit.removesuffix("+") == head
    assert noted.get("/api/status").json()["commit"] == commit
    assert told(noted)["Package.swift"] == sha256(REPOSITORY / "Package.swift")
    assert f"git checkout {head}\n" in page(noted).text, "a commit that can be checked out"


def test_what_the_build_noted_is_as_it_was_at_the_start(noted: Server, installed: Path) -> None:
    note(installed, f"{'a' * 12}\n{'1' * 64}  Package.swift\n")
    noted.start()
    assert (facts(noted)["Commit"], told(noted)["Package.swift"]) == ("a" * 12, "1" * 64)
    note(installed, f"{'b' * 12}\n{'2' * 64}  Package.swift\n")
    assert (facts(noted)["Commit"], told(noted)["Package.swift"]) == ("a" * 12, "1" * 64)
    # As when a new build is put in its place.
    installed.unlink()
    assert (facts(noted)["Commit"], told(noted)["Package.swift"]) == ("a" * 12, "1" * 64)


@pytest.mark.parametrize(
    "text",
    [None, "", f"<script>\n{'1' * 64}  Package.swift\n"],
    ids=["no note", "an empty one", "no commit"],
)
def test_without_a_good_note_nothing_is_made_up(noted: Server, installed: Path, text: str | None) -> None:
    if text is not None:
        note(installed, text)
    noted.start()
    assert facts(noted)["Commit"] == "not noted by the build"
    assert noted.get("/api/status").json()["commit"] == ""
    assert "Package.swift" not in told(noted)
    assert "git checkout COMMIT\n" in page(noted).text


def test_a_note_that_is_older_than_the_program_is_of_another_build(noted: Server, installed: Path) -> None:
    written = note(installed, f"{'a' * 12}\n{'1' * 64}  Package.swift\n")
    built = installed.stat().st_mtime
    os.utime(written, (built - 60, built - 60))
    noted.start()
    assert facts(noted)["Commit"] == "not noted by the build"
    assert "Package.swift" not in told(noted)


@pytest.mark.parametrize("address", [None, "https://source.example/signalbox?a=1&b=<2>"])
def test_where_the_source_is_is_what_the_operator_says(start_server: ServerFactory, address: str | None) -> None:
    server = start_server(**OPEN_LIMITS, SOURCE_URL=address)
    assert server.get("/api/status").json()["source"] == (address or "")
    links = [link for link in page(server).links if link.startswith("https:")]
    assert links == ([address] if address else [])
    assert address or facts(server)["Source"] == "ask the operator"


# Promises, counts and how long


def test_every_promise_names_tests_that_there_are(shared_server: Server) -> None:
    rows = table(shared_server, "Promise")
    assert len(rows) >= 7
    for promise, tests in rows:
        assert promise.endswith("."), promise
        assert tests.split(), promise
        for name in tests.split():
            assert (REPOSITORY / "Tests" / name).is_file(), f"{name}: {promise}"


def test_what_is_counted_is_all_that_the_vocabulary_has(shared_server: Server) -> None:
    expected = {}
    for line in (REPOSITORY / "docs/metric-names.txt").read_text().splitlines():
        name, kind, *labels = line.split(" ")
        values = [label.split("=", 1) for label in labels if not label.startswith(("unit=", "le="))]
        counts = [f"{key} ({len(choice.split('|'))})" for key, choice in values]
        expected[name] = " ".join([name, kind, ", ".join(counts)]).strip()
    rows = table(shared_server, "Name")
    assert {first.split(" ")[0]: first for first, _ in rows} == expected
    assert len(rows) == len(expected)
    assert all(meaning.endswith(".") for _, meaning in rows)


def test_everything_that_a_scrape_shows_is_in_the_catalogue(shared_server: Server) -> None:
    names = {first.split(" ")[0] for first, _ in table(shared_server, "Name")}
    for line in shared_server.exposition().splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name in names or (kind == "counter" and name + "_total" in names), line


@pytest.mark.parametrize("which", [0, 1], ids=["as it comes", "as the operator says"])
def test_retention_and_countries_follow_the_settings(start_server: ServerFactory, which: int) -> None:
    chosen = {name: values[1] for name, values in RETENTION.items()} if which else {}
    server = start_server(**OPEN_LIMITS | chosen)
    found = facts(server)
    assert {name: found[name] for name in RETENTION} == {name: values[which] for name, values in RETENTION.items()}


def test_nothing_secret_is_told(start_server: ServerFactory, tmp_path: Path) -> None:
    secret = "canary-4711"
    server = start_server(
        **OPEN_LIMITS,
        METRICS_TOKEN=f"{secret}-token",
        METRICS_SCRAPE_TOKEN=f"{secret}-scrape-token",
        TELEGRAM_BOT_TOKEN=f"{secret}:telegram",
        TELEGRAM_CHAT_ID=f"{secret}-chat",
        ALERTS="0",
        GEOIP_DB=str(tmp_path / f"{secret}.mmdb"),
        BUGS_LOG=str(tmp_path / f"{secret}.log"),
        PUBLIC_HOSTS=f"{secret}.example",
    )
    for path in ("/source", "/api/status"):
        text = fetch(server, path).text
        for word in (secret, str(server.directory), str(REPOSITORY), str(BINARY)):
            assert word not in text, (path, word)
