"""kill -9 of the client at random moments over real HTTP, while the service goes on with what it got.

    python -m tests.faults.service_kills KILLS [SEED]

prints a table, a row for each work and time that the service takes to create something. Each work is killed at random
moments and started again at once until it ends undisturbed; then the bill of the service is read. Exit code 1 where an
answer is lost, more than one job or batch of a request is live, a younger one had begun when it was cancelled, or more
answers were paid again than had been in flight.
"""

# ruff: noqa: T201 - this script prints its results

from __future__ import annotations

import contextlib
import json
import multiprocessing
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import openai

from tests.faults.killed_work import Builder, examples, in_child, write_result
from vqaft.backends import OpenAIBackend
from vqaft.inference import BatchPredictor, ChatSettings, Predictor, ShardLimits
from vqaft.service import MultipartPolicy, PollingPolicy, RetryPolicy
from vqaft.tuning import FineTuneClient, JobSpec

SERVICE = Path(__file__).with_name("slow_service.py")
CREATE_S = (0.06, 0.3, 0.9)
WORKERS = 16
QUESTIONS = 300
BATCHED = 12


@dataclass(kw_only=True)
class Row:
    """What became of one work under kills.

    Attributes:
        work: Its name.
        create_s: How long the service takes to create something.
        kills: Kills that met it.
        lost: Answers, jobs or batches that it ended without.
        extra_live: Jobs or batches that were live at the end beside the one of each request.
        cancelled: Superfluous ones that were cancelled before they began; one that had begun cannot be, and is live.
        paid_again: Answers that were paid more than once.
        bound: The most that may be paid again: those in flight at each kill.
    """

    work: str
    create_s: float
    kills: int = 0
    lost: int = 0
    extra_live: int = 0
    cancelled: int = 0
    paid_again: int = 0
    bound: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether it is as promised."""
        return not (self.lost or self.extra_live or self.errors) and self.paid_again <= self.bound


def backend(address: str) -> OpenAIBackend:
    return OpenAIBackend(openai.OpenAI(api_key="key-of-the-kills", base_url=address, timeout=30))


def policy(create_s: float) -> RetryPolicy:
    return RetryPolicy(consistency_delay_s=1.5 * create_s + 0.1)


def predict(address: str, folder: Path, _: float) -> None:
    predictor = Predictor(backend(address), Builder(), model="m", max_workers=WORKERS, progress=False)
    found = predictor.predict(examples(QUESTIONS), journal=folder / "journal.jsonl")
    write_result(folder, [prediction.answer for prediction in found])


def batch(address: str, folder: Path, create_s: float) -> None:
    predictor = BatchPredictor(
        backend(address),
        Builder(),
        settings=ChatSettings(model="m"),
        folder=folder / "batch",
        limits=ShardLimits(max_rows=BATCHED // 2),
        retry=policy(create_s),
        pace=PollingPolicy(shortest_s=0.1, longest_s=0.2),
        progress=False,
    )
    write_result(folder, [prediction.answer for prediction in predictor.predict(examples(BATCHED))])


def tune(address: str, folder: Path, create_s: float) -> None:
    path = folder / "train.jsonl"
    if not path.exists():
        path.write_text("a row\n" * 10)
    client = FineTuneClient(
        backend(address),
        ledger=folder / "ledger.jsonl",
        retry=policy(create_s),
        sizes=MultipartPolicy(above_bytes=10, part_bytes=30, max_workers=2),
        calendar=(),
        progress=False,
    )
    job = client.create(JobSpec(model="base", training_file=client.upload(path).id))
    write_result(folder, [job.id])


WORKS: dict[str, tuple[Callable[[str, Path, float], None], Callable[[float], float]]] = {
    "predict": (predict, lambda _: 0.9),
    "batch": (batch, lambda create_s: 0.5 + 4.5 * create_s),
    "tune": (tune, lambda create_s: 0.3 + 7.5 * create_s),
}
"""Each work, and the seconds within which it is killed."""


@contextlib.contextmanager
def service(create_s: float) -> Iterator[str]:
    process = subprocess.Popen([sys.executable, str(SERVICE), str(create_s)], stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
    finally:
        process.kill()
        process.wait()


def run_once(name: str, create_s: float, chance: random.Random, *, kills: int) -> Row:
    """Kill a work at random moments, up to so often, then let it end and read the bill."""
    row = Row(work=name, create_s=create_s)
    act, span_s = WORKS[name]
    with tempfile.TemporaryDirectory() as place, service(create_s) as address:
        work = partial(act, address, Path(place), create_s)
        code: int | None = None
        while row.kills < kills and code != 0:
            code = in_child(work, kill_after_s=chance.uniform(0.0, span_s(create_s)))
            row.kills += code == -signal.SIGKILL
            if code not in {0, -signal.SIGKILL}:
                row.errors.append(f"exit code {code}")
        if code != 0 and in_child(work) != 0:
            row.errors.append("the last run failed")
        time.sleep(create_s + 0.05)  # what was sent before a kill is carried out by now
        with urllib.request.urlopen(f"{address.removesuffix('/v1')}/bill") as answer:  # noqa: S310 - loopback
            judge(row, json.load(answer), Path(place) / "result.json")
    return row


def judge(row: Row, bill: dict[str, Any], result: Path) -> None:
    found = json.loads(result.read_text()) if result.exists() else []
    paid = Counter(bill["answers"])
    row.paid_again = sum(count - 1 for count in paid.values())
    if row.work == "predict":
        row.lost = QUESTIONS - found.count(None) - len(found) if len(found) != QUESTIONS else found.count(None)
        row.bound = row.kills * WORKERS
        return
    made = bill["job" if row.work == "tune" else "batch"]
    wanted = 1 if row.work == "tune" else 2
    if row.work == "batch":
        row.lost = BATCHED - sum(answer is not None for answer in found)
    else:
        row.lost = 0 if found and found[0] in {job["id"] for job in made} else 1
    by_request = Counter(thing["metadata"]["vqaft_key"] for thing in made if thing["status"] != "cancelled")
    row.extra_live = sum(by_request.values()) - wanted
    row.cancelled = sum(thing["status"] == "cancelled" for thing in made)
    if row.work == "tune" and len(bill["file"]) > 1:
        row.errors.append(f"{len(bill['file'])} files")


def sweep(kills: int, seed: int, *, create_s: tuple[float, ...] = CREATE_S) -> list[Row]:
    """Kill each work, for each time that the service takes, until so many kills met them in all; lanes run at once."""
    share = max(1, -(-kills // (len(WORKS) * len(create_s))))
    lanes = [(share, seed, name, seconds) for name in WORKS for seconds in create_s]
    with multiprocessing.get_context("fork").Pool(len(lanes)) as pool:
        return pool.starmap(lane, lanes)


def lane(kills: int, seed: int, name: str, create_s: float) -> Row:
    """Kill one work until so many kills met it, in rounds of up to four."""
    chance = random.Random(f"{seed} {name} {create_s}")  # noqa: S311 - moments, not secrets
    total = Row(work=name, create_s=create_s)
    while total.kills < kills:
        add(total, run_once(name, create_s, chance, kills=min(4, kills - total.kills)))
    return total


def add(total: Row, row: Row) -> None:
    for name in ("kills", "lost", "extra_live", "cancelled", "paid_again", "bound"):
        setattr(total, name, getattr(total, name) + getattr(row, name))
    total.errors += row.errors


def main() -> int:
    rows = sweep(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 7)
    print("| work | service creates in | kills | lost | extra live | cancelled in time | paid again | at most |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        figures = (row.kills, row.lost, row.extra_live, row.cancelled, row.paid_again, row.bound)
        print(f"| {row.work} | {1000 * row.create_s:.0f} ms | {' | '.join(map(str, figures))} |", *row.errors)
    print(f"{sum(row.kills for row in rows)} kills, {sum(not row.holds for row in rows)} rows not as promised")
    return int(not all(row.holds for row in rows))


if __name__ == "__main__":
    sys.exit(main())
