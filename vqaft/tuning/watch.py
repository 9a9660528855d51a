"""Watching a job: polling it until it has ended, each event once, and its progress bar."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Any, Self

from vqaft.errors import RequestRefusedError
from vqaft.escape import visible
from vqaft.service import Page, PollingPolicy, RetryPolicy, is_gone
from vqaft.tuning.backend import FineTuneBackend
from vqaft.tuning.job import FineTuneJob, JobEvent
from vqaft.tuning.metrics import numbers_of

MAX_EVENT_PAGES = 200
"""Pages of events fetched at one look, newest first: 20,000 events at 100 a page; older ones are left out."""

MAX_EVENTS = 50_000
"""Events of one look, whatever the length of its pages."""

MAX_REMEMBERED = 100_000
"""Event ids that are remembered, to recognize repetitions."""

MAX_SHOWN = 1_000
"""Characters of a message that are printed."""

QUIET_TYPES = frozenset({"message", "metrics"})
"""Event types that are not printed while all goes well; moderation checks are."""

SHOWN = frozenset({"epoch", "train_loss", "valid_loss", "full_valid_loss", "train_accuracy"})
"""The numbers beside the bar."""


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
    """Poll a job until it has ended; each event is yielded once.

    Events are recognized by their ids, since the clocks and the order of a service are not to be trusted. A status
    that is not known counts as a job that is still running.

    Args:
        backend: The service.
        job_id: The job.
        retry: How long a service that does not answer is waited for.
        pace: How often to look.

    Yields:
        One update for each look; the last one's job has ended.

    Raises:
        RequestRefusedError: If the job does not exist, or not any more.
        ServiceError: If the service cannot be reached for longer than allowed.
    """
    seen: dict[str, None] = {}
    wait_s = pace.shortest_s
    while True:
        # The job goes first: events that came before its end are then all there.
        job = retrieve_job(backend, job_id, retry=retry)
        # A service that answered once is waited for longer.
        timeout_s = max(retry.unavailable_timeout_s, pace.patience_s)
        retry = replace(retry, unavailable_timeout_s=timeout_s)
        events = _new_events(backend, job_id, seen=seen, retry=retry)
        yield JobUpdate(job=job, events=events)
        if job.is_final:
            return
        wait_s = pace.after(wait_s, quiet=not events)
        retry.sleep(wait_s)


def retrieve_job(backend: FineTuneBackend, job_id: str, *, retry: RetryPolicy) -> FineTuneJob:
    """Describe a job.

    Raises:
        RequestRefusedError: If the job does not exist, or not any more; with what to do.
        ServiceError: If the service cannot be reached.
    """
    try:
        return retry.call(lambda: backend.retrieve_job(job_id))
    except RequestRefusedError as error:
        if not is_gone(error):
            raise
        hint = "It was deleted there, or belongs to another project. `vqaft jobs` lists those that there are."
        raise RequestRefusedError(
            f"the service has no job {job_id}", status=error.status, code=error.code, hint=hint
        ) from error


def events_of(backend: FineTuneBackend, job_id: str, *, retry: RetryPolicy) -> tuple[JobEvent, ...]:
    """Return what happened in a job until now, oldest first; none where the service has no events."""
    return _new_events(backend, job_id, seen={}, retry=retry)


def _new_events(
    backend: FineTuneBackend, job_id: str, *, seen: dict[str, None], retry: RetryPolicy
) -> tuple[JobEvent, ...]:
    fresh: dict[str, JobEvent] = {}
    for page in _event_pages(backend, job_id, retry):
        new = {event.id: event for event in page.entries if event.id not in seen and event.id not in fresh}
        fresh |= new
        if len(fresh) > MAX_EVENTS:
            warnings.warn(
                f"job {job_id} has more than {MAX_EVENTS} new events; the older ones are left out", stacklevel=2
            )
            break
        # One old event among new ones is a repetition; only a page of old ones is the end of the new.
        if not new:
            break
    seen.update(dict.fromkeys(reversed(fresh)))
    while len(seen) > MAX_REMEMBERED:
        del seen[next(iter(seen))]
    return tuple(reversed(fresh.values()))


def _event_pages(backend: FineTuneBackend, job_id: str, retry: RetryPolicy) -> Iterator[Page[JobEvent]]:
    cursors: set[str | None] = set()
    after: str | None = None
    while after not in cursors:
        if len(cursors) == MAX_EVENT_PAGES:
            text = f"job {job_id} has more than {MAX_EVENT_PAGES} pages of new events; the older ones are left out"
            warnings.warn(text, stacklevel=2)
            return
        cursors.add(after)
        try:
            page = retry.call(partial(backend.list_events, job_id, after=after))
        except RequestRefusedError:
            return  # the job is followed all the same; some services have no events
        yield page
        if page.after is None:
            return
        after = page.after


class JobProgress:
    """Progress bar of a job: status, steps and losses; warnings and errors are printed above it.

    Args:
        job_id: The job, for the bar's label.
        enabled: Whether to show anything.
    """

    def __init__(self, job_id: str, *, enabled: bool) -> None:
        from tqdm.auto import tqdm

        self._shown: dict[str, str] = {}
        self._bar: Any = tqdm(total=None, desc=visible(job_id), unit="step", disable=not enabled)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._bar.write(visible(text, limit=MAX_SHOWN))

    def show(self, update: JobUpdate) -> None:
        """Update the bar."""
        for event in update.events:
            if event.level != "info" or event.type not in QUIET_TYPES:
                self.say(f"{event.level}: {event.message}")
            self._step(event.data.get("step"), event.data.get("total_steps"))
            self._shown |= {name: f"{number:.4g}" for name, number in numbers_of(event).items() if name in SHOWN}
        finish = _time_of_day(update.job.estimated_finish)
        if finish is not None:
            self._shown["ends"] = finish
        self._bar.set_postfix({"status": visible(update.job.status), **self._shown})

    def _step(self, step: object, total: object) -> None:
        if isinstance(total, int | float):
            self._bar.total = _whole(total)
        if isinstance(step, int | float):
            self._bar.n = _whole(step)


def _whole(number: float) -> int:
    return int(number) if abs(number) < 1e15 else 0  # noqa: PLR2004 - NaN and infinities compare as false


def _time_of_day(seconds: float | None) -> str | None:
    try:
        return None if seconds is None else f"{dt.datetime.fromtimestamp(seconds).astimezone():%H:%M}"
    except (ValueError, OverflowError, OSError):
        return None
