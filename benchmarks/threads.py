"""One thread against two, for every function that takes `max_workers`: `python benchmarks/threads.py`.

Each figure is the median of nine runs that take turns. Two threads gain where images are decoded or encoded; elsewhere
they must not cost more than one, since Python runs one of them at a time. On a busy machine the clock says little: two
threads wait for the same processor.
"""

from __future__ import annotations

import functools
import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

import vqaft
from vqaft.check import RULES, unreadable_pixels
from vqaft.data import ImageTable
from vqaft.records import write_jsonl

REPEATS = 9
IMAGES, QUESTIONS, LARGE = 120, 5, 20


def examples(folder: Path) -> list[vqaft.VQAExample]:
    """Make images of some 30 KB with five questions each."""
    found = []
    for number in range(IMAGES):
        low = Image.fromarray(np.random.default_rng(number).integers(0, 256, (60, 40, 3), dtype=np.uint8))
        stream = io.BytesIO()
        low.resize((330, 480), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=68)
        path = folder / f"{number}.jpg"
        path.write_bytes(stream.getvalue())
        found += [
            vqaft.VQAExample(id=f"{number}-{n}", image=str(path), question=f"What is {n}?", answers=(str(number),))
            for n in range(QUESTIONS)
        ]
    return found


def large_example(number: int) -> vqaft.VQAExample:
    """Make an image of some 3 MB, which is a row of 4 MB."""
    pixels = np.random.default_rng(number).integers(0, 256, (1900, 1900, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=88)
    return vqaft.VQAExample(id=str(number), image=stream.getvalue(), question="What is it?", answers=(str(number),))


def fresh(rows: list[vqaft.VQAExample]) -> list[vqaft.VQAExample]:
    """Return the examples with the bytes of their images, which no cache knows by their path."""
    return [
        vqaft.VQAExample(id=row.id, image=Path(str(row.image)).read_bytes(), question=row.question, answers=row.answers)
        for row in rows
    ]


def ways(folder: Path) -> dict[str, Callable[[int], object]]:
    """Return what is timed: number of threads → work."""
    rows = examples(folder)
    held = fresh(rows)
    path = folder / "train.jsonl"
    write_jsonl(path, vqaft.MessageBuilder().records(rows))
    large = folder / "large.jsonl"
    write_jsonl(large, (vqaft.MessageBuilder().record(large_example(number)) for number in range(LARGE)))
    decoding = (*RULES, unreadable_pixels())
    again = vqaft.ImageEncoder(format="jpeg", pass_through=False)
    predicted = vqaft.Predictions(vqaft.Prediction(example_id=row.id, model="m", answer="1") for row in rows)

    def records(encoder: vqaft.ImageEncoder, max_workers: int) -> object:
        return sum(1 for _ in vqaft.MessageBuilder(encoder=encoder).records(rows, max_workers=max_workers))

    def evaluated(max_workers: int) -> object:
        evaluator = vqaft.Evaluator({"lenient": vqaft.LenientMatch()}, max_workers=max_workers, progress=False)
        return evaluator.evaluate(rows, predicted)

    return {
        "records, images pass through": functools.partial(records, vqaft.ImageEncoder()),
        "records, images encoded again": functools.partial(records, again),
        "check_file": lambda max_workers: vqaft.check_file(path, max_workers=max_workers),
        "check_file, rows of 4 MB": lambda max_workers: vqaft.check_file(large, max_workers=max_workers),
        "check_file, pixels decoded": lambda max_workers: vqaft.check_file(
            path, rules=decoding, max_workers=max_workers
        ),
        "images hashed": lambda max_workers: ImageTable.of(held, looks=False, max_workers=max_workers),
        "images hashed and looked at": lambda max_workers: ImageTable.of(held, max_workers=max_workers),
        "Evaluator": evaluated,
    }


def timed(work: Callable[[int], object], threads: int) -> tuple[float, float]:
    """Return the milliseconds of one run, by the clock and of all processors."""
    start, cpu = time.perf_counter(), time.process_time()
    work(threads)
    return 1000 * (time.perf_counter() - start), 1000 * (time.process_time() - cpu)


def main() -> None:
    """Print a line for each function."""
    with tempfile.TemporaryDirectory() as scratch:
        print(f"{IMAGES * QUESTIONS} rows of 40 KB, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
        print("| function | one thread, ms | two threads, ms | two against one | the same of processor time |")
        print("|---" * 5 + "|")
        for name, work in ways(Path(scratch)).items():
            work(1)
            rounds = [[timed(work, threads) for threads in (1, 2)] for _ in range(REPEATS)]
            (one, one_cpu), (two, two_cpu) = (
                [statistics.median(times) for times in zip(*runs, strict=True)] for runs in zip(*rounds, strict=True)
            )
            print(f"| {name} | {one:.0f} | {two:.0f} | {two / one:.2f} | {two_cpu / one_cpu:.2f} |", flush=True)


if __name__ == "__main__":
    main()
