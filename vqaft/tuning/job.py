"""Fine-tuning jobs: what one is created from, and what a provider says about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from vqaft.errors import DataError, shown
from vqaft.notebook import card, facts
from vqaft.service import KEY
from vqaft.typed import typed

Auto: TypeAlias = Literal["auto"]

MAX_EPOCHS = 50
MAX_BATCH_SIZE = 256
MAX_BETA = 2.0
MAX_SEED = 2**31 - 1
MAX_SUFFIX = 64
MAX_METADATA = 15
"""Pairs of metadata; the sixteenth is vqaft's own key."""

MAX_KEY = 64
MAX_VALUE = 512

FINAL_STATUSES = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """How to train; the provider chooses what is left at "auto".

    Attributes:
        n_epochs: How often the training data is seen, 1 to 50.
        batch_size: Examples a step, 1 to 256.
        learning_rate_multiplier: Factor on the provider's learning rate, above 0.
        beta: Weight of the penalty between the old and the new model, above 0 to 2; for the method "dpo" only.

    Raises:
        DataError: If a value is outside its range.
    """

    n_epochs: int | Auto = "auto"
    batch_size: int | Auto = "auto"
    learning_rate_multiplier: float | Auto = "auto"
    beta: float | Auto = "auto"

    def __post_init__(self) -> None:
        _check_whole("n_epochs", self.n_epochs, most=MAX_EPOCHS)
        _check_whole("batch_size", self.batch_size, most=MAX_BATCH_SIZE)
        _check_positive("learning_rate_multiplier", self.learning_rate_multiplier, most=float("inf"))
        _check_positive("beta", self.beta, most=MAX_BETA)


@dataclass(frozen=True, kw_only=True)
@typed
class JobSpec:
    """What a job is created from.

    Attributes:
        model: The base model's name.
        training_file: The provider's id of the training file.
        validation_file: The provider's id of the validation file.
        hyperparameters: How to train.
        seed: 0 to 2147483647; chosen by the provider where None.
        suffix: 1 to 64 characters that become part of the model's name.
        metadata: Up to 15 pairs kept with the job; keys of 64 and values of 512 characters.
        method: "supervised", or "dpo" for rows with a preferred and another answer (text only).
        integrations: Where the provider reports the training to, under its own names, e.g. Weights & Biases.
        extra: What else the provider accepts for a job, under its own names: {"trainingType": "globalStandard"} at
            Azure,
            {"learning_rate": 1e-4, "multimodal_params": {"train_vision": True}} at Together, {"loraRank": 16} at
            Fireworks. It goes into the request as it is, over what vqaft says of the same.

    Raises:
        DataError: If a value is missing or outside its range.
    """

    model: str
    training_file: str
    validation_file: str | None = None
    hyperparameters: Hyperparameters = field(default_factory=Hyperparameters)
    seed: int | None = None
    suffix: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)
    method: Literal["supervised", "dpo"] = "supervised"
    integrations: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for name in ("model", "training_file"):
            _check_text(name, getattr(self, name))
        if self.validation_file is not None:
            _check_text("validation_file", self.validation_file)
        check_hyperparameters(self.hyperparameters)
        if self.seed is not None and (type(self.seed) is not int or not 0 <= self.seed <= MAX_SEED):
            raise DataError(f"seed={self.seed!r}", hint=f"A whole number from 0 to {MAX_SEED}.")
        if self.suffix is not None:
            _check_text("suffix", self.suffix, most=MAX_SUFFIX)
        _check_method(self.method)
        _check_metadata(self.metadata)


