"""Fireworks AI backend, through the caller's own `fireworks.Fireworks` client.

The API is documented at https://docs.fireworks.ai/api-reference. Its JSON becomes vqaft's values, and back; fields that
Fireworks leaves out or adds break nothing.
"""

from __future__ import annotations

import re
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vqaft.backends.errors import pause_s
from vqaft.backends.openai.wire import (
    JSON,
    mapping_in,
    refuse_settings,
    reply_from,
    same_id,
    seconds_of,
    text_in,
    whole_in,
    with_extra,
)
from vqaft.backends.sdk import Call, SDKCaller
from vqaft.errors import DataError, MissingExtraError, RequestRefusedError, ServiceError, ServiceUnreachableError
from vqaft.inference import ChatReply, ChatRequest
from vqaft.service import KEY, FileSlice, OnBytes, Page, RemoteFile
from vqaft.tuning import Checkpoint, FineTuneJob, JobEvent, JobSpec

if TYPE_CHECKING:
    from fireworks import Fireworks

DIRECT_BYTES = 150_000_000
_WITHOUT_THOUGHTS = {"reasoning_effort": "none"}


class FireworksBackend:
    """Trains and asks open-weight vision models at Fireworks AI.

    A file becomes a dataset there. Of a job only its state and progress can be followed; its id is made from its
    intent, so that asking twice cannot create two.

    Example:
        >>> from fireworks import Fireworks
        >>> backend = FireworksBackend(Fireworks(account_id="me"))

    Args:
        client: The caller's client, with the account's id, as in `accounts/<id>/…`; its address, key, proxies and time
            limits are used, its retries are not.
        account: A name for the account in ledgers; by default the address and the account's id.

    Raises:
        MissingExtraError: If the package fireworks-ai is not installed.
        DataError: If the client is not a `fireworks.Fireworks`, or has no account id.
    """

    provider = "fireworks"

    def __init__(self, client: Fireworks, *, account: str | None = None) -> None:
        try:
            import fireworks
        except ImportError as error:
            raise MissingExtraError("fireworks-ai", extra="fireworks") from error
        self._caller = SDKCaller(client, fireworks, account=account)
        if not client.account_id:
            hint = 'Pass Fireworks(account_id="…"), or set FIREWORKS_ACCOUNT_ID.'
            raise DataError("the client has no account id", hint=hint)
        self._owner = f"/v1/accounts/{quote(client.account_id, safe='')}"
        self._account = account or f"{self._caller.address}{self._owner}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.address})"

    @property
    def account(self) -> str:
        """Whose files and jobs these are, without any secret."""
        return self._account

    @property
    def address(self) -> str:
        """The service's address."""
        return self._caller.address

    def upload_file(
        self,
        path: Path,
        *,
        filename: str,
        purpose: str = "fine-tune",  # noqa: ARG002
        on_bytes: OnBytes | None = None,
    ) -> RemoteFile:
        """Create a dataset of a file, by two or four requests of which the first are harmless; see `FilesBackend`."""
        size_bytes = path.stat().st_size
        name = dataset_id_of(filename)
        dataset = f"{self._owner}/datasets/{name}"
        wanted = {"datasetId": name, "dataset": {"displayName": filename, "userUploaded": {}}}
        try:
            self._post(f"{self._owner}/datasets", wanted)
        except ServiceError as error:
            if error.status != HTTPStatus.CONFLICT:  # announced by an earlier attempt
                raise
        with FileSlice(path, on_bytes=on_bytes) as content:
            if size_bytes <= DIRECT_BYTES:
                self._caller.send(Call(method="POST", path=f"{dataset}:upload", file=(filename, content)))
            else:
                place = signed_address(self._post(f"{dataset}:getUploadEndpoint", upload_body(filename, size_bytes)))
                self._caller.put_signed(place, content, size_bytes=size_bytes)
                self._post(f"{dataset}:validateUpload", {})
        status = None if size_bytes <= DIRECT_BYTES else "uploading"  # Fireworks validates a large file first
        return RemoteFile(id=dataset.removeprefix("/v1/"), filename=filename, status=status)

    def list_files(self, *, purpose: str = "fine-tune", after: str | None = None) -> Page[RemoteFile]:  # noqa: ARG002
        """Return a page of datasets; see `FineTuneBackend`."""
        listed = self._get(_page_path(f"{self._owner}/datasets", after))
        entries = tuple(map(fireworks_dataset, objects_in(listed, "datasets")))
        return Page(entries=entries, after=_cursor(listed))

    def retrieve_file(self, file_id: str) -> RemoteFile:
        """Describe a dataset; see `FineTuneBackend`."""
        return same_id(fireworks_dataset(self._get(f"/v1/{quote(file_id)}")), file_id)

    def download_file(self, file_id: str) -> bytes:
        """Raise: the jobs of Fireworks have no result files."""
        raise RequestRefusedError(f"{file_id} cannot be downloaded from Fireworks this way")

    def create_job(self, spec: JobSpec) -> FineTuneJob:
        """Create a job; see `FineTuneBackend`."""
        name = job_id_of(spec)
        query = f"?supervisedFineTuningJobId={quote(name, safe='')}" if name else ""
        return fireworks_job(self._post(f"{self._owner}/supervisedFineTuningJobs{query}", fireworks_body(spec)))

    def retrieve_job(self, job_id: str) -> FineTuneJob:
        """Describe a job; see `FineTuneBackend`."""
        return same_id(fireworks_job(self._get(self._job_path(job_id))), job_id)

    def list_jobs(self, *, after: str | None = None) -> Page[FineTuneJob]:
        """Return a page of jobs; see `FineTuneBackend`."""
        listed = self._get(_page_path(f"{self._owner}/supervisedFineTuningJobs", after))
        entries = tuple(map(fireworks_job, objects_in(listed, "supervisedFineTuningJobs")))
        return Page(entries=entries, after=_cursor(listed))

    def cancel_job(self, job_id: str) -> FineTuneJob:
        """Cancel a job, which at Fireworks is deleting it; see `FineTuneBackend`."""
        job = self.retrieve_job(job_id)
        self._caller.send(Call(method="DELETE", path=self._job_path(job_id)))
        return replace(job, status="cancelled")

    def pause_job(self, job_id: str) -> FineTuneJob:
        """Raise: Fireworks cannot pause a job."""
        raise RequestRefusedError(f"Fireworks cannot pause job {job_id}", hint="Cancel it instead.")

    def resume_job(self, job_id: str) -> FineTuneJob:
        """Resume a job that Fireworks paused; see `FineTuneBackend`."""
        return fireworks_job(self._post(f"{self._job_path(job_id)}:resume", {}))

    def list_events(self, job_id: str, *, after: str | None = None) -> Page[JobEvent]:  # noqa: ARG002
        """Return the progress of the job as an event: Fireworks has no others."""
        event = fireworks_progress(self._get(self._job_path(job_id)))
        return Page(entries=() if event is None else (event,))

    def list_checkpoints(self, job_id: str, *, after: str | None = None) -> Page[Checkpoint]:  # noqa: ARG002
        """Return no checkpoints: Fireworks has none that can be asked."""
        return Page(entries=())

    def complete(self, request: ChatRequest) -> ChatReply:
        """Send one request, without retries; see `ChatBackend`."""
        body = request.body(limit_name="max_tokens", without_thoughts=_WITHOUT_THOUGHTS)
        answer = self._caller.send(Call(method="POST", path="/inference/v1/chat/completions", content=body))
        return replace(reply_from(answer.json()), pause_s=pause_s(answer.headers))

    def _job_path(self, job_id: str) -> str:
        return f"{self._owner}/supervisedFineTuningJobs/{quote(job_id, safe='')}"

    def _get(self, path: str) -> dict[str, Any]:
        return self._caller.send(Call(method="GET", path=path)).json()

    def _post(self, path: str, wanted: dict[str, Any]) -> dict[str, Any]:
        return self._caller.send(Call(method="POST", path=path, json=wanted)).json()


