"""Bars as SVG: legible in light and in dark, with words for those who don't see them, and without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from relay_figures import number
from samples import Spread

WIDTH, LEFT, RIGHT = 720, 190, 110
BAR, GAP, GROUP_GAP, TOP = 16, 4, 16, 62

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 }
.quiet { fill: #59636e }
.b0 { fill: #0a6b4f } .b1 { fill: #8a939d } .b2 { fill: #bcc4cc }
.range { stroke: #1f2328; stroke-width: 1.5 }
.back { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .quiet { fill: #9da7b1 } .back { fill: #0d1117 }
  .b0 { fill: #3fb68b } .b1 { fill: #7d8590 } .b2 { fill: #4d565f }
  .range { stroke: #e6edf3 }
}
"""


@dataclass(frozen=True)
class Group:
    """Bars of the same thing, by whose they are."""

    label: str
    bars: dict[str, Spread]


def bar_chart(title: str, unit: str, groups: Sequence[Group], better: str = "") -> str:
    """A horizontal bar for each median, with a line from the lowest to the highest round."""
    series = list(dict.fromkeys(name for group in groups for name in group.bars))
    most = max(spread.high for group in groups for spread in group.bars.values()) or 1.0
    scale = (WIDTH - LEFT - RIGHT) / most
    parts: list[str] = []
    top = float(TOP)
    for group in groups:
        height = len(group.bars) * (BAR + GAP)
        parts.append(_text(LEFT - 10, top + height / 2 + 3, group.label, anchor="end"))
        for name, spread in group.bars.items():
            parts += _bar(top, spread, scale, series.index(name))
            top += BAR + GAP
        top += GROUP_GAP
    head = [_text(16, 24, title, "title")]
    words = [unit, better, "line: lowest to highest" if any('class="range"' in part for part in parts) else ""]
    head += _legend(series, ", ".join(filter(None, words)))
    height = round(top)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        ' role="img" aria-labelledby="title desc">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(described(unit, groups))}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="back" width="{WIDTH}" height="{height}" rx="6"/>',
        *head, *parts, "</svg>", "",
    ])  # fmt: skip


def described(unit: str, groups: Sequence[Group]) -> str:
    """The same in words."""
    said = []
    for group in groups:
        values = ", ".join(f"{name} {number(spread.median)} {unit}" for name, spread in group.bars.items())
        said.append(f"{group.label}: {values}.")
    return " ".join(said)


def _bar(top: float, spread: Spread, scale: float, series: int) -> list[str]:
    middle = top + BAR / 2
    low, high = LEFT + spread.low * scale, LEFT + spread.high * scale
    width = spread.median * scale
    bar = f'<rect class="b{min(series, 2)}" x="{LEFT}" y="{top:g}" width="{width:.1f}" height="{BAR}" rx="2"/>'
    line = f'<path class="range" d="M{low:.1f} {middle:g}H{high:.1f}"/>' if high - low > 1 else ""
    return [bar, line, _text(max(high, LEFT) + 8, middle + 4.5, number(spread.median))]


def _legend(series: Sequence[str], unit: str) -> list[str]:
    parts, left = [], 16.0
    if len(series) > 1:
        for index, name in enumerate(series):
            parts.append(f'<rect class="b{min(index, 2)}" x="{left:g}" y="37" width="12" height="12" rx="2"/>')
            parts.append(_text(left + 18, 47.5, name))
            left += 34 + 7.2 * len(name)
    return [*parts, _text(left, 47.5, unit, "quiet")]


def _text(x: float, y: float, words: str, style: str = "", anchor: str = "start") -> str:
    of = f' class="{style}"' if style else ""
    return f'<text{of} x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(words)}</text>'
