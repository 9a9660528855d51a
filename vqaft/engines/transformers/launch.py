"""Ranks of a training: started, listened to, and started again with smaller micro-batches where memory ran out."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vqaft.engines.transformers.options import BatchPlan
from vqaft.engines.transformers.task import Task, failure_error, read_failures
from vqaft.errors import TrainingError

TRAIN_MODULE = "vqaft.engines.transformers.train"
LOG_FILE = "training.log"

OnEvent = Callable[[Mapping[str, Any]], None]


def run_ranks(task: Task, plan: BatchPlan, on_event: OnEvent, *, module: Sequence[str] = (TRAIN_MODULE,)) -> None:
    """Train to the end, with smaller micro-batches and the same global batch where memory runs out.

    Args:
        task: What to train.
        plan: How its batches are spread.
        on_event: Called with every event that rank 0 reports.
        module: The module that a rank runs, and its first arguments.

    Raises:
        DataError: If the model or a row cannot be used.
        TrainingError: If training fails.
    """
    while True:
        try:
            _run_once(task.model_copy(update={"micro_batch_size": plan.micro}), plan, on_event, module)
        except TrainingError as error:
            smaller = plan.halved()
            if error.code != "out_of_memory" or smaller is None:
                raise
            tried = f"Memory ran out with micro-batches of {plan.micro}"
            on_event({"event": "warning", "message": f"{tried}; continuing with {smaller.micro}, same batch size"})
            plan = smaller
        else:
            return


def _run_once(task: Task, plan: BatchPlan, on_event: OnEvent, module: Sequence[str]) -> None:
    read_failures(task.folder)  # those of an earlier try
    command = [*_launcher(plan), *module, str(task.write()), "--supervised"]
    finished = False
    with (task.folder / LOG_FILE).open("ab") as log, _started(command, log, plan) as process:
        for event in _events(process):
            finished = finished or event.get("event") == "done"
            on_event(event)
        code = process.wait()
    if code or not finished:
        raise _cause(task, plan, code)


def _launcher(plan: BatchPlan) -> list[str]:
    if plan.ranks == 1:
        return [sys.executable, "-m"]
    several = ["--standalone", "--nproc_per_node", str(plan.ranks), "-m"]
    return [sys.executable, "-m", "torch.distributed.run", *several]


@contextmanager
def _started(command: list[str], log: Any, plan: BatchPlan) -> Iterator[subprocess.Popen[bytes]]:
    """Start the ranks; the pipe to their standard input is what they live by, so that none outlives this process."""
    process = subprocess.Popen(  # noqa: S603 - our own module, by this interpreter
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env={**os.environ, **rank_environment(plan.ranks)},
        start_new_session=True,  # Ctrl-C is for the server
    )
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def rank_environment(ranks: int) -> dict[str, str]:
    """Return what must be set before torch is imported: no network, no telemetry, and no threads that spin.

    Two OpenMP threads that wait actively are 5 to 15 times slower than one where other processes use the same cores.

    Args:
        ranks: Processes that share this machine's cores.
    """
    threads = max(1, (os.cpu_count() or 1) // 2 // ranks)
    return {
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_DATASETS_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "OMP_WAIT_POLICY": "PASSIVE",
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(threads)),
        "PYTORCH_CUDA_ALLOC_CONF": os.environ.get("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True"),
        "PYTHONUNBUFFERED": "1",
    }


def _events(process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    for line in process.stdout:
        try:
            event = json.loads(line)
        except ValueError:  # what a library printed there
            continue
        if isinstance(event, dict) and "event" in event:
            yield event


def _cause(task: Task, plan: BatchPlan, code: int) -> Exception:
    """Return why a training ended: a rank's own words, else what its launcher saw of it."""
    failures = read_failures(task.folder)
    known = [failure for failure in failures if failure.get("code") != "server_error"]
    if known:
        return failure_error(known[0])
    # The others of a lost rank fail too, for they wait for it; it alone has left no word.
    silent = set(range(plan.ranks)) - {failure.get("rank") for failure in failures}
    ended = {0: code} if plan.ranks == 1 else _exit_codes(task.folder / LOG_FILE)
    lost = next((rank for rank in sorted(silent) if ended.get(rank) not in {None, 0, -signal.SIGTERM}), None)
    if lost is None and failures:
        return failure_error(failures[0])
    rank = lost or 0
    hint = "It left no word: the system may have killed it for want of memory. training.log may say more."
    message = f"rank {rank} of {plan.ranks} was lost ({_exit(ended.get(rank, code))})"
    return TrainingError(message, code="rank_lost", hint=hint)


def _exit_codes(log: Path) -> dict[int, int]:
    """Read how ranks ended from the last summary of `torch.distributed.run`."""
    text = log.read_text(encoding="utf-8", errors="replace")[-20_000:]
    found = re.findall(r"rank\s*:\s*(\d+)[^\n]*\n\s*exitcode\s*:\s*(-?\d+)", text)
    return {int(rank): int(code) for rank, code in found}


def _exit(code: int) -> str:
    if code < 0:
        try:
            return signal.Signals(-code).name
        except ValueError:
            pass
    return f"exit code {code}"


def folder_is_resumable(folder: Path) -> bool:
    """Return whether an interrupted training left a checkpoint that was written to its end."""
    return any(folder.glob("trainer/checkpoint-*/complete"))


def visible_gpus() -> int:
    """Count the NVIDIA GPUs that CUDA_VISIBLE_DEVICES leaves, without loading CUDA."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return len([name for name in chosen.split(",") if name.strip() not in {"", "-1"}])
    return len([path for path in Path("/dev").glob("nvidia*") if path.name.removeprefix("nvidia").isdigit()])
