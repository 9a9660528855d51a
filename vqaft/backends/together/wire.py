"""Together's JSON as vqaft's values, and back."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from vqaft.backends.openai.wire import JSON, identity_of, is_number, mapping_in, mapping_of, refuse_settings, with_extra
from vqaft.errors import ServiceUnreachableError
from vqaft.service import KEY, RemoteFile
from vqaft.tuning import Checkpoint, FineTuneJob, Hyperparameters, JobEvent, JobSpec, StepMetrics

STATUSES = {"completed": "succeeded", "error": "failed", "user_error": "failed", "pending": "queued"}
"""Together's words for what OpenAI calls otherwise; the others mean the same, or are taken as still going."""

LONGEST_SUFFIX = 64
_OWN_EPOCHS = 1
_UNKNOWN = frozenset({"learning_rate_multiplier", "integrations", "metadata"})
_STEPS = ("train_global_step", "valid_global_step", "global_step")
_STAMP = re.compile(r"vq([0-9a-f]{24}-\d+)")


def together_body(spec: JobSpec) -> dict[str, Any]:
    """Give the JSON that creates a job.

    Together keeps no metadata with a job, so that the key of the intent goes into the suffix of the model's name. The
    validation file is looked at once an epoch: left alone, Together never does. How it trains, which is LoRA with a
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
    """Read a fine-tuning job."""
    status = str(value.get("status") or "unknown")
    is_done = status == "completed"
    stamp = _STAMP.search(f"{value.get('suffix') or ''} {value.get('model_output_name') or ''}")
    return FineTuneJob(
        id=identity_of(value),
        status=STATUSES.get(status, status),
        model=str(value.get("model") or ""),
        fine_tuned_model=str(value["model_output_name"]) if is_done and value.get("model_output_name") else None,
        trained_tokens=value.get("token_count") if is_done and isinstance(value.get("token_count"), int) else None,
        error_message=_last_message(value) if STATUSES.get(status) == "failed" else None,
        training_file=value.get("training_file"),
        validation_file=value.get("validation_file") or None,
        metadata={KEY: stamp[1]} if stamp else {},
        created_at=seconds_of(value.get("created_at")),
    )


def together_metrics(value: JSON) -> tuple[StepMetrics, ...]:
    """Read a job's numbers, under the names that they have elsewhere.

    Raises:
        ServiceUnreachableError: If there is no list in it: such an answer is none.
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
    """Read an event; Together gives it a hash, or else what it says must tell it apart."""
    created, message = seconds_of(value.get("created_at")) or 0, str(value.get("message") or "")
    numbers = {name: value[name] for name in ("step", "total_steps", "token_count") if value.get(name)}
    return JobEvent(
        id=str(value.get("hash") or f"{created}-{value.get('type')}-{value.get('step')}-{message}"),
        created_at=created,
        level={"warning": "warn"}.get(str(value.get("level")), str(value.get("level") or "info")),
        type="metrics" if "step" in numbers else "message",
        message=message,
        data=numbers,
    )


def together_checkpoint(value: JSON) -> Checkpoint:
    """Read a checkpoint; its path is what a deployment is made from."""
    step = int(value.get("step") or 0)
    return Checkpoint(id=f"step-{step}", step=step, model=str(value.get("path") or ""))


def together_file(value: JSON) -> RemoteFile:
    """Read a file."""
    inner = value if "id" in value else mapping_in(value, "data")
    size = inner.get("bytes")
    return RemoteFile(
        id=identity_of(inner),
        filename=str(inner.get("filename") or ""),
        # Together says 0 until it has looked at the file.
        size_bytes=size if isinstance(size, int) and size > 0 else None,
        status="processed" if inner.get("Processed") else None,
    )


def seconds_of(text: object) -> int | None:
    """Read a time in ISO 8601, or in seconds since 1970; None where it is neither."""
    if isinstance(text, int):
        return text
    try:
        return int(dt.datetime.fromisoformat(str(text)).timestamp())
    except ValueError:
        return None


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
    messages = [str(event.get("message") or "") for event in events or [] if isinstance(event, dict)]
    return next((message for message in reversed(messages) if message), None)
