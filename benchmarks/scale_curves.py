r"""How processor time and memory of each stage grow with the rows: a table, its exponents and slopes, and a plot.

    python benchmarks/scale_curves.py [--rows 1000 10000 100000] [--stages load split write …]

A long sweep is made in parts, and resumed where it stopped, with `--data FOLDER --runs RUNS.jsonl`. The table and the
plot of the documentation are made from the noted runs alone:

    python benchmarks/scale_curves.py --rows --runs benchmarks/results/scale_curves.jsonl \
        --plot docs/images/scale_curves.png > benchmarks/results/scale_curves.md
    python -m benchmarks.paste_tables

Each stage runs in a process of its own, whose peak memory is that of the stage and of the imports. Images have some
3 KB and five questions each, so that a million rows fit on a disk (6 GB). `audit-chat` takes every second row of the
training file as the test part, so that all images are in both, and `report` includes `compare`. The exponent is that
of processor time between the two largest sizes; the slope is the growth of peak memory between them, in KB a row.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

import vqaft
from vqaft.data import audit_splits
from vqaft.evaluation import Comparison, Evaluation, compare
from vqaft.records import write_jsonl
from vqaft.report import write_report

QUESTIONS = 5
LIMIT_KB = 1
CHAT_STAGES = {"check", "cost", "list-chat", "audit-chat"}


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


def evaluation(asked: Iterable[vqaft.VQAExample], predicted: vqaft.Predictions) -> Evaluation:
    """Score made-up answers."""
    evaluator = vqaft.Evaluator({"exact": vqaft.ExactMatch(), "lenient": vqaft.LenientMatch()}, progress=False)
    return evaluator.evaluate(asked, predicted)


def comparison(folder: Path) -> Comparison:
    """Compare two made-up models on examples that are held once."""
    asked = list(examples(folder))
    base, tuned = (evaluation(asked, predictions(folder, wrong_every)) for wrong_every in (3, 5))
    return compare(base, tuned)


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
    rows = list(vqaft.load_file(folder / "train.jsonl"))
    return audit_splits({"train": rows[::2], "test": rows[1::2]})


def _write(folder: Path) -> object:
    path = folder / "again.jsonl"
    made = write_jsonl(path, vqaft.MessageBuilder().records(examples(folder)))
    path.unlink()
    return made


def _report(folder: Path) -> object:
    return write_report(folder / "report.html", comparison(folder), examples=examples(folder))


STAGES: dict[str, Callable[[Path], object]] = {
    "load": _load,
    "split": _split,
    "write": _write,
    "check": lambda folder: vqaft.check_file(folder / "train.jsonl"),
    "cost": lambda folder: vqaft.estimate_cost(folder / "train.jsonl"),
    "list-chat": _list_chat,
    "audit-chat": _audit_chat,
    "evaluate": lambda folder: evaluation(examples(folder), predictions(folder, 3)),
    "compare": comparison,
    "report": _report,
}


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a stage took: seconds of processor and clock, and MB of peak memory of its process."""

    stage: str
    rows: int
    cpu_s: float
    clock_s: float
    peak_mb: float