def _cursor(listed: dict[str, Any]) -> str | None:
    cursor = listed.get("nextPageToken")
    return cursor if isinstance(cursor, str) and cursor else None


def _page_path(path: str, after: str | None) -> str:
    return f"{path}?pageSize=100" + (f"&pageToken={quote(after, safe='')}" if after else "")


STATUSES = {
    "JOB_STATE_COMPLETED": "succeeded",
    "JOB_STATE_EARLY_STOPPED": "succeeded",
    "JOB_STATE_FAILED": "failed",
    "JOB_STATE_EXPIRED": "failed",
    "JOB_STATE_CANCELLED": "cancelled",
    "JOB_STATE_DELETING": "cancelled",
    "JOB_STATE_DELETING_CLEANING_UP": "cancelled",
    "JOB_STATE_CREATING": "queued",
    "JOB_STATE_PENDING": "queued",
    "JOB_STATE_RE_QUEUEING": "queued",
    "JOB_STATE_VALIDATING": "validating_files",
}
"""Fireworks' words for what OpenAI calls otherwise; others count as still running."""

_JOBS = "/supervisedFineTuningJobs/"
_LONGEST_ID = 60
_UNKNOWN = frozenset({"learning_rate_multiplier", "seed", "integrations", "metadata", "dpo"})


def job_id_of(spec: JobSpec) -> str | None:
    """Return the id that a job gets, so that asking for it twice cannot create two; None where there is no key."""
    key = spec.metadata.get(KEY)
    return None if key is None else f"vq-{key}"


