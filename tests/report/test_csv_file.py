"""A table that a spreadsheet opens without harm."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from vqaft.errors import EvaluationError
from vqaft.evaluation import Comparison, Evaluation, ModelComparison, ScoredRow, compare
from vqaft.report import write_csv

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def read(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def test_an_example_is_a_line(tmp_path: Path, comparison: Comparison) -> None:
    heads, *lines = read(write_csv(tmp_path / "rows.csv", comparison))
    rows = [dict(zip(heads, line, strict=True)) for line in lines]
    assert len(rows) == 26
    assert rows[0] == {
        "example_id": "id-0",
        "group": "group-0",
        "kind": "open",
        "question_type": "colour",
        "question": "What is number 0?",
        "truth": "truth",
        "other_answers": "",
        "outcome": "won",
        "base_answer": "old 0",
        "base_failure": "",
        "base_exact": "0.0",
        "base_exact_label": "",
        "base_judge": "0.0",
        "base_judge_label": "Wrong",
        "tuned_answer": "new 0",
        "tuned_failure": "",
        "tuned_exact": "1.0",
        "tuned_exact_label": "",
        "tuned_judge": "1.0",
        "tuned_judge_label": "Right",
    }
    assert rows[25]["tuned_failure"] == "refused: I cannot help"
    assert rows[25]["tuned_answer"] == rows[25]["tuned_exact"] == ""


def test_every_model_has_its_columns_and_every_pair_its_outcome(tmp_path: Path, models: ModelComparison) -> None:
    heads, *lines = read(write_csv(tmp_path / "rows.csv", models))
    rows = [dict(zip(heads, line, strict=True)) for line in lines]
    assert [head for head in heads if head.startswith("outcome")] == [
        "outcome",
        "outcome_teacher_against_base",
        "outcome_teacher_against_tuned",
    ]
    assert [row["example_id"] for row in rows] == [f"id-{place}" for place in range(25)]
    assert [rows[5][f"{name}_answer"] for name in models.evaluations] == ["base 5", "tuned 5", "teacher 5"]
    assert [rows[5][f"{name}_exact"] for name in models.evaluations] == ["1.0", "0.0", "1.0"]
    assert [rows[5][head] for head in heads if head.startswith("outcome")] == ["lost", "both right", "won"]
    assert (rows[0]["teacher_failure"], rows[0]["teacher_exact"]) == ("missing", "")
    assert (rows[24]["base_failure"], rows[24]["tuned_failure"], rows[24]["teacher_answer"]) == (
        "missing",
        "missing",
        "teacher 24",
    )
    assert rows[24]["outcome"] == rows[0]["outcome_teacher_against_base"] == "incomplete"
    outcomes = [row["outcome_teacher_against_tuned"] for row in rows]
    pair = models.pairs[2]
    assert (outcomes.count("won"), outcomes.count("lost")) == (pair.won, pair.lost)


def test_models_compared_by_one_scorer_are_not_reported_by_another(tmp_path: Path, models: ModelComparison) -> None:
    with pytest.raises(EvaluationError, match="compared by exact, not by judge"):
        write_csv(tmp_path / "rows.csv", models, scorer="judge")


@pytest.fixture
def hostile(
    naughty: list[str], scored_row: Callable[..., ScoredRow], evaluation_of: Callable[..., Evaluation]
) -> Comparison:
    rows = [
        replace(scored_row(place, (text, 1.0)), example_id=text, question=text, answers=(text, text), group=text)
        for place, text in enumerate(naughty)
    ]
    both = evaluation_of(rows, model="=1+1")
    return compare(both, both, slice_by=None, resamples=20)


def test_no_cell_is_a_formula_and_no_text_is_lost(tmp_path: Path, hostile: Comparison, naughty: list[str]) -> None:
    _, *lines = read(write_csv(tmp_path / "rows.csv", hostile))
    assert len(lines) == len(naughty)
    assert [cell for line in lines for cell in line if cell.startswith(DANGEROUS)] == []
    for line, text in zip(lines, naughty, strict=True):
        written = text.encode(errors="backslashreplace").decode()
        assert line[4] in {written, f"'{written}"}


def test_scorers_names_are_guarded_too(
    tmp_path: Path, scored_row: Callable[..., ScoredRow], evaluation_of: Callable[..., Evaluation]
) -> None:
    both = evaluation_of([scored_row(0, ("a", 1.0))], model="m", scorers=("=cmd",))
    heads, *_ = read(write_csv(tmp_path / "rows.csv", compare(both, both, resamples=20)))
    assert not [head for head in heads if head.startswith(DANGEROUS)]
