"""A training job's progress bar."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from vqaft.tuning.watch import JobUpdate


class JobProgress:
    """Shows a job's status, steps and losses; prints warnings and errors above the bar.

    Args:
        job_id: The job, for the bar's label.
        enabled: Whether to show anything.
    """

    def __init__(self, job_id: str, *, enabled: bool) -> None:
        from tqdm.auto import tqdm

        self._bar: Any = tqdm(total=None, desc=job_id, unit="step", disable=not enabled)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def show(self, update: JobUpdate) -> None:
        """Bring the bar up to date."""
        shown: dict[str, str] = {"status": update.job.status}
        for event in update.events:
            if event.level != "info":
                self._bar.write(f"{event.level}: {event.message}")
            self._step(event.data.get("step"), event.data.get("total_steps"))
            shown |= {name: f"{value:.4g}" for name, value in event.data.items() if name.endswith(("loss", "accuracy"))}
        self._bar.set_postfix(shown)

    def _step(self, step: object, total: object) -> None:
        if isinstance(total, int | float):
            self._bar.total = int(total)
        if isinstance(step, int | float):
            self._bar.n = int(step)
