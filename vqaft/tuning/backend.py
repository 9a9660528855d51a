"""Protocol of a fine-tuning service: few calls, one request each, no policy."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from vqaft.service import FilesBackend, Page
from vqaft.tuning.job import Checkpoint, FineTuneJob, JobEvent, JobSpec
from vqaft.tuning.metrics import StepMetrics


class FineTuneBackend(FilesBackend, Protocol):
    """What a service must be able to do to be fine-tuned on.

    Each method makes one request and never repeats it: retrying, waiting and rate limiting are the client's business.
    Each raises a `ServiceError` of the type that says whether trying again can help.
    """

    def create_job(self, spec: JobSpec) -> FineTuneJob:
        """Create a job. Repeating this call creates a second, paid job."""
        ...

    def retrieve_job(self, job_id: str) -> FineTuneJob:
        """Describe a job."""
        ...

    def list_jobs(self, *, after: str | None = None) -> Page[FineTuneJob]:
        """Return a page of the account's jobs, newest first."""
        ...

    def cancel_job(self, job_id: str) -> FineTuneJob:
        """Cancel a job."""
        ...

    def pause_job(self, job_id: str) -> FineTuneJob:
        """Pause a job, where the service can."""
        ...

    def resume_job(self, job_id: str) -> FineTuneJob:
        """Resume a paused job."""
        ...

    def list_events(self, job_id: str, *, after: str | None = None) -> Page[JobEvent]:
        """Return a page of the job's events, newest first."""
        ...

    def list_checkpoints(self, job_id: str, *, after: str | None = None) -> Page[Checkpoint]:
        """Return a page of the models saved during training, newest first."""
        ...


@runtime_checkable
class MetricsBackend(Protocol):
    """What a service can do that has a route for a job's metrics, beside result files and events."""

    def list_metrics(self, job_id: str) -> tuple[StepMetrics, ...]:
        """Return what was measured until now, in the order of the steps, by one request."""
        ...
