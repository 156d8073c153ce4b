"""Countries as SVG paths on a grid, small states as dots."""

from __future__ import annotations

import math

from .outlines import Borders, outlines, turned
from .projection import area, centre, projected
from .rdata import Point, Ring

# Countries without an island of this size are dots; of the others, smaller islands are left out. In square units.
DOT, ISLAND = 16, 5
# Distance that dots keep from each other, so that each can be pointed at.
APART = 10
# Around it all; a dot at the edge is whole.
MARGIN = 12

Place = tuple[int, int]


def on_grid(ring: Ring) -> list[Place]:
    """The ring in whole units, without corners that lie on the way."""
    found = [(round(x), round(y)) for x, y in map(projected, ring)]
    while len(found) > 2:
        kept = [
            corner for before, corner, after in zip(found[-1:] + found[:-1], found, found[1:] + found[:1])
            if corner != before and area([before, corner, after]) != 0]
        if len(kept) == len(found):
            return found
        found = kept
    return []


def path(rings: list[list[Place]]) -> str:
    """The rings as an SVG path of relative steps."""
    text, last = "", ""

    def add(letter: str, *numbers: int) -> None:
        nonlocal text, last
        text += letter if letter != last else ""
        for index, number in enumerate(numbers):
            # A letter and a minus sign separate too.
            text += " " * (number >= 0 and (index > 0 or letter == last)) + str(number)
        # After m, further pairs are lines.
        last = "l" if letter == "m" else letter

    at = (0, 0)
    for ring in rings:
        add("m", ring[0][0] - at[0], ring[0][1] - at[1])
        for (x, y), (next_x, next_y) in zip(ring, ring[1:]):
            if y == next_y:
                add("h", next_x - x)
            elif x == next_x:
                add("v", next_y - y)
            else:
                add("l", next_x - x, next_y - y)
        text += "z"
        last, at = "z", ring[0]
    return text


def spread(dots: dict[str, tuple[float, float]]) -> dict[str, Place]:
    """The dots, moved until they are APART."""
    places = {code: list(place) for code, place in sorted(dots.items())}
    for _ in range(500):
        moved = False
        for code, a in places.items():
            for other, b in places.items():
                distance = math.dist(a, b)
                if code < other and distance < APART:
                    # Two in one place go sideways.
                    x, y = ((b[0] - a[0]) / distance, (b[1] - a[1]) / distance) if distance else (1, 0)
                    step = (APART - distance) / 2 + 0.01
                    a[:] = a[0] - x * step, a[1] - y * step
                    b[:] = b[0] + x * step, b[1] + y * step
                    moved = True
        if not moved:
            break
    return {code: (round(x), round(y)) for code, (x, y) in places.items()}


def draw(rings: dict[str, list[Ring]], points: dict[str, Point]) -> tuple[Place, dict[str, str], dict[str, Place]]:
    """Width and height, a path for each country that is large enough to see, a dot for each other one.

    `points` are the places of those that have no rings."""
    countries = outlines(rings)
    borders = Borders(countries)
    shapes, dots = {}, {}
    for code, parts in countries.items():
        outline = [[projected(corner) for corner in ring] for ring in parts]
        sizes = [abs(area(ring)) for ring in outline]
        largest = sizes.index(max(sizes))
        kept = [on_grid(borders.simplified(ring)) for ring, size in zip(parts, sizes) if size >= ISLAND]
        shape = [ring for ring in kept if ring]
        if sizes[largest] >= DOT and shape:
            shapes[code] = shape
        else:
            dots[code] = centre(outline[largest])
    for code, point in points.items():
        dots[code] = projected(turned([point])[0])
    places = spread(dots)

    corners = [corner for shape in shapes.values() for ring in shape for corner in ring] + [*places.values()]
    left, top = (min(corner[axis] for corner in corners) - MARGIN for axis in (0, 1))
    right, bottom = (max(corner[axis] for corner in corners) + MARGIN for axis in (0, 1))
    paths = {code: path([[(x - left, y - top) for x, y in ring] for ring in shape])
             for code, shape in shapes.items()}
    return (right - left, bottom - top), paths, {code: (x - left, y - top) for code, (x, y) in places.items()}