@dataclass(frozen=True, kw_only=True, repr=False)
@typed
class FineTuneJob:
    """A job as the provider last described it.

    Attributes:
        id: The provider's id.
        status: An open set; see `is_final`. Known are validating_files, queued, running, paused, succeeded, failed and
            cancelled.
        model: The base model.
        fine_tuned_model: The name to ask the new model by; None until the job succeeded.
        trained_tokens: Tokens billed; None until known.
        error_code: The provider's code of what went wrong.
        error_message: What went wrong, in the provider's words.
        result_files: Ids of the files with the metrics of each step.
        training_file: Id of the training file.
        validation_file: Id of the validation file.
        metadata: What was kept with the job.
        created_at: Seconds since 1970 by the provider's clock.
        estimated_finish: The same, of the expected end.
    """

    id: str
    status: str
    model: str
    fine_tuned_model: str | None = None
    trained_tokens: int | None = None
    error_code: str | None = None
    error_message: str | None = None
    result_files: tuple[str, ...] = ()
    training_file: str | None = None
    validation_file: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)
    created_at: int | None = None
    estimated_finish: int | None = None

    @property
    def is_final(self) -> bool:
        """Whether the status is one that never changes again; unknown ones count as still running."""
        return self.status in FINAL_STATUSES

    def __repr__(self) -> str:
        told = [f"{name}={shown(value)}" for name, value in vars(self).items() if value not in (None, (), {})]
        return f"FineTuneJob({', '.join(told)})"

    def _repr_html_(self) -> str:
        problem = ": ".join(part for part in (self.error_code, self.error_message) if part)
        tokens = None if self.trained_tokens is None else f"{self.trained_tokens:,}"
        pairs = [
            ("job", self.id),
            ("base model", self.model),
            ("tuned model", self.fine_tuned_model),
            ("problem", problem or None),
            ("tokens trained", tokens),
            ("created", _moment(self.created_at)),
            ("expected to end", _moment(self.estimated_finish)),
            *self.metadata.items(),
        ]
        return card([], [facts(self.status, pairs)])


@dataclass(frozen=True, kw_only=True)
@typed
class JobEvent:
    """Something that happened in a job.

    Attributes:
        id: The provider's id, by which repeated events are recognized.
        created_at: Seconds since 1970 by the provider's clock.
        level: "info", "warn" or "error".
        type: "message", "metrics", "moderation_checks" or what the provider adds.
        message: In words.
        data: Numbers of a metrics event, e.g. step, total_steps, train_loss.
    """

    id: str
    created_at: int
    level: str
    type: str
    message: str
    data: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, kw_only=True)
@typed
class Checkpoint:
    """A model saved during training.

    Attributes:
        id: The provider's id.
        step: The training step it was saved at.
        model: The name to ask it under.
        metrics: Losses and accuracies at that step, as far as given.
    """

    id: str
    step: int
    model: str
    metrics: Mapping[str, float] = field(default_factory=dict, hash=False)


def _moment(seconds: float | None) -> str | None:
    """Return a time as date and time of day in the local zone; None where there is none, or no clock shows it."""
    try:
        return None if seconds is None else f"{dt.datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M:%S %Z}"
    except (ValueError, OverflowError, OSError):
        return None


def check_hyperparameters(given: object) -> None:
    """Refuse anything but `Hyperparameters`, such as a mapping.

    Raises:
        DataError: With what to pass instead.
    """
    if not isinstance(given, Hyperparameters):
        raise DataError(f"hyperparameters is a {type(given).__name__}", hint="Pass Hyperparameters(n_epochs=…, …).")


def _check_whole(name: str, value: object, *, most: int) -> None:
    if value != "auto" and (type(value) is not int or not 1 <= value <= most):
        raise DataError(f"{name}={value!r}", hint=f'A whole number from 1 to {most}, or "auto".')


def _check_positive(name: str, value: object, *, most: float) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value != "auto" and not (is_number and 0 < value <= most and value != float("inf")):  # type: ignore[operator] # a number
        limit = "" if most == float("inf") else f", at most {most:g}"
        raise DataError(f"{name}={value!r}", hint=f'A number above 0{limit}, or "auto".')


def _check_text(name: str, value: object, *, most: int = 1024) -> None:
    if not isinstance(value, str) or not 1 <= len(value) <= most:
        raise DataError(f"{name}={str(value)[:80]!r}", hint=f"A text of 1 to {most} characters.")


def _check_method(method: object) -> None:
    if method not in ("supervised", "dpo"):
        raise DataError(f"method={method!r}", hint='"supervised" or "dpo".')


def _check_metadata(metadata: object) -> None:
    hint = f"Up to {MAX_METADATA} pairs of texts; keys up to {MAX_KEY} and values up to {MAX_VALUE} characters."
    if not isinstance(metadata, Mapping):
        raise DataError(f"metadata is a {type(metadata).__name__}", hint=hint)
    pairs = [(key, value) for key, value in metadata.items() if key != KEY]
    fits = all(_is_text(key, most=MAX_KEY) and _is_text(value, most=MAX_VALUE) for key, value in pairs)
    if len(pairs) > MAX_METADATA or not fits:
        raise DataError("metadata holds too much, or what is not text", hint=hint)


def _is_text(value: object, *, most: int) -> bool:
    return isinstance(value, str) and len(value) <= most
