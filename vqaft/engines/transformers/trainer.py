"""TRL's trainer, set up for answers about images, with what is counted, reported and saved on the way."""

from __future__ import annotations

import math
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from transformers import TrainerCallback
from trl import SFTConfig, SFTTrainer

from vqaft.engines.transformers.lora import target_pattern
from vqaft.engines.transformers.options import BatchPlan, steps_per_epoch
from vqaft.engines.transformers.saved import KEPT_EPOCHS, save_about, take_model_files
from vqaft.engines.transformers.task import Reporter, Task
from vqaft.engines.transformers.training_set import RowTokens, TrainingSet
from vqaft.errors import TrainingError, VqaftError
from vqaft.escape import counted

LOGS = 100
"""About so many times a training is reported on."""
SAVES = 20
"""About so many times it is saved, beside the end of every epoch."""
_RANK_TIMEOUT_S = 6 * 3600
"""A rank that is lost is noticed by the launcher; one that reads rows slowly is waited for."""


class AnswerTrainer(SFTTrainer):  # type: ignore[misc]
    """Supervised fine-tuning that also counts whole answers, and stops at a loss that is not a number."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._counts: dict[bool, list[torch.Tensor]] = {True: [], False: []}
        self.model.register_forward_hook(self._count)

    def _count(self, module: torch.nn.Module, _: Any, outputs: Any) -> None:
        """Count the rows whose learnt tokens would all have been chosen."""
        learnt, right = getattr(outputs, "label_mask", None), getattr(outputs, "is_top1", None)
        if learnt is not None and right is not None:
            whole = (right.bool() | ~learnt.bool()).all(dim=1)
            self._counts[module.training].append(torch.stack([whole.sum(), whole.new_ones(len(whole)).sum()]))

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the share of right answers to what is logged."""
        evaluating = any(key.startswith("eval_") for key in logs)
        counts = self._counts[not evaluating]
        if counts:
            total = self.accelerator.reduce(torch.stack(counts).sum(dim=0).float(), reduction="sum")
            logs["eval_answer_accuracy" if evaluating else "answer_accuracy"] = (total[0] / total[1]).item()
            counts.clear()
        super().log(logs, start_time)

    def training_step(self, *arguments: Any, **named: Any) -> torch.Tensor:
        """Train on one micro-batch.

        Raises:
            TrainingError: If the loss is not a finite number.
        """
        loss: torch.Tensor = super().training_step(*arguments, **named)
        if not torch.isfinite(loss):
            hint = "Lower learning_rate_multiplier; half of it is a good next try."
            message = f"the loss became {loss.item()} at step {self.state.global_step + 1}"
            raise TrainingError(message, code="nan_loss", hint=hint)
        return loss

    def create_model_card(self, *_arguments: Any, **_named: Any) -> None:
        """Write no card: it takes a third of the time of a checkpoint of a small adapter and would not be kept."""

    def follow(self, task: Task, reporter: Reporter, measured: list[RowTokens], *, rows: int) -> None:
        """Report and save on the way.

        Args:
            task: What is trained.
            reporter: Told what happens.
            measured: The tokens of the rows.
            rows: How many rows there are.
        """
        longest = max(measured, key=lambda row: row.total)
        learnt = sum(row.learnt for row in measured)
        words = f"{rows} answers, {learnt} learnt tokens an epoch; the longest row has {longest.total} tokens"
        trainable = sum(weights.numel() for weights in self.model.parameters() if weights.requires_grad)
        reporter.report("note", message=f"Training {trainable} weights on {words}")
        self.add_callback(_Progress(self, task, reporter, rows=rows))

    def store(self, task: Task) -> None:
        """Write the trained model into the task's folder."""
        self.save_model(str(task.folder / "trained"))
        if self.is_world_process_zero():
            take_model_files(task.folder / "trained", task.folder)
            shutil.rmtree(task.folder / "trained")
            save_about(task.folder, task)
        self.accelerator.wait_for_everyone()


