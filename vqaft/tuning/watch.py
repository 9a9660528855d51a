"""Following a job until it ends.

A training job's progress bar.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Any, Self

from vqaft.errors import RequestRefusedError
from vqaft.service import Page, PollingPolicy, RetryPolicy
from vqaft.tuning.backend import FineTuneBackend
from vqaft.tuning.job import FineTuneJob, JobEvent
from vqaft.tuning.metrics import numbers_of


@dataclass(frozen=True, kw_only=True)
class JobUpdate:
    """What one look at a job showed.

    Attributes:
        job: The job as it is now.
        events: What happened since the last look, oldest first.
    """

    job: FineTuneJob
    events: tuple[JobEvent, ...]


def follow(backend: FineTuneBackend, job_id: str, *, retry: RetryPolicy, pace: PollingPolicy) -> Iterator[JobUpdate]:
    """Look at a job again and again until it ended; each event is given once.

    Events are told apart by their ids, since the clocks and the order of a service are not to be trusted. A status
    that is not known is taken for a job that still goes on.

    Args:
        backend: The service.
        job_id: The job.
        retry: How long a service that does not answer is waited for.
        pace: How often to look.

    Yields:
        One update for each look; the last one's job has ended.
    """
    seen: set[str] = set()
    wait_s = pace.shortest_s
    while True:
        # The job goes first: events that came before its end are then all there.
        job = retry.call(lambda: backend.retrieve_job(job_id))
        # Who answered once is waited for longer.
        retry = replace(retry, unavailable_timeout_s=max(retry.unavailable_timeout_s, pace.patience_s))
        events = _new_events(backend, job_id, seen=seen, retry=retry)
        yield JobUpdate(job=job, events=events)
        if job.is_final:
            return
        wait_s = pace.after(wait_s, quiet=not events)
        retry.sleep(wait_s)


def _new_events(backend: FineTuneBackend, job_id: str, *, seen: set[str], retry: RetryPolicy) -> tuple[JobEvent, ...]:
    fresh: dict[str, JobEvent] = {}
    for page in _event_pages(backend, job_id, retry):
        new = {event.id: event for event in page.entries if event.id not in seen}
        fresh |= new
        # One old event among new ones is a repetition; only a page of old ones is the end of the new.
        if not new:
            break
    seen.update(fresh)
    return tuple(reversed(fresh.values()))


def _event_pages(backend: FineTuneBackend, job_id: str, retry: RetryPolicy) -> Iterator[Page[JobEvent]]:
    marks: set[str | None] = set()
    after: str | None = None
    while after not in marks:
        marks.add(after)
        try:
            page = retry.call(partial(backend.list_events, job_id, after=after))
        except RequestRefusedError:
            return  # the job is followed all the same; some services have no events
        yield page
        if page.after is None:
            return
        after = page.after


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
