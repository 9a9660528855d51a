"""Fireworks' JSON as vqaft's values, and back; fields that Fireworks leaves out or adds break nothing."""

from __future__ import annotations

import re
from typing import Any

from vqaft.backends.openai.wire import JSON, mapping_in, refuse_settings, text_in, whole_in, with_extra
from vqaft.backends.together.wire import seconds_of
from vqaft.errors import ServiceUnreachableError
from vqaft.service import KEY, RemoteFile
from vqaft.tuning import FineTuneJob, JobEvent, JobSpec

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
