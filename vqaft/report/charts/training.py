"""Training curves: loss and accuracy by step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from vqaft.report.charts.chart import Chart, LegendEntry
from vqaft.report.charts.drawing import MUTED, TUNED, Drawing, shortened
from vqaft.tuning import StepMetrics

HEIGHT = 150
MANY_POINTS = 40
DASHES = ("", "5 3", "1.5 2.5", "8 3 1.5 3")
COLORS: dict[str, Literal["tuned", "muted"]] = {TUNED: "tuned", MUTED: "muted"}
Curve = tuple[str, list[tuple[int, float]]]


def training_charts(metrics: Sequence[StepMetrics]) -> tuple[Chart, ...]:
    """Draw loss and accuracy by step, as far as they were measured at two steps at least.

    Columns are distinguished by their names: those with "loss", those with "accuracy"; of each, those with "valid" are
    drawn in the tuned model's color and the others in gray. Any other column is left out.

    Args:
        metrics: What was measured at each step.
    """
    found = ((quantity, _curves(metrics, quantity)) for quantity in ("loss", "accuracy"))
    return tuple(_chart(quantity, curves) for quantity, curves in found if curves)


def _chart(quantity: str, curves: Sequence[Curve]) -> Chart:
    drawing = Drawing(height=HEIGHT, salt=f"training {quantity}")
    legend = []
    seen = {TUNED: 0, MUTED: 0}
    for name, points in curves:
        color = TUNED if "valid" in name else MUTED
        dashes = DASHES[seen[color] % len(DASHES)]
        seen[color] += 1
        pattern = (0, tuple(float(part) for part in dashes.split())) if dashes else "-"
        marker = "o" if len(points) <= MANY_POINTS else ""
        steps, values = zip(*points, strict=True)
        drawing.axes.plot(steps, values, color=color, linestyle=pattern, linewidth=1.6, marker=marker, markersize=3.5)
        legend.append(LegendEntry(text=name.replace("_", " "), color=COLORS[color], dashes=dashes))
    drawing.axes.set_ylim(bottom=0, top=1 if quantity == "accuracy" else None)
    return Chart(title=f"Training: {quantity} by step", svg=drawing.svg(_words(quantity, curves)), legend=tuple(legend))


def _curves(metrics: Sequence[StepMetrics], quantity: str) -> list[Curve]:
    names = dict.fromkeys(name for step in metrics for name in step.values if quantity in name)
    curves = ((name, [(step.step, step.values[name]) for step in metrics if name in step.values]) for name in names)
    return [(name, points) for name, points in curves if len(points) > 1]


def _words(quantity: str, curves: Iterable[Curve]) -> str:
    ends = (f"{shortened(name)} from {points[0][1]:.3g} to {points[-1][1]:.3g}" for name, points in curves)
    return f"{quantity} during training: {'; '.join(ends)}."
