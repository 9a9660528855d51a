"""What a label audit finds, and whether its ceiling holds the truth.

    python benchmarks/trust_label_audit.py [--sets 200]

Sets of 400 open questions with 5, 10 and 20 % of the labels wrong at random. "Base and tuned": a base model right on 4
of 10 beside a tuned one right on 19 of 20; "two tuned": both right on 19 of 20. Wrong answers are drawn from 12 words,
half of the time the same mistake for both. A person looks at 40 doubts and 40 other labels.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from vqaft.evaluation import Evaluation, Score, ScoredRow, ScorerFacts, audit_labels, compare

EXAMPLES, WORDS, LOOKS = 400, 12, 40


def answers(rng: np.random.Generator, truth: NDArray[np.int64], accuracy: float, hard: NDArray[np.int64]) -> list[str]:
    """Answers of one model; half of its mistakes are those that everyone makes."""
    right = rng.random(len(truth)) < accuracy
    mistake = np.where(rng.random(len(truth)) < 0.5, hard, rng.integers(0, WORDS, len(truth)))
    return [f"word{word}" for word in np.where(right, truth, mistake)]


def evaluation(said: list[str], labels: list[str], model: str) -> Evaluation:
    """Score answers by the labels, right or wrong."""
    rows = tuple(
        ScoredRow(
            example_id=str(place),
            group=str(place),
            kind="open",
            question="?",
            answers=(label,),
            model=model,
            answer=answer,
            scores={"exact": Score(value=float(answer == label))},
        )
        for place, (answer, label) in enumerate(zip(said, labels, strict=True))
    )
    return Evaluation(model=model, scorers={"exact": ScorerFacts(description="exact")}, rows=rows)


def one_set(rng: np.random.Generator, noise: float, base: float) -> tuple[float, float, bool]:
    """Precision and recall of the doubts of one set, and whether the ceiling holds the truth."""
    truth, hard = rng.integers(0, WORDS, EXAMPLES), rng.integers(0, WORDS, EXAMPLES)
    wrong = rng.random(EXAMPLES) < noise
    shown = np.where(wrong, (truth + rng.integers(1, WORDS, EXAMPLES)) % WORDS, truth)
    labels = [f"word{word}" for word in shown]
    sides = [
        evaluation(answers(rng, truth, accuracy, hard), labels, model)
        for model, accuracy in (("base", base), ("tuned", 0.95))
    ]
    audit = audit_labels(compare(*sides, slice_by=None, resamples=50))
    doubted = np.zeros(EXAMPLES, dtype=bool)
    doubted[[int(doubt.row.example_id) for doubt in audit]] = True
    looks = [rng.permutation(np.flatnonzero(part))[:LOOKS] for part in (doubted, ~doubted)]
    interval = audit.ceiling({str(place): bool(wrong[place]) for place in np.concatenate(looks)}).interval
    found = float((doubted & wrong).sum())
    held = interval is not None and 1 - float(wrong.mean()) in interval
    return found / max(1, int(doubted.sum())), found / max(1, int(wrong.sum())), held


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=200)
    sets = parser.parse_args().sets
    print("| models | wrong labels | precision | recall | ceiling holds the truth |\n|---|---|---|---|---|")
    for name, base in (("base and tuned", 0.4), ("two tuned", 0.95)):
        for noise in (0.05, 0.1, 0.2):
            rng = np.random.default_rng(3)
            found = np.array([one_set(rng, noise, base) for _ in range(sets)])
            precision, recall, held = found.mean(axis=0)
            print(f"| {name} | {noise:.0%} | {precision:.2f} | {recall:.2f} | {held:.3f} of {sets} |", flush=True)


if __name__ == "__main__":
    main()
