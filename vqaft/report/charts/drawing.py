"""Drawings by matplotlib, made fit for an HTML page.

Matplotlib draws with placeholders: a color for each custom property of the page, and "#0", "#1", … for texts that come
from the data. Both are replaced in its SVG. So a chart follows the page's light and dark colors, needs no inline style
(which the page forbids), and a text of the data never meets matplotlib's mathematics, fonts or escaping.

Chart for an HTML page: SVG, caption and legend.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from xml.etree import ElementTree as ET

from vqaft.errors import MissingExtraError
from vqaft.escape import visible
from vqaft.typed import typed


@dataclass(frozen=True, kw_only=True)
@typed
class LegendEntry:
    """Meaning of one color or line of a chart.

    Attributes:
        text: In words.
        color: "base", "tuned", "muted" or "ink".
        dashes: The line's pattern, e.g. "4 3"; empty for an unbroken one.
    """

    text: str
    color: Literal["base", "tuned", "muted", "ink"]
    dashes: str = ""


@dataclass(frozen=True, kw_only=True)
@typed
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


INK, MUTED, LINE, BASE, TUNED, PAPER = "#010101", "#020202", "#030303", "#040404", "#050505", "#060606"

PROPERTIES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    LINE: "var(--line)",
    BASE: "var(--base)",
    TUNED: "var(--tuned)",
    PAPER: "var(--paper)",
}

WIDTH = 380

FONT_SIZE = 12

LONGEST = 26
"""Characters of a label."""

NOT_ATTRIBUTES = frozenset({"font", "font-family"})

UNITS_AN_INCH = 72


class Drawing:
    """One pair of axes without a frame, measured in units of the SVG.

    Args:
        height: Height of the plot in units.
        labels: What stands left of the rows, from the top; empty for a numeric scale there.
        scale: Whether a scale stands below.
        salt: Tells the ids of this chart from those of the others in the page.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """

    def __init__(self, *, height: float, labels: Sequence[str] = (), scale: bool = True, salt: str) -> None:
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise MissingExtraError("matplotlib", extra="report") from None
        self._labels = [shortened(label) for label in labels]
        self._salt = salt
        left = 14 + 6.8 * max((len(label) for label in self._labels), default=5)
        foot = 28 if scale else 4
        full = height + foot + 6
        self._figure = Figure(figsize=(WIDTH / UNITS_AN_INCH, full / UNITS_AN_INCH), dpi=UNITS_AN_INCH)
        box = (left / WIDTH, foot / full, 1 - (left + 22) / WIDTH, height / full)
        self.axes: Any = self._figure.add_axes(box)
        self._plain_axes()

    def _plain_axes(self) -> None:
        self.axes.patch.set_visible(False)
        self.axes.spines[:].set_visible(False)
        self.axes.tick_params(length=0, colors=MUTED, labelsize=FONT_SIZE)
        self.axes.set_axisbelow(True)
        if self._labels:
            self.axes.set_ylim(len(self._labels) - 0.5, -0.5)
            names = [f"#{place}" for place in range(len(self._labels))]
            self.axes.set_yticks(range(len(self._labels)), names, color=INK)
            self.axes.tick_params(axis="y", pad=8)
        self.axes.grid(axis="x" if self._labels else "y", color=LINE, linewidth=0.8)

    def svg(self, description: str) -> str:
        """Finish the drawing.

        Args:
            description: What it shows, for people who do not see it.
        """
        import matplotlib as mpl

        text = io.StringIO()
        settings: Any = {"svg.fonttype": "none", "svg.hashsalt": self._salt, "text.parse_math": False}
        with mpl.rc_context(settings):
            self._figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        root = ET.fromstring(text.getvalue())  # noqa: S314 - written by matplotlib, a moment ago
        _clean(root, self._labels)
        root.attrib = {
            "viewBox": root.attrib["viewBox"],
            "role": "img",
            "aria-label": visible(description),
            "stroke-linejoin": "round",
            "font-size": str(FONT_SIZE),
        }
        return ET.tostring(root, encoding="unicode")


def shortened(label: str, longest: int = LONGEST) -> str:
    """Write a label so that it has room beside the rows.

    Args:
        label: The label.
        longest: How many characters there is room for.
    """
    shown = visible(label[: longest + 1])
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def _clean(element: ET.Element, labels: Sequence[str]) -> None:
    element.tag = element.tag.rpartition("}")[2]
    element.attrib = _attributes(element)
    if element.tag == "text" and (element.text or "").startswith("#"):
        element.text = labels[int((element.text or "")[1:])]
    elif element.tag != "text":
        element.text = None
    element.tail = None
    for child in list(element):
        if child.tag.endswith(("metadata", "style")):
            element.remove(child)
        else:
            _clean(child, labels)


def _attributes(element: ET.Element) -> dict[str, str]:
    found = {name.rpartition("}")[2]: value for name, value in element.attrib.items()}
    declared = (part.split(":", 1) for part in found.pop("style", "").split(";") if part.strip())
    found |= {name.strip(): value.strip() for name, value in declared if name.strip() not in NOT_ATTRIBUTES}
    if element.tag == "g":
        found.pop("id", None)  # "axes_1" would stand in the page once for each chart
    if "d" in found:
        found["d"] = " ".join(found["d"].split())
    return {name: PROPERTIES.get(value, value) for name, value in found.items()}
