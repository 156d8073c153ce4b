"""The globe on paper, in Robinson's projection."""

from __future__ import annotations

import math

from .rdata import Point

# Width of the map in units of its grid; coordinates are whole numbers of them. At 1,000 pixels, one is half of one.
WIDTH = 2000
# In the middle of the map. The map is cut opposite of it, in the Bering Strait, where it goes through no land; Saint
# Lawrence Island alone is parted from Alaska.
MERIDIAN = 11

# Robinson's table: length and distance from the equator of each fifth parallel.
PARALLELS = [
    (1.0000, 0.0000), (0.9986, 0.0620), (0.9954, 0.1240), (0.9900, 0.1860), (0.9822, 0.2480), (0.9730, 0.3100),
    (0.9600, 0.3720), (0.9427, 0.4340), (0.9216, 0.4958), (0.8962, 0.5571), (0.8679, 0.6176), (0.8350, 0.6769),
    (0.7986, 0.7346), (0.7597, 0.7903), (0.7186, 0.8435), (0.6732, 0.8936), (0.6213, 0.9394), (0.5722, 0.9761),
    (0.5322, 1.0000)]


def projected(point: Point) -> tuple[float, float]:
    """The place in units of the grid, from the map's middle, y downwards."""
    latitude = abs(point[1]) / 5000
    row = min(int(latitude), 17)
    t = latitude - row
    # A smooth curve through the table's values (Catmull and Rom's).
    around = [PARALLELS[max(0, min(18, row + step))] for step in (-1, 0, 1, 2)]
    if row == 0:
        around[0] = (PARALLELS[1][0], -PARALLELS[1][1])
    length, distance = (
        b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
        for a, b, c, d in zip(*around))
    scale = WIDTH / (2 * math.pi * 0.8487)
    return (0.8487 * length * math.radians(point[0] / 1000 - MERIDIAN) * scale,
            -math.copysign(1.3523 * distance, point[1]) * scale)


def area(ring: list[tuple[float, float]]) -> float:
    return sum(x * after_y - after_x * y for (x, y), (after_x, after_y) in zip(ring, ring[1:] + ring[:1])) / 2


def centre(ring: list[tuple[float, float]]) -> tuple[float, float]:
    """The middle of the ring's surface."""
    sums = [0.0, 0.0, 0.0]
    first = ring[0]
    for (x, y), (after_x, after_y) in zip(ring, ring[1:] + ring[:1]):
        x, y, after_x, after_y = x - first[0], y - first[1], after_x - first[0], after_y - first[1]
        cross = x * after_y - after_x * y
        sums = [sums[0] + cross, sums[1] + cross * (x + after_x), sums[2] + cross * (y + after_y)]
    return (first[0] + sums[1] / sums[0] / 3, first[1] + sums[2] / sums[0] / 3)
