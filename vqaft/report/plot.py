"""Values as matplotlib figures, for notebooks, papers and slides; pyplot and its global state are left alone."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from vqaft.data import Power, Split, SplitReport
from vqaft.errors import DataError, MissingExtraError, shown
from vqaft.escape import visible
from vqaft.evaluation import Comparison, SliceComparison
from vqaft.report.charts.comparison import MOST_ROWS, OFFSET, curves_of, draw_mean, reach_of
from vqaft.report.data_plots import draw_balance, draw_power
from vqaft.tuning import StepMetrics, TrainingMetrics
from vqaft.typed import typed_call

BASE, TUNED, INK, MUTED = "#a3470a", "#0a5ba8", "#1b1f24", "#8a929c"
_HALF_WIDTH = 4.6  # inches
_ROW = 0.32
_BAR = 0.2
_DPI = 100
_LONGEST = 32


@typed_call
def plot(value: object, *, scorer: str | None = None) -> Any:
    """Return a value as a matplotlib `Figure`, which a notebook shows and `savefig` writes.

    - `Comparison`: both models' means and their difference with intervals, slice by slice.
    - `Power`: the smallest gain that a test set shows, by its number of images.
    - `SplitReport`, `Split`: the shares of the kinds and types of questions in each part.
    - `TrainingMetrics`, or any sequence of `StepMetrics`: loss and accuracy by step.

    Args:
        value: What to plot.
        scorer: The scorer whose figures of a comparison are drawn; the first one by default.

    Raises:
        DataError: If the value is of no such type, or holds nothing to draw.
        EvaluationError: If the comparison has no such scorer.
        MissingExtraError: If matplotlib is not installed.
    """
    if isinstance(value, Comparison):
        return _comparison(value, scorer)
    if isinstance(value, Power):
        figure = new_figure(width=7.0, height=4.0)
        draw_power(_quiet(figure.add_subplot(), grid="y"), value)
        return figure
    if isinstance(value, Split | SplitReport):
        report = value.report if isinstance(value, Split) else value
        figure = new_figure(width=7.0, height=1.0)
        rows = draw_balance(_quiet(figure.add_subplot(), grid="x"), report)
        figure.set_figheight(1.0 + _BAR * rows)
        return figure
    metrics = _metrics(value)
    if metrics is None:
        hint = "Give a Comparison, a Power, a SplitReport, or what FineTuneClient.metrics returned."
        raise DataError(f"there is no plot of {shown(value)}", hint=hint)
    return _training(metrics)


def new_figure(*, width: float, height: float) -> Any:
    """Return an empty figure that a notebook shows by itself, whether or not pyplot was imported.

    Args:
        width: In inches.
        height: In inches.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", extra="report") from None

    class Plot(Figure):
        """A figure with a picture of its own for notebooks."""

        def _repr_png_(self) -> bytes:
            file = io.BytesIO()
            self.savefig(file, format="png", dpi=_DPI)
            return file.getvalue()

    return Plot(figsize=(width, height), layout="constrained", facecolor="white")


def _comparison(comparison: Comparison, scorer: str | None) -> Any:
    overall = comparison.overall(scorer)
    slices = comparison.of(overall.scorer)[:MOST_ROWS]
    figure = new_figure(width=2 * _HALF_WIDTH, height=1.3 + _ROW * len(slices))
    means, differences = figure.subplots(1, 2, sharey=True)
    for place, part in enumerate(slices):
        draw_mean(means, part.base, place - OFFSET, BASE, face="white")
        draw_mean(means, part.tuned, place + OFFSET, TUNED, face=TUNED)
        found = part.difference.value is not None and part.verdict.value in {"better", "worse"}
        color = INK if found else MUTED
        draw_mean(differences, part.difference, place, color, face=color if found else "white")
    means.set_yticks(range(len(slices)), [_label(part) for part in slices], parse_math=False)
    means.set_ylim(len(slices) - 0.5, -0.5)
    means.set_xlim(0, 100)
    means.set_xlabel("mean score, %")
    differences.axvline(0, color=MUTED, linewidth=1)
    differences.set_xlim(*reach_of(slices))
    differences.set_xlabel("tuned − base, points")
    for axes in (means, differences):
        _quiet(axes, grid="x")
    _legend(means, ((comparison.base_model, BASE, "white"), (comparison.tuned_model, TUNED, TUNED)))
    verdict = _short(overall.words.partition(" (")[0].rstrip("."), 100)
    figure.suptitle(verdict[:1].upper() + verdict[1:], fontsize="medium", parse_math=False)
    return figure


def _legend(axes: Any, models: Sequence[tuple[str, str, str]]) -> None:
    from matplotlib.lines import Line2D

    marks = [Line2D([], [], color=color, marker="o", mfc=face) for _, color, face in models]
    names = [_short(name) for name, _, _ in models]
    _plain_legend(axes, marks, names, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)


def _plain_legend(axes: Any, *entries: Any, **place: Any) -> None:
    """Add a legend whose texts are shown as they are: a price in a name is not a formula."""
    for words in axes.legend(*entries, frameon=False, fontsize="small", **place).get_texts():
        words.set_parse_math(False)


def _training(metrics: TrainingMetrics) -> Any:
    found = {quantity: curves for quantity in ("loss", "accuracy") if (curves := curves_of(metrics, quantity))}
    if not found:
        hint = "A column with 'loss' or 'accuracy' in its name has to be measured at two steps at least."
        raise DataError(f"there is no curve in {metrics!r}", hint=hint)
    figure = new_figure(width=_HALF_WIDTH * len(found), height=3.2)
    for axes, (quantity, curves) in zip(figure.subplots(1, len(found), squeeze=False)[0], found.items(), strict=True):
        for number, (name, points) in enumerate(curves):
            validation = "valid" in name
            color, style = (TUNED if validation else MUTED), ("-", "--", ":", "-.")[number % 4]
            label = _short(name.replace("_", " "))
            axes.plot(*zip(*points, strict=True), color=color, linestyle=style, label=label)
        axes.set_xlabel("step")
        axes.set_title(quantity, fontsize="medium")
        axes.set_ylim(bottom=0, top=1.02 if quantity == "accuracy" else None)
        _quiet(axes, grid="y")
        _plain_legend(axes)
    return figure


def _metrics(value: object) -> TrainingMetrics | None:
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return None
    steps = [step for step in value if isinstance(step, StepMetrics)]
    return TrainingMetrics(steps) if len(steps) == len(value) else None


def _label(part: SliceComparison) -> str:
    return f"{_short(part.value)} ({part.n})"


def _short(text: str, longest: int = _LONGEST) -> str:
    cut = visible(text[: longest + 1])
    cut = f" {cut}" if cut.startswith("_") else cut  # matplotlib leaves such names out of a legend
    return cut if len(cut) <= longest else f"{cut[: longest - 1]}…"


def _quiet(axes: Any, *, grid: str) -> Any:
    """Return the axes without a frame, with a grid in the background."""
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)
    axes.set_axisbelow(True)
    axes.grid(axis=grid, color="#dfe3e8", linewidth=0.8)
    return axes
