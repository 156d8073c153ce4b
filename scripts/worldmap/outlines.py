"""One outline for each country, and borders that both neighbours share."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict

from .projection import MERIDIAN, area, projected
from .rdata import Point, Ring

# Antarctica below this latitude isn't drawn.
SOUTH = -74
# Corners of a coast that span a smaller triangle are left out, in square units.
DETAIL = 2.4


def south_cut_off(ring: Ring) -> Ring:
    """What of the ring is north of SOUTH; joined along that line where it comes apart."""
    edge, found = SOUTH * 1000, []
    for (x, y), (before_x, before_y) in zip(ring, ring[-1:] + ring[:-1]):
        if (y >= edge) != (before_y >= edge):
            found.append((round(before_x + (x - before_x) * (edge - before_y) / (y - before_y)), edge))
        if y >= edge:
            found.append((x, y))
    return found


def turned(ring: Ring) -> Ring:
    """The ring on a globe that is cut open opposite of MERIDIAN, not at 180 degrees."""
    ring = [(180_000 * (1 if x > 0 else -1) if abs(x) > 179_990 else x, y) for x, y in ring]
    low, high = min(x for x, _ in ring), max(x for x, _ in ring)
    shift = 360_000 if (low + high) / 2 < (MERIDIAN - 180) * 1000 else 0
    return [(x + shift, y) for x, y in ring]


def merged(rings: list[Ring]) -> list[Ring]:
    """The outline of the rings together: an edge that is passed in both directions lies within."""
    edges = Counter()
    for ring in rings:
        edges.update((a, b) for a, b in zip(ring, ring[1:] + ring[:1]) if a != b)
    # On the lines where the data is cut, the two sides have different corners: cut edges at all of them.
    for axis, line in ((0, 180_000), (1, SOUTH * 1000)):
        on_line = [edge for edge in edges if edge[0][axis] == edge[1][axis] == line]
        stops = sorted({point for edge in on_line for point in edge})
        for a, b in on_line:
            count = edges.pop((a, b))
            steps = stops[stops.index(min(a, b)):stops.index(max(a, b)) + 1]
            steps = steps if a < b else steps[::-1]
            for step in zip(steps, steps[1:]):
                edges[step] += count
    leaving = defaultdict(list)
    for (a, b), count in sorted(edges.items()):
        leaving[a] += [b] * (count - edges.get((b, a), 0))
    found = []
    for start in sorted(leaving):
        while leaving[start]:
            ring, at = [start], leaving[start].pop()
            while at != start:
                ring.append(at)
                at = leaving[at].pop()
            found.append(ring)
    return found


def outlines(rings: dict[str, list[Ring]]) -> dict[str, list[Ring]]:
    rings = dict(sorted(rings.items()))
    rings["AQ"] = merged([cut for ring in rings["AQ"] if (cut := south_cut_off(ring))])
    return {code: merged([turned(ring) for ring in parts]) for code, parts in rings.items()}


def simplified(line: Ring) -> Ring:
    """The line with its ends, without the corners that matter least (Visvalingam and Whyatt's way)."""
    places = [projected(point) for point in line]
    before, after = list(range(-1, len(line) - 1)), list(range(1, len(line) + 1))

    def weight(index: int) -> float:
        return abs(area([places[before[index]], places[index], places[after[index]]]))

    weights = {index: weight(index) for index in range(1, len(line) - 1)}
    heap = [(value, index) for index, value in weights.items()]
    heapq.heapify(heap)
    # A closed line stays one that encloses something.
    least = 2 if line[0] == line[-1] else 0
    while heap and len(weights) > least:
        value, index = heapq.heappop(heap)
        if weights.get(index) != value:
            continue
        if value > DETAIL:
            break
        del weights[index]
        left, right = before[index], after[index]
        after[left], before[right] = right, left
        for neighbour in (left, right):
            if neighbour in weights:
                # Never less than what went before it: the order of leaving is the order of mattering.
                weights[neighbour] = max(value, weight(neighbour))
                heapq.heappush(heap, (weights[neighbour], neighbour))
    return [point for index, point in enumerate(line) if index in weights or index in (0, len(line) - 1)]


class Borders:
    """Simplifies rings such that a border is the same line for both of its countries."""

    def __init__(self, outlines: dict[str, list[Ring]]) -> None:
        owners = defaultdict(set)
        touching = defaultdict(set)
        for code, rings in outlines.items():
            for ring in rings:
                for a, b in zip(ring, ring[1:] + ring[:1]):
                    edge = (min(a, b), max(a, b))
                    owners[edge].add(code)
                    touching[a].add(edge)
                    touching[b].add(edge)
        # Corners where more than two lines meet, or one line goes on with other countries beside it.
        self.junctions = {
            point for point, edges in touching.items()
            if len(edges) != 2 or len({frozenset(owners[edge]) for edge in edges}) > 1}
        self.known: dict[tuple[Point, ...], Ring] = {}

    def simplified(self, ring: Ring) -> Ring:
        stops = [index for index, point in enumerate(ring) if point in self.junctions]
        # A ring without junctions begins at the same corner for both of its countries.
        first = stops[0] if stops else ring.index(min(ring))
        ring = ring[first:] + ring[:first]
        stops = [index - first for index in stops] or [0]
        found = []
        for start, end in zip(stops, [*stops[1:], len(ring)]):
            line = (ring + ring[:1])[start:end + 1]
            forward = line <= line[::-1]
            key = tuple(line if forward else line[::-1])
            if key not in self.known:
                self.known[key] = simplified(list(key))
            found += (self.known[key] if forward else self.known[key][::-1])[:-1]
        return found
