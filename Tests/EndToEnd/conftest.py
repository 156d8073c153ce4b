"""Fixtures: servers that are checked to have lived and ended well."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from server import OPEN_LIMITS, Server

ServerFactory = Callable[..., Server]

# Servers of the running tests, so that a failure can show what they said.
_servers: list[Server] = []


def _factory(directory: Callable[[], Path]) -> Generator[ServerFactory, None, None]:
    made: list[Server] = []

    def start(*, started: bool = True, **settings: str | None) -> Server:
        server = Server(directory(), settings)
        made.append(server)
        _servers.append(server)
        return server.start() if started else server

    yield start

    problems = []
    for server in made:
        _servers.remove(server)
        if server.is_running:
            code = server.process.poll()
            if code is not None:
                problems.append(f"died with {code} during the test\n{server.log_tail()}")
                continue
            try:
                server.stop()
            except AssertionError as problem:
                problems.append(str(problem))
    assert not problems, "\n".join(problems)


@pytest.fixture
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Generator[ServerFactory, None, None]:
    """Starts servers with the settings a test needs; at the end each must still live and stop well."""
    yield from _factory(lambda: tmp_path_factory.mktemp("server"))


@pytest.fixture
def server(start_server: ServerFactory) -> Server:
    """A fresh server without limits in the way."""
    return start_server(**OPEN_LIMITS)


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server, None, None]:
    """One server for all tests of a file that only ask and never count; without limits in the way."""
    for start in _factory(lambda: tmp_path_factory.mktemp("server")):
        yield start(**OPEN_LIMITS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for server in _servers:
            report.sections.append(("signalbox", server.log_tail()))
    return report
