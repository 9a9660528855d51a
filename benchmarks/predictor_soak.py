"""Many calls while a share of all answers fails: vqaft's Predictor, and the SDK as it comes.

    python benchmarks/predictor_soak.py [--calls 10000] [--share 0.35] [--workers 32]

The server is `vqaft.testing.FaultyServer`; what was paid twice is told by its own journal. The SDK makes a tenth of the
calls, with its default of two retries and with eight.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
from openai import OpenAI, OpenAIError

from vqaft.backends import OpenAIBackend
from vqaft.data import VQAExample
from vqaft.inference import Predictor, RateLimitedBackend
from vqaft.service import RetryPolicy
from vqaft.testing import FAULTS, FaultyServer, Planned

MENDABLE = (
    "429",
    "429-soon",
    "500",
    "502",
    "503-overloaded",
    "cut-before",
    "cut-middle",
    "lost-answer",
    "200-html",
    "200-cut-json",
)


class Builder:
    """The question as the only message."""

    def request_json(self, example: VQAExample) -> bytes:
        """Give the messages."""
        return orjson.dumps([{"role": "user", "content": example.question}])


def storm(share: float) -> list[Planned]:
    """Plan that a share of all requests fails, in each way alike."""
    left, plan = 1.0, []
    for name in MENDABLE:
        each = share / len(MENDABLE)
        plan.append(Planned(fault=FAULTS[name], path="/chat/completions", share=each / left))
        left -= each
    return plan


def by_vqaft(server: FaultyServer, calls: int, max_workers: int, folder: Path) -> int:
    """Give the number of calls that were answered."""
    backend = OpenAIBackend(OpenAI(base_url=server.base_url, api_key=server.api_key))
    retry = RetryPolicy(first_wait_s=0.01, max_wait_s=0.2)
    paced = RateLimitedBackend(backend, max_concurrency=max_workers, retry=retry)
    examples = [VQAExample(id=str(number), image=b"x", question=f"q{number}") for number in range(calls)]
    predictor = Predictor(paced, Builder(), model="fixed", max_workers=max_workers, progress=False)
    return len(predictor.predict(examples, journal=folder / "journal.jsonl").answered)


def by_sdk(server: FaultyServer, calls: int, max_workers: int, retries: int) -> int:
    """Give the number of calls that were answered."""
    client = OpenAI(base_url=server.base_url, api_key=server.api_key, max_retries=retries)

    def ask(number: int) -> bool:
        try:
            reply = client.chat.completions.create(
                model="fixed", messages=[{"role": "user", "content": f"sdk {retries} {number}"}]
            )
            return reply.choices[0].message.content == "ok"
        except (OpenAIError, ValueError, AttributeError, TypeError):
            return False

    with ThreadPoolExecutor(max_workers) as pool:
        return sum(pool.map(ask, range(calls)))


def main() -> None:
    """Run the soak and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--share", type=float, default=0.35)
    parser.add_argument("--workers", type=int, default=32)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    with FaultyServer(folder / "state", seed=1) as server:
        ways: dict[str, tuple[int, Callable[[], int]]] = {
            "vqaft Predictor": (chosen.calls, lambda: by_vqaft(server, chosen.calls, chosen.workers, folder)),
            "SDK, 2 retries": (chosen.calls // 10, lambda: by_sdk(server, chosen.calls // 10, chosen.workers, 2)),
            "SDK, 8 retries": (chosen.calls // 10, lambda: by_sdk(server, chosen.calls // 10, chosen.workers, 8)),
        }
        for name, (calls, work) in ways.items():
            server.reset()
            server.plan(storm(chosen.share))
            start = time.perf_counter()
            answered = work()
            seconds = time.perf_counter() - start
            twice = server.journal.repeated("completion")
            row = f"{answered:6} of {calls} answered, {calls - answered} lost, {server.injected} faults met"
            print(f"{name:<16} {row}, {twice} paid twice (answers lost on the way), {seconds:.0f} s")


if __name__ == "__main__":
    main()
