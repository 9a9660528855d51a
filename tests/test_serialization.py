"""What is wrong in a file is named by its field, whichever kind of file it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vqaft.data import Placement
from vqaft.errors import DataError, StateError
from vqaft.evaluation import Evaluation, Score, ScoredRow, ScorerFacts
from vqaft.inference import Prediction, Predictions
from vqaft.records import Manifest

SAID: dict[str, Any] = {"example_id": "1", "group": "g", "kind": "open", "question": "What?", "answers": ("a",)}


def evaluation(path: Path) -> Path:
    rows = (ScoredRow(**SAID, model="m", answer="a", scores={"exact": Score(value=1.0)}),)
    return Evaluation(model="m", scorers={"exact": ScorerFacts(description="exact")}, rows=rows).write(path)


def predictions(path: Path) -> Path:
    return Predictions([Prediction(example_id="1", model="m", answer="a\ud800")]).write(path)


def placement(path: Path) -> Path:
    return Placement(images={"ab": "train"}, groups={}, looks={"ab": 255}).write(path)


def manifest(path: Path) -> Path:
    Manifest(file=path.name, rows=1, size_bytes=9, example_ids=(("1",),)).write(path)
    return path


KINDS: dict[str, tuple[Callable[[Path], Path], Callable[[Path], Any]]] = {
    "evaluation": (evaluation, Evaluation.read),
    "predictions": (predictions, Predictions.read),
    "placement": (placement, Placement.read),
    "manifest": (manifest, Manifest.read),
}


@pytest.mark.parametrize(
    ("kind", "old", "new", "message"),
    [
        ("evaluation", '"value": 1.0', '"value": "much"', r"rows\.0\.scores\.exact\.Score\.value: .*'much'"),
        ("evaluation", '"value": 1.0', '"value": 2.0', r"rows\.0\.scores.*not between 0 and 1"),
        ("evaluation", '"answers": [', '"answer_s": [', r"rows\.0\.answers: Field required"),
        (
            "evaluation",
            '"description"',
            '"more": 1, "description"',
            r"scorers\.exact\.more: there is no field of this name",
        ),
        ("predictions", '"example_id": "1"', '"example_id": 1', r"line 2.*example_id: .*valid string, not 1"),
        ("predictions", '"model"', '"mode"', r"line 2.*model: Field required"),
        ("predictions", '"answer"', '"reply": "b", "answer"', r"line 2.*reply: there is no field of this name"),
        ("placement", '"train"', "7", r"images\.ab: .*valid string, not 7"),
        ("placement", '"00000000000000ff"', '"red"', r"looks\.ab: .*'red'"),
        ("placement", "placement 1", "placement 9", r"format: .*'vqaft placement 9'"),
        ("manifest", '"rows": 1', '"rows": "many"', r"rows: .*integer.*'many'"),
        ("manifest", '["1"]', "[1]", r"example_ids\.0\.0: .*valid string, not 1"),
    ],
)
def test_the_field_is_named(kind: str, old: str, new: str, message: str, tmp_path: Path) -> None:
    write, read = KINDS[kind]
    path = write(tmp_path / "file.jsonl")
    read(path)
    place = Path(Manifest.path_for(path)) if kind == "manifest" else path
    text = place.read_text(encoding="utf-8")
    assert old in text
    place.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises((StateError, DataError), match=message) as caught:
        read(path)
    assert str(place) in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("content", ["", "[]", "1", '{"format": [], "settings": 1}', "[" * 100_000])
def test_any_other_json_is_refused(kind: str, content: str, tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    place = Path(Manifest.path_for(path)) if kind == "manifest" else path
    place.write_text(content, encoding="utf-8")
    with pytest.raises((StateError, DataError)):
        KINDS[kind][1](path)


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    (read,) = Predictions.read(predictions(tmp_path / "p.jsonl"))
    assert read.answer == "a\ud800"
    assert json.loads(Evaluation.read(evaluation(tmp_path / "e.json")).to_json())["rows"][0]["scores"] == {
        "exact": {"value": 1.0, "reason": "", "label": None}
    }
