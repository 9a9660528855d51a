"""Chart of how alike the parts of a split are: the shares of kinds and types of questions in each."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from vqaft.data import PartSummary, SplitReport
from vqaft.report.charts.drawing import BASE, INK, MUTED, TUNED, Chart, Drawing, LegendEntry, shortened

MOST_ROWS = 12
COLORS: tuple[tuple[str, Literal["muted", "base", "tuned", "ink"]], ...] = (
    (MUTED, "muted"),
    (BASE, "base"),
    (TUNED, "tuned"),
    (INK, "ink"),
)
"""Of the parts, in their order; further parts are not drawn."""
BAR = 9
"""Height of a bar in units of the SVG."""
GAP = 12


def balance_chart(report: SplitReport) -> Chart:
    """Draw the shares of the most frequent kinds and types of questions, a row each with a bar for every part.

    Args:
        report: The report on a split; its first four parts are drawn.
    """
    parts = report.parts[: len(COLORS)]
    shares = [shares_of(part) for part in parts]
    totals: Counter[str] = Counter()
    for part in report.parts:
        totals.update(counts_of(part))
    names = [name for name, _ in totals.most_common(MOST_ROWS)]
    row = BAR * len(parts) + GAP
    drawing = Drawing(height=row * len(names), labels=names, salt="balance")
    height = BAR / row
    for place, (share, (color, _)) in enumerate(zip(shares, COLORS, strict=False)):
        shift = (place - (len(parts) - 1) / 2) * height
        places = [number + shift for number in range(len(names))]
        drawing.axes.barh(places, [100 * share.get(name, 0) for name in names], 0.86 * height, color=color)
    drawing.axes.set_xlim(0, 100)
    drawing.axes.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"])
    both = [(shortened(part.name), share) for part, share in zip(parts, shares, strict=True)]
    words = (
        f"{shortened(name)}: {', '.join(f'{part} {100 * share.get(name, 0):.1f} %' for part, share in both)}"
        for name in names
    )
    legend = (LegendEntry(text=part.name, color=color) for part, (_, color) in zip(parts, COLORS, strict=False))
    left = f" (the first {len(parts)} parts)" if len(parts) < len(report.parts) else ""
    return Chart(
        title=f"Share of each part's pairs{left}",
        svg=drawing.svg(f"Shares of kinds and types of questions. {'; '.join(words)}."),
        legend=tuple(legend),
    )


def counts_of(part: PartSummary) -> dict[str, int]:
    """Return the pairs of a part by kind and by type of question.

    Args:
        part: The part.
    """
    return {**part.kinds, **{f"type {name}": count for name, count in part.types.items() if name}}


def shares_of(part: PartSummary) -> dict[str, float]:
    """Return the same as shares of its pairs.

    Args:
        part: The part.
    """
    return {name: count / part.pairs for name, count in counts_of(part).items()}
