"""Training metrics: the numbers of each step, from a job's result file or its events."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from os import PathLike
from pathlib import Path
from typing import Any

from vqaft.durable import read_file, write_atomically
from vqaft.errors import MissingExtraError, StateError
from vqaft.escape import visible
from vqaft.notebook import card, curve, heading, table
from vqaft.tuning.job import JobEvent
from vqaft.typed import Measured, typed, typed_call

MAX_LINE = 100_000


@dataclass(frozen=True, kw_only=True)
@typed
class StepMetrics:
    """What was measured at one training step.

    Attributes:
        step: The step, as the provider counts; from 1 at most of them.
        values: Loss and accuracy by the provider's own column names, e.g. train_loss, valid_loss, train_accuracy,
            full_valid_mean_token_accuracy. A column without a number at this step is left out.
    """

    step: int
    values: Mapping[str, Measured] = field(default_factory=dict, hash=False)


class TrainingMetrics(tuple[StepMetrics, ...]):
    """What was measured during training, in the order of the steps: a tuple that a notebook shows as a table."""

    __slots__ = ()

    def curves(self) -> dict[str, list[tuple[int, float]]]:
        """Return for each column the steps at which it was measured, and the numbers."""
        names = dict.fromkeys(name for row in self for name in row.values)
        return {name: [(row.step, row.values[name]) for row in self if name in row.values] for name in names}

    def write(self, path: str | PathLike[str]) -> Path:
        """Write the numbers as a CSV file, a line a step, as `TrainingMetrics.read` and `vqaft report` read it.

        Args:
            path: The file; replaced in one step if it is there.

        Returns:
            The path.

        Raises:
            StateError: If it cannot be written.
        """
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, ["step", *self.curves()])
        table.writeheader()
        table.writerows({"step": row.step, **row.values} for row in self)
        write_atomically(Path(path), text.getvalue().encode("utf-8", errors="backslashreplace"))
        return Path(path)

    @classmethod
    def read(cls, path: str | PathLike[str]) -> TrainingMetrics:
        """Read what `write` wrote, or a job's result file; see `read_metrics`.

        Args:
            path: The file.

        Raises:
            StateError: If it cannot be read, or holds no step.
        """
        found = read_metrics(read_file(Path(path)))
        if not found:
            raise StateError("holds no training metrics: a CSV table with a column `step` is wanted", path=path)
        return found

    def __repr__(self) -> str:
        ends = (f"{visible(name, limit=60)} {points[-1][1]:.4g}" for name, points in self.curves().items())
        return f"TrainingMetrics({', '.join([f'{len(self)} steps', *ends])})"

    def _repr_html_(self) -> str:
        rows = []
        for name, points in self.curves().items():
            numbers = [number for _, number in points]
            least, most = min(points, key=itemgetter(1)), max(points, key=itemgetter(1))
            rows.append((name, *(f"{value:.4g}" for value in (numbers[0], numbers[-1])), _at(least), _at(most)))
        lines = [curve([number for _, number in points]) for points in self.curves().values()]
        columns = ("column", "first", "last", "least", "most")
        return card([], [heading(f"{len(self)} steps"), table(columns, rows, drawn=lines)])


def _at(point: tuple[int, float]) -> str:
    return f"{point[1]:.4g} at step {point[0]}"


def read_metrics(content: bytes) -> TrainingMetrics:
    """Read a result file: CSV, plain or base64-encoded, of whatever columns.

    Empty cells, cells that are not finite numbers and rows without a step are left out.

    Args:
        content: The file as it was downloaded.

    Returns:
        The steps in the order of the file.
    """
    lines = _plain(content).decode("utf-8-sig", errors="replace").splitlines()
    # A cell holds a number: a longer line is none of this table, and csv's reader would stop at it.
    table = csv.DictReader(line for line in lines if len(line) <= MAX_LINE)
    rows = [{name: _number(cell) for name, cell in row.items() if name} for row in table]
    return TrainingMetrics(
        StepMetrics(step=int(step), values=_without_step(row)) for row in rows if (step := row.get("step")) is not None
    )


@typed_call
def metrics_of_events(events: Iterable[JobEvent]) -> TrainingMetrics:
    """Collect the numbers of a job's metrics events, for a job that has no result file yet.

    Args:
        events: A job's events; those without a step or a number are ignored.

    Returns:
        One for each step, in their order; the numbers of several events about one step are merged.
    """
    by_step: dict[int, dict[str, float]] = {}
    for event in events:
        numbers = numbers_of(event)
        if "step" in numbers:
            by_step.setdefault(int(numbers.pop("step")), {}).update(numbers)
    return TrainingMetrics(StepMetrics(step=step, values=values) for step, values in sorted(by_step.items()) if values)


def numbers_of(event: JobEvent) -> dict[str, float]:
    """Return the finite numbers in an event's data; totals, which do not change, are left out."""
    return {
        name: float(number)
        for name, number in event.data.items()
        if isinstance(number, int | float) and abs(number) < float("inf") and not name.startswith("total_")
    }


@typed_call
def metrics_frame(metrics: Iterable[StepMetrics]) -> Any:
    """Return a pandas frame: the steps as its index, a column for each number, ready to `.plot()`.

    Args:
        metrics: As `FineTuneClient.metrics` gives them.

    Raises:
        MissingExtraError: If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtraError("pandas", extra="pandas") from error
    rows = [{"step": row.step, **row.values} for row in metrics]  # noqa: PD011 - no frame yet
    return pd.DataFrame(rows, columns=None if rows else ["step"]).set_index("step")


def _without_step(row: Mapping[str, float | None]) -> dict[str, float]:
    return {name: number for name, number in row.items() if number is not None and name != "step"}


def _plain(content: bytes) -> bytes:
    """Undo base64 where the file is encoded; a CSV has commas or line breaks between words, base64 has no comma."""
    if b"," in content:
        return content
    try:
        return base64.b64decode(b"".join(content.split()), validate=True)
    except binascii.Error:
        return content


def _number(cell: object) -> float | None:
    try:
        number = float(str(cell))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
