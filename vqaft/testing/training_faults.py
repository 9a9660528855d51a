"""Training faults on purpose: memory that runs out, a loss that is not a number, a rank that dies, a disk that is full.

    TransformersEngine(folder, train_module=TrainingFaults(out_of_memory_above=2).module)

runs the real training with these faults in it; `python -m vqaft.testing.training_faults FAULTS TASK` is one rank of it.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import NonNegativeInt

from vqaft.typed import Amount, typed


@dataclass(frozen=True, kw_only=True)
@typed
class TrainingFaults:
    """What goes wrong in a training.

    Attributes:
        out_of_memory_above: Micro-batches with more rows than this run out of memory.
        nan_at_step: The step, counted from 1, at which weights become NaN.
        kill_at_step: The step at which a rank is killed.
        kill_rank: The rank that is killed.
        disk_full_at_step: The step from which on nothing can be saved.
        step_s: Seconds that every step takes longer.
    """

    out_of_memory_above: NonNegativeInt | None = None
    nan_at_step: NonNegativeInt | None = None
    kill_at_step: NonNegativeInt | None = None
    kill_rank: NonNegativeInt = 0
    disk_full_at_step: NonNegativeInt | None = None
    step_s: Amount = 0.0

    @property
    def module(self) -> tuple[str, str]:
        """The module that a rank runs, and its first argument, for `TransformersEngine(train_module=…)`."""
        return __name__, json.dumps(asdict(self))


def fault_callback(faults: TrainingFaults) -> Any:
    """Return the `transformers.TrainerCallback` that brings faults about.

    Args:
        faults: Which.
    """
    import torch
    from transformers import TrainerCallback

    class FaultCallback(TrainerCallback):  # type: ignore[misc]
        """Raises, breaks or waits at the steps that were asked for."""

        def on_step_begin(self, args: Any, state: Any, _control: Any, **given: Any) -> None:
            time.sleep(faults.step_s)
            above, step = faults.out_of_memory_above, state.global_step + 1
            if above is not None and args.per_device_train_batch_size > above:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
            if step == faults.kill_at_step:
                _kill(faults.kill_rank)
            if step == faults.nan_at_step:
                _break(given["model"])

        def on_save(self, _args: Any, state: Any, _control: Any, **_given: Any) -> None:
            _fill_disk(faults, state.global_step)

    return FaultCallback()


def _fill_disk(faults: TrainingFaults, step: int) -> None:
    if faults.disk_full_at_step is not None and step >= faults.disk_full_at_step:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _kill(rank: int) -> None:
    if int(os.environ.get("RANK", "0")) == rank:
        os.kill(os.getpid(), signal.SIGKILL)


def _break(model: Any) -> None:
    import torch

    with torch.no_grad():
        next(weights for weights in model.parameters() if weights.requires_grad).fill_(float("nan"))


def main() -> None:
    """Train one rank of a task, with the faults of the first argument."""
    from vqaft.engines import train_rank

    faults = TrainingFaults(**json.loads(sys.argv[1]))
    train_rank(sys.argv[2:], callbacks=[fault_callback(faults)])


if __name__ == "__main__":
    main()
