"""Charts as SVG, to stand in the page."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from vqaft.errors import MissingExtraError
from vqaft.evaluation import Estimate, RatingDistribution, SliceComparison
from vqaft.report.visible import visible
from vqaft.tuning import StepMetrics

BASE_COLOUR, TUNED_COLOUR = "#8a94a6", "#0b6e99"
"""Told apart by lightness alone, and so by everybody."""
STYLE: Any = {  # matplotlib types its settings by name
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#8a8f98",
    "axes.labelcolor": "#5b616b",
    "text.color": "#5b616b",
    "xtick.color": "#5b616b",
    "ytick.color": "#5b616b",
}


def accuracy_chart(slices: Sequence[SliceComparison]) -> str:
    """Draw both models' means on every slice, with their intervals.

    Args:
        slices: The slices of one scorer, in the order from top to bottom.

    Returns:
        An `<svg>` element.
    """
    with _figure(height=0.55 + 0.42 * len(slices), salt=f"accuracy-{slices[0].scorer}") as (axes, done):
        for place, part in enumerate(reversed(slices)):
            _mean(axes, part.base, place + 0.13, BASE_COLOUR)
            _mean(axes, part.tuned, place - 0.13, TUNED_COLOUR)
        names = [f"{visible(part.value, limit=24)} ({part.n})" for part in reversed(slices)]
        axes.set_yticks(range(len(slices)), [_plain(name) for name in names])
        axes.set_xlim(0, 100)
        axes.set_ylim(-0.6, len(slices) - 0.4)
        axes.grid(axis="x", color="#d5d8dd", linewidth=0.6)
        axes.set_xlabel("per cent")
    return done[0]


def rating_chart(distribution: RatingDistribution) -> str:
    """Draw how often each level was given.

    Args:
        distribution: The levels of one scorer.

    Returns:
        An `<svg>` element.
    """
    with _figure(height=0.6 + 0.42 * len(distribution.levels), salt=f"rating-{distribution.scorer}") as (axes, done):
        places = range(len(distribution.levels) - 1, -1, -1)
        axes.barh([place + 0.2 for place in places], distribution.base, height=0.36, color=BASE_COLOUR)
        axes.barh([place - 0.2 for place in places], distribution.tuned, height=0.36, color=TUNED_COLOUR)
        axes.set_yticks(list(places), [_plain(visible(level, limit=24)) for level in distribution.levels])
        axes.set_xlabel("answers")
    return done[0]


def training_chart(metrics: Sequence[StepMetrics], *, quantity: str) -> str:
    """Draw the training curve.

    Args:
        metrics: What was measured at each step.
        quantity: "loss" or "accuracy": the columns whose names end so.

    Returns:
        An `<svg>` element; empty where nothing of the kind was measured.
    """
    curves = {name: points for name, points in _curves(metrics, quantity) if len(points) > 1}
    if not curves:
        return ""
    with _figure(height=2.4, salt=f"training-{quantity}") as (axes, done):
        for name, points in curves.items():
            valid = "valid" in name
            colour, style = (TUNED_COLOUR, "-") if valid else (BASE_COLOUR, "--")
            axes.plot(*zip(*points, strict=True), style, color=colour, label=_plain(name.replace("_", " ")))
        axes.set_xlabel("step")
        axes.set_ylabel(quantity)
        axes.legend(frameon=False)
    return done[0]


def _curves(metrics: Sequence[StepMetrics], quantity: str) -> Iterator[tuple[str, list[tuple[int, float]]]]:
    names = dict.fromkeys(name for step in metrics for name in step.values if name.endswith(quantity))
    for name in names:
        yield name, [(step.step, step.values[name]) for step in metrics if name in step.values]


def _mean(axes: Any, estimate: Estimate, height: float, colour: str) -> None:
    if estimate.value is None:
        return
    if estimate.interval is not None:
        ends = [100 * estimate.interval.low, 100 * estimate.interval.high]
        axes.plot(ends, [height, height], color=colour, linewidth=2, solid_capstyle="round")
    axes.plot([100 * estimate.value], [height], "o", color=colour, markersize=5)


def _plain(text: str) -> str:
    return text.replace("$", r"\$")  # matplotlib would read mathematics between two of them


@contextmanager
def _figure(*, height: float, salt: str) -> Iterator[tuple[Any, list[str]]]:
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("matplotlib", extra="report") from error
    done: list[str] = []
    # Its own salt for each chart keeps the ids of several charts in one page apart, and the same from run to run.
    with mpl.rc_context({**STYLE, "svg.hashsalt": salt}):
        figure = Figure(figsize=(6.4, height), layout="constrained")
        axes = figure.add_subplot()
        yield axes, done
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    done.append(svg[svg.index("<svg") :])
