"""Together AI, by its own REST (https://docs.together.ai/reference)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vqaft.backends.errors import pause_s
from vqaft.backends.http import Call, HTTPCaller
from vqaft.backends.openai.wire import page_from, reply_from
from vqaft.backends.together.wire import (
    together_body,
    together_checkpoint,
    together_event,
    together_file,
    together_job,
    together_metrics,
)
from vqaft.errors import RequestRefusedError
from vqaft.inference import ChatReply, ChatRequest
from vqaft.service import FileSlice, OnBytes, Page, RemoteFile
from vqaft.tuning import Checkpoint, FineTuneJob, JobEvent, JobSpec, StepMetrics

if TYPE_CHECKING:
    import httpx

BASE_URL = "https://api.together.xyz/v1"


class TogetherBackend:
    """Trains and asks open-weight vision models at Together AI.

    A tuned model answers only once a dedicated endpoint runs it there; making one is done by hand.

    Args:
        api_key: The account's key.
        base_url: The service's address.
        http_client: An `httpx.Client` of the caller's, for proxies and time limits.
    """

    def __init__(self, api_key: str, *, base_url: str = BASE_URL, http_client: httpx.Client | None = None) -> None:
        self._caller = HTTPCaller(base_url, api_key, http_client=http_client)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.account.partition('#')[0]})"

    @property
    def account(self) -> str:
        """The service's address and a fingerprint of the account, without any secret."""
        return self._caller.account

    def upload_file(
        self, path: Path, *, filename: str, purpose: str = "fine-tune", on_bytes: OnBytes | None = None
    ) -> RemoteFile:
        """Send a file; see `FineTuneBackend`."""
        fields = {"purpose": purpose, "file_name": filename, "file_type": "jsonl"}
        with FileSlice(path, on_bytes=on_bytes) as content:
            call = Call(method="POST", path="/files/upload", fields=fields, file=(filename, content))
            return together_file(self._caller.send(call).json())

    def list_files(self, *, purpose: str = "fine-tune", after: str | None = None) -> Page[RemoteFile]:  # noqa: ARG002
        """Give all files of a purpose; Together does not page. See `FineTuneBackend`."""
        listed = self._get("/files")
        chosen = [entry for entry in listed.get("data") or [] if entry.get("purpose") in {purpose, None}]
        return page_from({"data": chosen}, together_file)

    def retrieve_file(self, file_id: str) -> RemoteFile:
        """Describe a file; see `FineTuneBackend`."""
        return together_file(self._get(f"/files/{quote(file_id, safe='')}"))

    def download_file(self, file_id: str) -> bytes:
        """Fetch a file's content; see `FineTuneBackend`."""
        return self._caller.send(Call(method="GET", path=f"/files/{quote(file_id, safe='')}/content")).content

    def create_job(self, spec: JobSpec) -> FineTuneJob:
        """Create a job; see `FineTuneBackend`."""
        return together_job(self._caller.send(Call(method="POST", path="/fine-tunes", json=together_body(spec))).json())

    def retrieve_job(self, job_id: str) -> FineTuneJob:
        """Describe a job; see `FineTuneBackend`."""
        return together_job(self._get(_job_path(job_id)))

    def list_jobs(self, *, after: str | None = None) -> Page[FineTuneJob]:  # noqa: ARG002
        """Give all jobs, newest first; Together does not page. See `FineTuneBackend`."""
        page = page_from(self._get("/fine-tunes"), together_job)
        return Page(entries=tuple(sorted(page.entries, key=lambda job: job.created_at or 0, reverse=True)))

    def cancel_job(self, job_id: str) -> FineTuneJob:
        """Cancel a job; see `FineTuneBackend`."""
        return together_job(self._caller.send(Call(method="POST", path=f"{_job_path(job_id)}/cancel")).json())

    def pause_job(self, job_id: str) -> FineTuneJob:
        """Say that Together cannot pause a job."""
        raise RequestRefusedError(f"Together cannot pause job {job_id}", hint="Cancel it instead.")

    def resume_job(self, job_id: str) -> FineTuneJob:
        """Say that Together cannot resume a job."""
        raise RequestRefusedError(f"Together cannot resume job {job_id}", hint="Create a new one instead.")

    def list_events(self, job_id: str, *, after: str | None = None) -> Page[JobEvent]:  # noqa: ARG002
        """Give all events, newest first; Together gives the oldest first. See `FineTuneBackend`."""
        page = page_from(self._get(f"{_job_path(job_id)}/events"), together_event)
        return Page(entries=page.entries[::-1])

    def list_checkpoints(self, job_id: str, *, after: str | None = None) -> Page[Checkpoint]:  # noqa: ARG002
        """Give all checkpoints; see `FineTuneBackend`."""
        return page_from(self._get(f"{_job_path(job_id)}/checkpoints"), together_checkpoint)

    def list_metrics(self, job_id: str) -> tuple[StepMetrics, ...]:
        """Give the numbers of a job's steps; see `MetricsBackend`."""
        return together_metrics(self._get(f"{_job_path(job_id)}/metrics"))

    def shutdown_date(self, model: str) -> dt.date | None:  # noqa: ARG002
        """Say nothing: Together has no route for this. See `ModelsBackend`."""
        return None

    def refuses_training(self, model: str) -> str | None:
        """Say why the model cannot be trained; see `ModelsBackend`."""
        try:
            self._get(f"/fine-tunes/models/limits?model_name={quote(model, safe='')}")
        except RequestRefusedError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return error.message
        return None

    def complete(self, request: ChatRequest) -> ChatReply:
        """Ask a model once; see `ChatBackend`."""
        body = request.body(limit_name="max_tokens")
        answer = self._caller.send(Call(method="POST", path="/chat/completions", content=body))
        return replace(reply_from(answer.json()), pause_s=pause_s(answer.headers))

    def _get(self, path: str) -> dict[str, Any]:
        return self._caller.send(Call(method="GET", path=path)).json()


def _job_path(job_id: str) -> str:
    return f"/fine-tunes/{quote(job_id, safe='')}"
