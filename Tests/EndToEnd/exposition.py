"""Reads Prometheus text line by line, so that duplicates stay visible: the public parsers pass over them."""

from __future__ import annotations

import re
from collections import Counter as Tally
from typing import NamedTuple

# The series these tests lean on; renaming one breaks somebody's dashboard.
MESSAGES = "signalbox_messages_total"
DISCONNECTS = "signalbox_disconnects_total"

_SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>[^}]*)\})? (?P<value>\S+)(?: \S+)?$")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')

Series = tuple[str, tuple[tuple[str, str], ...]]


class Sample(NamedTuple):
    name: str
    labels: dict[str, str]
    value: float

    @property
    def series(self) -> Series:
        return self.name, tuple(sorted(self.labels.items()))


def samples(text: str) -> list[Sample]:
    found = []
    for line in text.splitlines():
        if line and not line.startswith("#"):
            match = _SAMPLE.match(line)
            assert match, f"no sample: {line!r}"
            labels = _LABEL.findall(match["labels"] or "")
            assert len(dict(labels)) == len(labels), f"a label twice: {line!r}"
            found.append(Sample(match["name"], dict(labels), float(match["value"])))
    assert found, "an empty exposition"
    return found


def types(text: str) -> dict[str, str]:
    """Family name to type, as the # TYPE lines say."""
    return dict(line.split(" ")[2:4] for line in text.splitlines() if line.startswith("# TYPE "))


def total(text: str, name: str, **labels: str) -> float:
    """The sum of a metric's series that carry these labels; there must be one at least."""
    values = [
        sample.value
        for sample in samples(text)
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    assert values, f"no series of {name} with {labels}"
    return sum(values)


def duplicates(text: str) -> list[Series]:
    return [series for series, count in Tally(sample.series for sample in samples(text)).items() if count > 1]
