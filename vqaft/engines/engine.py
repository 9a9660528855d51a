"""What the server asks of whatever trains and answers behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from vqaft.chat import Message


@dataclass(frozen=True, kw_only=True)
class TrainingTask:
    """What to train.

    Attributes:
        training_file: Chat JSONL.
        validation_file: Chat JSONL, where there is one.
        folder: Where the model is stored; exists and is empty.
        n_epochs: Passes over the data; chosen by the engine where None.
        batch_size: Examples a step; chosen by the engine where None.
        learning_rate_multiplier: Factor on the engine's learning rate; chosen by the engine where None.
        seed: Of everything that is drawn by chance.
    """

    training_file: Path
    validation_file: Path | None = None
    folder: Path
    n_epochs: int | None = None
    batch_size: int | None = None
    learning_rate_multiplier: float | None = None
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class EpochMetrics:
    """How training stands after an epoch.

    Attributes:
        epoch: Counted from 1.
        n_epochs: How many there will be.
        step: Training steps made so far.
        total_steps: How many there will be.
        train_loss: Mean loss on the training data.
        train_accuracy: Share of the training answers that come out right, 0 to 1.
        valid_loss: The same on the validation data, where there is some.
        valid_accuracy: The same on the validation data, where there is some.
        checkpoint: Folder of the model as it is now, where the engine saves one.
    """

    epoch: int
    n_epochs: int
    step: int
    total_steps: int
    train_loss: float
    train_accuracy: float
    valid_loss: float | None = None
    valid_accuracy: float | None = None
    checkpoint: Path | None = None


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """What was trained, with the values that "auto" became.

    Attributes:
        trained_tokens: Tokens of the training file times epochs, by the engine's stated count.
        n_epochs: Passes made.
        batch_size: Examples a step.
        learning_rate_multiplier: Factor used.
        examples: Question-answer pairs learnt from.
    """

    trained_tokens: int
    n_epochs: int
    batch_size: int
    learning_rate_multiplier: float
    examples: int


@dataclass(frozen=True, kw_only=True)
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
    response_schema: Mapping[str, Any] | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    seed: int | None = None


@dataclass(frozen=True, kw_only=True)
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
    prompt_tokens: int
    completion_tokens: int


class ChatModel(Protocol):
    """A model that is loaded and answers."""

    def answer(self, turn: ChatTurn) -> ChatAnswer:
        """Answer a conversation; called from several threads at once."""
        ...


class Engine(Protocol):
    """What trains models and loads them again."""

    def train(self, task: TrainingTask, on_epoch: Callable[[EpochMetrics], None]) -> TrainingResult:
        """Train and store a model.

        Args:
            task: What to train.
            on_epoch: Called after each epoch; an error it raises stops the training.

        Raises:
            RecordError: If a row cannot be learnt from; it carries file and line.
        """
        ...

    def load(self, folder: Path | None) -> ChatModel:
        """Load a model.

        Args:
            folder: Where it was stored; None loads the untrained base model.

        Raises:
            StateError: If the folder holds no whole model.
        """
        ...
