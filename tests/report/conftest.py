"""A real browser, and comparisons to look at."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.chromium import Browser, started_browser
from vqaft.data import VQAExample
from vqaft.evaluation import (
    Comparison,
    Evaluation,
    ModelComparison,
    Score,
    ScoredRow,
    ScorerFacts,
    compare,
    compare_models,
)
from vqaft.inference import Failure
from vqaft.tuning import StepMetrics


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with started_browser() as started:
        yield started


Saying = tuple[str | None, float]
"""An answer (None where there is none) and its score."""


def scored(place: int, said: Saying, **facts: Any) -> ScoredRow:
    """A row as one model answered it, scored by "exact" and by a judge with two levels."""
    answer, value = said
    label = "Right" if value > 0.5 else "Wrong"
    scores = {"exact": Score(value=value, reason=f"reason {value:g}"), "judge": Score(value=value, label=label)}
    known: dict[str, Any] = {
        "example_id": f"id-{place}",
        "group": f"group-{place // 2}",
        "kind": "closed" if place % 2 else "open",
        "question_type": ("colour", "shape")[place % 2],
        "question": f"What is number {place}?",
        "answers": ("truth",),
        "model": "model",
        "answer": answer,
        "failure": Failure(kind="refused", message="I cannot help") if answer is None else None,
        "scores": {} if answer is None else scores,
    }
    return ScoredRow(**{**known, **facts})


def evaluated(rows: Iterable[ScoredRow], *, model: str, scorers: Iterable[str] = ("exact", "judge")) -> Evaluation:
    """An evaluation of rows."""
    facts = {name: ScorerFacts(description=f"{name}()", levels=("Right", "Wrong")) for name in scorers}
    return Evaluation(model=model, scorers=facts, rows=tuple(rows))


@pytest.fixture(scope="session")
def scored_row() -> Callable[..., ScoredRow]:
    return scored


@pytest.fixture(scope="session")
def evaluation_of() -> Callable[..., Evaluation]:
    return evaluated


@pytest.fixture(scope="session")
def comparison() -> Comparison:
    """Twelve won, three lost, five right, five wrong, one without an answer of the tuned model."""
    outcomes = [(0.0, 1.0)] * 12 + [(1.0, 0.0)] * 3 + [(1.0, 1.0)] * 5 + [(0.0, 0.0)] * 5
    base = [scored(place, (f"old {place}", old)) for place, (old, _) in enumerate(outcomes)]
    tuned = [scored(place, (f"new {place}", new)) for place, (_, new) in enumerate(outcomes)]
    base.append(scored(25, ("old 25", 0.0)))
    tuned.append(scored(25, (None, 0.0)))
    return compare(evaluated(base, model="small"), evaluated(tuned, model="small-tuned"), resamples=500)


@pytest.fixture(scope="session")
def models() -> ModelComparison:
    """Three models on 24 examples; the teacher was not asked about the first, and about one more than the others."""
    right = {"base": 2, "tuned": 5, "teacher": 7}
    places = {"base": range(24), "tuned": range(24), "teacher": range(1, 25)}
    evaluations = {
        name: evaluated(
            [scored(n, (f"{name} {n}", float(n % right[name] > 0))) for n in places[name]], model=f"m-{name}"
        )
        for name in right
    }
    return compare_models(evaluations, resamples=100)


@pytest.fixture(scope="session")
def examples() -> list[VQAExample]:
    """The examples behind the comparison: two questions on each of twelve pictures, the last without an image."""
    pictures = [solid_png((20 * place, 90, 200 - 10 * place)) for place in range(12)]
    return [
        VQAExample(id=f"id-{place}", image=pictures[place // 2], question="What?", answers=("truth",))
        for place in range(24)
    ]


def solid_png(color: tuple[int, int, int], size: tuple[int, int] = (40, 30)) -> bytes:
    """A picture of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def png() -> Callable[..., bytes]:
    return solid_png


@pytest.fixture(scope="session")
def metrics() -> list[StepMetrics]:
    """Ten steps, validated at every other."""
    return [
        StepMetrics(step=step, values={"train_loss": 2 / step, **({"valid_loss": 2.2 / step} if step % 2 else {})})
        for step in range(1, 11)
    ]


@pytest.fixture(scope="session")
def naughty() -> list[str]:
    """Strings that break programs that take text for something else."""
    found: list[str] = json.loads((Path(__file__).parent / "naughty.json").read_text(encoding="ascii"))
    return found