def dataset_id_of(filename: str) -> str:
    """Return the id of a file's dataset: up to 63 small letters, digits and hyphens, of which the first is a letter."""
    name = re.sub(r"[^a-z0-9]+", "-", filename.lower()).strip("-")[-_LONGEST_ID:].strip("-")
    return name if name[:1].isalpha() else f"ds-{name}".rstrip("-")


def upload_body(filename: str, size_bytes: int) -> dict[str, Any]:
    """Return the JSON that asks where a large file goes; 64-bit numbers are texts there."""
    return {"filenameToSize": {filename: str(size_bytes)}}


def signed_address(value: JSON) -> str:
    """Return the address that a large file goes to.

    Raises:
        ServiceUnreachableError: If there is no address: such an answer is damaged.
    """
    addresses = [place for place in mapping_in(value, "filenameToSignedUrls").values() if isinstance(place, str)]
    if not addresses:
        raise ServiceUnreachableError("the answer holds no address for the file")
    return addresses[0]


def fireworks_body(spec: JobSpec) -> dict[str, Any]:
    """Return the JSON that creates a job.

    Raises:
        RequestRefusedError: If the settings are none that Fireworks has.
    """
    chosen = spec.hyperparameters
    refuse_settings("Fireworks", spec, unknown=_UNKNOWN)
    wanted = {
        "baseModel": spec.model,
        "dataset": spec.training_file,
        "evaluationDataset": spec.validation_file,
        "displayName": spec.suffix,
        "epochs": None if chosen.n_epochs == "auto" else chosen.n_epochs,
        "batchSizeSamples": None if chosen.batch_size == "auto" else chosen.batch_size,
    }
    return with_extra(wanted, spec)


def fireworks_job(value: JSON) -> FineTuneJob:
    """Parse a supervised fine-tuning job."""
    name = text_in(value, "name") or ""
    identity, state = last_part(name), text_in(value, "state") or "unknown"
    status = STATUSES.get(state, state.removeprefix("JOB_STATE_").lower())
    stamp = re.fullmatch(r"vq-([0-9a-f]{24}-\d+)", identity)
    problem = mapping_in(value, "status")
    is_failed = status == "failed"
    model = text_in(value, "outputModel") or name.replace(_JOBS, "/models/")  # unnamed ones are called as their job
    return FineTuneJob(
        id=identity,
        status=status,
        model=text_in(value, "baseModel") or "",
        fine_tuned_model=model if status == "succeeded" else None,
        error_code=(text_in(problem, "code") or None) if is_failed else None,
        error_message=(text_in(problem, "message") or None) if is_failed else None,
        training_file=text_in(value, "dataset"),
        validation_file=text_in(value, "evaluationDataset"),
        metadata={KEY: stamp[1]} if stamp else {},
        created_at=seconds_of(value.get("createTime")),
    )


def fireworks_progress(value: JSON) -> JobEvent | None:
    """Parse a job's progress as an event that is another one at each per cent; None where it does not say."""
    progress = mapping_in(value, "jobProgress")
    percent, epoch = whole_in(progress, "percent"), whole_in(progress, "epoch")
    if percent is None:
        return None
    return JobEvent(
        id=f"{last_part(value.get('name'))}-{epoch}-{percent}",
        created_at=seconds_of(value.get("updateTime")) or 0,
        level="info",
        type="message",
        message=f"{percent} %" + ("" if epoch is None else f" of epoch {epoch}"),
        data={"step": percent, "total_steps": 100},
    )


def fireworks_dataset(value: JSON) -> RemoteFile:
    """Parse a dataset; Fireworks does not say how long its file is."""
    state, name = text_in(value, "state") or "none", text_in(value, "name") or ""
    return RemoteFile(
        id=name,
        filename=text_in(value, "displayName") or last_part(name),
        # One that is still "uploading" long after its file was sent was announced, and its file never came.
        status={"READY": "processed"}.get(state, state.lower()),
    )


def last_part(name: object) -> str:
    """Return the last part of a resource's name, e.g. "accounts/me/datasets/shapes".

    Raises:
        ServiceUnreachableError: If there is no name: such an answer is damaged.
    """
    if not isinstance(name, str) or not name:
        raise ServiceUnreachableError("the answer holds no name")
    return name.rpartition("/")[2]


def objects_in(value: JSON, name: str) -> list[JSON]:
    """Return the objects of a list.

    Raises:
        ServiceUnreachableError: If there is something else in its place: from such an answer nobody may conclude that
            nothing was created yet. Fireworks leaves an empty list out.
    """
    entries = value.get(name) or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ServiceUnreachableError("the answer holds no list of objects")
    return entries
