"""Makes the country databases of the tests from addresses that are reserved for documentation.

usage: make_database.py DIRECTORY

mmdb_writer shares no code with the reader under test.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet


def write(path: Path, kind: str, networks: dict[str, Any], ip_version: int = 6) -> None:
    writer = MMDBWriter(
        ip_version=ip_version,
        ipv4_compatible=ip_version == 6,
        database_type=kind,
        languages=["en", "de"],
        description={"en": "made for a test", "de": "für einen Test"},
    )
    # A network within another one must come after it.
    for network, record in networks.items():
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(path))


def country(code: str) -> dict[str, Any]:
    return {"geoname_id": 100_000 + sum(code.encode()), "iso_code": code, "names": {"en": code.lower()}}


def full(code: str, registered: str | None = None) -> dict[str, Any]:
    """A record as GeoLite2-Country has it."""
    return {
        "continent": {"code": "EU", "names": {"en": "a continent", "de": "ein Kontinent"}},
        "country": country(code),
        "registered_country": country(registered or code),
        "traits": {"is_anycast": True},
    }


def main(directory: Path) -> None:
    networks = {
        "192.0.2.0/24": full("JP", registered="BR"),
        "192.0.2.128/25": {"registered_country": country("BR")},
        "198.51.100.0/24": full("US"),
        "198.51.100.128/25": full("fr"),
        "203.0.113.0/24": full("DE"),
        "203.0.113.64/26": {"traits": {"is_anonymous_proxy": True}},
        "203.0.113.200/32": full("AT"),
        "2001:db8::/32": full("NL"),
        "2001:db8:8000::/33": full("SE"),
        "2001:db8::1:0:0:1/128": full("PT"),
    }
    write(directory / "country", "GeoLite2-Country", networks)
    # The same with another answer, and of another size.
    write(directory / "newer", "GeoLite2-Country", {**networks, "203.0.113.0/24": full("CH"),
                                                    "203.0.113.128/25": full("LI")})

    four = {network: record for network, record in networks.items() if ":" not in network}
    write(directory / "ipv4", "Test-IPv4", four, ip_version=4)

    flat = {"203.0.113.0/24": {"country_code": "DE", "country_name": "Germany"},
            "2001:db8::/32": {"country_code": "NL", "country": "Netherlands"}}
    write(directory / "flat-country-code", "Test-Flat", flat)
    write(directory / "flat-country", "Test-Flat", {"203.0.113.0/24": {"country": "DE"},
                                                    "198.51.100.0/24": {"country": "Germany"}})
    write(directory / "registered", "Test-Registered",
          {"203.0.113.0/24": {"registered_country": country("DE")}})
    write(directory / "asn", "GeoLite2-ASN",
          {"203.0.113.0/24": {"autonomous_system_number": 64_496,
                              "autonomous_system_organization": "Example"}})
    write(directory / "without-codes", "Test\n\u202eOdd " + 100 * "x",
          {"203.0.113.0/24": {"country": {"iso_code": "--"}}, "198.51.100.0/24": "DE"})
    odd = ["--", "XX", "T1", "LOCAL", "D", "", "Ü", 49, ["DE"], {"en": "DE"}, True]
    write(directory / "odd-codes", "Test-Odd",
          {"203.0.113.255/32": full("DE"),
           **{f"203.0.113.{number}/32": {"country": {"iso_code": code}} for number, code in enumerate(odd)},
           "198.51.100.1/32": {"country": {"iso_code": "??"}, "registered_country": country("DE")},
           "198.51.100.2/32": ["DE"],
           "198.51.100.3/32": {"country": ["DE"]}})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
