"""Means of both models, and their differences, slice by slice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vqaft.evaluation import Estimate, SliceComparison, Verdict
from vqaft.evaluation.figures import estimate_text, points, points_range
from vqaft.report.charts.chart import Chart, LegendEntry
from vqaft.report.charts.drawing import BASE, INK, LONGEST, MUTED, PAPER, TUNED, Drawing, shortened

ROW = 26
MOST_ROWS = 30
OFFSET = 0.15
MODELS = (LegendEntry(text="base", colour="base"), LegendEntry(text="tuned", colour="tuned"))


def accuracy_chart(slices: Sequence[SliceComparison]) -> Chart:
    """Draw both models' means with their intervals, a row a slice.

    Args:
        slices: The slices of one scorer; the first 30 are drawn.
    """
    shown = slices[:MOST_ROWS]
    drawing = Drawing(height=ROW * len(shown), labels=_labels(shown), salt="accuracy")
    for place, part in enumerate(shown):
        _mean(drawing.axes, part.base, place - OFFSET, BASE, filled=False)
        _mean(drawing.axes, part.tuned, place + OFFSET, TUNED, filled=True)
    drawing.axes.set_xlim(0, 100)
    drawing.axes.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"])
    both = ((part, estimate_text(part.base), estimate_text(part.tuned)) for part in shown)
    words = (f"{shortened(part.value)}: base {base}, tuned {tuned}" for part, base, tuned in both)
    return Chart(title="Mean score", svg=drawing.svg(f"Mean score. {'; '.join(words)}."), legend=MODELS)


def difference_chart(slices: Sequence[SliceComparison]) -> Chart:
    """Draw tuned minus base with its interval, a row a slice; filled where the verdict is a difference.

    Args:
        slices: The slices of one scorer; the first 30 are drawn.
    """
    shown = slices[:MOST_ROWS]
    drawing = Drawing(height=ROW * len(shown), labels=_labels(shown), salt="difference")
    for place, part in enumerate(shown):
        found = part.verdict in {Verdict.BETTER, Verdict.WORSE}
        _mean(drawing.axes, part.difference, place, INK if found else MUTED, filled=found)
    drawing.axes.axvline(0, color=MUTED, linewidth=1)
    low, high = _reach(shown)
    drawing.axes.set_xlim(low, high)
    drawing.axes.xaxis.set_major_formatter(lambda value, _: points(value / 100).removesuffix(".0") if value else "0")
    ranges = ((part, points_range(part.difference.interval)) for part in shown)
    words = (f"{shortened(part.value)}: {points(part.difference.value)} ({reach})" for part, reach in ranges)
    return Chart(title="Tuned − base, points", svg=drawing.svg(f"Difference in points. {'; '.join(words)}."))


def _labels(slices: Sequence[SliceComparison]) -> list[str]:
    return [f"{shortened(part.value, LONGEST - 7)} ({part.n})" for part in slices]


def _mean(axes: Any, estimate: Estimate, height: float, colour: str, *, filled: bool) -> None:
    if estimate.value is None:
        return
    if estimate.interval is not None:
        ends = [100 * estimate.interval.low, 100 * estimate.interval.high]
        axes.plot(ends, [height, height], color=colour, linewidth=1.6, solid_capstyle="butt", clip_on=False)
    face = colour if filled else PAPER
    axes.plot([100 * estimate.value], [height], "o", color=colour, mfc=face, mew=1.6, markersize=6.5, clip_on=False)


def _reach(slices: Sequence[SliceComparison]) -> tuple[float, float]:
    ends = [0.0]
    for part in slices:
        interval = part.difference.interval
        ends += [interval.low, interval.high] if interval else [part.difference.value or 0.0]
    room = 0.06 * max(max(ends) - min(ends), 0.1)
    return 100 * (min(ends) - room), 100 * (max(ends) + room)
