"""Fireworks AI, by its own REST (https://docs.fireworks.ai/api-reference)."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vqaft.backends.errors import pause_s
from vqaft.backends.fireworks.wire import (
    dataset_id_of,
    fireworks_body,
    fireworks_dataset,
    fireworks_job,
    fireworks_progress,
    job_id_of,
    signed_address,
    upload_body,
)
from vqaft.backends.http import Call, HTTPCaller
from vqaft.backends.openai.wire import reply_from
from vqaft.errors import RequestRefusedError, ServiceError
from vqaft.inference import ChatReply, ChatRequest
from vqaft.service import FileSlice, OnBytes, Page, RemoteFile
from vqaft.tuning import Checkpoint, FineTuneJob, JobEvent, JobSpec

if TYPE_CHECKING:
    import httpx

BASE_URL = "https://api.fireworks.ai"
DIRECT_BYTES = 150_000_000


class FireworksBackend:
    """Trains and asks open-weight vision models at Fireworks AI.

    A file becomes a dataset there. Of a job there is nothing to follow but its state and how far it is; its id is made
    of its intent, so that asking twice cannot make two.

    Args:
        api_key: The account's key.
        account_id: The account's name, as in `accounts/<name>/…`.
        base_url: The service's address.
        http_client: An `httpx.Client` of the caller's, for proxies and time limits.
    """

    def __init__(
        self, api_key: str, *, account_id: str, base_url: str = BASE_URL, http_client: httpx.Client | None = None
    ) -> None:
        self._caller = HTTPCaller(base_url, api_key, http_client=http_client)
        self._owner = f"/v1/accounts/{quote(account_id, safe='')}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.account.partition('#')[0]})"

    @property
    def account(self) -> str:
        """The service's address and a fingerprint of the account, without any secret."""
        return f"{self._caller.account}{self._owner}"

    def upload_file(
        self,
        path: Path,
        *,
        filename: str,
        purpose: str = "fine-tune",  # noqa: ARG002
        on_bytes: OnBytes | None = None,
    ) -> RemoteFile:
        """Make a dataset of a file, by two or four requests of which the first are harmless; see `FilesBackend`."""
        size_bytes = path.stat().st_size
        name = dataset_id_of(filename)
        dataset = f"{self._owner}/datasets/{name}"
        wanted = {"datasetId": name, "dataset": {"displayName": filename, "userUploaded": {}}}
        try:
            self._post(f"{self._owner}/datasets", wanted)
        except ServiceError as error:
            if error.status != HTTPStatus.CONFLICT:  # announced by an earlier try
                raise
        with FileSlice(path, on_bytes=on_bytes) as content:
            if size_bytes <= DIRECT_BYTES:
                self._caller.send(Call(method="POST", path=f"{dataset}:upload", file=(filename, content)))
            else:
                place = signed_address(self._post(f"{dataset}:getUploadEndpoint", upload_body(filename, size_bytes)))
                self._caller.put_signed(place, content, size_bytes=size_bytes)
                self._post(f"{dataset}:validateUpload", {})
        status = None if size_bytes <= DIRECT_BYTES else "uploading"  # Fireworks looks at a large file first
        return RemoteFile(id=dataset.removeprefix("/v1/"), filename=filename, status=status)

    def list_files(self, *, purpose: str = "fine-tune", after: str | None = None) -> Page[RemoteFile]:  # noqa: ARG002
        """Give a page of datasets; see `FineTuneBackend`."""
        listed = self._get(_page_path(f"{self._owner}/datasets", after))
        entries = tuple(fireworks_dataset(entry) for entry in listed.get("datasets") or [])
        return Page(entries=entries, after=listed.get("nextPageToken") or None)

    def retrieve_file(self, file_id: str) -> RemoteFile:
        """Describe a dataset; see `FineTuneBackend`."""
        return fireworks_dataset(self._get(f"/v1/{file_id}"))

    def download_file(self, file_id: str) -> bytes:
        """Say that Fireworks' jobs have no result files."""
        raise RequestRefusedError(f"{file_id} cannot be downloaded from Fireworks this way")

    def create_job(self, spec: JobSpec) -> FineTuneJob:
        """Create a job; see `FineTuneBackend`."""
        name = job_id_of(spec)
        query = f"?supervisedFineTuningJobId={quote(name, safe='')}" if name else ""
        return fireworks_job(self._post(f"{self._owner}/supervisedFineTuningJobs{query}", fireworks_body(spec)))

    def retrieve_job(self, job_id: str) -> FineTuneJob:
        """Describe a job; see `FineTuneBackend`."""
        return fireworks_job(self._get(self._job_path(job_id)))

    def list_jobs(self, *, after: str | None = None) -> Page[FineTuneJob]:
        """Give a page of jobs; see `FineTuneBackend`."""
        listed = self._get(_page_path(f"{self._owner}/supervisedFineTuningJobs", after))
        entries = tuple(fireworks_job(entry) for entry in listed.get("supervisedFineTuningJobs") or [])
        return Page(entries=entries, after=listed.get("nextPageToken") or None)

    def cancel_job(self, job_id: str) -> FineTuneJob:
        """Cancel a job, which at Fireworks is deleting it; see `FineTuneBackend`."""
        job = self.retrieve_job(job_id)
        self._caller.send(Call(method="DELETE", path=self._job_path(job_id)))
        return replace(job, status="cancelled")

    def pause_job(self, job_id: str) -> FineTuneJob:
        """Say that Fireworks cannot pause a job."""
        raise RequestRefusedError(f"Fireworks cannot pause job {job_id}", hint="Cancel it instead.")

    def resume_job(self, job_id: str) -> FineTuneJob:
        """Let a job go on that Fireworks paused; see `FineTuneBackend`."""
        return fireworks_job(self._post(f"{self._job_path(job_id)}:resume", {}))

    def list_events(self, job_id: str, *, after: str | None = None) -> Page[JobEvent]:  # noqa: ARG002
        """Give how far the job is as an event of its own: Fireworks has no others."""
        event = fireworks_progress(self._get(self._job_path(job_id)))
        return Page(entries=() if event is None else (event,))

    def list_checkpoints(self, job_id: str, *, after: str | None = None) -> Page[Checkpoint]:  # noqa: ARG002
        """Give no checkpoints: Fireworks has none that can be asked."""
        return Page(entries=())

    def complete(self, request: ChatRequest) -> ChatReply:
        """Ask a model once; see `ChatBackend`."""
        body = request.body(limit_name="max_tokens")
        answer = self._caller.send(Call(method="POST", path="/inference/v1/chat/completions", content=body))
        return replace(reply_from(answer.json()), pause_s=pause_s(answer.headers))

    def _job_path(self, job_id: str) -> str:
        return f"{self._owner}/supervisedFineTuningJobs/{quote(job_id, safe='')}"

    def _get(self, path: str) -> dict[str, Any]:
        return self._caller.send(Call(method="GET", path=path)).json()

    def _post(self, path: str, wanted: dict[str, Any]) -> dict[str, Any]:
        return self._caller.send(Call(method="POST", path=path, json=wanted)).json()


def _page_path(path: str, after: str | None) -> str:
    return f"{path}?pageSize=100" + (f"&pageToken={quote(after, safe='')}" if after else "")
