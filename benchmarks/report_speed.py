"""Time of `write_report` with pictures, beside another version of vqaft.

    python benchmarks/report_speed.py [--rows 5000] [--against FOLDER] [--repeats 5]

FOLDER is a checkout of the other version, e.g. `git worktree add ../old ee361f4`. Each row shows an image of its own,
of 29 KB. Each figure is the median of processes that take turns; seconds of the report alone, without the evaluation.
"""

from __future__ import annotations

import argparse
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

HERE = Path(__file__).resolve().parents[1]
CHILD = """
import json, resource, sys, time
import vqaft
from vqaft.evaluation import compare
from vqaft.report import write_report

folder, rows = sys.argv[1], int(sys.argv[2])
examples = [
    vqaft.VQAExample(id=str(n), image=f"{folder}/{n}.jpg", question=f"What is thing {n}?", answers=(f"title {n % 97}",))
    for n in range(rows)
]


def compared(examples):
    sides = []
    for model, wrong_every in (("base", 3), ("tuned", 5)):
        said = [
            vqaft.Prediction(example_id=each.id, model=model, answer=each.answer if n % wrong_every else "no idea")
            for n, each in enumerate(examples)
        ]
        sides.append(vqaft.Evaluator({"exact": vqaft.ExactMatch()}, progress=False).evaluate(examples, said))
    return compare(*sides)


comparison = compared(examples)
write_report(f"{folder}/warm.html", compared(examples[:20]))
start, clock = time.process_time(), time.perf_counter()
path = write_report(f"{folder}/report.html", comparison, examples=examples)
took = [time.process_time() - start, time.perf_counter() - clock]
print(json.dumps([*took, path.stat().st_size / 1e6, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def make(folder: Path, rows: int) -> None:
    """Write the images."""
    for number in range(rows):
        low = Image.fromarray(np.random.default_rng(number).integers(0, 256, (60, 40, 3), dtype=np.uint8))
        stream = io.BytesIO()
        low.resize((330, 480), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=68)
        (folder / f"{number}.jpg").write_bytes(stream.getvalue())


def measured(version: Path, folder: Path, rows: int) -> list[float]:
    """Write one report in a process of its own: seconds of processor and clock, MB of the page, MB of peak memory."""
    command = [sys.executable, "-c", CHILD, str(folder), str(rows)]
    # In its folder, which stands before PYTHONPATH with `-c`.
    env = {**os.environ, "PYTHONPATH": str(version)}
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=env, cwd=version)  # noqa: S603
    found: list[float] = json.loads(run.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Print a line for each version."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--against", type=Path)
    chosen = parser.parse_args()
    versions = {"this version": HERE}
    if chosen.against:
        versions[chosen.against.name] = chosen.against.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        make(Path(scratch), chosen.rows)
        rounds = [
            [measured(each, Path(scratch), chosen.rows) for each in versions.values()] for _ in range(chosen.repeats)
        ]
    print(
        f"{chosen.rows} rows with an image of 29 KB each, median of {chosen.repeats}; load {os.getloadavg()[0]:.1f}\n"
    )
    print("| version | processor, s | clock, s | page, MB | peak memory, MB | processor, against this |")
    print("|---" * 6 + "|")
    medians = [[statistics.median(part) for part in zip(*runs, strict=True)] for runs in zip(*rounds, strict=True)]
    for name, (cpu, clock, page, peak) in zip(versions, medians, strict=True):
        print(f"| {name} | {cpu:.1f} | {clock:.1f} | {page:.1f} | {peak:.0f} | {cpu / medians[0][0]:.2f} |")


if __name__ == "__main__":
    main()