def make_trainer(
    task: Task, *, plan: BatchPlan, model: Any, processor: Any, datasets: tuple[TrainingSet, TrainingSet | None]
) -> AnswerTrainer:
    """Set a trainer up.

    Args:
        task: What to train.
        plan: How its batches are spread over processes.
        model: The base model.
        processor: The base model's processor.
        datasets: The training data, and the validation data where there is some.
    """
    rows, valid = datasets
    config = _config(task, plan, rows=len(rows), validated=valid is not None)
    return AnswerTrainer(
        model=model,
        args=config,
        train_dataset=rows.dataset(),
        eval_dataset=None if valid is None else valid.dataset(),
        processing_class=processor,
        peft_config=None if task.options.full_finetuning else _lora(task, model),
    )


def _config(task: Task, plan: BatchPlan, *, rows: int, validated: bool) -> SFTConfig:
    on_gpu = torch.cuda.is_available()
    total = task.n_epochs * steps_per_epoch(rows, task.batch_size)
    options = task.options
    return SFTConfig(
        output_dir=str(task.folder / "trainer"),
        num_train_epochs=task.n_epochs,
        per_device_train_batch_size=plan.micro,
        per_device_eval_batch_size=plan.micro,
        gradient_accumulation_steps=plan.accumulation,
        learning_rate=options.learning_rate * task.learning_rate_multiplier,
        lr_scheduler_type="cosine",
        warmup_steps=0.05,
        weight_decay=0.01 if options.full_finetuning else 0.0,
        max_grad_norm=1.0,
        max_length=None,
        completion_only_loss=True,
        remove_unused_columns=False,
        bf16=on_gpu and torch.cuda.is_bf16_supported(),
        fp16=False,
        use_cpu=not on_gpu,
        gradient_checkpointing=on_gpu,
        gradient_checkpointing_kwargs={"use_reentrant": False} if on_gpu else None,
        eval_strategy="epoch" if validated else "no",
        save_strategy="steps",
        save_steps=max(1, total // SAVES),
        save_total_limit=2,
        logging_steps=max(1, total // LOGS),
        logging_nan_inf_filter=False,
        report_to="none",
        disable_tqdm=True,
        seed=task.seed,
        data_seed=task.seed,
        dataloader_num_workers=2 if on_gpu else 0,
        dataloader_pin_memory=on_gpu,
        ddp_backend="gloo" if plan.ranks > 1 and not on_gpu else None,
        ddp_timeout=_RANK_TIMEOUT_S,
    )


def _lora(task: Task, model: Any) -> LoraConfig:
    return LoraConfig(
        r=task.options.lora_r,
        lora_alpha=task.options.alpha,
        lora_dropout=task.options.lora_dropout,
        bias="none",
        task_type="CAUSAL_LM",
        target_modules=target_pattern(model, task.options.lora_targets),
    )


class _Progress(TrainerCallback):  # type: ignore[misc]
    """Reports a step once everything of it is known: its validation and its checkpoint come after its loss."""

    def __init__(self, trainer: AnswerTrainer, task: Task, reporter: Reporter, *, rows: int) -> None:
        self._trainer, self._task, self._reporter = trainer, task, reporter
        self._per_epoch = steps_per_epoch(rows, task.batch_size)
        self._pending: dict[str, Any] = {}
        self._since, self._step = time.monotonic(), 0
        self._epoch_ended = False

    def on_train_begin(self, _args: Any, state: Any, _control: Any, **_given: Any) -> None:
        self._since, self._step = time.monotonic(), state.global_step
        if state.global_step:
            self._reporter.report("resumed", step=state.global_step, total_steps=state.max_steps)

    def on_step_begin(self, _args: Any, _state: Any, _control: Any, **_given: Any) -> None:
        self._flush()

    def on_epoch_end(self, _args: Any, _state: Any, control: Any, **_given: Any) -> None:
        control.should_log = control.should_save = True
        self._epoch_ended = True

    def on_log(self, _args: Any, state: Any, _control: Any, logs: dict[str, Any] | None = None, **_given: Any) -> None:
        values = logs or {}
        if "loss" in values:
            self._flush()
            self._pending = self._measured(state, values)
        if "eval_loss" in values:
            self._pending |= {
                "valid_loss": float(values["eval_loss"]),
                "valid_accuracy": values.get("eval_answer_accuracy"),
                "valid_token_accuracy": _number(values.get("eval_mean_token_accuracy")),
            }

    def on_save(self, args: Any, state: Any, _control: Any, **_given: Any) -> None:
        self._trainer.accelerator.wait_for_everyone()  # every rank has written its part
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        ended, self._epoch_ended = self._epoch_ended, False
        if not state.is_world_process_zero or not folder.is_dir():
            return
        epoch = state.global_step // self._per_epoch
        if ended and epoch > self._task.n_epochs - KEPT_EPOCHS:
            self._keep(folder, epoch)
        (folder / "complete").touch()

    def on_train_end(self, _args: Any, _state: Any, _control: Any, **_given: Any) -> None:
        self._flush()

    def _keep(self, checkpoint: Path, epoch: int) -> None:
        kept = self._task.folder / f"epoch-{epoch}"
        shutil.rmtree(kept, ignore_errors=True)
        take_model_files(checkpoint, kept)
        save_about(kept, self._task)
        self._pending["checkpoint"] = kept.name

    def _measured(self, state: Any, values: dict[str, Any]) -> dict[str, Any]:
        now = time.monotonic()
        seconds, steps = max(1e-9, now - self._since), state.global_step - self._step
        self._since, self._step = now, state.global_step
        return {
            "step": state.global_step,
            "total_steps": state.max_steps,
            "epoch": math.ceil(state.global_step / self._per_epoch),
            "n_epochs": self._task.n_epochs,
            "train_loss": float(values["loss"]),
            "train_accuracy": values.get("answer_accuracy"),
            "train_token_accuracy": _number(values.get("mean_token_accuracy")),
            "learning_rate": _number(values.get("learning_rate")),
            "rows_per_s": steps * self._task.batch_size / seconds,
            "memory_gib": peak_memory_gib(),
        }

    def _flush(self) -> None:
        pending, self._pending = self._pending, {}
        if "step" in pending:
            self._reporter.report("step", **pending)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def peak_memory_gib() -> float | None:
    """Return the most memory used until now: of the GPU where there is one, else of the process."""
    if torch.cuda.is_available():
        return float(torch.cuda.max_memory_allocated() / 2**30)
    if sys.platform == "win32":
        return None
    import resource

    unit = 2**30 if sys.platform == "darwin" else 2**20  # bytes there, kibibytes on Linux
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def explained(error: BaseException, task: Task, trainer: AnswerTrainer, measured: list[RowTokens]) -> BaseException:
    """Return the error that says what to do: for memory that ran out, and for a full disk.

    Args:
        error: What was raised.
        task: What was trained.
        trainer: The trainer it happened in.
        measured: The tokens of the rows.
    """
    if isinstance(error, VqaftError):
        return error
    words = str(error).lower()
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in words:
        return _out_of_memory(task, trainer, measured)
    if "no space left" in words or getattr(error, "errno", None) == 28:  # noqa: PLR2004 - ENOSPC
        free = shutil.disk_usage(task.folder).free / 2**30
        hint = f"Make room ({free:.1f} GiB are free) and start the job again."
        return TrainingError("the disk is full: the model could not be saved", code="disk_full", hint=hint)
    return error


def _out_of_memory(task: Task, trainer: AnswerTrainer, measured: list[RowTokens]) -> TrainingError:
    micro, longest = trainer.args.per_device_train_batch_size, max(row.total for row in measured)
    where = f"GPU {os.environ.get('LOCAL_RANK', '0')}" if torch.cuda.is_available() else "this machine"
    size = f"the {_capacity_gib():.1f} GiB of {where}"
    message = (
        f"training needed more than {size} at step {trainer.state.global_step + 1}, with {counted(micro, 'row')} at a"
        f" time, the longest of {longest} tokens, and images of up to {task.options.max_image_pixels} pixels"
    )
    hint = "Set max_image_pixels lower (401408 is 512 tokens in Qwen's models) or quantization to '4bit'."
    return TrainingError(message, code="out_of_memory", hint=hint)


def _capacity_gib() -> float:
    if torch.cuda.is_available():
        return float(torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory / 2**30)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
