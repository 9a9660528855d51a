"""How many rows a second the scorers score.

    python benchmarks/scorers_speed.py [ROWS]

Each scorer is called once for each of ROWS answered examples (a million by default), one after the other on one
thread, as `Evaluator` calls it; the median of three rounds counts, in seconds of that thread's CPU, so that other work
on the machine counts little. The cookbook's two rules run in the same rounds, as inline expressions, for comparison.
Answers are one to six words: 40 % equal to the truth, 10 % in other case, 10 % behind "Answer:", the rest other words.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator

from vqaft.data import VQAExample
from vqaft.evaluation import (
    ANLS,
    AnsweredExample,
    CookbookExactMatch,
    CookbookSubstringMatch,
    ExactMatch,
    LenientMatch,
    RelaxedAccuracy,
    Score,
    TokenF1,
    VQAAccuracy,
)

WORDS = (
    *("red", "blue", "green", "the", "history", "of", "a", "garden", "in", "winter", "light", "John", "Smith", "yes"),
    *("no", "art", "12", "1,000", "volume", "one"),
)
ROUNDS = 3
SCORERS: dict[str, Callable[[AnsweredExample], Score]] = {
    "exact": ExactMatch(),
    "lenient": LenientMatch(),
    "ANLS": ANLS(),
    "relaxed accuracy": RelaxedAccuracy(),
    "VQA accuracy": VQAAccuracy(),
    "token F1": TokenF1(),
    "exact, cookbook's preset": CookbookExactMatch(),
    "lenient, cookbook's preset": CookbookSubstringMatch(),
}


def answers(count: int) -> Iterator[AnsweredExample]:
    """Make answered examples."""
    rng = random.Random(0)

    def text(sizes: tuple[int, ...]) -> str:
        return " ".join(rng.choices(WORDS, k=rng.choice(sizes)))

    for place in range(count):
        truth = text((1, 1, 1, 3, 6))
        choices = truth, truth.upper(), f"Answer: {truth}", text((1, 1, 3, 6))
        (answer,) = rng.choices(choices, weights=(4, 1, 1, 4))
        yield AnsweredExample(
            example=VQAExample(id=str(place), image=b"x", question="?", answers=(truth,)), answer=answer
        )


def seconds(function: Callable[[AnsweredExample], object], rows: list[AnsweredExample]) -> float:
    """Time one round."""
    start = time.thread_time()
    for row in rows:
        function(row)
    return time.thread_time() - start


def strict(row: AnsweredExample) -> bool:
    """Apply the cookbook's rule for its fine-tuned model."""
    return row.answer.strip() == row.example.answers[0]


def lenient(row: AnsweredExample) -> bool:
    """Apply the cookbook's rule for its base model."""
    return row.answer.lower() == row.example.answers[0].lower() or row.example.answers[0].lower() in row.answer.lower()


def main(count: int) -> None:
    """Print the rows a second of each scorer."""
    rows = list(answers(count))
    functions: dict[str, Callable[[AnsweredExample], object]] = {
        **SCORERS,
        "strict, written inline": strict,
        "lenient, written inline": lenient,
    }
    taken: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(ROUNDS):
        for name, function in functions.items():
            taken[name].append(seconds(function, rows))
    print(f"{count:,} rows, median of {ROUNDS} rounds")
    for name, times in taken.items():
        print(f"{name:28s} {count / statistics.median(times):12,.0f} rows/s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
