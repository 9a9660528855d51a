"""The seam to a fine-tuning service: few calls, one request each, no policy."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from vqaft.service import FilesBackend, Page
from vqaft.tuning.job import Checkpoint, FineTuneJob, JobEvent, JobSpec
from vqaft.tuning.metrics import StepMetrics


class FineTuneBackend(FilesBackend, Protocol):
    """What a service must be able to do to be fine-tuned on.

    Each method makes one request and never repeats it: retrying, waiting and pacing are the client's business.
    Each raises a `ServiceError` of the fitting kind.
    """

    def create_job(self, spec: JobSpec) -> FineTuneJob:
        """Create a job. Repeating this call makes a second, paid job."""
        ...

    def retrieve_job(self, job_id: str) -> FineTuneJob:
        """Describe a job."""
        ...

    def list_jobs(self, *, after: str | None = None) -> Page[FineTuneJob]:
        """Give a page of the account's jobs, newest first."""
        ...

    def cancel_job(self, job_id: str) -> FineTuneJob:
        """Cancel a job."""
        ...

    def pause_job(self, job_id: str) -> FineTuneJob:
        """Pause a job, where the service can."""
        ...

    def resume_job(self, job_id: str) -> FineTuneJob:
        """Let a paused job go on."""
        ...

    def list_events(self, job_id: str, *, after: str | None = None) -> Page[JobEvent]:
        """Give a page of the job's events, newest first."""
        ...

    def list_checkpoints(self, job_id: str, *, after: str | None = None) -> Page[Checkpoint]:
        """Give a page of the models saved on the way, newest first."""
        ...


@runtime_checkable
class MetricsBackend(Protocol):
    """What a service can do that gives a job's numbers by a route of their own, not in result files or events."""

    def list_metrics(self, job_id: str) -> tuple[StepMetrics, ...]:
        """Give what was measured until now, in the order of the steps, by one request."""
        ...
