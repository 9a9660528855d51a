"""Distilled: a model's answers saved as predictions and as a training file for its successor."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Protocol, runtime_checkable

from vqaft.chat import ChatRecord
from vqaft.data import VQAExample
from vqaft.durable import os_errors_as_state, write_atomically
from vqaft.errors import DataError
from vqaft.filesystem import require_local
from vqaft.inference.chat import ChatBackend, ChatSettings
from vqaft.inference.predictions import Predictions
from vqaft.inference.predictor import predict_models
from vqaft.records import write_jsonl
from vqaft.typed import typed, typed_call


@runtime_checkable
class RecordBuilder(Protocol):
    """Turns an example into a request's messages and into a training row; `MessageBuilder` is one."""

    def request_json(self, example: VQAExample) -> bytes:
        """Return the messages as a JSON array in bytes."""
        ...

    def record(self, example: VQAExample) -> ChatRecord:
        """Return the training row."""
        ...


@dataclass(frozen=True, kw_only=True)
@typed
class Distilled:
    """What was saved of a model.

    Attributes:
        folder: Where it is.
        predictions: Its answers; in `answers.jsonl`, to be compared with a successor's.
        distillation: A training file in which its answers are the right ones, to train a successor on.
    """

    folder: Path
    predictions: Predictions
    distillation: Path


@typed_call
def distill(
    backend: ChatBackend,
    builder: RecordBuilder,
    examples: Iterable[VQAExample],
    *,
    model: str,
    folder: str | PathLike[str],
    settings: ChatSettings | None = None,
    max_workers: int | None = None,
    progress: bool = True,
) -> Distilled:
    """Ask a model about examples, and save its answers with the data they belong to.

    Every answer is on the disk before it counts; calling it again resumes an interrupted run. The folder
    needs nothing else later: the training file holds the images.

    Args:
        backend: The service that still runs the model.
        builder: Turns examples into messages and rows.
        examples: What to ask about; answers are not needed.
        model: The model that is to be saved.
        folder: Where to.
        settings: What to ask with; the model in it does not matter.
        max_workers: The most requests that run concurrently; 32 if None.
        progress: Whether to show a progress bar.

    Raises:
        DataError: If the model answered nothing, so that there is nothing to save.
        ServiceError: If no further request can succeed.
    """
    kept, asked = require_local(folder, purpose="a folder of answers"), list(examples)
    with os_errors_as_state(kept, doing="the folder cannot be made"):
        kept.mkdir(parents=True, exist_ok=True)
    (found,) = predict_models(
        backend,
        builder,
        asked,
        models=[model],
        settings=settings,
        max_workers=max_workers,
        journal=kept / "journal.jsonl",
        progress=progress,
    )
    if not found.answered:
        raise DataError(f"{model} answered none of {len(found)} examples", hint="Look at the failures' kinds.")
    found.write(kept / "answers.jsonl")
    distillation = kept / "distillation.jsonl"
    write_jsonl(distillation, (builder.record(example) for example in _with_answers(asked, found)))
    _write_about(kept / "about.json", found)
    return Distilled(folder=kept, predictions=found, distillation=distillation)


def _with_answers(examples: Sequence[VQAExample], predictions: Predictions) -> Iterator[VQAExample]:
    for example, prediction in zip(examples, predictions, strict=True):
        if prediction.answer is not None:
            yield replace(example, answers=(prediction.answer,))


def _write_about(path: Path, predictions: Predictions) -> None:
    about = {
        "captured_at": dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
        "settings": predictions.settings,
        "examples": len(predictions),
        "answered": len(predictions.answered),
    }
    write_atomically(path, json.dumps(about, indent=2).encode() + b"\n")
