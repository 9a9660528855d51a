from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from vqaft.data import VQAExample
from vqaft.errors import EvaluationError
from vqaft.evaluation import (
    Comparison,
    Evaluator,
    ExactMatch,
    LabelAudit,
    LabelDoubt,
    LLMJudge,
    PairedRow,
    ScoredRow,
    audit_labels,
    compare,
)
from vqaft.evaluation.label_audit import ceiling_text
from vqaft.inference import Prediction

# id: question, label, what base says, what tuned says
CASES = {
    "right": ("Title?", "Garden", "Gardens", "Garden"),
    "agreed": ("Title?", "Gardn", "Garden", "garden."),
    "binary": ("Open?", "yes", "no", "No"),
    "differ": ("Title?", "Gardn", "Winter", "Garden"),
    "meaning": ("Colour?", "blue", "dark red", "crimson"),
    "read": ("Total?", "12.50", "13.50", "13.50"),
    "empty": ("Title?", "Garden", "?", "?"),
}


def examples(folder: Path) -> list[VQAExample]:
    found = []
    for place, (name, (question, label, _, _)) in enumerate(CASES.items()):
        picture = Image.new("RGB", (64, 64), "white")
        ImageDraw.Draw(picture).ellipse(
            (2 + 5 * place, 3, 30 + 4 * place, 20 + 6 * place), fill=(40 * place % 255, 9, 90)
        )
        picture.save(folder / f"{name}.png")
        found.append(VQAExample(id=name, image=folder / f"{name}.png", question=question, answers=(label,)))
    return found


def comparison(found: list[VQAExample]) -> Comparison:
    evaluator = Evaluator({"exact": ExactMatch()}, progress=False)
    sides = [
        [Prediction(example_id=one.id, model=model, answer=CASES[one.id][place]) for one in found]
        for model, place in (("base", 2), ("tuned", 3))
    ]
    return compare(*(evaluator.evaluate(found, side) for side in sides))


def test_labels_are_ranked_by_what_speaks_against_them(tmp_path: Path) -> None:
    audit = audit_labels(comparison(examples(tmp_path)), text={"read": "TOTAL EUR 13.50", "agreed": "no such words"})
    assert [(doubt.row.example_id, doubt.weight) for doubt in audit] == [
        ("read", 2.5),
        ("agreed", 1.0),
        ("binary", 0.2),
    ]
    assert audit[0].evidence == ("Both models answer '13.50'.", "The image reads '13.50', and not the label.")
    assert len(audit) == 3
    assert [doubt.row.example_id for doubt in audit[:2]] == ["read", "agreed"]


def test_text_that_holds_the_label_speaks_for_it(tmp_path: Path) -> None:
    audit = audit_labels(comparison(examples(tmp_path)), text={"read": "12.50 then 13.50"})
    assert {doubt.row.example_id: doubt.weight for doubt in audit}["read"] == 1.0


def test_a_judge_sees_that_other_words_mean_the_same(tmp_path: Path, scripted_judge: Any) -> None:
    backend = scripted_judge(lambda data: "Very Similar" if data["reference"] == "dark red" else "Incorrect")
    audit = audit_labels(comparison(examples(tmp_path)), judge=LLMJudge(backend, model="judge"))
    assert {doubt.row.example_id: doubt.weight for doubt in audit}["meaning"] == 0.8
    assert "differ" not in {doubt.row.example_id for doubt in audit}


def test_labels_that_contradict_each_other_are_found(tmp_path: Path) -> None:
    found = examples(tmp_path)
    first = found[0]
    found.append(VQAExample(id="again", image=first.image, question=first.question, answers=("Orchard",)))
    CASES["again"] = ("Title?", "Orchard", "Garden", "Orchard")
    try:
        audit = audit_labels(comparison(found), examples=found)
    finally:
        del CASES["again"]
    assert audit[0].row.example_id == "again"
    assert "contradict" in audit[0].evidence[0]
    assert audit.contradictions == 1


def test_the_ceiling_from_checked_labels(tmp_path: Path) -> None:
    audit = audit_labels(comparison(examples(tmp_path)))
    found = audit.ceiling({"read": True, "agreed": False, "right": False, "differ": True})
    assert found.value == pytest.approx(1 - (3 / 2 + 4 / 2) / 7)
    assert found.interval is not None
    assert found.interval.low < (found.value or 0) < found.interval.high
    assert "50.0 %" in ceiling_text(found)
    with pytest.raises(EvaluationError, match="no label was checked"):
        audit.ceiling({})
    with pytest.raises(EvaluationError, match="not among"):
        audit.ceiling({"elsewhere": True})


def test_doubts_alone_give_an_upper_bound(tmp_path: Path) -> None:
    audit = audit_labels(comparison(examples(tmp_path)))
    found = audit.ceiling({"read": True, "agreed": True, "binary": True})
    assert found.value is None
    assert found.interval is not None
    assert found.interval.low == pytest.approx(0.0)
    assert found.interval.high == pytest.approx(4 / 7)
    assert "57.1 % at most" in ceiling_text(found)


@pytest.mark.parametrize("noise", [0.05, 0.2])
def test_the_ceiling_holds_the_truth(noise: float) -> None:
    """Labels wrong at random, of which the doubts hold one in three: 200 sets, 40 labels of each part looked at."""
    rng = np.random.default_rng(5)
    held, naive, sets = 0, 0, 200
    for _ in range(sets):
        wrong = rng.random(600) < noise
        doubted = np.where(wrong, rng.random(600) < 0.35, rng.random(600) < 0.05)
        audit = LabelAudit(tuple(doubt(str(place)) for place in np.flatnonzero(doubted)), tuple(map(str, range(600))))
        looks = [rng.permutation(np.flatnonzero(part))[:40] for part in (doubted, ~doubted)]
        interval = audit.ceiling({str(place): bool(wrong[place]) for place in np.concatenate(looks)}).interval
        assert interval is not None
        held += 1 - wrong.mean() in interval
        naive += wrong.mean() <= doubted.mean()  # the bound of doubts alone
    assert held / sets >= 0.95
    assert naive / sets < 0.8 or noise < 0.2


def doubt(name: str) -> LabelDoubt:
    row = ScoredRow(example_id=name, group=name, kind="open", question="?", answers=("a",), model="m")
    return LabelDoubt(row=PairedRow(base=row, tuned=row), weight=1.0, evidence=())


def test_tables(tmp_path: Path) -> None:
    audit = audit_labels(comparison(examples(tmp_path)))
    assert "3 of 7 labels are in doubt" in str(audit)
    assert "<td>agreed</td>" in audit._repr_html_()
    assert audit.to_pandas()["example"].tolist() == ["agreed", "read", "binary"]


def test_no_doubt_is_said_too(tmp_path: Path) -> None:
    found = [example for example in examples(tmp_path) if example.id == "right"]
    assert str(audit_labels(comparison(found))).startswith("0 of 1 labels")
