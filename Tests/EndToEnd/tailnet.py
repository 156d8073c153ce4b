"""Machines with real interfaces: network namespaces with veth pairs between them, one of them named tailscale0.

Making them needs root. Nothing here skips: where it isn't possible, the tests fail with a sentence.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from raw_http import RawConnection
from server import Server, http_session

T = TypeVar("T")
Dial = Callable[[str, int], socket.socket]

# The machine that is tested, in its tailnet and in the world.
BOX, BOX6 = "100.100.0.1", "fd7a:115c:a1e0::1"
BOX_WAN, BOX_WAN6 = "203.0.113.1", "2001:db8:1::1"
# Its tailnet's other nodes.
LAPTOP, PHONE, LAPTOP6 = "100.101.102.103", "100.101.102.104", "fd7a:115c:a1e0::67"
# Beside the tailnet's ranges, but behind its interface: what a subnet router passes on.
BESIDE = ["100.63.255.255", "100.128.0.1", "fd7a:115c:a1e1::1"]
# The world: two of one IPv6 network, and one of the next.
STRANGER, STRANGER6, ROOMMATE6, NEXT_DOOR6 = "203.0.113.7", "2001:db8:1::7", "2001:db8:1::8", "2001:db8:1:1::7"
# One whom the provider gave an address of the tailnet's range, and the machine's own address there.
NEIGHBOUR, NEIGHBOUR6 = "100.72.0.2", "fd7a:115c:a1e0:99::2"
BOX_CGNAT, BOX_CGNAT6 = "100.72.0.1", "fd7a:115c:a1e0:99::1"

SCRAPE_TOKEN = "a-scrape-token-of-its-own"

_CLONE_NEWNET = 0x4000_0000
_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"


class Namespace:
    """A network of its own, with processes and sockets in it."""

    def __init__(self) -> None:
        assert shutil.which("ip"), "the tailnet tests need `ip` of the package iproute2: run scripts/setup test"
        assert os.geteuid() == 0, "the tailnet tests make network namespaces of their own, which takes root"
        self.name = f"signalbox-{os.getpid()}-{next(_numbers)}"
        made = subprocess.run(["ip", "netns", "add", self.name], capture_output=True, text=True)
        assert made.returncode == 0, (
            f"no network namespace can be made here, and these tests need some: {made.stderr.strip()}"
        )

    def remove(self) -> None:
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)

    @property
    def prefix(self) -> list[str]:
        """What a command within is started by."""
        return ["ip", "netns", "exec", self.name]

    def ip(self, *arguments: str) -> None:
        _run("ip", "-n", self.name, *arguments)

    def within(self, make: Callable[[], T]) -> T:
        """Calls from within. A thread can change its network and a socket keeps the one it was made in."""
        outcome: list[T | BaseException] = []

        def call() -> None:
            try:
                with open(f"/run/netns/{self.name}", "rb") as handle:
                    if _libc.setns(handle.fileno(), _CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), f"setns into {self.name}")
                outcome.append(make())
            except BaseException as problem:
                outcome.append(problem)

        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
        (result,) = outcome
        if isinstance(result, BaseException):
            raise result
        return result

    def dial(self, address: str, port: int, source: str | None = None, timeout: float = 10) -> socket.socket:
        own = (source, 0) if source else None
        return self.within(lambda: socket.create_connection((address, port), timeout, own))

    def take(self, server: Server) -> Server:
        """Has a server run within; what it is asked by its own methods is asked within as well, over loopback."""
        server.prefix = self.prefix
        server.http = session_over(self.dial)
        return server

    def start(self, server: Server) -> Server:
        return self.take(server).start()


def session_over(dial: Dial) -> requests.Session:
    """A session whose connections are made by `dial`."""

    class Connection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return dial(self.host.strip("[]"), self.port)

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
            super().init_poolmanager(*arguments, **options)
            self.poolmanager.pool_classes_by_scheme = {"http": Pool}

    session = http_session()
    session.mount("http://", Adapter())
    return session


class DialledConnection(RawConnection):
    """A raw connection over a socket that is there already."""

    def __init__(self, made: socket.socket) -> None:
        self.socket = made
        self._buffer = b""


@dataclass(frozen=True)
class Peer:
    """Somebody with an address, who sees the machine at one of its own."""

    namespace: Namespace
    address: str
    box: str

    def get(self, server: Server, path: str, **options: Any) -> requests.Response:
        return self.request("GET", server, path, **options)

    def request(self, method: str, server: Server, path: str, **options: Any) -> requests.Response:
        host = f"[{self.box}]" if ":" in self.box else self.box
        options = {"timeout": 15, "allow_redirects": False} | options
        with session_over(self._dial) as session:
            return session.request(method, f"http://{host}:{server.port}{path}", **options)

    def connect(self, port: int) -> DialledConnection:
        return DialledConnection(self._dial(self.box, port))

    def _dial(self, address: str, port: int) -> socket.socket:
        return self.namespace.dial(address, port, self.address)


class Network:
    """Namespaces and the cables between them."""

    def __init__(self) -> None:
        self._made: list[Namespace] = []

    def machine(self) -> Namespace:
        namespace = Namespace()
        self._made.append(namespace)
        namespace.ip("link", "set", "lo", "up")
        return namespace

    def cable(self, one: Namespace, name: str, other: Namespace, ones: list[str], others: list[str]) -> None:
        """Joins the first's interface of this name to a new one of the second; addresses come with their network."""
        far = f"to-{name}"[:15]
        _run("ip", "link", "add", name, "netns", one.name, "type", "veth", "peer", "name", far, "netns", other.name)
        for namespace, interface, addresses in ((one, name, ones), (other, far, others)):
            for address in addresses:
                # An address that is still looked for twice can't be bound.
                namespace.ip("addr", "add", address, "dev", interface, *(["nodad"] if ":" in address else []))
            namespace.ip("link", "set", interface, "up")

    def remove(self) -> None:
        for namespace in self._made:
            namespace.remove()


