"""What people say in Label Studio comes back as values for the judge's calibration and for label audits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.exchange.samples import examples
from vqaft.data import label_conflicts
from vqaft.errors import DataError, ExportError
from vqaft.evaluation import LLMJudge, Rating, calibrate
from vqaft.exchange import LabelStudio, export
from vqaft.inference import ChatReply, ChatRequest

LEVELS = tuple(level.value for level in Rating)


def annotation(name: str, kind: str, *values: str, cancelled: bool = False) -> dict[str, Any]:
    key = "text" if kind == "textarea" else "choices"
    result = {"id": "x", "from_name": name, "to_name": "image", "type": kind, "value": {key: list(values)}}
    return {"id": 1, "completed_by": 1, "was_cancelled": cancelled, "result": [result]}


def annotated(folder: Path, *annotations: list[dict[str, Any]]) -> Path:
    tasks = json.loads((folder / "train.json").read_text())
    exported = [
        {"id": number, **task, "annotations": given}
        for number, (task, given) in enumerate(zip(tasks, annotations, strict=False), start=1)
    ]
    path = folder.with_name("project.json")
    path.write_text(json.dumps(exported))
    return path


def test_answers_of_people_become_examples(tmp_path: Path) -> None:
    known = examples(tmp_path / "source")
    export(known, LabelStudio(), tmp_path / "out")
    path = annotated(
        tmp_path / "out",
        [annotation("answer", "textarea", "Book Ta")],
        [annotation("answer", "textarea", "9.00"), annotation("answer", "textarea", "9.50")],
        [annotation("answer", "textarea", "skipped", cancelled=True)],
    )
    found = LabelStudio().labeled(path, known)
    assert [(one.id, one.answers) for one in found] == [("r0", ("Book Ta",)), ("r1", ("9.00", "9.50"))]
    assert found[0].group == "shop-1"
    assert [conflict.examples[0].id for conflict in label_conflicts([known[0], *found[:1]])] == ["r0"]


def test_the_small_export_format_is_read_too(tmp_path: Path) -> None:
    known = examples(tmp_path / "source")
    path = tmp_path / "min.json"
    path.write_text(
        json.dumps(
            [
                {"id": 7, "example_id": "r0", "image": "x", "answer": "Book Ta", "annotator": 1},
                {"id": 8, "example_id": "r1", "image": "x", "answer": {"text": ["9.00", "9"]}, "level": LEVELS[0]},
                {"id": 9, "example_id": "r2", "image": "x", "given": "2018", "level": {"choices": [LEVELS[-1]]}},
            ]
        )
    )
    assert [one.answers for one in LabelStudio().labeled(path, known)] == [("Book Ta",), ("9.00", "9")]
    (last,) = json.loads(path.read_text())[2:]
    path.write_text(json.dumps([last]))
    (label,) = LabelStudio(levels=LEVELS).ratings(path, known)
    assert (label.level, label.answered.answer, label.answered.example.id) == (LEVELS[-1], "2018", "r2")


class Kind:
    """A backend whose judge always chooses the best level."""

    def complete(self, request: ChatRequest) -> ChatReply:  # noqa: ARG002 - it looks at nothing
        return ChatReply(text=json.dumps({"reason": "kind", "rating": LEVELS[0]}))


def test_ratings_of_people_calibrate_a_judge(tmp_path: Path) -> None:
    known = examples(tmp_path / "source")
    target = LabelStudio(levels=LEVELS, answers={one.id: "9.00" for one in known})
    export(known, target, tmp_path / "out")
    path = annotated(
        tmp_path / "out",
        [annotation("level", "choices", LEVELS[-1])],
        [annotation("level", "choices", LEVELS[0]), annotation("level", "choices", LEVELS[0])],
    )
    labels = target.ratings(path, known)
    assert [(label.answered.example.id, label.answered.answer, label.level) for label in labels] == [
        ("r0", "9.00", LEVELS[-1]),
        ("r1", "9.00", LEVELS[0]),
        ("r1", "9.00", LEVELS[0]),
    ]
    judge = LLMJudge(Kind(), model="judge", canary=False)
    calibration = calibrate(judge, labels)
    assert calibration.n == 3
    assert calibration.agreement.value == pytest.approx(2 / 3)


def test_an_example_without_an_answer_to_rate_is_refused(tmp_path: Path) -> None:
    known = examples(tmp_path / "source")
    with pytest.raises(ExportError, match="5 problems"):
        export(known, LabelStudio(levels=LEVELS, answers={"r0": "9.00"}), tmp_path / "out")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "not a list of tasks"),
        ("[1]", "not a list of tasks"),
        ('[{"data": {}}]', "example_id"),
        ('[{"data": []}]', "task 1"),
        ('[{"data": {"example_id": "nobody"}, "annotations": []}]', "nobody"),
        ('[{"example_id": "r0", "given": "x", "level": "perfect"}]', "none of the levels"),
        ('[{"example_id": "r0", "level": "Incorrect"}]', "no rated answer"),
        ("[", "not JSON"),
    ],
)
def test_a_file_that_is_no_such_export_is_refused(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "project.json"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        LabelStudio(levels=LEVELS).ratings(path, examples(tmp_path / "source"))
