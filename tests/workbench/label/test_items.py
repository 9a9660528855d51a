"""What is labeled, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workbench.answered import BASE, TUNED, examples, write_project
from vqaft.data import save_examples
from vqaft.errors import DataError
from vqaft.evaluation import RIGHT_OR_WRONG
from vqaft.workbench.label.items import LabelTask, TaskFiles, load_task


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_project(tmp_path)
    return tmp_path


def task(folder: Path, answers: str, kind: str, *, second: str | None = None, where: str = "test.jsonl") -> LabelTask:
    files = TaskFiles(
        answers=folder / answers,
        kind=kind,  # type: ignore[arg-type]
        second=None if second is None else folder / second,
        examples=(folder / "base-predictions.jsonl", folder / where),
    )
    return load_task(files)


def names(found: LabelTask) -> list[tuple[str, str]]:
    return [(item.example.id, item.answer) for item in found.items]


def test_two_models_against_a_label_come_first(folder: Path) -> None:
    found = task(folder, "comparison.json", "comparison")
    assert names(found)[:2] == [("id-1", "pink"), ("id-3", "pink")]
    first, *_, last = found.items
    assert first.models == ("small", "small-tuned")
    assert first.evidence == ("Both models answer 'pink'.",)
    assert first.is_disagreement
    assert not last.is_disagreement
    assert found.audit is not None
    assert sorted(names(found)) == sorted(
        {(f"id-{place}", answer) for place in range(6) for answer in (BASE[place], TUNED[place])}
    )


def test_two_evaluations_are_compared(folder: Path) -> None:
    found = task(folder, "base.json", "evaluation", second="tuned.json")
    assert names(found) == names(task(folder, "comparison.json", "comparison"))


def test_of_one_model_the_wrong_answers_come_first(folder: Path) -> None:
    found = task(folder, "base.json", "evaluation")
    assert {name for name, _ in names(found)[:3]} == {"id-1", "id-3", "id-5"}
    assert [item.is_disagreement for item in found.items] == [True] * 3 + [False] * 3
    assert (found.scorer, found.rubric, found.audit) == ("judge", RIGHT_OR_WRONG, None)
    assert {item.answer: item.judged for item in found.items}["navy"] == "Right"


def test_predictions_are_scored_by_words(folder: Path) -> None:
    found = task(folder, "base-predictions.jsonl", "predictions")
    assert found.scorer == "lenient"
    assert {item.answer: item.judged for item in found.items}["navy"] == "Wrong"
    assert len(found.items) == 6
    assert task(folder, "base-predictions.jsonl", "predictions", second="tuned-predictions.jsonl").audit is not None


def test_the_order_of_the_rest_has_nothing_to_do_with_the_data(folder: Path) -> None:
    assert names(task(folder, "base.json", "evaluation")) == names(task(folder, "base.json", "evaluation"))


def test_the_examples_that_were_asked_about_are_found(folder: Path) -> None:
    save_examples(folder / "few.jsonl", examples()[:2])
    found = task(folder, "base.json", "evaluation", where="few.jsonl")
    assert {item.example.id for item in found.items} == {"id-0", "id-1"}
    assert found.without_example == 4
    (folder / "other.jsonl").write_bytes((folder / "test.jsonl").read_bytes().replace(b'"id-', b'"other-'))
    with pytest.raises(DataError, match="none of the answers belongs"):
        task(folder, "base.json", "evaluation", where="other.jsonl")