@contextmanager
def network() -> Iterator[Network]:
    made = Network()
    try:
        yield made
    finally:
        made.remove()


class Machine:
    """The machine that is tested: in a tailnet, in the world, and behind a provider that uses the tailnet's range."""

    def __init__(self, made: Network, interface: str = "tailscale0") -> None:
        self.box, self._tailnet, self._world = made.machine(), made.machine(), made.machine()
        self._provider = made.machine()
        beside = [f"{address}/{128 if ':' in address else 32}" for address in BESIDE]
        nodes = [f"{LAPTOP}/10", f"{PHONE}/10", f"{LAPTOP6}/48"]
        made.cable(self.box, interface, self._tailnet, [f"{BOX}/10", f"{BOX6}/48"], nodes + beside)
        for network_beside in beside:
            self.box.ip("route", "add", network_beside, "dev", interface)
        world = [f"{STRANGER}/24", f"{STRANGER6}/32", f"{ROOMMATE6}/32", f"{NEXT_DOOR6}/32"]
        made.cable(self.box, "wan0", self._world, [f"{BOX_WAN}/24", f"{BOX_WAN6}/32"], world)
        cgnat = [f"{BOX_CGNAT}/24", f"{BOX_CGNAT6}/64"]
        made.cable(self.box, "wan1", self._provider, cgnat, [f"{NEIGHBOUR}/24", f"{NEIGHBOUR6}/64"])
        # Linux takes what is for any of its addresses on any of its interfaces.
        self._provider.ip("route", "add", BOX, "via", BOX_CGNAT)
        self._provider.ip("route", "add", BOX6, "via", BOX_CGNAT6)

    def node(self, address: str = LAPTOP) -> Peer:
        """One on the other side of the tailnet's interface."""
        return Peer(self._tailnet, address, BOX6 if ":" in address else BOX)

    def stranger(self, address: str = STRANGER) -> Peer:
        return Peer(self._world, address, BOX_WAN6 if ":" in address else BOX_WAN)

    def neighbour(self, address: str = NEIGHBOUR, box: str = BOX_CGNAT) -> Peer:
        return Peer(self._provider, address, box)

    def itself(self, address: str = "127.0.0.1", box: str = "127.0.0.1") -> Peer:
        """A process of the machine."""
        return Peer(self.box, address, box)


@contextmanager
def machine(interface: str = "tailscale0") -> Iterator[Machine]:
    with network() as made:
        yield Machine(made, interface)


# Fixtures, to be imported by the tests


@pytest.fixture(scope="module")
def around() -> Iterator[Machine]:
    with machine() as made:
        yield made


@pytest.fixture(scope="module")
def tailnet_server(shared_server: Server, around: Machine) -> Server:
    """A server of that machine for tests that don't change it. There is no tailscaled."""
    shared_server.stop()
    shared_server.settings |= {
        # Takes IPv4 as well, as ::ffff:a.b.c.d.
        "HOST": "::",
        "TAILSCALE_SOCKET": str(shared_server.directory / "no-tailscaled.sock"),
        "METRICS_SCRAPE_TOKEN": SCRAPE_TOKEN,
    }
    return around.box.start(shared_server)
