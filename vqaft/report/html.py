"""One self-contained HTML file that a person can judge by."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from vqaft.data import VQAExample
from vqaft.durable import write_atomically
from vqaft.errors import MissingExtraError
from vqaft.evaluation import Comparison, Estimate
from vqaft.report.charts import accuracy_chart, rating_chart, training_chart
from vqaft.report.contents import make_contents, question_types
from vqaft.report.visible import visible
from vqaft.tuning import StepMetrics

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


def write_report(
    path: str | PathLike[str],
    comparison: Comparison,
    *,
    examples: Iterable[VQAExample] = (),
    training: Sequence[StepMetrics] = (),
    title: str = "Did it help?",
) -> Path:
    """Write the report of a comparison as one HTML file, which needs nothing else to be looked at.

    Args:
        path: The file; replaced in one step.
        comparison: What is reported.
        examples: The examples behind it, for the pictures.
        training: What was measured during training, for the curve.
        title: The heading.

    Returns:
        The file's path.

    Raises:
        MissingExtraError: If the extra `report` is not installed.
    """
    target = Path(path)
    text = render_report(comparison, examples=examples, training=training, title=title)
    write_atomically(target, text.encode())
    return target


def render_report(
    comparison: Comparison,
    *,
    examples: Iterable[VQAExample] = (),
    training: Sequence[StepMetrics] = (),
    title: str = "Did it help?",
) -> str:
    """Give the same page as text; see `write_report`."""
    contents = make_contents(comparison, examples)
    script = (TEMPLATES / "report.js").read_text(encoding="utf-8")
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            title=title,
            comparison=comparison,
            contents=contents,
            types=question_types(contents.cards),
            accuracy={name: accuracy_chart(comparison.of(name)) for name in comparison.scorers},
            ratings=[(distribution, rating_chart(distribution)) for distribution in comparison.ratings],
            training=[svg for svg in (training_chart(training, quantity=name) for name in ("loss", "accuracy")) if svg],
            style=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
            script=script,
            script_hash=_hash(script),
        )
    )


def _environment() -> Environment:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise MissingExtraError("jinja2", extra="report") from error
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"visible": visible, "percent": _percent, "interval": _interval, "points": _points}
    return environment


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _percent(estimate: Estimate) -> str:
    return "–" if estimate.value is None else f"{100 * estimate.value:.1f} %"


def _points(estimate: Estimate) -> str:
    return "–" if estimate.value is None else f"{100 * estimate.value:+.1f}".replace("-", "−")


def _interval(estimate: Estimate, *, signed: bool = False) -> str:
    if estimate.interval is None:
        return ""
    form = "+.1f" if signed else ".1f"
    low, high = (format(100 * end, form).replace("-", "−") for end in (estimate.interval.low, estimate.interval.high))
    return f"{low} to {high}"
