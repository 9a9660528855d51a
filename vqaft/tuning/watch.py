"""Following a job until it ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from vqaft.errors import RequestRefusedError
from vqaft.retry import RetryPolicy
from vqaft.tuning.backend import FineTuneBackend
from vqaft.tuning.job import FineTuneJob, JobEvent
from vqaft.tuning.page import Page


@dataclass(frozen=True, kw_only=True)
class JobUpdate:
    """What one look at a job showed.

    Attributes:
        job: The job as it is now.
        events: What happened since the last look, oldest first.
    """

    job: FineTuneJob
    events: tuple[JobEvent, ...]


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How often to look: at once while something happens, ever more rarely while nothing does.

    Attributes:
        shortest_s: Seconds between two looks after something happened.
        longest_s: The most seconds between two looks.
        patience_s: Seconds for which a service that stopped answering is waited for: restarts and lost networks pass.
    """

    shortest_s: float = 0.2
    longest_s: float = 10.0
    patience_s: float = 3600.0

    def after(self, wait_s: float, *, quiet: bool) -> float:
        """Give the seconds to wait after a look that followed a wait of `wait_s`."""
        return min(self.longest_s, max(self.shortest_s, wait_s * 1.5)) if quiet else self.shortest_s


def follow(backend: FineTuneBackend, job_id: str, *, retry: RetryPolicy, pace: Pace) -> Iterator[JobUpdate]:
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
        retry = replace(retry, outage_s=max(retry.outage_s, pace.patience_s))
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
