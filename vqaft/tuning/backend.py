"""The seam to a fine-tuning service: few calls, one request each, no policy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

from vqaft.tuning.job import Checkpoint, FineTuneJob, JobEvent, JobSpec, RemoteFile
from vqaft.tuning.metrics import StepMetrics
from vqaft.tuning.page import Page

OnBytes: TypeAlias = Callable[[int], None]


class FilesBackend(Protocol):
    """What a service must be able to do to keep files; each method makes one request and never repeats it."""

    @property
    def account(self) -> str:
        """Whose files and jobs these are: the service's address and the account, without any secret."""
        ...

    def upload_file(
        self, path: Path, *, filename: str, purpose: str = "fine-tune", on_bytes: OnBytes | None = None
    ) -> RemoteFile:
        """Send a JSONL file under a name; `on_bytes` is told how many bytes went out since it was last told."""
        ...

    def list_files(self, *, purpose: str = "fine-tune", after: str | None = None) -> Page[RemoteFile]:
        """Give a page of the account's files of a purpose, newest first."""
        ...

    def retrieve_file(self, file_id: str) -> RemoteFile:
        """Describe a file."""
        ...

    def download_file(self, file_id: str) -> bytes:
        """Fetch a file's content."""
        ...


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
