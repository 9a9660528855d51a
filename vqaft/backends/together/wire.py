"""Together's JSON as vqaft's values, and back; fields that Together leaves out or adds break nothing."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from vqaft.backends.openai.wire import (
    JSON,
    identity_of,
    is_number,
    mapping_in,
    mapping_of,
    refuse_settings,
    text_in,
    whole_in,
    with_extra,
)
from vqaft.errors import ServiceUnreachableError
from vqaft.service import KEY, RemoteFile
from vqaft.tuning import Checkpoint, FineTuneJob, Hyperparameters, JobEvent, JobSpec, StepMetrics

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


def seconds_of(text: object) -> int | None:
    """Return a time in ISO 8601, or in seconds since 1970, as seconds; None where it is neither."""
    if is_number(text):
        return int(text)
    try:
        return int(dt.datetime.fromisoformat(str(text)).timestamp())
    except (ValueError, OverflowError):
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
    entries = events if isinstance(events, list) else []
    messages = [text_in(event, "message") or "" for event in entries if isinstance(event, dict)]
    return next((message for message in reversed(messages) if message), None)
