"""Engine for open weights: LoRA training and answers of a local Hugging Face vision-language model."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

from pydantic import NonNegativeInt

from vqaft.engines.engine import ChatModel, Progress, TrainingMetrics, TrainingNote, TrainingResult, TrainingTask
from vqaft.engines.transformers.answering import AnswerProcess, OpenWeightModel
from vqaft.engines.transformers.folder import ABOUT_FILE, ModelFolder, check_base_of, read_json
from vqaft.engines.transformers.launch import TRAIN_MODULE, folder_is_resumable, run_ranks, visible_gpus
from vqaft.engines.transformers.options import (
    GPU_MICRO_BATCH,
    MAX_PIXELS,
    BatchPlan,
    TrainingOptions,
    auto_batch_size,
    auto_epochs,
)
from vqaft.engines.transformers.probe import probe
from vqaft.engines.transformers.rows import check_rows, find_answers
from vqaft.engines.transformers.task import Task
from vqaft.errors import DataError, StateError
from vqaft.typed import typed_call

KEPT_BASES = 2
"""Whole models in memory: the base, and of those that a full fine-tuning made the one asked last."""


class TransformersEngine:
    """Trains a local vision-language model with LoRA and answers with what it trained.

    Nothing of torch is imported here: training runs in ranks of its own, answering in one process a base.

    Args:
        model: Folder of the model; with an adapter in it, the base and the adapter answer, and nothing is trained.
        gpus: Processes to train with, one a GPU; those that are visible where None, and one on the CPU without any.
        cache: Folder for what was found out about models, and for logs; None keeps neither.
        answer_while_training: Whether questions are answered while a model is trained; where there is no GPU, and not
            where there is one, if None.
        train_module: The module that a rank runs and its first arguments: `vqaft.testing` has one that fails on
            purpose.

    Raises:
        DataError: If the folder cannot be used; with what to do.
        MissingExtraError: If torch or transformers is not installed.
    """

    @typed_call
    def __init__(
        self,
        model: str | PathLike[str] | ModelFolder,
        *,
        gpus: NonNegativeInt | None = None,
        cache: Path | None = None,
        answer_while_training: bool | None = None,
        train_module: Sequence[str] = (TRAIN_MODULE,),
    ) -> None:
        self._folder = model if isinstance(model, ModelFolder) else ModelFolder.open(model)
        self._gpus = visible_gpus() if gpus is None else gpus
        self._train_module = tuple(train_module)
        self._cache = cache
        self._facts = probe(self._folder, cache=cache)
        self._answers_always = self._gpus == 0 if answer_while_training is None else answer_while_training
        self._processes: OrderedDict[Path, AnswerProcess] = OrderedDict()
        self._lock = threading.Lock()
        self._training = 0

    def __getstate__(self) -> dict[str, Any]:
        # A training runs in a process of its own, which gets no lock and no process of this one.
        return {**self.__dict__, "_processes": OrderedDict(), "_lock": None}

    @property
    def folder(self) -> ModelFolder:
        """The model."""
        return self._folder

    def describe(self) -> Mapping[str, Any]:
        """Return what the list of models says about this one: architecture, weights, license, fingerprint."""
        return {
            "architecture": self._facts.architecture,
            "parameters": self._facts.parameters,
            "license": self._folder.license,
            "fingerprint": self._folder.fingerprint,
        }

    def check(self, task: TrainingTask) -> None:
        """Check a task before it waits for its turn: options, roles, answers, and every image decoded once.

        Raises:
            DataError: If an option is unknown or out of its range, or the model cannot be trained.
            RecordError: If a row cannot be learnt from; with file and line.
        """
        options = self.check_options(task.options)
        for path in (task.training_file, task.validation_file):
            if path is not None:
                check_rows(path, max_pixels=options.max_image_pixels)

    def check_options(self, options: Mapping[str, Any]) -> TrainingOptions:
        """Validate the additional fields of a job.

        Raises:
            DataError: If one is unknown or out of its range, or the model cannot be trained.
        """
        if self._folder.adapter is not None:
            raise DataError("a model with an adapter cannot be trained further", hint="Train its base model")
        found = TrainingOptions.parse(options)
        if not found.full_finetuning and found.lora_targets is None and not self._facts.lora_layers:
            hint = "Set lora_targets to a regular expression that matches the language model's linear layers"
            raise DataError(f"the layout of {self._facts.architecture} is unknown", hint=hint)
        return found

    def can_resume(self, folder: Path) -> bool:
        """Return whether an interrupted training left something to resume from."""
        return folder_is_resumable(folder)

    def plan(self, task: TrainingTask) -> tuple[Task, BatchPlan]:
        """Settle everything that "auto" left open.

        Args:
            task: What the server wants trained.

        Returns:
            What the ranks read, and how its batches are spread.
        """
        options = self.check_options(task.options)
        examples = len(find_answers(task.training_file))
        batch_size = task.batch_size or auto_batch_size(examples)
        micro = options.micro_batch_size or (GPU_MICRO_BATCH if self._gpus else None)
        spread = BatchPlan.spread(batch_size, ranks=max(1, self._gpus), micro=micro)
        settled = Task(
            base=self._folder.base,
            fingerprint=self._folder.fingerprint,
            training_file=task.training_file.absolute(),
            validation_file=None if task.validation_file is None else task.validation_file.absolute(),
            folder=task.folder.absolute(),
            n_epochs=task.n_epochs or auto_epochs(examples),
            batch_size=batch_size,
            micro_batch_size=spread.micro,
            learning_rate_multiplier=task.learning_rate_multiplier or 1.0,
            seed=task.seed,
            options=options,
        )
        return settled, spread

    def train(self, task: TrainingTask, on_step: Callable[[Progress], None]) -> TrainingResult:
        """Train and store a model; see `vqaft.engines.Engine`. A folder with checkpoints is resumed from.

        Raises:
            DataError: If the model or an option cannot be used.
            RecordError: If a row cannot be learnt from.
            TrainingError: If training fails; its code says how.
        """
        settled, spread = self.plan(task)
        ended: dict[str, Any] = {}

        def hear(event: Mapping[str, Any]) -> None:
            if event["event"] == "done":
                ended.update(event)
            else:
                on_step(_heard(event, settled.folder))

        run_ranks(settled, spread, hear, module=self._train_module)
        return TrainingResult(
            trained_tokens=ended["trained_tokens"],
            n_epochs=settled.n_epochs,
            batch_size=settled.batch_size,
            learning_rate_multiplier=settled.learning_rate_multiplier,
            examples=ended["examples"],
        )

    def load(self, folder: Path | None) -> ChatModel:
        """Return a model that answers; its weights are loaded with the first question.

        Args:
            folder: Where a training stored it; None for the model itself.

        Raises:
            StateError: If the folder holds no whole model, or one that was trained on another base.
        """
        if folder is None:
            return self._model(self._folder.base, self._folder.adapter)
        try:
            about = read_json(folder / ABOUT_FILE)
            if about.get("kind") == "full":
                return self._model(ModelFolder.open(folder).base, None)
            found = ModelFolder.open(folder)
            check_base_of(folder, self._folder)
        except DataError as error:
            raise StateError(error.message, path=error.path, hint=error.hint) from error
        return self._model(self._folder.base, found.adapter)

    def _model(self, base: Path, adapter: Path | None) -> ChatModel:
        about = (adapter or base) / ABOUT_FILE
        pixels = read_json(about).get("max_image_pixels", MAX_PIXELS) if about.is_file() else MAX_PIXELS
        return OpenWeightModel(process=_Guarded(self, base), adapter=adapter, max_pixels=pixels)

    def process(self, base: Path) -> AnswerProcess:
        """Return the process that answers for a base model.

        Raises:
            StateError: If the memory is needed for training at the moment.
        """
        with self._lock:
            if self._training and not self._answers_always:
                raise StateError("a model is being trained", hint="Ask again when the job has ended.")
            if base not in self._processes:
                log = None if self._cache is None else self._cache / "answering.log"
                if log is not None:
                    log.parent.mkdir(parents=True, exist_ok=True)
                self._processes[base] = AnswerProcess(base, log=log)
            self._processes.move_to_end(base)
            found = self._processes[base]
            oldest = self._processes.popitem(last=False)[1] if len(self._processes) > KEPT_BASES else None
        if oldest is not None:
            oldest.stop()
        return found

    @contextmanager
    def memory_for_training(self) -> Iterator[None]:
        """End the answering processes, so that their memory is free for the length of a block."""
        with self._lock:
            self._training += 1
        self.close()
        try:
            yield
        finally:
            with self._lock:
                self._training -= 1

    def close(self) -> None:
        """End the answering processes; the next question starts another one."""
        with self._lock:
            processes, self._processes = list(self._processes.values()), OrderedDict()
        for process in processes:
            process.stop()


class _Guarded:
    """The answering process of a base as it is when it is asked: it may have been ended for a training."""

    def __init__(self, engine: TransformersEngine, base: Path) -> None:
        self._engine, self._base = engine, base

    def ask(self, request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        return self._engine.process(self._base).ask(request)


def _heard(event: Mapping[str, Any], folder: Path) -> Progress:
    kind = event["event"]
    if kind == "step":
        values = {name: value for name, value in event.items() if name != "event"}
        if "checkpoint" in values:
            values["checkpoint"] = folder / values["checkpoint"]
        return TrainingMetrics(**values)
    if kind == "resumed":
        return TrainingNote(message=f"Resumed after step {event['step']}/{event['total_steps']}")
    return TrainingNote(message=str(event["message"]), level="warn" if kind == "warning" else "info")
