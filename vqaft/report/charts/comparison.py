"""Charts of a comparison: means and differences by slice, and the distribution of ratings.

Training curves: loss and accuracy by step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from vqaft.evaluation import Estimate, RatingDistribution, SliceComparison, Verdict, estimate_text, points, points_range
from vqaft.report.charts.drawing import (
    BASE,
    FONT_SIZE,
    INK,
    LONGEST,
    MUTED,
    PAPER,
    TUNED,
    Chart,
    Drawing,
    LegendEntry,
    shortened,
)
from vqaft.tuning import StepMetrics, TrainingMetrics

ROW = 26

MOST_ROWS = 30

OFFSET = 0.15

MODELS = (LegendEntry(text="base", color="base"), LegendEntry(text="tuned", color="tuned"))


def accuracy_chart(slices: Sequence[SliceComparison]) -> Chart:
    """Draw both models' means with their intervals, a row a slice.

    Args:
        slices: The slices of one scorer; the first 30 are drawn.
    """
    shown = slices[:MOST_ROWS]
    drawing = Drawing(height=ROW * len(shown), labels=_labels(shown), salt="accuracy")
    for place, part in enumerate(shown):
        draw_mean(drawing.axes, part.base, place - OFFSET, BASE, face=PAPER)
        draw_mean(drawing.axes, part.tuned, place + OFFSET, TUNED, face=TUNED)
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
        color = INK if found else MUTED
        draw_mean(drawing.axes, part.difference, place, color, face=color if found else PAPER)
    drawing.axes.axvline(0, color=MUTED, linewidth=1)
    low, high = reach_of(shown)
    drawing.axes.set_xlim(low, high)
    drawing.axes.xaxis.set_major_formatter(lambda value, _: points(value / 100).removesuffix(".0") if value else "0")
    ranges = ((part, points_range(part.difference.interval)) for part in shown)
    words = (f"{shortened(part.value)}: {points(part.difference.value)} ({reach})" for part, reach in ranges)
    return Chart(title="Tuned − base, points", svg=drawing.svg(f"Difference in points. {'; '.join(words)}."))


def _labels(slices: Sequence[SliceComparison]) -> list[str]:
    return [f"{shortened(part.value, LONGEST - 7)} ({part.n})" for part in slices]


def draw_mean(axes: Any, estimate: Estimate, height: float, color: str, *, face: str) -> None:
    """Draw a mean with its interval, in hundredths; nothing where there is none.

    Args:
        axes: Where.
        estimate: The mean.
        height: The place on the vertical axis.
        color: Of the line and the point's edge.
        face: The color that fills the point.
    """
    if estimate.value is None:
        return
    if estimate.interval is not None:
        ends = [100 * estimate.interval.low, 100 * estimate.interval.high]
        axes.plot(ends, [height, height], color=color, linewidth=1.6, solid_capstyle="butt", clip_on=False)
    axes.plot([100 * estimate.value], [height], "o", color=color, mfc=face, mew=1.6, markersize=6.5, clip_on=False)


def reach_of(slices: Sequence[SliceComparison]) -> tuple[float, float]:
    """Return from where to where the differences of slices reach, zero included, in points.

    Args:
        slices: The slices.
    """
    ends = [0.0]
    for part in slices:
        interval = part.difference.interval
        ends += [interval.low, interval.high] if interval else [part.difference.value or 0.0]
    room = 0.06 * max(max(ends) - min(ends), 0.1)
    return 100 * (min(ends) - room), 100 * (max(ends) + room)


RATING_ROW = 34

MOST_LEVELS = 20

BAR = 0.3

RATING_OFFSET = 0.17


def ratings_chart(ratings: RatingDistribution) -> Chart:
    """Draw how often each level was given to both models' answers.

    Args:
        ratings: The levels of one scorer; the best 20 are drawn.
    """
    levels = ratings.levels[:MOST_LEVELS]
    both = ratings.base[:MOST_LEVELS], ratings.tuned[:MOST_LEVELS]
    salt = f"ratings {ratings.scorer}"
    drawing = Drawing(height=RATING_ROW * len(levels), labels=levels, scale=False, salt=salt)
    for shift, counts, color in zip((-RATING_OFFSET, RATING_OFFSET), both, (BASE, TUNED), strict=True):
        places = [place + shift for place in range(len(counts))]
        bars = drawing.axes.barh(places, counts, height=BAR, color=color)
        drawing.axes.bar_label(bars, padding=3, color=INK, fontsize=FONT_SIZE)
    drawing.axes.set_xlim(0, 1.12 * max((*both[0], *both[1], 1)))
    drawing.axes.set_xticks([])
    words = "; ".join(
        f"{shortened(name)}: base {old}, tuned {new}" for name, old, new in zip(levels, *both, strict=True)
    )
    title = f"Ratings by {shortened(ratings.scorer)}"
    return Chart(title=title, svg=drawing.svg(f"Number of answers. {words}."), legend=MODELS)


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
    found = ((quantity, curves_of(metrics, quantity)) for quantity in ("loss", "accuracy"))
    return tuple(_chart(quantity, curves) for quantity, curves in found if curves)


def _chart(quantity: str, curves: Sequence[Curve]) -> Chart:
    drawing = Drawing(height=HEIGHT, salt=f"training {quantity}")
    legend = []
    seen = {TUNED: 0, MUTED: 0}
    for name, curve in curves:
        color = TUNED if "valid" in name else MUTED
        dashes = DASHES[seen[color] % len(DASHES)]
        seen[color] += 1
        pattern = (0, tuple(float(part) for part in dashes.split())) if dashes else "-"
        marker = "o" if len(curve) <= MANY_POINTS else ""
        steps, values = zip(*curve, strict=True)
        drawing.axes.plot(steps, values, color=color, linestyle=pattern, linewidth=1.6, marker=marker, markersize=3.5)
        legend.append(LegendEntry(text=name.replace("_", " "), color=COLORS[color], dashes=dashes))
    drawing.axes.set_ylim(bottom=0, top=1 if quantity == "accuracy" else None)
    return Chart(title=f"Training: {quantity} by step", svg=drawing.svg(_words(quantity, curves)), legend=tuple(legend))


def curves_of(metrics: Sequence[StepMetrics], quantity: str) -> list[Curve]:
    """Return the columns of a quantity that were measured at two steps at least, with steps and numbers.

    Args:
        metrics: What was measured at each step.
        quantity: What the column's name has to contain, e.g. "loss".
    """
    curves = TrainingMetrics(metrics).curves()
    return [(name, points) for name, points in curves.items() if quantity in name and len(points) > 1]


def _words(quantity: str, curves: Iterable[Curve]) -> str:
    ends = (f"{shortened(name)} from {points[0][1]:.3g} to {points[-1][1]:.3g}" for name, points in curves)
    return f"{quantity} during training: {'; '.join(ends)}."
