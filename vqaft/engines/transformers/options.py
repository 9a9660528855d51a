"""Training options: what a job may ask of this engine beyond OpenAI's fields, and what "auto" means.

The options travel as additional fields of the job: `JobSpec(extra={"lora_r": 8})`, or `extra_body` of the `openai`
client.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from vqaft.errors import DataError
from vqaft.typed import typed

LEARNING_RATE = 1e-4
"""Of LoRA at `learning_rate_multiplier` 1; with rank 16 and alpha 32."""
FULL_LEARNING_RATE = 1e-5
"""Of full fine-tuning at `learning_rate_multiplier` 1."""
MAX_PIXELS = 1_003_520
"""Width × height that an image keeps: 1,280 tokens of 28 × 28 pixels in Qwen's models."""
GPU_MICRO_BATCH = 4
"""Rows that one GPU takes at a time, unless a job asks for another number; halved where memory is short."""

_FEW, _MANY = 1_000, 10_000


class TrainingOptions(BaseModel):
    """How to train, in this engine's own words.

    Attributes:
        lora_r: Rank of the adapter. vLLM serves ranks up to 16 by default.
        lora_alpha: Scale of the adapter; twice the rank where None.
        lora_dropout: Dropout within the adapter.
        lora_targets: Regular expression that module names match in full; the language model's linear layers where
            None.
        full_finetuning: Train every weight instead of an adapter; for small models.
        quantization: "4bit" loads the base in NF4 (QLoRA); needs an NVIDIA GPU and the extra `transformers-4bit`.
        max_image_pixels: Width × height that images are shrunk to, in training and in answering.
        max_row_tokens: Rows with more tokens are refused before training; None takes what the model's positions allow.
        micro_batch_size: Rows that one GPU takes at a time; `batch_size` stays what it is.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    lora_r: Annotated[int, Field(ge=1, le=1024)] = 16
    lora_alpha: Annotated[int, Field(ge=1, le=4096)] | None = None
    lora_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.05
    lora_targets: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    full_finetuning: bool = False
    quantization: Literal["4bit"] | None = None
    max_image_pixels: Annotated[int, Field(ge=1024, le=50_000_000)] = MAX_PIXELS
    max_row_tokens: Annotated[int, Field(ge=16)] | None = None
    micro_batch_size: Annotated[int, Field(ge=1, le=256)] | None = None

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> TrainingOptions:
        """Validate the additional fields of a job.

        Args:
            options: The fields.

        Raises:
            DataError: If one is unknown or out of its range; it names the field and what is known.
        """
        try:
            found = cls.model_validate(dict(options))
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            name = ".".join(str(step) for step in problem["loc"])
            hint = f"Known fields: {', '.join(cls.model_fields)}"
            raise DataError(f"{name}: {problem['msg']}", hint=hint) from error
        if found.full_finetuning and found.quantization:
            raise DataError("full_finetuning and quantization exclude each other")
        return found

    @property
    def alpha(self) -> int:
        """Scale of the adapter."""
        return 2 * self.lora_r if self.lora_alpha is None else self.lora_alpha

    @property
    def learning_rate(self) -> float:
        """Learning rate at `learning_rate_multiplier` 1."""
        return FULL_LEARNING_RATE if self.full_finetuning else LEARNING_RATE


def auto_epochs(examples: int) -> int:
    """Return what "auto" epochs mean: 3 below 1,000 answers, 2 below 10,000, else 1."""
    return 3 if examples < _FEW else 2 if examples < _MANY else 1


def auto_batch_size(examples: int) -> int:
    """Return what "auto" batch size means: 8 up to 1,000 answers, 16 up to 10,000, else 32."""
    return 8 if examples <= _FEW else 16 if examples <= _MANY else 32


@dataclass(frozen=True, kw_only=True)
@typed
class BatchPlan:
    """How a global batch is spread; `ranks` × `micro` × `accumulation` is always the batch size asked for.

    Attributes:
        ranks: Processes that train, one a GPU.
        micro: Rows that one of them takes at a time.
        accumulation: Micro-batches of a step.
    """

    ranks: PositiveInt
    micro: PositiveInt
    accumulation: PositiveInt

    @classmethod
    def spread(cls, batch_size: int, *, ranks: int, micro: int | None) -> BatchPlan:
        """Spread a global batch.

        Args:
            batch_size: Rows of a step.
            ranks: Processes there could be; fewer are used where they do not divide the batch.
            micro: Rows a process takes at a time at most; None for its whole share.
        """
        used = _divisor(batch_size, ranks)
        share = batch_size // used
        taken = _divisor(share, share if micro is None else micro)
        return cls(ranks=used, micro=taken, accumulation=share // taken)

    def halved(self) -> BatchPlan | None:
        """Return the plan with smaller micro-batches and the same global batch; None where they are single rows."""
        if self.micro == 1:
            return None
        share = self.micro * self.accumulation
        taken = _divisor(share, self.micro // 2)
        return BatchPlan(ranks=self.ranks, micro=taken, accumulation=share // taken)


def _divisor(number: int, at_most: int) -> int:
    """Return the largest divisor of a number that is not larger than a limit."""
    return next(value for value in range(max(1, min(number, at_most)), 0, -1) if number % value == 0)


def steps_per_epoch(examples: int, batch_size: int) -> int:
    """Return the training steps of one pass."""
    return math.ceil(examples / batch_size)
