"""Curves of one job, or of two over each other: loss and accuracy as they grow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vqaft.escape import visible
from vqaft.server import JobView
from vqaft.workbench.line_chart import Color, Line, LineChart

Steps = Sequence[Mapping[str, Any]]

LOSS = (("train_loss", "training"), ("valid_loss", "validation"))
ANSWERS = (("train_answer_accuracy", "training"), ("valid_answer_accuracy", "validation"))
TOKENS = (("train_mean_token_accuracy", "training"), ("valid_mean_token_accuracy", "validation"))
NAME = 28
"""Characters of a job's name in a legend."""


@dataclass(frozen=True, kw_only=True)
class MeasuredJob:
    """A job and what was measured in it.

    Attributes:
        job: The job.
        steps: The data of its metrics events, in the order of the steps.
    """

    job: JobView
    steps: Steps = field(repr=False)

    @property
    def name(self) -> str:
        """Its name for a legend."""
        return job_name(self.job, NAME)


def job_name(job: JobView, limit: int = 60) -> str:
    """Return how a job is called: its suffix, else its id.

    Args:
        job: The job.
        limit: The most characters of it.
    """
    return visible(job.suffix or job.id, limit=limit)


def charts(one: MeasuredJob, other: MeasuredJob | None = None) -> tuple[LineChart, ...]:
    """Draw loss and accuracy, as far as they were measured.

    Solid lines are of the validation data, dashed ones of the training data. One job alone runs over its steps; two
    jobs run over their epochs, because their steps need not be of equal size.

    Args:
        one: The job.
        other: A job that is laid over it.
    """
    jobs = (one,) if other is None else (one, other)
    columns = ANSWERS if any(ANSWERS[0][0] in step for each in jobs for step in each.steps) else TOKENS
    accuracy = "Accuracy of answers" if columns is ANSWERS else "Accuracy of tokens"
    drawn = (_chart("Loss", LOSS, jobs, share=False), _chart(accuracy, columns, jobs, share=True))
    return tuple(chart for chart in drawn if chart.lines)


def _chart(title: str, columns: Sequence[tuple[str, str]], jobs: Sequence[MeasuredJob], *, share: bool) -> LineChart:
    colors: tuple[Color, ...] = ("tuned", "base")
    lines = tuple(
        Line(
            name=words if len(jobs) == 1 else f"{each.name}, {words}",
            key=words,
            points=_points(each.steps, column, by_epoch=len(jobs) > 1),
            color=color,
            dashed=column.startswith("train"),
        )
        for each, color in zip(jobs, colors, strict=False)
        for column, words in columns
    )
    return LineChart(title=title, x_label="step" if len(jobs) == 1 else "epoch", lines=lines, share=share)


def _points(steps: Steps, column: str, *, by_epoch: bool) -> tuple[tuple[float, float], ...]:
    return tuple(
        (step["step"] * _epochs_a_step(step) if by_epoch else step["step"], float(step[column]))
        for step in steps
        if isinstance(step.get(column), int | float)
    )


def _epochs_a_step(step: Mapping[str, Any]) -> float:
    return float(step["n_epochs"] / step["total_steps"])
