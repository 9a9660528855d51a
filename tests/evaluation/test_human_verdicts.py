"""Verdicts of people: a file that loaders, `calibrate` and the ceiling of an audit read."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vqaft.data import VQAExample, load_file
from vqaft.errors import DataError, EvaluationError
from vqaft.evaluation import (
    FOUR_LEVELS,
    RIGHT_OR_WRONG,
    AnsweredExample,
    HumanVerdict,
    HumanVerdicts,
    LevelJudge,
    RecordedJudge,
    Score,
    ScoredRow,
    ScoreFailure,
    calibrate,
    verdict_line,
    verdict_of,
)


def picture(shade: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def example(number: int = 0, **facts: object) -> VQAExample:
    known: dict[str, object] = {"question": "What color?", "answers": ("red",), "metadata": {"site": "A"}}
    return VQAExample(id=f"id-{number}", image=picture(number), **{**known, **facts})  # type: ignore[arg-type]


def written(folder: Path, *verdicts: HumanVerdict) -> Path:
    path = folder / "labels.jsonl"
    lines = [verdict_line(each, row_id=f"row-{place}", root=folder.resolve()) for place, each in enumerate(verdicts)]
    path.write_bytes(b"".join(lines))
    return path


def row(number: int, answer: str, score: Score | ScoreFailure) -> ScoredRow:
    return ScoredRow(
        example_id=f"id-{number}",
        group=str(number),
        kind="open",
        question="What color?",
        answers=("red",),
        model="m",
        answer=answer,
        scores={"judge": score},
    )


def test_a_file_of_verdicts_comes_back_as_it_was(tmp_path: Path) -> None:
    given = (
        HumanVerdict(example=example(0), answer="crimson", level="Right", person="Ann", models=("base", "tuned")),
        HumanVerdict(example=example(1), answer="blue", label="wrong", corrected="blue", person="Ann", at="2026-01-01"),
        HumanVerdict(example=example(2), answer="?", label="unsure", person="Ann"),
    )
    found = HumanVerdicts.read(written(tmp_path, *given))
    assert len(found) == 3
    for one, other in zip(given, found, strict=True):
        assert (one.answer, one.level, one.label, one.corrected) == (
            other.answer,
            other.level,
            other.label,
            other.corrected,
        )
        assert (one.person, one.models, one.at) == (other.person, other.models, other.at)
        assert one.example.id == other.example.id
        assert one.example.answers == other.example.answers
        assert other.example.metadata == {"site": "A"}


def test_loaders_read_it_as_examples_with_the_corrected_labels(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        HumanVerdict(example=example(0), answer="crimson", level="Right"),
        HumanVerdict(example=example(1), answer="blue", label="wrong", corrected="blue"),
    )
    first, second = load_file(path)
    assert (first.id, first.answers, first.question) == ("row-0", ("red",), "What color?")
    assert second.answers == ("blue",)
    assert second.metadata["site"] == "A"
    assert verdict_of(second).example.answers == ("red",)


def test_calibrate_takes_the_ratings(tmp_path: Path) -> None:
    levels = ["Right", "Right", "Wrong", "Wrong"]
    judged = [Score(value=1.0, label="Right")] * 3 + [Score(value=0.0, label="Wrong")]
    path = written(
        tmp_path,
        *(HumanVerdict(example=example(place), answer=f"a{place}", level=level) for place, level in enumerate(levels)),
        HumanVerdict(example=example(9), answer="a9", label="unsure"),
    )
    rows = [row(place, f"a{place}", score) for place, score in enumerate(judged)]
    judge = RecordedJudge.of(rows, "judge", levels=("Right", "Wrong"))
    found = calibrate(judge, HumanVerdicts.read(path).ratings)
    assert found.confusion == ((2, 0), (1, 1))
    assert found.agreement.value == 0.75


def test_a_wrong_label_is_wrong_where_one_person_says_so() -> None:
    found = HumanVerdicts(
        verdicts=(
            HumanVerdict(example=example(0), answer="a", label="wrong"),
            HumanVerdict(example=example(0), answer="b", level="Right"),
            HumanVerdict(example=example(1), answer="a", level="Right"),
            HumanVerdict(example=example(2), answer="a", label="unsure"),
        )
    )
    assert found.wrong_labels == {"id-0": True, "id-1": False}


@pytest.mark.parametrize("facts", [{"level": "Right", "label": "wrong"}, {}, {"label": "maybe"}])
def test_a_verdict_that_says_two_things_is_refused(facts: dict[str, str]) -> None:
    with pytest.raises((DataError, EvaluationError), match="label"):
        HumanVerdict(example=example(), answer="a", **facts)  # type: ignore[arg-type]


def test_files_of_something_else_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="missing"):
        HumanVerdicts.read(tmp_path / "none.jsonl")
    with pytest.raises(EvaluationError, match="no verdict"):
        verdict_of(example())
    line = json.loads(verdict_line(HumanVerdict(example=example(), answer="a", level="b"), row_id="1", root=tmp_path))
    line["metadata"]["verdict"]["person"] = 7
    (tmp_path / "bad.jsonl").write_text(json.dumps(line) + "\n")
    with pytest.raises(EvaluationError, match="person is 7"):
        HumanVerdicts.read(tmp_path / "bad.jsonl")
    line["metadata"]["verdict"]["format"] = "vqaft-verdict/2"
    (tmp_path / "newer.jsonl").write_text(json.dumps(line) + "\n")
    with pytest.raises(EvaluationError, match="another version"):
        HumanVerdicts.read(tmp_path / "newer.jsonl")
    (tmp_path / "empty.jsonl").touch()
    assert len(HumanVerdicts.read(tmp_path / "empty.jsonl")) == 0


@settings(max_examples=25)
@given(answer=st.text(), person=st.text())
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, answer: str, person: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    verdict = HumanVerdict(example=example(), answer=answer, level="x", person=person)
    (found,) = HumanVerdicts.read(written(folder, verdict))
    assert (found.answer, found.person) == (answer, person)


@pytest.mark.parametrize("answer", ["\ud800 half", "a\nb", "\u2028", '"'])
def test_odd_characters_come_back(tmp_path: Path, answer: str) -> None:
    (found,) = HumanVerdicts.read(written(tmp_path, HumanVerdict(example=example(), answer=answer, level="x")))
    assert found.answer == answer


def test_a_recorded_judge_says_what_was_recorded() -> None:
    rows = [row(0, "<think>hm</think>a", Score(value=1 / 3, label="Somewhat Similar"))]
    judge = RecordedJudge.of(rows, "judge", levels=tuple(str(level.name) for level in FOUR_LEVELS.levels))
    assert isinstance(judge, LevelJudge)
    assert judge.rubric is FOUR_LEVELS
    rated = judge(AnsweredExample(example=example(0), answer="a"))
    assert isinstance(rated, Score)
    assert rated.label == "Somewhat Similar"
    assert isinstance(judge(AnsweredExample(example=example(1), answer="a")), ScoreFailure)


def test_a_scorer_without_levels_is_right_from_one_half_on() -> None:
    rows = [
        row(0, "a", Score(value=0.5)),
        row(1, "a", Score(value=0.4)),
        row(2, "a", ScoreFailure(kind="k", message="")),
    ]
    judge = RecordedJudge.of(rows, "judge")
    assert judge.rubric is RIGHT_OR_WRONG
    assert [score.label for score in judge.ratings.values()] == ["Right", "Wrong"]
    with pytest.raises(EvaluationError, match="none of the answers"):
        RecordedJudge.of(rows[2:], "judge")


def test_levels_of_ones_own_keep_their_values() -> None:
    rows = [row(0, "a", Score(value=0.9, label="good")), row(1, "a", Score(value=0.2, label="bad"))]
    judge = RecordedJudge.of(rows, "judge", levels=("good", "so-so", "bad"))
    assert [judge.rubric.value(name) for name in judge.levels] == [0.9, 0.5, 0.2]
    with pytest.raises(EvaluationError, match="'bad' is none"):
        RecordedJudge.of(rows, "judge", levels=("good", "so-so"))
