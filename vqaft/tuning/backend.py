"""The seam to a fine-tuning service: few calls, one request each, no policy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from vqaft.tuning.job import Checkpoint, FineTuneJob, JobEvent, JobSpec, RemoteFile


class FineTuneBackend(Protocol):
    """What a service must be able to do to be fine-tuned on.

    Each method makes one request and never repeats it: retrying, waiting and pacing are the client's business.
    Each raises a `ServiceError` of the fitting kind.
    """

    def upload_file(self, path: Path) -> RemoteFile:
        """Send a JSONL file for fine-tuning."""
        ...

    def create_job(self, spec: JobSpec) -> FineTuneJob:
        """Create a job. Repeating this call makes a second, paid job."""
        ...

    def retrieve_job(self, job_id: str) -> FineTuneJob:
        """Describe a job."""
        ...

    def cancel_job(self, job_id: str) -> FineTuneJob:
        """Cancel a job."""
        ...

    def list_events(self, job_id: str) -> Sequence[JobEvent]:
        """Give the job's newest events, oldest first."""
        ...

    def list_checkpoints(self, job_id: str) -> Sequence[Checkpoint]:
        """Give the models saved on the way, oldest first."""
        ...

    def download_file(self, file_id: str) -> bytes:
        """Fetch a file's content."""
        ...
