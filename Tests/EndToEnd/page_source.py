"""A page's HTML as a checker reads it: its elements, what it links to, the rows of its tables."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import requests

from server import REPOSITORY, Server

# What a browser says that it wants when somebody follows a link.
AS_A_BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

PAGES = ["/", "/docs", "/docs/agents", "/connect", "/source"]
MISSING = "/no-such-page"


def fetch(server: Server, path: str, status: int = 200) -> requests.Response:
    """Asks for a page as a browser does."""
    response = server.get(path, headers=AS_A_BROWSER)
    assert response.status_code == status, (path, response.status_code, response.text[:200])
    return response


def public_copy(directory: Path) -> Path:
    """A copy of Public/ that a test may change."""
    return shutil.copytree(REPOSITORY / "Public", directory / "public")


@dataclass
class PageSource(HTMLParser):
    html: str
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    tables: list[list[list[str]]] = field(default_factory=list)
    scripts: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._cell: list[str] | None = None
        self._in_script = False
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attributes}))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self._cell = []
        self._in_script = tag == "script"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None:
            self.tables[-1][-1].append(" ".join("".join(self._cell).split()))
            self._cell = None
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts += data
            return
        self.text += data
        if self._cell is not None:
            self._cell.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]

    @property
    def links(self) -> list[str]:
        """Where the page's text leads to."""
        return [attributes["href"] for attributes in self.all("a")]

    @property
    def loads(self) -> list[str]:
        """What the page has a browser fetch."""
        sheets = [link["href"] for link in self.all("link") if link.get("rel") in ("stylesheet", "icon")]
        return sheets + [one["src"] for _, one in self.elements if "src" in one]
