"""OpenAI backend: any service that speaks OpenAI's API, through the caller's own client."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from vqaft.backends.errors import pause_s
from vqaft.backends.openai.wire import (
    batch_from,
    checkpoint_from,
    event_from,
    file_from,
    identity_of,
    job_body,
    job_from,
    mapping_in,
    page_from,
    reply_from,
    same_id,
)
from vqaft.backends.sdk import Call, SDKCaller
from vqaft.inference import Batch, ChatReply, ChatRequest
from vqaft.service import FilePart, FileSlice, OnBytes, Page, RemoteFile
from vqaft.tuning import Checkpoint, FineTuneJob, JobEvent, JobSpec

if TYPE_CHECKING:
    from openai import OpenAI

JOBS = "/fine_tuning/jobs"
_WITHOUT_THOUGHTS: Mapping[str, Mapping[str, Any]] = {
    "openai": {"reasoning_effort": "minimal"},
    "azure": {"reasoning_effort": "minimal"},
}
_LOCAL_WITHOUT_THOUGHTS = {"chat_template_kwargs": {"enable_thinking": False}}
"""What vLLM, SGLang and llama.cpp pass on to the model's chat template."""


class OpenAIBackend:
    """Trains and asks models through OpenAI's API: OpenAI, Azure OpenAI, vqaft's own server, and others.

    Example:
        >>> from openai import OpenAI
        >>> backend = OpenAIBackend(OpenAI(base_url="http://127.0.0.1:8000/v1", api_key="none"))

    Args:
        client: The caller's `openai.OpenAI` or `openai.AzureOpenAI`, of openai 2.x or 3.x; its address, key, proxies
            and time limits are used, its retries are not.
        account: A name for the account in ledgers. By default the address with organization and project: enough
            unless several accounts are used at one address, or one account at addresses that change.

    Raises:
        DataError: If the client is not a synchronous client of the package openai.
    """

    def __init__(self, client: OpenAI, *, account: str | None = None) -> None:
        import openai

        self._caller = SDKCaller(client, openai, account=account)
        self._is_azure = isinstance(client, openai.AzureOpenAI)

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

    @property
    def provider(self) -> str | None:
        """Whose service this is: "openai" or "azure"; None for another one that speaks OpenAI's API."""
        host = urlsplit(self.address).hostname or ""
        if self._is_azure or host.endswith(".azure.com"):
            return "azure"
        return "openai" if host == "api.openai.com" or host.endswith(".api.openai.com") else None

    def upload_file(
        self, path: Path, *, filename: str, purpose: str = "fine-tune", on_bytes: OnBytes | None = None
    ) -> RemoteFile:
        """Send a file in one piece; see `FineTuneBackend`."""
        with FileSlice(path, on_bytes=on_bytes) as content:
            call = Call(method="POST", path="/files", fields={"purpose": purpose}, file=(filename, content))
            return file_from(self._caller.send(call).json())

    def list_files(self, *, purpose: str = "fine-tune", after: str | None = None) -> Page[RemoteFile]:
        """Return a page of the account's files of a purpose, newest first; see `FineTuneBackend`."""
        query = f"purpose={quote(purpose, safe='')}" + (f"&after={quote(after, safe='')}" if after else "")
        return page_from(self._get(f"/files?limit=100&{query}"), file_from)

    def start_upload(self, filename: str, *, size_bytes: int, purpose: str) -> str:
        """Announce a file in parts; see `MultipartBackend`."""
        wanted = {"filename": filename, "bytes": size_bytes, "purpose": purpose, "mime_type": "application/jsonl"}
        return identity_of(self._post("/uploads", wanted))

    def upload_part(self, upload_id: str, part: FilePart, *, on_bytes: OnBytes | None = None) -> str:
        """Send a part; see `MultipartBackend`."""
        with FileSlice(part.path, offset=part.offset, length=part.length, on_bytes=on_bytes) as content:
            name = f"part-{part.index}"
            call = Call(method="POST", path=f"{_upload_path(upload_id)}/parts", file=(name, content), file_field="data")
            return identity_of(self._caller.send(call).json())

    def complete_upload(self, upload_id: str, *, part_ids: tuple[str, ...], md5: str) -> RemoteFile:
        """Join the parts; see `MultipartBackend`."""
        done = self._post(f"{_upload_path(upload_id)}/complete", {"part_ids": list(part_ids), "md5": md5})
        return file_from(mapping_in(done, "file"))

    def cancel_upload(self, upload_id: str) -> None:
        """Discard the parts; see `MultipartBackend`."""
        self._caller.send(Call(method="POST", path=f"{_upload_path(upload_id)}/cancel"))

    def retrieve_file(self, file_id: str) -> RemoteFile:
        """Describe a file; see `FineTuneBackend`."""
        return same_id(file_from(self._get(f"/files/{quote(file_id, safe='')}")), file_id)

    def download_file(self, file_id: str) -> bytes:
        """Fetch a file's content; see `FineTuneBackend`."""
        return self._caller.send(Call(method="GET", path=f"/files/{quote(file_id, safe='')}/content")).content

    def create_job(self, spec: JobSpec) -> FineTuneJob:
        """Create a job; see `FineTuneBackend`."""
        return job_from(self._post(JOBS, job_body(spec)))

    def retrieve_job(self, job_id: str) -> FineTuneJob:
        """Describe a job; see `FineTuneBackend`."""
        return same_id(job_from(self._get(_job_path(job_id))), job_id)

    def list_jobs(self, *, after: str | None = None) -> Page[FineTuneJob]:
        """Return a page of the account's jobs, newest first; see `FineTuneBackend`."""
        return page_from(self._get(_page_path(JOBS, after)), job_from)

    def cancel_job(self, job_id: str) -> FineTuneJob:
        """Cancel a job; see `FineTuneBackend`."""
        return self._change_job(job_id, "cancel")

    def pause_job(self, job_id: str) -> FineTuneJob:
        """Pause a job; see `FineTuneBackend`."""
        return self._change_job(job_id, "pause")

    def resume_job(self, job_id: str) -> FineTuneJob:
        """Resume a paused job; see `FineTuneBackend`."""
        return self._change_job(job_id, "resume")

    def list_events(self, job_id: str, *, after: str | None = None) -> Page[JobEvent]:
        """Return a page of the job's events, newest first; see `FineTuneBackend`."""
        return page_from(self._get(_page_path(f"{_job_path(job_id)}/events", after)), event_from)

    def list_checkpoints(self, job_id: str, *, after: str | None = None) -> Page[Checkpoint]:
        """Return a page of the models saved during training, newest first; see `FineTuneBackend`."""
        return page_from(self._get(_page_path(f"{_job_path(job_id)}/checkpoints", after)), checkpoint_from)

    def shutdown_date(self, model: str) -> dt.date | None:
        """Return the day on which a model stops answering; see `ModelsBackend`."""
        day = self._get(f"/models/{quote(model, safe=':')}").get("shutdown_date")
        try:
            return dt.date.fromisoformat(day[:10]) if isinstance(day, str) else None
        except ValueError:
            return None

    def refuses_training(self, model: str) -> str | None:
        """Return why this account may not train the model; see `ModelsBackend`.

        The route's shape is not documented: only a list of models in which this one is missing counts as a refusal.
        """
        listed = self._get("/fine_tuning/model_limits").get("data")
        names = [entry.get("model") or entry.get("id") for entry in listed or [] if isinstance(entry, dict)]
        known = [name for name in names if isinstance(name, str)]
        return f"the service lists what can be trained: {', '.join(known)}" if known and model not in known else None

    def create_batch(self, input_file: str, *, metadata: Mapping[str, str]) -> Batch:
        """Create a batch of a file of requests; see `BatchBackend`."""
        wanted = {
            "input_file_id": input_file,
            "endpoint": "/v1/chat/completions",
            "completion_window": "24h",
            "metadata": dict(metadata),
        }
        return batch_from(self._post("/batches", wanted))

    def retrieve_batch(self, batch_id: str) -> Batch:
        """Describe a batch; see `BatchBackend`."""
        return same_id(batch_from(self._get(f"/batches/{quote(batch_id, safe='')}")), batch_id)

    def cancel_batch(self, batch_id: str) -> Batch:
        """Cancel a batch; see `CancellingBackend`."""
        answer = self._caller.send(Call(method="POST", path=f"/batches/{quote(batch_id, safe='')}/cancel"))
        return same_id(batch_from(answer.json()), batch_id)

    def list_batches(self, *, after: str | None = None) -> Page[Batch]:
        """Return a page of the account's batches, newest first; see `BatchBackend`."""
        return page_from(self._get(_page_path("/batches", after)), batch_from)

    def complete(self, request: ChatRequest) -> ChatReply:
        """Send one request, without retries; see `ChatBackend`."""
        thoughts = _WITHOUT_THOUGHTS.get(self.provider or "", _LOCAL_WITHOUT_THOUGHTS)
        body = request.body(without_thoughts=thoughts)
        answer = self._caller.send(Call(method="POST", path="/chat/completions", content=body))
        return replace(reply_from(answer.json()), pause_s=pause_s(answer.headers))

    def _get(self, path: str) -> dict[str, Any]:
        return self._caller.send(Call(method="GET", path=path)).json()

    def _post(self, path: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
        return self._caller.send(Call(method="POST", path=path, json=wanted)).json()

    def _change_job(self, job_id: str, verb: str) -> FineTuneJob:
        answer = self._caller.send(Call(method="POST", path=f"{_job_path(job_id)}/{verb}"))
        return same_id(job_from(answer.json()), job_id)


def _job_path(job_id: str) -> str:
    return f"{JOBS}/{quote(job_id, safe='')}"


def _upload_path(upload_id: str) -> str:
    return f"/uploads/{quote(upload_id, safe='')}"


def _page_path(path: str, after: str | None) -> str:
    return f"{path}?limit=100" + (f"&after={quote(after, safe='')}" if after else "")
