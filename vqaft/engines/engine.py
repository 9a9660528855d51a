"""Protocols of engines: what the server asks of whatever trains and answers behind it.

An `Engine` trains and loads models; a `ChatModel` answers. What only some can do stands in protocols of its own, which
the server looks for: `TaskChecker`, `ResumableEngine`, `MemoryOwner` and `DescribedEngine` beside an engine,
`StreamingModel` beside a model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

from pydantic import NonNegativeInt, PositiveInt

from vqaft.chat import Message
from vqaft.typed import Amount, Measured, typed


@dataclass(frozen=True, kw_only=True)
@typed
class TrainingTask:
    """What to train.

    Attributes:
        training_file: Chat JSONL.
        validation_file: Chat JSONL, where there is one.
        folder: Where the model is stored. It exists, and is empty but for what an interrupted training of the same
            task left there, where the engine can resume.
        n_epochs: Passes over the data; chosen by the engine where None.
        batch_size: Examples a step; chosen by the engine where None.
        learning_rate_multiplier: Factor on the engine's learning rate; chosen by the engine where None.
        seed: Of everything that is drawn by chance.
        options: What the job asks for beyond the API's fields, in the engine's own words.
    """

    training_file: Path
    validation_file: Path | None = None
    folder: Path
    n_epochs: PositiveInt | None = None
    batch_size: PositiveInt | None = None
    learning_rate_multiplier: Amount | None = None
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, kw_only=True)
@typed
class TrainingMetrics:
    """Measurements after a training step.

    An engine reports as often as it likes: after every epoch, or about a hundred times. What was not measured is None.

    Attributes:
        step: Training steps made so far.
        total_steps: How many there will be.
        epoch: The epoch of the step, counted from 1.
        n_epochs: How many there will be.
        train_loss: Mean loss on the training data since the last report.
        train_accuracy: Share of the training answers that come out right as a whole, 0 to 1.
        train_token_accuracy: Share of the learnt tokens that come out right, 0 to 1.
        valid_loss: Mean loss on the whole validation data; measured at the end of an epoch.
        valid_accuracy: The same as `train_accuracy` on the validation data.
        valid_token_accuracy: The same as `train_token_accuracy` on the validation data.
        learning_rate: Learning rate of the step.
        rows_per_s: Rows trained on in a second, since the last report.
        memory_gib: The most memory used so far, in GiB: of the GPU, else of the process.
        checkpoint: Folder of the model as it is now, where the engine saves one.
    """

    step: NonNegativeInt
    total_steps: NonNegativeInt
    epoch: NonNegativeInt
    n_epochs: NonNegativeInt
    train_loss: Measured
    train_accuracy: Measured | None = None
    train_token_accuracy: Measured | None = None
    valid_loss: Measured | None = None
    valid_accuracy: Measured | None = None
    valid_token_accuracy: Measured | None = None
    learning_rate: Measured | None = None
    rows_per_s: Measured | None = None
    memory_gib: Measured | None = None
    checkpoint: Path | None = None


@dataclass(frozen=True, kw_only=True)
@typed
class TrainingNote:
    """Something worth an event of the job that is not a measurement.

    Attributes:
        message: What happened.
        level: How grave it is.
    """

    message: str
    level: Literal["info", "warn"] = "info"


Progress: TypeAlias = TrainingMetrics | TrainingNote
"""What a training reports."""


@dataclass(frozen=True, kw_only=True)
@typed
class TrainingResult:
    """What was trained, with the values that "auto" became.

    Attributes:
        trained_tokens: Tokens of the training file times epochs, by the engine's stated count.
        n_epochs: Passes made.
        batch_size: Examples a step.
        learning_rate_multiplier: Factor used.
        examples: Question-answer pairs learnt from.
    """

    trained_tokens: NonNegativeInt
    n_epochs: NonNegativeInt
    batch_size: NonNegativeInt
    learning_rate_multiplier: float
    examples: NonNegativeInt


@dataclass(frozen=True, kw_only=True)
@typed
class ChatTurn:
    """What a model is asked.

    Attributes:
        messages: The conversation so far.
        response_schema: JSON schema that the answer must fit, where one was asked for.
        max_tokens: The most tokens to answer with.
        temperature: 0 to 2; engines may ignore it.
        seed: Of what is drawn by chance.
    """

    messages: tuple[Message, ...]
    response_schema: Mapping[str, Any] | None = field(default=None, hash=False)
    max_tokens: int | None = None
    temperature: float | None = None
    seed: int | None = None


@dataclass(frozen=True, kw_only=True)
@typed
class ChatAnswer:
    """What a model answers.

    Attributes:
        text: The answer.
        finish_reason: "length" where `max_tokens` cut it.
        prompt_tokens: Tokens of the question by the engine's stated count.
        completion_tokens: Tokens of the answer by the engine's stated count.
    """

    text: str
    finish_reason: Literal["stop", "length"] = "stop"
    prompt_tokens: NonNegativeInt
    completion_tokens: NonNegativeInt


class ChatModel(Protocol):
    """A model that answers."""

    def answer(self, turn: ChatTurn) -> ChatAnswer:
        """Answer a conversation; called from several threads concurrently, which the model may answer in one batch.

        Raises:
            DataError: If the conversation cannot be answered: an image, a message.
            StateError: If the model cannot answer at the moment.
        """
        ...


@runtime_checkable
class StreamingModel(Protocol):
    """A model that can tell its answer piece by piece."""

    def stream(self, turn: ChatTurn) -> Iterator[str | ChatAnswer]:
        """Answer a conversation.

        Yields:
            Pieces of the text, then the whole answer.

        Raises:
            DataError: As for `ChatModel.answer`.
            StateError: As for `ChatModel.answer`.
        """
        ...


class Engine(Protocol):
    """Trains models and loads them again."""

    def train(self, task: TrainingTask, on_step: Callable[[Progress], None]) -> TrainingResult:
        """Train and store a model.

        Args:
            task: What to train.
            on_step: Called with every measurement and note; an error that it raises stops the training.

        Raises:
            RecordError: If a row cannot be learnt from; it carries file and line.
            TrainingError: If the training failed for another reason that has a code.
        """
        ...

    def load(self, folder: Path | None) -> ChatModel:
        """Load a model. Models of one base may share it; the server calls from one thread a model.

        Args:
            folder: Where it was stored; None loads the untrained base model.

        Raises:
            StateError: If the folder holds no whole model.
        """
        ...


@runtime_checkable
class TaskChecker(Protocol):
    """An engine that looks at a task before it waits for its turn, and takes options of its own."""

    def check_options(self, options: Mapping[str, Any]) -> object:
        """Validate the fields of a job that the API does not define.

        Raises:
            DataError: If one is unknown or out of its range, or this model cannot be trained.
        """
        ...

    def check(self, task: TrainingTask) -> None:
        """Check the rows of a task.

        Raises:
            RecordError: If a row cannot be learnt from; it carries file and line.
        """
        ...


@runtime_checkable
class ResumableEngine(Protocol):
    """An engine that resumes interrupted trainings: paused jobs keep their folders, as do those whose server died."""

    def can_resume(self, folder: Path) -> bool:
        """Return whether an interrupted training left something in its folder that `train` resumes from."""
        ...


@runtime_checkable
class MemoryOwner(Protocol):
    """An engine whose loaded models hold memory that a training needs."""

    def memory_for_training(self) -> AbstractContextManager[None]:
        """Return a block for whose length the memory is given back."""
        ...

    def close(self) -> None:
        """Release the memory; later questions load the models again."""
        ...


@runtime_checkable
class DescribedEngine(Protocol):
    """An engine that can say more about its model than its name."""

    def describe(self) -> Mapping[str, Any]:
        """Return what the list of models says about the model, ready for JSON: its license, its architecture."""
        ...
