from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from vqaft.data import VQAExample
from vqaft.errors import EvaluationError
from vqaft.evaluation import Evaluation, Score, ScoredRow, ScorerFacts, suggest_data
from vqaft.evaluation.statistics.learning_curve import fit_curve, usual_curve

FACTS = {"score": ScorerFacts(description="score")}


def row(place: int, kind: str, value: float | None, truth: str = "garden") -> ScoredRow:
    return ScoredRow(
        example_id=str(place),
        group=str(place // 2),
        kind="open",
        question_type=kind,
        question="?",
        answers=(truth,),
        model="tuned",
        answer=None if value is None else "x",
        scores={} if value is None else {"score": Score(value=value)},
    )


def evaluation(rows: list[ScoredRow]) -> Evaluation:
    return Evaluation(model="tuned", scorers=FACTS, rows=tuple(rows))


def trained(**counts: int) -> list[VQAExample]:
    return [
        VQAExample(id=f"{kind}{place}", image=b"x", question="?", answers=("garden",), question_type=kind)
        for kind, count in counts.items()
        for place in range(count)
    ]


def test_examples_go_where_they_gain_most() -> None:
    rows = [row(n, "title", float(n % 2)) for n in range(100)] + [row(n, "genre", 1.0) for n in range(100, 200)]
    plan = suggest_data(evaluation(rows), trained(title=50, genre=50), add=100)
    title, genre = plan.slices
    assert (title.value, title.add, title.trained, title.n) == ("title", 100, 50, 100)
    assert (genre.add, genre.error.value) == (0, 0.0)
    assert title.error.value == 0.5
    middle = (0.07 * 0.35) ** 0.5
    assert plan.gain.value == pytest.approx(0.5 * 0.5 * (1 - 3**-middle))
    assert plan.gain.interval is not None
    assert plan.gain.interval.low == pytest.approx(0.25 * (1 - 3**-0.07))
    assert plan.gain.interval.high == pytest.approx(0.25 * (1 - 3**-0.35))
    assert not plan.fitted
    assert "not your data" in plan.words


def test_of_two_weak_slices_the_one_with_less_training_gets_more() -> None:
    rows = [row(n, "title", 0.0) for n in range(50)] + [row(n, "genre", 0.0) for n in range(50, 100)]
    plan = suggest_data(evaluation(rows), trained(title=20, genre=200), add=100)
    adds = {need.value: need.add for need in plan.slices}
    assert adds["title"] > adds["genre"]
    assert sum(adds.values()) == 100


def test_answers_that_training_never_showed_are_listed() -> None:
    rows = [
        row(0, "t", 0.0, "Orchard"),
        row(1, "t", 0.0, "Orchard"),
        row(2, "t", 0.0, "GARDEN"),
        row(3, "t", 1.0, "new"),
    ]
    plan = suggest_data(evaluation(rows), trained(t=10))
    assert plan.unseen_answers == {"Orchard": 2}
    assert plan.slices[0].unseen == 2
    assert "'Orchard' (2)" in plan.words


def curve_runs(exponent: float, sizes: tuple[int, ...]) -> dict[int, Evaluation]:
    ease = np.random.default_rng(1).permutation(np.linspace(0, 1, 400))
    return {size: evaluation([row(n, "t", float(ease[n] > size**-exponent)) for n in range(400)]) for size in sizes}


def test_own_runs_give_the_learning_curve() -> None:
    runs = curve_runs(0.3, (10, 30, 100, 300))
    plan = suggest_data(runs[300], trained(t=300), add=300, runs=runs)
    now = 300**-0.3
    assert plan.fitted
    assert plan.gain.value == pytest.approx(now - 600**-0.3, abs=0.01)
    assert plan.gain.interval is not None
    assert plan.gain.interval.low < now - 600**-0.3 < plan.gain.interval.high
    assert "your own runs" in plan.words


def test_where_more_data_did_not_help_nothing_is_added() -> None:
    runs = curve_runs(-0.0, (10, 30, 100))
    flat = {size: evaluation([row(n, "t", float(n % 2)) for n in range(100)]) for size in runs}
    plan = suggest_data(flat[100], trained(t=100), runs=flat)
    assert plan.slices[0].add == 0
    assert plan.gain.value == 0


def test_the_exponent_is_found() -> None:
    sizes = np.array([10.0, 40.0, 160.0])
    wrong = np.outer(sizes**-0.25, np.random.default_rng(2).random(50))
    curve = fit_curve(sizes, wrong, resamples=200, seed=0)
    assert curve.middle == pytest.approx(0.25, abs=0.01)
    assert curve.low <= curve.middle <= curve.high
    assert usual_curve().low < usual_curve().middle < usual_curve().high


@pytest.mark.parametrize(("add", "values"), [(0, [1.0]), (10, [None])])
def test_nothing_to_plan_is_an_error(add: int, values: list[float | None]) -> None:
    with pytest.raises(EvaluationError, match="nothing to plan"):
        suggest_data(evaluation([row(n, "t", value) for n, value in enumerate(values)]), [], add=add)


def test_a_curve_needs_three_runs_with_something_in_common() -> None:
    with pytest.raises(EvaluationError, match="3 runs"):
        suggest_data(evaluation([row(0, "t", 0.0)]), [], runs=curve_runs(0.3, (10, 30)))
    apart = {size: evaluation([row(size, "t", 0.0)]) for size in (1, 2, 3)}
    with pytest.raises(EvaluationError, match="no example has a score"):
        suggest_data(apart[1], [], runs=apart)


def picture(seed: int, path: Path, *, blur: float = 0.0) -> Path:
    noise = np.random.default_rng(seed).integers(0, 255, size=(8, 8, 3), dtype=np.uint8)
    image = Image.fromarray(noise).resize((128, 128), Image.Resampling.BICUBIC)
    image.filter(ImageFilter.GaussianBlur(blur)).save(path)
    return path


def test_the_pool_is_ranked_by_likeness_to_failures_without_leaks(tmp_path: Path) -> None:
    failing = VQAExample(id="0", image=picture(1, tmp_path / "failing.png"), question="?", answers=("x",))
    fine = VQAExample(id="1", image=picture(2, tmp_path / "fine.png"), question="?", answers=("x",))
    blended = Image.blend(Image.open(tmp_path / "failing.png"), Image.open(picture(7, tmp_path / "seven.png")), 0.3)
    blended.save(tmp_path / "alike.png")
    pool = [
        VQAExample(id="copy", image=picture(1, tmp_path / "copy.png", blur=1.0), question="?"),
        VQAExample(id="alike", image=tmp_path / "alike.png", question="?"),
        VQAExample(id="other", image=picture(3, tmp_path / "other.png"), question="?"),
    ]
    rows = [row(0, "t", 0.0), row(1, "t", 1.0)]
    plan = suggest_data(evaluation(rows), trained(t=5), examples=[failing, fine], pool=pool)
    assert plan.candidates == ("alike",)


def test_tables() -> None:
    plan = suggest_data(evaluation([row(n, "t<b>", 0.0) for n in range(4)]), trained(t=5))
    assert "points gained" in str(plan)
    assert "t<b>" not in plan._repr_html_()
    assert plan.to_pandas().loc[0, "add"] == 100
