"""Chart for an HTML page: SVG, caption and legend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class LegendEntry:
    """Meaning of one color or line of a chart.

    Attributes:
        text: In words.
        color: "base", "tuned" or "muted".
        dashes: The line's pattern, e.g. "4 3"; empty for an unbroken one.
    """

    text: str
    color: Literal["base", "tuned", "muted"]
    dashes: str = ""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart for an HTML page.

    Attributes:
        title: Its caption.
        svg: The `<svg>` element; its colors are the page's custom properties.
        legend: What its colors and lines stand for.
    """

    title: str
    svg: str
    legend: tuple[LegendEntry, ...] = ()
