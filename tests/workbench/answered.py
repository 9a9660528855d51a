"""A project's folder with examples, what two models answered, and what a judge said about it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image

from vqaft.data import VQAExample, save_examples
from vqaft.evaluation import (
    AnsweredExample,
    Comparison,
    Evaluation,
    Evaluator,
    LenientMatch,
    Score,
    Scorer,
    compare,
)
from vqaft.inference import Prediction, Predictions

TRUTHS = ("red", "green", "blue", "black", "white", "gray")
BASE = ("red", "pink", "navy", "pink", "white", "x")
TUNED = ("red", "pink", "blue", "pink", "white", "gray")
"""Both models say "pink" where the labels say "green" and "black"."""


def picture(shade: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), (40 * shade, 90, 255 - 40 * shade)).save(buffer, "PNG")
    return buffer.getvalue()


def examples(question: str = "Which color?", truths: Sequence[str] = TRUTHS) -> list[VQAExample]:
    return [
        VQAExample(id=f"id-{place}", image=picture(place), question=question, answers=(truth,))
        for place, truth in enumerate(truths)
    ]


def predictions(answers: Iterable[str], model: str) -> Predictions:
    return Predictions(
        Prediction(example_id=f"id-{place}", model=model, answer=answer) for place, answer in enumerate(answers)
    )


class Judge:
    """Says "Right" but for wrong answers, and for "navy", which it takes for blue."""

    levels = ("Right", "Wrong")

    def __call__(self, answered: AnsweredExample) -> Score:
        said = answered.answer
        right = LenientMatch()(answered).value == 1 or said == "navy"
        return Score(value=float(right), label="Right" if right else "Wrong", reason=f"judge's reason for {said}")


def evaluated(answers: Iterable[str], model: str, found: Sequence[VQAExample]) -> Evaluation:
    scorers: dict[str, Scorer] = {"lenient": LenientMatch(), "judge": Judge()}
    return Evaluator(scorers, progress=False).evaluate(found, predictions(answers, model))


def write_project(folder: Path, *, question: str = "Which color?", answers: Sequence[str] = BASE) -> Comparison:
    """Write examples, predictions, evaluations and their comparison into a folder."""
    found = examples(question)
    save_examples(folder / "test.jsonl", found)
    predictions(TUNED, "small-tuned").write(folder / "tuned-predictions.jsonl")
    base, tuned = evaluated(answers, "small", found), evaluated(TUNED, "small-tuned", found)
    predictions(answers, "small").write(folder / "base-predictions.jsonl")
    base.write(folder / "base.json")
    tuned.write(folder / "tuned.json")
    comparison = compare(base, tuned, resamples=200)
    comparison.write(folder / "comparison.json")
    return comparison
