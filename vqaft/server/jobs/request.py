"""The request for a fine-tuning job, and the check of its files before the job waits for its turn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from vqaft.chat import AssistantMessage, read_jsonl
from vqaft.errors import RecordError
from vqaft.server.chat import check_bounds
from vqaft.server.http.errors import ApiError

MIN_ROWS = 10
"""The least number of rows, as for OpenAI."""
Auto: TypeAlias = Literal["auto"]
Key: TypeAlias = Annotated[str, StringConstraints(max_length=64)]
Value: TypeAlias = Annotated[str, StringConstraints(max_length=512)]


class HyperparametersBody(BaseModel):
    """Hyperparameters; "auto" leaves the choice to the engine."""

    model_config = ConfigDict(strict=True)

    n_epochs: Auto | Annotated[int, Field(ge=1, le=50)] = "auto"
    batch_size: Auto | Annotated[int, Field(ge=1, le=256)] | None = "auto"
    learning_rate_multiplier: Auto | Annotated[float, Field(gt=0, allow_inf_nan=False)] = "auto"


class SupervisedBody(BaseModel):
    """Settings of supervised training."""

    hyperparameters: HyperparametersBody = HyperparametersBody()


class MethodBody(BaseModel):
    """Training method."""

    type: Literal["supervised", "dpo", "reinforcement"]
    supervised: SupervisedBody | None = None


class WandbBody(BaseModel):
    """Settings of Weights & Biases."""

    model_config = ConfigDict(strict=True)

    project: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    name: Annotated[str, StringConstraints(max_length=256)] | None = None
    entity: Annotated[str, StringConstraints(max_length=256)] | None = None
    tags: Annotated[list[Annotated[str, StringConstraints(max_length=256)]], Field(max_length=50)] = []


class IntegrationBody(BaseModel):
    """Where a job is reported to; the contract knows Weights & Biases alone."""

    model_config = ConfigDict(strict=True)

    type: Literal["wandb"]
    wandb: WandbBody


class JobBody(BaseModel):
    """The body of a request for a fine-tuning job, with the contract's ranges; other fields are for the engine."""

    model_config = ConfigDict(strict=True, extra="allow")

    model: str
    training_file: str
    validation_file: str | None = None
    hyperparameters: HyperparametersBody | None = None
    method: MethodBody | None = None
    seed: Annotated[int, Field(ge=0, le=2_147_483_647)] | None = None
    suffix: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    metadata: Annotated[dict[Key, Value], Field(max_length=16)] | None = None
    integrations: Annotated[list[IntegrationBody], Field(max_length=5)] | None = None

    @property
    def options(self) -> dict[str, Any]:
        """The fields that the API does not define."""
        return dict(self.model_extra or {})

    @property
    def settings(self) -> HyperparametersBody:
        """The hyperparameters, from either place in which a request may have them."""
        supervised = self.method.supervised if self.method else None
        return (supervised.hyperparameters if supervised else self.hyperparameters) or HyperparametersBody()


def check_rows(path: Path, *, at_least: int) -> int:
    """Validate a training file: every row, and the header of every image.

    Args:
        path: Chat JSONL.
        at_least: The least number of rows.

    Returns:
        How many rows it has.

    Raises:
        RecordError: At the first row that cannot be trained on, with its line; or if there are too few.
    """
    rows = 0
    for line, record in enumerate(read_jsonl(path), start=1):
        if not any(isinstance(message, AssistantMessage) and message.content for message in record.messages):
            raise RecordError("there is no answer of the assistant to learn", path=path, line=line)
        try:
            check_bounds(record.messages)
        except ApiError as error:
            raise RecordError(error.message.rstrip("."), path=path, line=line) from error
        rows = line
    if rows < at_least:
        raise RecordError(f"there are {rows} rows, fewer than {at_least}", path=path, hint="Add examples.")
    return rows
