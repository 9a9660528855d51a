"""Runs work that gets killed, and tells what became of it; started by test_client_kills.py, never imported by it.

A process that has everything loaded forks a child for each run, so that a kill costs milliseconds. The service is a
folder: what it was asked to make or to answer stands there, written by it alone, and is the only witness.

    python -m tests.faults.client_kills sweep FOLDER PLACE…

kills in each durable write of each work, before, in the middle ("torn") or after it; `random FOLDER N` kills N times at
random moments of one prediction run of 500 examples; `full FOLDER BYTES…` is a prediction run whose files cannot grow
beyond so many bytes.
"""

# ruff: noqa: T201 - this script talks to its test by printing

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import resource
import signal
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from tests.faults.folder_service import FolderService
from tests.faults.killed_work import Builder, examples, in_child, write_result
from vqaft.inference import BatchPredictor, ChatSettings, Predictor, ShardLimits
from vqaft.service import MultipartPolicy, RetryPolicy
from vqaft.testing import kill_at_write
from vqaft.tuning import FineTuneClient, JobSpec

WORKERS = 4
QUICK = RetryPolicy(consistency_delay_s=0.0)


def predict(folder: Path, *, count: int = 48, latency_s: float = 0.0, max_workers: int = WORKERS) -> None:
    service = FolderService(folder / "service", latency_s=latency_s)
    predictor = Predictor(service, Builder(), model="m", max_workers=max_workers, progress=False)
    found = predictor.predict(examples(count), journal=folder / "journal.jsonl")
    write_result(folder, [[prediction.example_id, prediction.answer] for prediction in found])


def predict_in(max_file_bytes: int, folder: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_bytes, max_file_bytes))
    predict(folder)


def batch(folder: Path) -> None:
    predictor = BatchPredictor(
        FolderService(folder / "service"),
        Builder(),
        settings=ChatSettings(model="m"),
        folder=folder / "batch",
        limits=ShardLimits(max_rows=5),
        retry=QUICK,
        progress=False,
    )
    write_result(folder, [[prediction.example_id, prediction.answer] for prediction in predictor.predict(examples(22))])


def tune(folder: Path) -> None:
    path = folder / "train.jsonl"
    path.write_text("a row\n" * 10)
    os.utime(path, ns=(1, 1))
    client = FineTuneClient(
        FolderService(folder / "service"),  # type: ignore[arg-type] # this service has no events or checkpoints
        ledger=folder / "ledger.jsonl",
        retry=QUICK,
        sizes=MultipartPolicy(above_bytes=10, part_bytes=8, max_workers=1),
        progress=False,
    )
    client.create(JobSpec(model="base", training_file=client.upload(path).id, suffix="x"))
    write_result(folder, ["done"])


WORKS: dict[str, Callable[[Path], None]] = {"predict": predict, "batch": batch, "tune": tune}


def cut_off(work: Callable[[], None], number: int, place: str) -> None:
    """Do work until its n-th durable write kills it."""
    with kill_at_write(number, place):  # type: ignore[arg-type] # a word of the command line
        work()


def report(folder: Path, **facts: Any) -> None:
    """Print what the witness saw."""
    service = FolderService(folder / "service")
    answers = service.billed("answer")
    result = folder / "result.json"
    seen = {
        "result": hashlib.sha256(result.read_bytes()).hexdigest() if result.exists() else None,
        "asked": len(answers),
        "paid": sum(answers.values()),
        "jobs": sum(service.billed("job").values()),
        "files": len(list((folder / "service").glob("file-*.json"))),
        "batches": sum(service.billed("batch").values()),
        "parts": sum(service.billed("part-of").values()),
    }
    print(json.dumps({**facts, **seen}), flush=True)


def sweep(root: Path, places: Iterable[str]) -> None:
    for name, work in WORKS.items():
        calm = root / f"{name}-calm"
        calm.mkdir()
        report(calm, work=name, point="calm", code=in_child(partial(work, calm)))
        for place in places:
            for number in itertools.count(1):
                folder = root / f"{name}-{number}-{place}"
                folder.mkdir()
                if in_child(partial(cut_off, partial(work, folder), number, place)) == 0:
                    break  # there is no such write any more
                report(folder, work=name, point=f"{number}:{place}", code=in_child(partial(work, folder)))


def at_random(root: Path, kills: int) -> None:
    chance = random.Random(7)  # noqa: S311 - moments, not secrets
    for number in itertools.count():
        if kills <= 0:
            return
        folder = root / f"random-{number}"
        folder.mkdir()
        work = partial(predict, folder, count=500, latency_s=0.005, max_workers=16)
        here = 0
        while kills > 0 and in_child(work, kill_after_s=chance.uniform(0.0, 0.25)) == -signal.SIGKILL:
            kills, here = kills - 1, here + 1
        report(folder, work="random", point=str(here), kills=here, code=in_child(work))


def full(root: Path, sizes: Iterable[str]) -> None:
    for size in sizes:
        folder = root / f"full-{size}"
        folder.mkdir()
        report(folder, work="full", point="limited", code=in_child(partial(predict_in, int(size), folder)))
        report(folder, work="full", point=size, code=in_child(partial(predict, folder)))


if __name__ == "__main__":
    target = Path(sys.argv[2])
    match sys.argv[1]:
        case "sweep":
            sweep(target, sys.argv[3:])
        case "full":
            full(target, sys.argv[3:])
        case _:
            at_random(target, int(sys.argv[3]))
