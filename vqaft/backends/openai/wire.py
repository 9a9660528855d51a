"""OpenAI's JSON as vqaft's values, and back; fields that a service leaves out or adds break nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard, TypeVar

from vqaft.errors import RequestRefusedError, ServiceUnreachableError
from vqaft.inference import Batch, ChatReply
from vqaft.service import KEY, Page, RemoteFile
from vqaft.tuning import Checkpoint, FineTuneJob, JobEvent, JobSpec

Entry = TypeVar("Entry")
JSON = Mapping[str, Any]
Identified = TypeVar("Identified", Batch, FineTuneJob, RemoteFile)

FIELDS = frozenset(
    {"model", "training_file", "validation_file", "suffix", "metadata", "baseModel", "dataset", "evaluationDataset"}
)
"""Fields that identify a job, under any provider's names."""


def job_body(spec: JobSpec) -> dict[str, Any]:
    """Return the JSON that creates a job; what was not given is left to the service.

    Args:
        spec: What to create the job from.

    Raises:
        RequestRefusedError: If `extra` holds a field that identifies the job.
    """
    wanted: dict[str, Any] = {
        "model": spec.model,
        "training_file": spec.training_file,
        "validation_file": spec.validation_file,
        "seed": spec.seed,
        "suffix": spec.suffix,
        "metadata": dict(spec.metadata) or None,
        "integrations": [dict(integration) for integration in spec.integrations] or None,
        "method": {"type": spec.method, spec.method: {"hyperparameters": _hyperparameters(spec)}},
    }
    return with_extra(wanted, spec)


def with_extra(wanted: dict[str, Any], spec: JobSpec) -> dict[str, Any]:
    """Leave out what was not given, and add the caller's fields under the provider's own names.

    Args:
        wanted: A body; what is None was not given.
        spec: What the body was made from.

    Raises:
        RequestRefusedError: If `extra` holds a field that identifies the job.
    """
    clash = sorted(FIELDS & spec.extra.keys())
    if clash:
        raise RequestRefusedError(f"extra holds {', '.join(clash)}", hint="JobSpec has fields for these.")
    return {**{name: value for name, value in wanted.items() if value is not None}, **spec.extra}


def refuse_settings(provider: str, spec: JobSpec, *, unknown: frozenset[str]) -> None:
    """Refuse what a provider cannot do, rather than leave it out in silence.

    Args:
        provider: Its name.
        spec: What a job is to be created from.
        unknown: What it has not, of "learning_rate_multiplier", "seed", "integrations", "metadata" and "dpo".

    Raises:
        RequestRefusedError: If any of it was given.
    """
    given = {
        "learning_rate_multiplier": spec.hyperparameters.learning_rate_multiplier != "auto",
        "seed": spec.seed is not None,
        "integrations": bool(spec.integrations),
        "metadata": not spec.metadata.keys() <= {KEY},
        "dpo": spec.method == "dpo",
    }
    refused = [name for name, is_given in given.items() if is_given and name in unknown]
    if refused:
        hint = "Leave it out, or pass it under the provider's own name with `extra`."
        raise RequestRefusedError(f"{provider} has no {', '.join(refused)} here", hint=hint)


def _hyperparameters(spec: JobSpec) -> dict[str, Any]:
    chosen = spec.hyperparameters
    values = {
        "n_epochs": chosen.n_epochs,
        "batch_size": chosen.batch_size,
        "learning_rate_multiplier": chosen.learning_rate_multiplier,
    }
    return {**values, **({"beta": chosen.beta} if spec.method == "dpo" else {})}


def file_from(value: JSON) -> RemoteFile:
    """Parse a file object."""
    return RemoteFile(
        id=identity_of(value),
        filename=text_in(value, "filename") or "",
        size_bytes=whole_in(value, "bytes"),
        status=text_in(value, "status"),
    )


def job_from(value: JSON) -> FineTuneJob:
    """Parse a fine-tuning job object."""
    error = mapping_in(value, "error")
    return FineTuneJob(
        id=identity_of(value),
        status=text_in(value, "status") or "unknown",
        model=text_in(value, "model") or "",
        fine_tuned_model=text_in(value, "fine_tuned_model"),
        trained_tokens=whole_in(value, "trained_tokens"),
        error_code=text_in(error, "code"),
        error_message=text_in(error, "message"),
        result_files=tuple(name for name in _entries(value, "result_files") if isinstance(name, str)),
        training_file=text_in(value, "training_file"),
        validation_file=text_in(value, "validation_file"),
        metadata={str(key): str(item) for key, item in mapping_in(value, "metadata").items()},
        created_at=whole_in(value, "created_at"),
        estimated_finish=whole_in(value, "estimated_finish"),
    )


def event_from(value: JSON) -> JobEvent:
    """Parse a job event."""
    return JobEvent(
        id=identity_of(value),
        created_at=whole_in(value, "created_at") or 0,
        level=text_in(value, "level") or "info",
        type=text_in(value, "type") or "message",
        message=text_in(value, "message") or "",
        data=mapping_in(value, "data"),
    )


def checkpoint_from(value: JSON) -> Checkpoint:
    """Parse a checkpoint."""
    metrics = mapping_in(value, "metrics")
    return Checkpoint(
        id=identity_of(value),
        step=whole_in(value, "step_number") or 0,
        model=text_in(value, "fine_tuned_model_checkpoint") or "",
        metrics={name: float(number) for name, number in metrics.items() if is_number(number)},
    )


