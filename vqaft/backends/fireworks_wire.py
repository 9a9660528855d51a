"""Fireworks' JSON as vqaft's values, and back."""

from __future__ import annotations

import re
from typing import Any

from vqaft.backends.together_wire import seconds_of
from vqaft.backends.wire import JSON, mapping_in
from vqaft.errors import RequestRefusedError, ServiceUnreachableError
from vqaft.tuning import KEY, FineTuneJob, JobSpec, RemoteFile

STATUSES = {
    "JOB_STATE_COMPLETED": "succeeded",
    "JOB_STATE_FAILED": "failed",
    "JOB_STATE_EXPIRED": "failed",
    "JOB_STATE_CANCELLED": "cancelled",
    "JOB_STATE_DELETING": "cancelled",
    "JOB_STATE_CREATING": "queued",
    "JOB_STATE_PENDING": "queued",
    "JOB_STATE_VALIDATING": "validating_files",
}
"""Fireworks' words for what OpenAI calls otherwise; others are taken as still going."""


def job_id_of(spec: JobSpec) -> str | None:
    """Give the id that a job gets, so that asking for it twice cannot make two; None where there is no key."""
    key = spec.metadata.get(KEY)
    return None if key is None else f"vq-{key}"


def fireworks_body(spec: JobSpec) -> dict[str, Any]:
    """Give the JSON that creates a job.

    Raises:
        RequestRefusedError: If the settings are none that Fireworks has.
    """
    chosen = spec.hyperparameters
    if spec.method != "supervised" or chosen.learning_rate_multiplier != "auto":
        message = "Fireworks is asked for supervised training at its own learning rate only"
        raise RequestRefusedError(message, hint="Leave method at supervised and learning_rate_multiplier at auto.")
    wanted = {
        "baseModel": spec.model,
        "dataset": spec.training_file,
        "evaluationDataset": spec.validation_file,
        "displayName": spec.suffix,
        "epochs": None if chosen.n_epochs == "auto" else chosen.n_epochs,
        "batchSizeSamples": None if chosen.batch_size == "auto" else chosen.batch_size,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def fireworks_job(value: JSON) -> FineTuneJob:
    """Read a supervised fine-tuning job."""
    identity, state = last_part(value.get("name")), str(value.get("state") or "unknown")
    status = STATUSES.get(state, state.removeprefix("JOB_STATE_").lower())
    stamp = re.fullmatch(r"vq-([0-9a-f]{24}-\d+)", identity)
    problem = mapping_in(value, "status")
    is_failed = status == "failed"
    return FineTuneJob(
        id=identity,
        status=status,
        model=str(value.get("baseModel") or ""),
        fine_tuned_model=str(value["outputModel"]) if status == "succeeded" and value.get("outputModel") else None,
        error_code=str(problem["code"]) if is_failed and problem.get("code") else None,
        error_message=str(problem["message"]) if is_failed and problem.get("message") else None,
        training_file=value.get("dataset"),
        validation_file=value.get("evaluationDataset"),
        metadata={KEY: stamp[1]} if stamp else {},
        created_at=seconds_of(value.get("createTime")),
    )


def fireworks_dataset(value: JSON) -> RemoteFile:
    """Read a dataset; Fireworks does not say how long its file is."""
    state = value.get("state")
    return RemoteFile(
        id=str(value.get("name") or ""),
        filename=str(value.get("displayName") or last_part(value.get("name"))),
        # A dataset that is still empty was announced, and its file never came.
        status={"READY": "processed", "UPLOADING": "error"}.get(str(state), str(state)),
    )


def last_part(name: object) -> str:
    """Give the last part of a resource's name, e.g. "accounts/me/datasets/shapes".

    Raises:
        ServiceUnreachableError: If there is no name: such an answer is none.
    """
    if not isinstance(name, str) or not name:
        raise ServiceUnreachableError("the answer holds no name")
    return name.rpartition("/")[2]
