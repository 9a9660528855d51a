from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from vqaft.data import VQAExample
from vqaft.errors import EvaluationError
from vqaft.evaluation import Evaluation, Score, ScoredRow, ScorerFacts, suggest_data

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


def test_slices_are_ranked_by_their_share_of_the_errors() -> None:
    rows = [row(n, "title", float(n % 2)) for n in range(100)] + [
        row(n, "genre", float(n % 4 > 0)) for n in range(100, 200)
    ]
    title, genre = suggest_data(evaluation(rows), trained(title=50, genre=60)).slices
    assert (title.value, title.trained, title.n, title.error.value) == ("title", 50, 100, 0.5)
    assert title.share_of_errors == pytest.approx(2 / 3)
    assert (genre.value, genre.trained) == ("genre", 60)
    assert genre.share_of_errors == pytest.approx(1 / 3)


def test_no_gain_is_foretold() -> None:
    words = suggest_data(evaluation([row(0, "t", 0.0), row(1, "t", 1.0)]), trained(t=5)).words
    assert "100.0 % of what was lost is lost on 't'" in words
    assert "not foretold" in words
    assert "Nothing was lost" in suggest_data(evaluation([row(0, "t", 1.0)]), []).words


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


def test_nothing_to_rank_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="nothing to rank"):
        suggest_data(evaluation([row(0, "t", None)]), [])


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
    assert "share of errors" in str(plan)
    assert "t<b>" not in plan._repr_html_()
    assert plan.to_pandas().loc[0, "share_of_errors"] == 1.0
