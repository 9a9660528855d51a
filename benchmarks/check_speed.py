"""Speed of `check_file` on rows of 39 KB, beside reading them and beside another version of vqaft.

Run it with `python benchmarks/check_speed.py [--rows 5000] [--against FOLDER]`, where FOLDER is a checkout of the other
version, e.g. `git worktree add ../old ee361f4`. Each figure is the median of five processes, which take turns;
processor time, without imports. On a busy machine the least of the five says more: what disturbs a run makes it longer.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

REPEATS = 5
QUESTIONS = 5
HERE = Path(__file__).resolve().parents[1]

READ = "for line in open(path, 'rb', buffering=1 << 22): pass"
JOBS = {
    "read": READ,
    "check_file": "vqaft.check_file(path)",
    "check_file, two threads": "vqaft.check_file(path, max_workers=2)",
}
CHILD = """
import json, sys, time, vqaft
path, small = sys.argv[1:]
vqaft.check_file(small)
start, clock = time.process_time(), time.perf_counter()
{job}
print(json.dumps([time.process_time() - start, time.perf_counter() - clock]))
"""


def write(path: Path, rows: int) -> None:
    """Write rows that show 29 KB images, five questions an image."""
    chance = np.random.default_rng(rows)
    with path.open("wb") as file:
        for number in range(rows):
            if number % QUESTIONS == 0:
                low = Image.fromarray(chance.integers(0, 256, (60, 40, 3), dtype=np.uint8))
                stream = io.BytesIO()
                low.resize((330, 480), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=68)
                url = "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()
            asked = [
                {"type": "text", "text": f"What is thing {number}?"},
                {"type": "image_url", "image_url": {"url": url}},
            ]
            answer = [{"type": "text", "text": f"title {number % 97}"}]
            row = {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]}
            file.write(json.dumps(row).encode() + b"\n")


def measured(job: str, folder: Path, path: Path, small: Path) -> tuple[float, float]:
    """Run a job in a process of its own; return its seconds of processor time and of the clock."""
    command = [sys.executable, "-c", CHILD.format(job=job), str(path), str(small)]
    # In its folder, which stands before PYTHONPATH with `-c`.
    env = {**os.environ, "PYTHONPATH": str(folder)}
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=env, cwd=folder)  # noqa: S603
    cpu, clock = json.loads(run.stdout.splitlines()[-1])
    return cpu, clock


def main() -> None:
    """Print a line for each job and version."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--against", type=Path)
    arguments = parser.parse_args()
    cases = [(name, job, HERE) for name, job in JOBS.items()]
    if arguments.against:
        cases.append((f"check_file of {arguments.against.name}", JOBS["check_file"], arguments.against.resolve()))
    with tempfile.TemporaryDirectory() as scratch:
        path, small = Path(scratch) / "train.jsonl", Path(scratch) / "small.jsonl"
        write(path, arguments.rows)
        write(small, 10)
        rounds = [[measured(job, folder, path, small) for _, job, folder in cases] for _ in range(REPEATS)]
        size = path.stat().st_size
    print(f"{arguments.rows} rows of {size / arguments.rows / 1000:.1f} KB; load {os.getloadavg()[0]:.1f}")
    print(
        "| what | µs a row, processor | MB/s of it | µs a row, clock | check_file takes of it | by the least of each |"
    )
    print("|---" * 6 + "|")
    medians = [tuple(statistics.median(part) for part in zip(*case, strict=True)) for case in zip(*rounds, strict=True)]
    least = [min(cpu for cpu, _ in case) for case in zip(*rounds, strict=True)]
    for place, (name, _, _) in enumerate(cases):
        cpu, clock = medians[place]
        cells = [f"{cpu / arguments.rows * 1e6:.0f}", f"{size / cpu / 1e6:.0f}", f"{clock / arguments.rows * 1e6:.0f}"]
        print(f"| {name} | {' | '.join(cells)} | {medians[1][0] / cpu:.2f} | {least[1] / least[place]:.2f} |")


if __name__ == "__main__":
    main()
