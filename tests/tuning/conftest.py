"""A fine-tuning service in memory that fails as it is told."""

# ruff: noqa: ARG002 - the seam's methods take more than this service needs

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from vqaft.errors import RequestRefusedError, ServiceError, ServiceUnreachableError
from vqaft.service import FilePart, OnBytes, Page, RemoteFile, RetryPolicy
from vqaft.tuning import Checkpoint, FineTuneJob, JobEvent, JobSpec

Result = TypeVar("Result")
PAGE = 2


class LostError(ServiceUnreachableError):
    """The work is done, the answer is lost."""


class Service:
    """Keeps files and jobs, counts the calls, and raises what stands in `faults` for a call's name."""

    account = "http://service/v1#me"

    def __init__(self) -> None:
        self.files: dict[str, tuple[RemoteFile, bytes]] = {}
        self.uploads: dict[str, list[tuple[str, bytes]]] = {}
        self.jobs: list[FineTuneJob] = []
        self.events: list[JobEvent] = []
        self.statuses: deque[str] = deque()
        self.calls: Counter[str] = Counter()
        self.faults: dict[str, deque[ServiceError | None]] = {}
        self.cancelled: list[str] = []

    def _do(self, name: str, work: Callable[[], Result]) -> Result:
        self.calls[name] += 1
        planned = self.faults.get(name)
        fault = planned.popleft() if planned else None
        if fault is not None and not isinstance(fault, LostError):
            raise fault
        result = work()
        if fault is not None:
            raise fault
        return result

    def _keep(self, name: str, content: bytes) -> RemoteFile:
        file = RemoteFile(id=f"file-{len(self.files)}", filename=name, size_bytes=len(content), status="processed")
        self.files[file.id] = (file, content)
        return file

    def upload_file(
        self, path: Path, *, filename: str, purpose: str = "fine-tune", on_bytes: OnBytes | None = None
    ) -> RemoteFile:
        if on_bytes:
            on_bytes(path.stat().st_size)
        return self._do("upload_file", lambda: self._keep(filename, path.read_bytes()))

    def list_files(self, *, purpose: str = "fine-tune", after: str | None = None) -> Page[RemoteFile]:
        newest = [file for file, _ in reversed(self.files.values())]
        return self._do("list_files", lambda: page(newest, after, lambda file: file.id))

    def retrieve_file(self, file_id: str) -> RemoteFile:
        if file_id not in self.files:
            raise RequestRefusedError("no such file", status=404)
        return self._do("retrieve_file", lambda: self.files[file_id][0])

    def download_file(self, file_id: str) -> bytes:
        return self._do("download_file", lambda: self.files[file_id][1])

    def start_upload(self, filename: str, *, size_bytes: int, purpose: str) -> str:
        def start() -> str:
            name = f"upload-{self.calls['start_upload'] - 1}"
            self.uploads[name] = []
            return name

        return self._do("start_upload", start)

    def upload_part(self, upload_id: str, part: FilePart, *, on_bytes: OnBytes | None = None) -> str:
        def take() -> str:
            if upload_id not in self.uploads:
                raise RequestRefusedError("expired", status=404)
            content = part.path.read_bytes()[part.offset : part.offset + part.length]
            self.uploads[upload_id].append((f"part-{upload_id}-{part.index}", content))
            return self.uploads[upload_id][-1][0]

        return self._do("upload_part", take)

    def complete_upload(self, upload_id: str, *, part_ids: tuple[str, ...], md5: str) -> RemoteFile:
        def join() -> RemoteFile:
            if upload_id not in self.uploads:
                raise RequestRefusedError("expired", status=404)
            parts = dict(self.uploads[upload_id])
            content = b"".join(parts[name] for name in part_ids)
            assert hashlib.md5(content, usedforsecurity=False).hexdigest() == md5
            del self.uploads[upload_id]
            return self._keep(self.name_of_next, content)

        return self._do("complete_upload", join)

    name_of_next = "joined"

    def cancel_upload(self, upload_id: str) -> None:
        self.cancelled.append(upload_id)
        self.uploads.pop(upload_id, None)

    def create_job(self, spec: JobSpec) -> FineTuneJob:
        def create() -> FineTuneJob:
            job = FineTuneJob(
                id=f"job-{len(self.jobs)}", status="queued", model=spec.model, metadata=dict(spec.metadata)
            )
            self.jobs.append(job)
            return job

        return self._do("create_job", create)

    def retrieve_job(self, job_id: str) -> FineTuneJob:
        def look() -> FineTuneJob:
            found = [number for number, job in enumerate(self.jobs) if job.id == job_id]
            if not found:
                raise RequestRefusedError("no such job", status=404)
            if self.statuses:
                self.set_status(found[0], self.statuses.popleft())
            return self.jobs[found[0]]

        return self._do("retrieve_job", look)

    def set_status(self, number: int, status: str) -> None:
        model = "ft:model" if status == "succeeded" else None
        self.jobs[number] = replace(self.jobs[number], status=status, fine_tuned_model=model)

    def list_jobs(self, *, after: str | None = None) -> Page[FineTuneJob]:
        return self._do("list_jobs", lambda: page(self.jobs[::-1], after, lambda job: job.id))

    def cancel_job(self, job_id: str) -> FineTuneJob:
        self.cancelled.append(job_id)
        self.set_status(int(job_id.removeprefix("job-")), "cancelled")
        return self.jobs[int(job_id.removeprefix("job-"))]

    def pause_job(self, job_id: str) -> FineTuneJob:
        return self.retrieve_job(job_id)

    def resume_job(self, job_id: str) -> FineTuneJob:
        return self.retrieve_job(job_id)

    def list_events(self, job_id: str, *, after: str | None = None) -> Page[JobEvent]:
        return self._do("list_events", lambda: page(self.events[::-1], after, lambda event: event.id))

    def list_checkpoints(self, job_id: str, *, after: str | None = None) -> Page[Checkpoint]:
        saved = [Checkpoint(id=f"ckpt-{step}", step=step, model=f"m:{step}") for step in (3, 2, 1)]
        return self._do("list_checkpoints", lambda: page(saved, after, lambda checkpoint: checkpoint.id))


def page(newest: list[Result], after: str | None, name: Callable[[Result], str]) -> Page[Result]:
    start = 0 if after is None else [name(entry) for entry in newest].index(after) + 1
    entries = tuple(newest[start : start + PAGE])
    return Page(entries=entries, after=name(entries[-1]) if start + PAGE < len(newest) else None)


class Clock:
    """A clock that moves only when something sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def retry(clock: Clock) -> RetryPolicy:
    return RetryPolicy(sleep=clock.sleep, clock=lambda: clock.now, random=lambda: 1.0)


@pytest.fixture
def lost() -> ServiceError:
    return LostError("the answer is lost")
