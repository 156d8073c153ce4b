"""Reads a store file as an operator's sqlite3 would, and checks that it agrees with itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from server import Server


def store_file(server: Server) -> Path:
    return server.data_dir / "signalbox.sqlite"


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
        yield store


def rows(path: Path, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with reading(path) as store:
        return store.execute(query, values).fetchall()


def value(path: Path, query: str, *values: Any) -> Any:
    ((found,),) = rows(path, query, *values)
    return found


def change(path: Path, query: str, *values: Any) -> None:
    """Tampers with the store of a server that doesn't run."""
    with closing(sqlite3.connect(path)) as store, store:
        changed = store.execute(query, values)
        assert changed.rowcount != 0, f"nothing to change: {query}"


def everything(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with reading(path) as store:
        tables = [
            name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        ]
        return {table: sorted(store.execute(f'SELECT * FROM "{table}"').fetchall(), key=repr) for table in tables}


def agreed_messages(path: Path) -> int:
    """How many messages the store holds, after insisting that all its parts say the same."""
    assert value(path, "PRAGMA integrity_check") == "ok"
    with reading(path) as store:

        def sum_of(query: str) -> int:
            return store.execute(query).fetchone()[0] or 0

        sums = {
            "totals": sum_of("SELECT sum(value) FROM totals WHERE series LIKE 'signalbox_messages_total%'"),
            "minutes": sum_of("SELECT sum(messages) FROM minutes"),
            "hours": sum_of("SELECT sum(messages) FROM hours"),
            "days": sum_of("SELECT sum(messages) FROM days WHERE zone = 'UTC'"),
            "the newest minute": sum_of("SELECT messages_total FROM minutes ORDER BY t DESC LIMIT 1"),
        }
    assert len(set(sums.values())) == 1, sums
    return sums["totals"]
