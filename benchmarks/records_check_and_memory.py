"""Speed of the check, and memory of writing and checking: `python benchmarks/records_check_and_memory.py [MB]`.

Writes a file of so many MB (1000 by default) from 300 KB images in a child process, then checks it in another, and
prints what each took. The speed is per core: seconds of CPU, not of the clock.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from vqaft.chat import read_jsonl, read_lines
from vqaft.check import check_file, checked_row
from vqaft.check.parse import whole_row
from vqaft.data import VQAExample
from vqaft.records import MessageBuilder, write_jsonl

IMAGES = 40
QUESTIONS = 5


def _images(folder: Path) -> list[str]:
    paths = []
    for number in range(IMAGES):
        path = folder / f"{number}.jpg"
        grain = np.random.default_rng(number).integers(0, 255, (500, 330, 3), dtype=np.uint8)
        Image.fromarray(grain).resize((660, 1000)).save(path, quality=90)
        paths.append(str(path))
    return paths


def _write(folder: Path, megabytes: int) -> None:
    images = _images(folder)
    row_bytes = Path(images[0]).stat().st_size * 4 // 3
    rows = megabytes * 1_000_000 // row_bytes
    examples = (
        VQAExample(
            id=str(n), image=images[n // QUESTIONS % IMAGES], question=f"Question {n}?", answers=(f"answer {n % 7}",)
        )
        for n in range(rows)
    )
    write_jsonl(folder / "train.jsonl", map(MessageBuilder(system="Look.").record, examples))


def _check(folder: Path) -> None:
    check_file(folder / "train.jsonl")


def _copy(folder: Path) -> None:
    write_jsonl(folder / "copy.jsonl", read_jsonl(folder / "train.jsonl"))
    (folder / "copy.jsonl").unlink()


def _two_levels(folder: Path) -> None:
    for number, line in read_lines(folder / "train.jsonl"):
        checked_row(number, line)


def _whole(folder: Path) -> None:
    for number, line in read_lines(folder / "train.jsonl"):
        whole_row(number, line)


def _read(folder: Path) -> None:
    for _ in read_lines(folder / "train.jsonl"):
        pass


JOBS = {"check": _check, "read and write again": _copy, "two levels": _two_levels, "full parse": _whole, "read": _read}


def _child(job: str, folder: Path, megabytes: int) -> None:
    if job == "write":
        _write(folder, megabytes)
    start, clock = time.process_time(), time.perf_counter()
    if job != "write":
        JOBS[job](folder)
    said = {
        "cpu_s": time.process_time() - (start if job != "write" else 0),
        "clock_s": time.perf_counter() - clock,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    }
    print(json.dumps(said))


def _main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as scratch:
        print("| what | MB/s of CPU time | peak memory, MB |\n|---|---|---|")
        for job in ("write", *JOBS):
            command = [sys.executable, __file__, "--child", job, scratch, str(megabytes)]
            result = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this file
            said = json.loads(result.stdout)
            size = (Path(scratch) / "train.jsonl").stat().st_size / 1e6
            print(f"| {job}, {size:.0f} MB | {size / said['cpu_s']:.0f} | {said['peak_mb']:.0f} |")


if __name__ == "__main__":
    if "--child" in sys.argv:
        _child(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        _main()