def batch_from(value: JSON) -> Batch:
    """Parse a batch object."""
    counts = mapping_in(value, "request_counts")
    done, failed = whole_in(counts, "completed"), whole_in(counts, "failed")
    problems = [entry for entry in _entries(mapping_in(value, "errors"), "data") if isinstance(entry, dict)]
    return Batch(
        id=identity_of(value),
        status=text_in(value, "status") or "unknown",
        input_file=text_in(value, "input_file_id"),
        output_file=text_in(value, "output_file_id"),
        error_file=text_in(value, "error_file_id"),
        metadata={str(key): str(item) for key, item in mapping_in(value, "metadata").items()},
        done=None if done is None and failed is None else (done or 0) + (failed or 0),
        total=whole_in(counts, "total"),
        problem="; ".join(f"line {entry.get('line')}: {entry.get('message')}" for entry in problems) or None,
    )


def page_from(value: JSON, entry_from: Callable[[JSON], Entry]) -> Page[Entry]:
    """Parse a page of a list; the last entry's id is the cursor of the next page.

    The list goes on until `has_more` is false or a page is empty, as the SDK has it: not every service says `has_more`.

    Raises:
        ServiceUnreachableError: If there is no list in it. That is not the same as an empty list, from which it would
            follow that nothing was made yet.
    """
    data = value.get("data")
    if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
        raise ServiceUnreachableError("the answer holds no list of objects")
    entries: list[dict[str, Any]] = data
    last = entries[-1].get("id") if entries and value.get("has_more") is not False else None
    return Page(entries=tuple(map(entry_from, entries)), after=last if isinstance(last, str) else None)


def reply_from(value: JSON) -> ChatReply:
    """Parse a chat completion.

    Raises:
        ServiceUnreachableError: If there is no choice in it, or its content is neither text, parts nor null: such an
            answer is damaged, another may be complete.
    """
    choices = [choice for choice in _entries(value, "choices") if isinstance(choice, dict)]
    if not choices:
        raise ServiceUnreachableError("the answer holds no choice")
    message, usage = mapping_in(choices[0], "message"), mapping_in(value, "usage")
    return ChatReply(
        text=_content(message.get("content")),
        finish_reason=text_in(choices[0], "finish_reason"),
        refusal=text_in(message, "refusal") or _refusal_in(message.get("content")),
        model=text_in(value, "model"),
        prompt_tokens=whole_in(usage, "prompt_tokens"),
        completion_tokens=whole_in(usage, "completion_tokens"),
    )


def _content(content: object) -> str | None:
    """Return the text of a content: a string, or a list of parts as some services write it; None for no content.

    Raises:
        ServiceUnreachableError: If it is of another type, which is not the same as no content.
    """
    if content is None or isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise ServiceUnreachableError(f"the answer's content is of type {type(content).__name__}, not text")
    texts = [part if isinstance(part, str) else text_in(mapping_of(part), "text") for part in content]
    known = [text for text in texts if text is not None]
    if content and not known and _refusal_in(content) is None:
        raise ServiceUnreachableError("the answer's content holds parts, and none of them is text")
    return "".join(known) or None


def _refusal_in(content: object) -> str | None:
    parts = content if isinstance(content, list) else []
    return next((said for part in parts if (said := text_in(mapping_of(part), "refusal"))), None)


def identity_of(value: JSON) -> str:
    """Parse an object's id.

    Raises:
        ServiceUnreachableError: If there is none: such an answer is damaged, another may be complete.
    """
    identity = value.get("id")
    if not isinstance(identity, str) or not identity:
        raise ServiceUnreachableError("the answer holds no id")
    return identity


def same_id(found: Identified, asked: str) -> Identified:
    """Return what was found, if it is what was asked for: a confused cache or proxy answers about something else.

    Raises:
        ServiceUnreachableError: If it is about something else; another attempt may give the right one.
    """
    if found.id != asked:
        raise ServiceUnreachableError(f"the answer is about {found.id[:80]!r}, not about {asked!r}")
    return found


def text_in(value: JSON, name: str) -> str | None:
    """Return a field that is a text; None where it is anything else."""
    text = value.get(name)
    return text if isinstance(text, str) else None


def whole_in(value: JSON, name: str) -> int | None:
    """Return a field that is a number, without its fraction; None where it is anything else."""
    number = value.get(name)
    return int(number) if is_number(number) else None


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value is a measurement, which NaN and the infinities are not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


def mapping_of(value: object) -> JSON:
    """Return an object; an empty one where it is something else."""
    return value if isinstance(value, dict) else {}


def mapping_in(value: JSON, name: str) -> JSON:
    """Return an inner object; an empty one where there is none."""
    return mapping_of(value.get(name))


def _entries(value: JSON, name: str) -> list[Any]:
    inner = value.get(name)
    return inner if isinstance(inner, list) else []


def seconds_of(text: object) -> int | None:
    """Return a time in ISO 8601, or in seconds since 1970, as seconds; None where it is neither."""
    if is_number(text):
        return int(text)
    try:
        return int(dt.datetime.fromisoformat(str(text)).timestamp())
    except (ValueError, OverflowError):
        return None
