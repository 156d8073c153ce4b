"""Reads what R's package rnaturalearthdata 0.1.0 holds."""

from __future__ import annotations

import lzma
import struct
import zlib
from pathlib import Path

# Longitude and latitude in thousandths of a degree: whole, so that neighbours have the same corners.
Point = tuple[int, int]
Ring = list[Point]


class UnknownFormat(Exception):
    """What is wrong with a file, in a sentence."""


class RData:
    """Reads as much of R's serialised data as the package has. Attributes of a value stand beside it as @name."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.seen = data, 0, []

    @classmethod
    def read(cls, data: bytes) -> object:
        if data[:2] != b"X\n":
            raise UnknownFormat("this isn't R's serialised data")
        reader = cls(data)
        # After the two letters: the format's version, two of R's, and since version 3 an encoding's name.
        reader.at = 2
        if reader.numbers("i", 3)[0] > 2:
            length = reader.integer()
            reader.at += length
        return reader.item()

    def numbers(self, kind: str, count: int) -> tuple:
        found = struct.unpack_from(f">{count}{kind}", self.data, self.at)
        self.at += struct.calcsize(f">{count}{kind}")
        return found

    def integer(self) -> int:
        return self.numbers("i", 1)[0]

    def item(self) -> object:
        flags = self.integer()
        kind, attributed, tagged = flags & 0xFF, flags & 0x200, flags & 0x400
        match kind:
            case 254 | 242:  # nothing; an empty environment
                return None
            case 255:  # a symbol that was there before
                return self.seen[(flags >> 8 or self.integer()) - 1]
            case 1:
                self.seen.append(self.item())
                return self.seen[-1]
            case 2:
                return self.pairs(attributed, tagged)
            case 9:
                length = self.integer()
                start, self.at = self.at, self.at + max(0, length)
                encoding = "latin-1" if flags & 0x4000 else "utf-8"
                return None if length < 0 else self.data[start:self.at].decode(encoding)
            case 10 | 13:
                value = self.numbers("i", self.integer())
            case 14:
                value = self.numbers("d", self.integer())
            case 16 | 19:
                value = [self.item() for _ in range(self.integer())]
            case 25:
                value = ()
            case _:
                raise UnknownFormat(f"R's type {kind} isn't known here")
        return {"value": value} | self.item() if attributed else value

    def pairs(self, attributed: int, tagged: int) -> dict:
        """A linked list of names and values."""
        found = {}
        while True:
            if attributed:
                self.item()
            name = self.item() if tagged else len(found)
            found[f"@{name}"] = self.item()
            flags = self.integer()
            if flags & 0xFF != 2:
                return found
            attributed, tagged = flags & 0x200, flags & 0x400


def named(values: dict) -> dict:
    return dict(zip(values["@names"], values["value"]))


def load(directory: Path, name: str) -> dict:
    """An object of the package's database: an index (.rdx) of places in a file of packed objects (.rdb)."""
    index = RData.read(zlib.decompress((directory / "data/Rdata.rdx").read_bytes(), 31))
    start, length = named(named(index)["variables"])[name]
    packed = (directory / "data/Rdata.rdb").read_bytes()[start:start + length]
    if packed[4:5] != b"Z":
        raise UnknownFormat(f"{name} is packed in an unknown way")
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6}]
    return RData.read(lzma.decompress(packed[5:], lzma.FORMAT_RAW, filters=filters))


def columns(table: dict, *names: str) -> list[list]:
    """Columns of the table of attributes; factors are written out."""
    found = []
    for name in names:
        column = named(table["@data"])[name]
        if isinstance(column, dict) and "@levels" in column:
            column = [column["@levels"][index - 1] if index > 0 else None for index in column["value"]]
        found.append(column)
    return found


def points(places: dict | tuple) -> Ring:
    """A matrix of longitudes and latitudes, in R's order: first one column, then the other."""
    numbers = places["value"] if isinstance(places, dict) else places
    half = len(numbers) // 2
    return [(round(x * 1000), round(y * 1000)) for x, y in zip(numbers[:half], numbers[half:])]


def rings(shape: dict) -> list[Ring]:
    """The rings of a shape; those of holes run the other way round."""
    return [points(polygon["@coords"]) for polygon in shape["@Polygons"]]
