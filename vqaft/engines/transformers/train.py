"""Train one rank: `python -m vqaft.engines.transformers.train TASK.json`.

The engine starts it, once or by `torch.distributed.run`; `accelerate launch`, `srun` and Ray Train start it as well.
What happens is written to standard output as JSON lines by rank 0. With `--supervised` standard input is a lifeline: at
its end, which comes when the engine dies however it dies, the rank ends too.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vqaft.engines.transformers.loading import load_base, load_processor
from vqaft.engines.transformers.lora import assert_on_language_model, target_pattern
from vqaft.engines.transformers.options import BatchPlan
from vqaft.engines.transformers.rows import template_arguments
from vqaft.engines.transformers.task import Reporter, Task, claim_stdout, write_failure
from vqaft.engines.transformers.training_set import RowTokens, TrainingSet, measure_rows
from vqaft.errors import DataError

TRAINER_FOLDER = "trainer"
MEASURED_TOGETHER = 16
"""The most rows that are measured at a time: their images are in memory together."""


def train_rank(arguments: Sequence[str] | None = None, *, callbacks: Sequence[Any] = ()) -> None:
    """Run a training task and end the process with 1 where it fails; the cause is left in the task's folder.

    Args:
        arguments: The task file and the options; those of the command line where None.
        callbacks: `transformers.TrainerCallback` objects that take part in the training.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if "--supervised" in given:
        threading.Thread(target=_end_with_the_engine, daemon=True).start()
    out = claim_stdout()
    task = Task.read(next(argument for argument in given if not argument.startswith("--")))
    rank = int(os.environ.get("RANK", "0"))
    task.folder.mkdir(parents=True, exist_ok=True)
    try:
        train(task, Reporter(out if rank == 0 else None), callbacks=callbacks)
    except BaseException as error:  # noqa: BLE001 - the engine must hear of it, whatever it is
        traceback.print_exc()
        write_failure(task.folder, rank, error)
        sys.stderr.flush()
        os._exit(1)  # other ranks may wait for this one in a collective call, and threads of libraries for ever


def _end_with_the_engine() -> None:
    while os.read(0, 1024):
        pass
    os._exit(1)


def train(task: Task, reporter: Reporter, *, callbacks: Sequence[Any] = ()) -> None:
    """Train and store a model.

    Args:
        task: What to train.
        reporter: Told of every step that is logged, and of the end.
        callbacks: As for `train_rank`.

    Raises:
        DataError: If the model or a row cannot be used.
        TrainingError: If training fails; its code says how.
    """
    from vqaft.engines.transformers.trainer import explained, make_trainer

    processor = load_processor(task.base)
    model = load_model(task)
    rows, valid = _dataset(task, task.training_file, processor), None
    if task.validation_file is not None:
        valid = _dataset(task, task.validation_file, processor)
    trainer = make_trainer(task, plan=_plan(task), model=model, processor=processor, datasets=(rows, valid))
    if not task.options.full_finetuning:
        assert_on_language_model(trainer.model)
    measured = _measure(task, trainer, rows, processor, model)
    trainer.follow(task, reporter, measured, rows=len(rows))
    for callback in callbacks:
        trainer.add_callback(callback)
    try:
        trainer.train(resume_from_checkpoint=newest_checkpoint(task))
        trainer.store(task)
    except BaseException as error:
        raise explained(error, task, trainer, measured) from error
    trainer.accelerator.wait_for_everyone()
    if trainer.is_world_process_zero():
        shutil.rmtree(task.folder / TRAINER_FOLDER, ignore_errors=True)
        tokens = sum(row.total for row in measured) * task.n_epochs
        reporter.report("done", trained_tokens=tokens, examples=len(rows))


def load_model(task: Task) -> Any:
    """Load the base model of a task in the number format that it is trained in.

    Raises:
        DataError: If the folder is broken or LoRA finds no layer to sit on.
    """
    import torch

    on_gpu = torch.cuda.is_available()
    half = on_gpu and torch.cuda.is_bf16_supported() and not task.options.full_finetuning
    arguments: dict[str, Any] = {"dtype": torch.bfloat16 if half else torch.float32}
    if task.options.quantization == "4bit":
        arguments["quantization_config"] = _four_bit(on_gpu=on_gpu)
        arguments["device_map"] = {"": int(os.environ.get("LOCAL_RANK", "0"))}
    model = load_base(task.base, **arguments)
    if not task.options.full_finetuning:
        target_pattern(model, task.options.lora_targets)
    return model


def _four_bit(*, on_gpu: bool) -> Any:
    import importlib.util

    import torch
    from transformers import BitsAndBytesConfig

    if not on_gpu or importlib.util.find_spec("bitsandbytes") is None:
        hint = "Install it with: pip install 'vqaft[transformers-4bit]'"
        raise DataError("quantization needs an NVIDIA GPU and the package bitsandbytes", hint=hint)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def _plan(task: Task) -> BatchPlan:
    world = int(os.environ.get("WORLD_SIZE", "1"))
    plan = BatchPlan.spread(task.batch_size, ranks=world, micro=task.micro_batch_size)
    if plan.ranks != world:
        hint = f"Start {plan.ranks}, or choose another batch size."
        raise DataError(f"a batch of {task.batch_size} rows cannot be spread over {world} processes", hint=hint)
    return plan


def _dataset(task: Task, path: Path, processor: Any) -> TrainingSet:
    return TrainingSet.of(path, max_pixels=task.options.max_image_pixels, template=template_arguments(processor))


def _measure(task: Task, trainer: Any, rows: TrainingSet, processor: Any, model: Any) -> list[RowTokens]:
    """Read every row once, each rank its share."""
    import torch.distributed as ranks

    positions = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    limit = min((value for value in (task.options.max_row_tokens, positions) if value), default=None)
    several = ranks.is_available() and ranks.is_initialized()
    share = slice(ranks.get_rank(), None, ranks.get_world_size()) if several else slice(None)
    found = measure_rows(
        rows,
        trainer.data_collator,
        processor.tokenizer,
        max_tokens=limit,
        share=share,
        batch_size=min(task.micro_batch_size, MEASURED_TOGETHER),
    )
    if not several:
        return found
    gathered: list[list[RowTokens]] = [[] for _ in range(ranks.get_world_size())]
    ranks.all_gather_object(gathered, found)
    return [row for part in gathered for row in part]


def newest_checkpoint(task: Task) -> str | None:
    """Return the newest checkpoint that was written to its end, made ready for this task's micro-batches.

    Args:
        task: What is trained.
    """
    import json

    folders = sorted((task.folder / TRAINER_FOLDER).glob("checkpoint-*"), key=_step, reverse=True)
    for folder in folders:
        if not (folder / "complete").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            continue
        state = folder / "trainer_state.json"
        content = json.loads(state.read_text(encoding="utf-8"))
        # The trainer would continue with the micro-batches of the interrupted run, whatever its arguments are now.
        if content.get("train_batch_size") != task.micro_batch_size and int(os.environ.get("RANK", "0")) == 0:
            state.write_text(json.dumps({**content, "train_batch_size": task.micro_batch_size}), encoding="utf-8")
        return str(folder)
    return None


def _step(folder: Path) -> int:
    return int(folder.name.rpartition("-")[2])


if __name__ == "__main__":
    train_rank()
