"""Together AI backend, through the caller's own `together.Together` client (https://docs.together.ai/reference)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vqaft.backends.errors import pause_s
from vqaft.backends.openai.wire import page_from, reply_from, same_id
from vqaft.backends.sdk import Call, SDKCaller
from vqaft.backends.together.wire import (
    together_body,
    together_checkpoint,
    together_event,
    together_file,
    together_job,
    together_metrics,
)
from vqaft.errors import MissingExtraError, RequestRefusedError
from vqaft.inference import ChatReply, ChatRequest
from vqaft.service import FileSlice, OnBytes, Page, RemoteFile
from vqaft.tuning import Checkpoint, FineTuneJob, JobEvent, JobSpec, StepMetrics

if TYPE_CHECKING:
    from together import Together

_WITHOUT_THOUGHTS = {"reasoning": {"enabled": False}}


class TogetherBackend:
    """Trains and asks open-weight vision models at Together AI.

    A tuned model answers only once a dedicated endpoint runs it there; creating one is done by hand.

    Example:
        >>> from together import Together
        >>> backend = TogetherBackend(Together())

    Args:
        client: The caller's client; its address, key, proxies and time limits are used, its retries are not.
        account: A name for the account in ledgers; by default the address and the client's project.

    Raises:
        MissingExtraError: If the package together is not installed.
        DataError: If the client is not a `together.Together`.
    """

    provider = "together"

    def __init__(self, client: Together, *, account: str | None = None) -> None:
        try:
            import together
        except ImportError as error:
            raise MissingExtraError("together", extra="together") from error
        self._caller = SDKCaller(client, together, account=account)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.address})"

    @property
    def account(self) -> str:
        """Whose files and jobs these are, without any secret."""
        return self._caller.account

    @property
    def address(self) -> str:
        """The service's address."""
        return self._caller.address

    def upload_file(
        self, path: Path, *, filename: str, purpose: str = "fine-tune", on_bytes: OnBytes | None = None
    ) -> RemoteFile:
        """Send a file; see `FineTuneBackend`."""
        fields = {"purpose": purpose, "file_name": filename, "file_type": "jsonl"}
        with FileSlice(path, on_bytes=on_bytes) as content:
            call = Call(method="POST", path="/v1/files/upload", fields=fields, file=(filename, content))
            return together_file(self._caller.send(call).json())

    def list_files(self, *, purpose: str = "fine-tune", after: str | None = None) -> Page[RemoteFile]:  # noqa: ARG002
        """Return all files of a purpose; Together does not paginate. See `FineTuneBackend`."""
        listed = self._get("/v1/files")
        page_from(listed, lambda entry: entry)  # a list of objects, or an error
        chosen = [entry for entry in listed["data"] if entry.get("purpose") in (purpose, None)]
        return page_from({"data": chosen}, together_file)

    def retrieve_file(self, file_id: str) -> RemoteFile:
        """Describe a file; see `FineTuneBackend`."""
        return same_id(together_file(self._get(f"/v1/files/{quote(file_id, safe='')}")), file_id)

    def download_file(self, file_id: str) -> bytes:
        """Fetch a file's content; see `FineTuneBackend`."""
        return self._caller.send(Call(method="GET", path=f"/v1/files/{quote(file_id, safe='')}/content")).content

    def create_job(self, spec: JobSpec) -> FineTuneJob:
        """Create a job; see `FineTuneBackend`."""
        return together_job(
            self._caller.send(Call(method="POST", path="/v1/fine-tunes", json=together_body(spec))).json()
        )

    def retrieve_job(self, job_id: str) -> FineTuneJob:
        """Describe a job; see `FineTuneBackend`."""
        return same_id(together_job(self._get(_job_path(job_id))), job_id)

    def list_jobs(self, *, after: str | None = None) -> Page[FineTuneJob]:  # noqa: ARG002
        """Return all jobs, newest first; Together does not paginate. See `FineTuneBackend`."""
        page = page_from(self._get("/v1/fine-tunes"), together_job)
        return Page(entries=tuple(sorted(page.entries, key=lambda job: job.created_at or 0, reverse=True)))

    def cancel_job(self, job_id: str) -> FineTuneJob:
        """Cancel a job; see `FineTuneBackend`."""
        return together_job(self._caller.send(Call(method="POST", path=f"{_job_path(job_id)}/cancel")).json())

    def pause_job(self, job_id: str) -> FineTuneJob:
        """Raise: Together cannot pause a job."""
        raise RequestRefusedError(f"Together cannot pause job {job_id}", hint="Cancel it instead.")

    def resume_job(self, job_id: str) -> FineTuneJob:
        """Raise: Together cannot resume a job."""
        raise RequestRefusedError(f"Together cannot resume job {job_id}", hint="Create a new one instead.")

    def list_events(self, job_id: str, *, after: str | None = None) -> Page[JobEvent]:  # noqa: ARG002
        """Return all events, newest first; Together lists the oldest first. See `FineTuneBackend`."""
        page = page_from(self._get(f"{_job_path(job_id)}/events"), together_event)
        return Page(entries=page.entries[::-1])

    def list_checkpoints(self, job_id: str, *, after: str | None = None) -> Page[Checkpoint]:  # noqa: ARG002
        """Return all checkpoints; see `FineTuneBackend`."""
        return page_from(self._get(f"{_job_path(job_id)}/checkpoints"), together_checkpoint)

    def list_metrics(self, job_id: str) -> tuple[StepMetrics, ...]:
        """Return the numbers of a job's steps; see `MetricsBackend`."""
        return together_metrics(self._get(f"{_job_path(job_id)}/metrics"))

    def shutdown_date(self, model: str) -> dt.date | None:  # noqa: ARG002
        """Return None: Together has no route for this. See `ModelsBackend`."""
        return None

    def refuses_training(self, model: str) -> str | None:
        """Return why the model cannot be trained; see `ModelsBackend`."""
        try:
            self._get(f"/v1/fine-tunes/models/limits?model_name={quote(model, safe='')}")
        except RequestRefusedError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return error.message
        return None

    def complete(self, request: ChatRequest) -> ChatReply:
        """Send one request, without retries; see `ChatBackend`."""
        body = request.body(limit_name="max_tokens", without_thoughts=_WITHOUT_THOUGHTS)
        answer = self._caller.send(Call(method="POST", path="/v1/chat/completions", content=body))
        return replace(reply_from(answer.json()), pause_s=pause_s(answer.headers))

    def _get(self, path: str) -> dict[str, Any]:
        return self._caller.send(Call(method="GET", path=path)).json()


def _job_path(job_id: str) -> str:
    return f"/v1/fine-tunes/{quote(job_id, safe='')}"
