"""A training job's progress bar."""

from __future__ import annotations

import datetime as dt
from types import TracebackType
from typing import Any, Self

from vqaft.tuning.metrics import numbers_of
from vqaft.tuning.watch import JobUpdate

QUIET_TYPES = frozenset({"message", "metrics"})
"""What is not printed while all goes well; moderation checks are."""

SHOWN = frozenset({"epoch", "train_loss", "valid_loss", "full_valid_loss", "train_accuracy"})
"""The numbers beside the bar."""


class JobProgress:
    """Shows a job's status, steps and losses; prints warnings and errors above the bar.

    Args:
        job_id: The job, for the bar's label.
        enabled: Whether to show anything.
    """

    def __init__(self, job_id: str, *, enabled: bool) -> None:
        from tqdm.auto import tqdm

        self._shown: dict[str, str] = {}
        self._bar: Any = tqdm(total=None, desc=job_id, unit="step", disable=not enabled)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._bar.write(text)

    def show(self, update: JobUpdate) -> None:
        """Bring the bar up to date."""
        for event in update.events:
            if event.level != "info" or event.type not in QUIET_TYPES:
                self.say(f"{event.level}: {event.message}")
            self._step(event.data.get("step"), event.data.get("total_steps"))
            self._shown |= {name: f"{number:.4g}" for name, number in numbers_of(event).items() if name in SHOWN}
        if update.job.estimated_finish is not None:
            self._shown["ends"] = f"{dt.datetime.fromtimestamp(update.job.estimated_finish).astimezone():%H:%M}"
        self._bar.set_postfix({"status": update.job.status, **self._shown})

    def _step(self, step: object, total: object) -> None:
        if isinstance(total, int | float):
            self._bar.total = int(total)
        if isinstance(step, int | float):
            self._bar.n = int(step)
