"""Together AI backend, through the caller's own `together.Together` client (https://docs.together.ai/reference).

Together's JSON becomes vqaft's values, and back; fields that Together leaves out or adds break nothing.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from vqaft.backends.errors import pause_s
from vqaft.backends.openai.wire import (
    JSON,
    identity_of,
    is_number,
    mapping_in,
    mapping_of,
    page_from,
    refuse_settings,
    reply_from,
    same_id,
    seconds_of,
    text_in,
    whole_in,
    with_extra,
)
from vqaft.backends.sdk import Call, SDKCaller
from vqaft.errors import MissingExtraError, RequestRefusedError, ServiceUnreachableError
from vqaft.inference import ChatReply, ChatRequest
from vqaft.service import KEY, FileSlice, OnBytes, Page, RemoteFile
from vqaft.tuning import Checkpoint, FineTuneJob, Hyperparameters, JobEvent, JobSpec, StepMetrics

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


STATUSES = {"completed": "succeeded", "error": "failed", "user_error": "failed", "pending": "queued"}
"""Together's words for what OpenAI calls otherwise; the others mean the same, or count as still running."""

LONGEST_SUFFIX = 64
_OWN_EPOCHS = 1
_LEVELS = {"warning": "warn"}
_UNKNOWN = frozenset({"learning_rate_multiplier", "integrations", "metadata"})
_STEPS = ("train_global_step", "valid_global_step", "global_step")
_STAMP = re.compile(r"vq([0-9a-f]{24}-\d+)")


def together_body(spec: JobSpec) -> dict[str, Any]:
    """Return the JSON that creates a job.

    Together keeps no metadata with a job, so that the key of the intent goes into the suffix of the model's name. The
    validation file is evaluated once an epoch: by default, Together never does. How it trains, which is LoRA with a
    rank for the model, is left to it.

    Raises:
        RequestRefusedError: If the settings are none that Together has.
    """
    chosen = spec.hyperparameters
    refuse_settings("Together", spec, unknown=_UNKNOWN)
    wanted = {
        "model": spec.model,
        "training_file": spec.training_file,
        "validation_file": spec.validation_file,
        "n_epochs": None if chosen.n_epochs == "auto" else chosen.n_epochs,
        "n_evals": None if spec.validation_file is None else _once_an_epoch(chosen),
        "batch_size": "max" if chosen.batch_size == "auto" else chosen.batch_size,
        "suffix": _stamped(spec),
        "training_method": _method(spec),
        "random_seed": spec.seed,
    }
    return with_extra(wanted, spec)


def together_job(value: JSON) -> FineTuneJob:
    """Parse a fine-tuning job."""
    status = text_in(value, "status") or "unknown"
    is_done = status == "completed"
    name = text_in(value, "model_output_name") or None
    stamp = _STAMP.search(f"{text_in(value, 'suffix') or ''} {name or ''}")
    return FineTuneJob(
        id=identity_of(value),
        status=STATUSES.get(status, status),
        model=text_in(value, "model") or "",
        fine_tuned_model=name if is_done else None,
        trained_tokens=whole_in(value, "token_count") if is_done else None,
        error_message=_last_message(value) if STATUSES.get(status) == "failed" else None,
        training_file=text_in(value, "training_file"),
        validation_file=text_in(value, "validation_file") or None,
        metadata={KEY: stamp[1]} if stamp else {},
        created_at=seconds_of(value.get("created_at")),
    )


def together_metrics(value: JSON) -> tuple[StepMetrics, ...]:
    """Parse a job's metrics, under the names that they have elsewhere.

    Raises:
        ServiceUnreachableError: If there is no list in it: such an answer is damaged.
    """
    snapshots = value.get("metrics")
    if not isinstance(snapshots, list):
        raise ServiceUnreachableError("the answer holds no list of metrics")
    by_step: dict[int, dict[str, float]] = {}
    for snapshot in snapshots:
        numbers = {_metric_name(name): number for name, number in mapping_of(snapshot).items() if is_number(number)}
        steps = [int(numbers.pop(name)) for name in _STEPS if name in numbers]
        if steps:
            by_step.setdefault(steps[0], {}).update(numbers)
    return tuple(StepMetrics(step=step, values=by_step[step]) for step in sorted(by_step))


def together_event(value: JSON) -> JobEvent:
    """Parse an event; Together sends a hash with it, else its content identifies it."""
    created, message = seconds_of(value.get("created_at")) or 0, text_in(value, "message") or ""
    counts = {name: whole_in(value, name) for name in ("step", "total_steps", "token_count")}
    numbers = {name: count for name, count in counts.items() if count}
    level = text_in(value, "level") or "info"
    return JobEvent(
        id=text_in(value, "hash") or f"{created}-{value.get('type')}-{value.get('step')}-{message}",
        created_at=created,
        level=_LEVELS.get(level, level),
        type="metrics" if "step" in numbers else "message",
        message=message,
        data=numbers,
    )


def together_checkpoint(value: JSON) -> Checkpoint:
    """Parse a checkpoint; its path is what a deployment is made from."""
    step = whole_in(value, "step") or 0
    return Checkpoint(id=f"step-{step}", step=step, model=text_in(value, "path") or "")


def together_file(value: JSON) -> RemoteFile:
    """Parse a file."""
    inner = value if "id" in value else mapping_in(value, "data")
    size = whole_in(inner, "bytes") or 0
    return RemoteFile(
        id=identity_of(inner),
        filename=text_in(inner, "filename") or "",
        size_bytes=size if size > 0 else None,  # Together says 0 until it has validated the file
        status="processed" if inner.get("Processed") else None,
    )


def _metric_name(name: str) -> str:
    return name.replace("eval/", "valid_").replace("/", "_")


def _method(spec: JobSpec) -> dict[str, Any]:
    if spec.method == "supervised":
        return {"method": "sft", "train_on_inputs": "auto"}
    beta = spec.hyperparameters.beta
    return {"method": "dpo"} if beta == "auto" else {"method": "dpo", "dpo_beta": beta}


def _once_an_epoch(chosen: Hyperparameters) -> int:
    return _OWN_EPOCHS if chosen.n_epochs == "auto" else chosen.n_epochs


def _stamped(spec: JobSpec) -> str | None:
    key = spec.metadata.get(KEY)
    if key is None:
        return spec.suffix
    stamp = f"vq{key}"
    return f"{(spec.suffix or '')[: LONGEST_SUFFIX - 1 - len(stamp)]}-{stamp}".lstrip("-")


def _last_message(value: JSON) -> str | None:
    events = value.get("events")
    entries = events if isinstance(events, list) else []
    messages = [text_in(event, "message") or "" for event in entries if isinstance(event, dict)]
    return next((message for message in reversed(messages) if message), None)
