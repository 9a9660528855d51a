"""How processor time and memory of each stage grow with the rows: a table, and its exponents and slopes.

Run it with `python benchmarks/scale_curves.py [--rows 1000 10000 100000] [--stages load split write …]`.
Each stage runs in a process of its own, whose peak memory is that of the stage and of the imports. Images have some
3 KB and five questions each, so that a million rows fit on a disk. The exponent is that of processor time between
the two largest sizes; the slope is the growth of peak memory between them, in KB a row.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

import vqaft
from vqaft.data import audit_splits
from vqaft.evaluation import Evaluation, compare
from vqaft.records import write_jsonl
from vqaft.report import write_report

QUESTIONS = 5


def make(folder: Path, rows: int) -> None:
    """Write the images and the table of one size."""
    (folder / "images").mkdir(parents=True)
    chance = np.random.default_rng(rows)
    with (folder / "qa.jsonl").open("w", encoding="utf-8") as table:
        for number in range(rows // QUESTIONS):
            low = Image.fromarray(chance.integers(0, 256, (8, 8, 3), dtype=np.uint8))
            buffer = io.BytesIO()
            low.resize((160, 160), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=70)
            (folder / f"images/{number}.jpg").write_bytes(buffer.getvalue())
            for question in range(QUESTIONS):
                answer = str(number % 97)
                row = {"image": f"images/{number}.jpg", "question": f"What is thing {question}?", "answer": answer}
                table.write(json.dumps(row) + "\n")


def examples(folder: Path) -> Iterator[vqaft.VQAExample]:
    """Read the table."""
    return iter(vqaft.load_file(folder / "qa.jsonl"))


def predictions(folder: Path, wrong_every: int) -> vqaft.Predictions:
    """Answer every question; some answers are wrong."""
    return vqaft.Predictions(
        vqaft.Prediction(example_id=each.id, model="m", answer=each.answer if number % wrong_every else "no idea")
        for number, each in enumerate(examples(folder))
    )


def evaluation(folder: Path, wrong_every: int) -> Evaluation:
    """Score made-up answers."""
    evaluator = vqaft.Evaluator({"exact": vqaft.ExactMatch(), "lenient": vqaft.LenientMatch()}, progress=False)
    return evaluator.evaluate(examples(folder), predictions(folder, wrong_every))


def written(folder: Path) -> Path:
    """Write the training file where it is missing."""
    path = folder / "train.jsonl"
    if not path.exists():
        write_jsonl(path, vqaft.MessageBuilder().records(examples(folder)))
    return path


def _load(folder: Path) -> object:
    return sum(1 for _ in examples(folder))


def _split(folder: Path) -> object:
    return vqaft.DatasetSplitter(train=0.8, validation=0.1, test=0.1).split(examples(folder)).report


def _list_chat(folder: Path) -> object:
    return len(list(vqaft.load_file(folder / "train.jsonl")))


def _audit_chat(folder: Path) -> object:
    path = folder / "train.jsonl"
    return audit_splits({"train": vqaft.load_file(path, prefix="a-"), "test": vqaft.load_file(path, prefix="b-")})


def _compare(folder: Path) -> object:
    return compare(evaluation(folder, 3), evaluation(folder, 5))


def _report(folder: Path) -> object:
    both = compare(evaluation(folder, 3), evaluation(folder, 5))
    return write_report(folder / "report.html", both, examples=examples(folder))


STAGES: dict[str, Callable[[Path], object]] = {
    "load": _load,
    "split": _split,
    "write": written,
    "check": lambda folder: vqaft.check_file(folder / "train.jsonl"),
    "cost": lambda folder: vqaft.estimate_cost(folder / "train.jsonl"),
    "list-chat": _list_chat,
    "audit-chat": _audit_chat,
    "evaluate": lambda folder: evaluation(folder, 3),
    "compare": _compare,
    "report": _report,
}


def measured(stage: str, folder: Path) -> tuple[float, float]:
    """Run a stage in a process of its own; return seconds of processor time and MB of peak memory."""
    command = [sys.executable, __file__, "--child", stage, str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - this script
    seconds, megabytes = json.loads(run.stdout.splitlines()[-1])
    return seconds, megabytes


def child(stage: str, folder: Path) -> None:
    """Run a stage and print what it took."""
    STAGES[stage](folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))


def main() -> None:
    """Print a row for each stage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--stages", nargs="+", default=list(STAGES), choices=list(STAGES))
    parser.add_argument("--child", nargs=2, metavar=("STAGE", "FOLDER"))
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child[0], Path(arguments.child[1]))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folders = {rows: Path(scratch) / str(rows) for rows in arguments.rows}
        for rows, folder in folders.items():
            make(folder, rows)
        print(f"{os.cpu_count()} processors; processor seconds and MB of peak memory")
        print("| stage | " + " | ".join(f"{rows:,}" for rows in folders) + " | exponent | KB a row |")
        print("|---" * (len(folders) + 3) + "|")
        for stage in arguments.stages:
            if stage not in {"load", "split", "write", "evaluate", "compare", "report"}:
                for folder in folders.values():
                    written(folder)
            found = [measured(stage, folder) for folder in folders.values()]
            cells = " | ".join(f"{seconds:.2f} s, {megabytes:.0f} MB" for seconds, megabytes in found)
            print(f"| {stage} | {cells} | {_growth(list(folders), found)} |", flush=True)


def _growth(rows: list[int], found: list[tuple[float, float]]) -> str:
    if len(rows) < 2:  # noqa: PLR2004 - growth needs two sizes
        return "– | –"
    (before, small), (after, large) = found[-2:]
    exponent = math.log(max(after, 1e-3) / max(before, 1e-3)) / math.log(rows[-1] / rows[-2])
    return f"{exponent:.2f} | {(large - small) * 1024 / (rows[-1] - rows[-2]):.2f}"


if __name__ == "__main__":
    main()