def measured(stage: str, folder: Path, rows: int) -> Run:
    """Run a stage in a process of its own."""
    command = [sys.executable, __file__, "--child", stage, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - this script
    return Run(stage=stage, rows=rows, **json.loads(done.stdout.splitlines()[-1]))


def child(stage: str, folder: Path) -> None:
    """Run a stage and print what it took."""
    start = time.perf_counter()
    STAGES[stage](folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    took = {"cpu_s": used.ru_utime + used.ru_stime, "clock_s": time.perf_counter() - start}
    print(json.dumps({**took, "peak_mb": peak_mb(used.ru_maxrss / 1024)}))


def peak_mb(reported: float) -> float:
    """Return the peak memory of this process; what `getrusage` reports on Linux is at least that of its parent."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    own = [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")]
    return own[0] if own else reported


def sweep(arguments: argparse.Namespace, known: set[tuple[str, int]]) -> None:
    """Run every stage at every size that is not known yet, and note each run as soon as it is done."""
    for rows in arguments.rows:
        folder = arguments.data / str(rows)
        stages = [stage for stage in arguments.stages if (stage, rows) not in known]
        if stages and not (folder / "qa.jsonl").exists():
            make(folder, rows)
        for stage in stages:
            if stage in CHAT_STAGES:
                written(folder)
            with arguments.runs.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(measured(stage, folder, rows))) + "\n")


def noted(path: Path) -> list[Run]:
    """Return the runs of a file, stage by stage in the order of `STAGES`; of two of the same the later one."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    runs = {(run.stage, run.rows): run for run in (Run(**json.loads(line)) for line in lines)}
    order = list(STAGES)
    return sorted(runs.values(), key=lambda run: (order.index(run.stage), run.rows))


def by_stage(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """Return the runs of each stage, by size."""
    return {stage: [run for run in runs if run.stage == stage] for stage in dict.fromkeys(run.stage for run in runs)}


def table(runs: Sequence[Run]) -> Iterator[str]:
    """Yield the lines of the table: a stage a row, a size a column, then the growth."""
    sizes = sorted({run.rows for run in runs})
    yield "| stage | " + " | ".join(f"{rows:,} rows" for rows in sizes) + " | exponent | KB a row |"
    yield "|---" * (len(sizes) + 3) + "|"
    for stage, own in by_stage(runs).items():
        by_size = {run.rows: f"{run.cpu_s:.1f} s, {run.clock_s:.0f} s, {run.peak_mb:.0f} MB" for run in own}
        yield f"| {stage} | {' | '.join(by_size.get(rows, '–') for rows in sizes)} | {_growth(own)} |"


def _growth(runs: Sequence[Run]) -> str:
    if len(runs) < 2:  # noqa: PLR2004 - growth needs two sizes
        return "– | –"
    before, after = runs[-2:]
    exponent = math.log(max(after.cpu_s, 1e-3) / max(before.cpu_s, 1e-3)) / math.log(after.rows / before.rows)
    return f"{exponent:.2f} | {(after.peak_mb - before.peak_mb) * 1024 / (after.rows - before.rows):.2f}"


def plot(runs: Sequence[Run], path: Path) -> None:
    """Draw time and memory over the rows, a line a stage."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    figure, axes = plt.subplots(1, 2, figsize=(10, 5.2), layout="constrained")
    colors, markers = mpl.colormaps["tab10"].colors, "osD^vP*Xh<"  # type: ignore[attr-defined]
    for place, (stage, own) in enumerate(by_stage(runs).items()):
        style = {"color": colors[place], "marker": markers[place], "markersize": 5, "linewidth": 1.6, "label": stage}
        sizes = [run.rows for run in own]
        axes[0].plot(sizes, [run.cpu_s for run in own], **style)
        axes[1].plot(sizes, [run.peak_mb for run in own], **style)
    sizes = sorted({run.rows for run in runs})
    least = min(run.peak_mb for run in runs)
    limit = [least + (rows - sizes[0]) * LIMIT_KB / 1024 for rows in sizes]
    axes[1].plot(sizes, limit, "--", color="0.4", linewidth=1.2, label=f"{LIMIT_KB} KB a row")
    for panel, label in zip(axes, ("processor time, seconds", "peak memory of the process, MB"), strict=True):
        panel.set(xscale="log", yscale="log", xlabel="rows (questions, five an image)", ylabel=label, xticks=sizes)
        panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.7g}"))
            axis.set_minor_formatter(NullFormatter())
        panel.grid(alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    figure.legend(*axes[1].get_legend_handles_labels(), loc="outside lower center", ncols=6, frameon=False)
    figure.savefig(path, dpi=110, metadata={"Software": None} if path.suffix == ".png" else None)


def main() -> None:
    """Print the table of the runs that are made now and of those that are noted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000, 10_000])
    parser.add_argument("--stages", nargs="+", default=list(STAGES), choices=list(STAGES))
    parser.add_argument("--data", type=Path, help="where the data is made and kept; a temporary folder by default")
    parser.add_argument("--runs", type=Path, help="a file of runs: what it has is not run again, what is new is added")
    parser.add_argument("--plot", type=Path, help="draw the curves into a PNG or SVG file")
    parser.add_argument("--child", nargs=2, metavar=("STAGE", "FOLDER"))
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child[0], Path(arguments.child[1]))
        return
    with tempfile.TemporaryDirectory() as scratch:
        arguments.data = arguments.data or Path(scratch) / "data"
        arguments.runs = arguments.runs or Path(scratch) / "runs.jsonl"
        sweep(arguments, {(run.stage, run.rows) for run in noted(arguments.runs)})
        runs = noted(arguments.runs)
    print("Each cell: seconds of processor time, seconds of the clock, MB of peak memory.\n")
    print("\n".join(table(runs)))
    if arguments.plot:
        plot(runs, arguments.plot)


if __name__ == "__main__":
    main()
