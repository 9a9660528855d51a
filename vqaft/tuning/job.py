"""A fine-tuning job and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Auto: TypeAlias = Literal["auto"]


FINAL_STATUSES = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """How to train; what is left at "auto" the provider chooses.

    Attributes:
        n_epochs: How often the training data is seen, 1 to 50.
        batch_size: Examples a step, 1 to 256.
        learning_rate_multiplier: Factor on the provider's learning rate, above 0.
        beta: Weight of the penalty between the old and the new model, above 0 to 2; for the method "dpo" only.
    """

    n_epochs: int | Auto = "auto"
    batch_size: int | Auto = "auto"
    learning_rate_multiplier: float | Auto = "auto"
    beta: float | Auto = "auto"


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """What a job is created from.

    Attributes:
        model: The base model's name.
        training_file: The provider's id of the training file.
        validation_file: The provider's id of the validation file.
        hyperparameters: How to train.
        seed: 0 to 2147483647; chosen by the provider where None.
        suffix: 1 to 64 characters that become part of the model's name.
        metadata: Up to 16 pairs kept with the job; keys of 64 and values of 512 characters.
        method: "supervised", or "dpo" for rows with a preferred and another answer (text only).
        integrations: Where the provider reports the training to, in its own words, e.g. Weights & Biases.
        extra: What else the provider takes for a job, in its own words: {"trainingType": "globalStandard"} at Azure,
            {"learning_rate": 1e-4, "multimodal_params": {"train_vision": True}} at Together, {"loraRank": 16} at
            Fireworks. It goes into the request as it is, over what vqaft says of the same.
    """

    model: str
    training_file: str
    validation_file: str | None = None
    hyperparameters: Hyperparameters = field(default_factory=Hyperparameters)
    seed: int | None = None
    suffix: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    method: Literal["supervised", "dpo"] = "supervised"
    integrations: tuple[Mapping[str, Any], ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
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
    metadata: Mapping[str, str] = field(default_factory=dict)
    created_at: int | None = None
    estimated_finish: int | None = None

    @property
    def is_final(self) -> bool:
        """Whether the status is one that never changes again; unknown ones are taken as still going."""
        return self.status in FINAL_STATUSES


@dataclass(frozen=True, kw_only=True)
class JobEvent:
    """Something that happened in a job.

    Attributes:
        id: The provider's id, by which repeated events are recognised.
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
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A model saved on the way.

    Attributes:
        id: The provider's id.
        step: The training step it was saved at.
        model: The name to ask it by.
        metrics: Losses and accuracies at that step, as far as given.
    """

    id: str
    step: int
    model: str
    metrics: Mapping[str, float] = field(default_factory=dict)
