"""Plots of a dataset before anything is trained, as SVG."""

from __future__ import annotations

import io
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from vqaft.data import AnswerDistribution, LabelConflict, Power, SplitReport
from vqaft.errors import MissingExtraError
from vqaft.escape import visible
from vqaft.report.charts.balance import counts_of, shares_of

_WIDTH = 7.0  # inches
_ROW = 0.28
_INK = "#2f5d8a"
_LONGEST = 40  # characters of a label


def draw_balance(axes: Any, report: SplitReport, *, most: int = 12) -> int:
    """Draw the shares of the kinds and types of questions in each part.

    Args:
        axes: Where.
        report: The report on a split.
        most: How many of the most frequent kinds and types to show.

    Returns:
        How many bars stand one above the other.
    """
    totals: Counter[str] = Counter()
    shares: list[dict[str, float]] = []
    for part in report.parts:
        totals.update(counts_of(part))
        shares.append(shares_of(part))
    names = [name for name, _ in totals.most_common(most)]
    height = 0.8 / len(shares)
    for number, (part, share) in enumerate(zip(report.parts, shares, strict=True)):
        places = [row + number * height for row in range(len(names))]
        axes.barh(places, [100 * share.get(name, 0) for name in names], height, label=_label(part.name))
    _label_rows(axes, names, shift=0.4 - height / 2)
    axes.set_xlabel("share of the part's pairs, %")
    for words in axes.legend(frameon=False).get_texts():
        words.set_parse_math(False)
    return len(names) * len(shares)


def answers_svg(distribution: AnswerDistribution, *, most: int = 15) -> str:
    """Plot the most frequent answers.

    Args:
        distribution: What `answer_distribution` gave.
        most: How many answers to show.

    Returns:
        The plot.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    totals: Counter[str] = Counter()
    for answers in distribution.types.values():
        totals.update(answers)
    top = totals.most_common(most)
    shares = {answer: 100 * count / distribution.pairs for answer, count in top}
    return _bars(shares, f"share of {distribution.pairs} pairs, % ({len(totals)} different answers)")


def conflicts_svg(conflicts: Sequence[LabelConflict]) -> str:
    """Plot how many contradictions each type of question has.

    Args:
        conflicts: What `label_conflicts` gave.

    Returns:
        The plot.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    counts = Counter(conflict.examples[0].question_type or "no type" for conflict in conflicts)
    return _bars(dict(counts.most_common()), f"contradictions ({len(conflicts)} in all)")


def power_svg(power: Power) -> str:
    """Plot the smallest gain that shows against the number of images.

    Args:
        power: What `power` returned; its own test set is marked where it shows a gain at all.

    Returns:
        The plot.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    figure, axes = _figure(rows=12)
    draw_power(axes, power)
    return _svg(figure)


def draw_power(axes: Any, power: Power) -> None:
    """Draw what `power_svg` shows.

    Args:
        axes: Where.
        power: What `power` returned.
    """
    sizes = [_sized(power, factor / 8) for factor in range(2, 49)]
    shown = [(size.clusters, 100 * gain) for size in sizes if (gain := size.detectable_gain) is not None]
    axes.plot([images for images, _ in shown], [gain for _, gain in shown], color=_INK)
    if power.detectable_gain is not None:
        here = power.clusters, 100 * power.detectable_gain
        axes.plot([here[0]], [here[1]], "o", color=_INK)
        axes.annotate(f"{here[0]} images: {here[1]:.1f} points", here, (8, 8), textcoords="offset points")
    axes.set_xlabel("test images")
    axes.set_ylabel("smallest gain that shows, points")
    axes.set_ylim(0)


def _sized(power: Power, factor: float) -> Power:
    return replace(power, pairs=max(1, round(power.pairs * factor)), clusters=max(1, round(power.clusters * factor)))


def _bars(values: Mapping[str, float], what: str) -> str:
    figure, axes = _figure(rows=len(values))
    axes.barh(range(len(values)), list(values.values()), 0.7, color=_INK)
    _label_rows(axes, list(values))
    axes.set_xlabel(what)
    return _svg(figure)


def _figure(*, rows: int) -> tuple[Any, Any]:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("matplotlib", extra="report") from None
    figure = Figure(figsize=(_WIDTH, _height(rows)), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _height(rows: int) -> float:
    return 1.0 + _ROW * max(rows, 1)


def _label_rows(axes: Any, names: Sequence[str], *, shift: float = 0.0) -> None:
    axes.set_yticks([row + shift for row in range(len(names))])
    axes.set_yticklabels([_label(name) for name in names], parse_math=False)  # a price in an answer is not a formula
    axes.invert_yaxis()


def _label(name: str) -> str:
    """Return a name as it is shown beside a plot: printable, on one line, and short."""
    shown = visible(name[: _LONGEST + 1])
    shown = f" {shown}" if shown.startswith("_") else shown  # matplotlib leaves such names out of a legend
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _svg(figure: Any) -> str:
    from matplotlib import rc_context

    file = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "vqaft"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # the browser has its own fonts
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    return text[text.index("<svg") :]
