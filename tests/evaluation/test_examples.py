"""The examples of this part run, and their scorers do what their words say."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from vqaft.data import VQAExample
from vqaft.evaluation import AnsweredExample

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def custom() -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLES / "custom_scorer.py"))


def row(answer: str, truth: str, question: str = "?") -> AnsweredExample:
    return AnsweredExample(example=VQAExample(id="1", image=b"", question=question, answers=(truth,)), answer=answer)


@pytest.mark.parametrize(
    ("answer", "truth", "value"),
    [
        ("J.R.R. Tolkien", "J. R. R. Tolkien", 1),
        ("Tolkien, J. R. R.", "John Ronald Reuel Tolkien", 1),
        ("John Tolkien", "J. R. R. Tolkien", 1),
        ("Tolkien", "J. R. R. Tolkien", 1),
        ("Christopher Tolkien", "J. R. R. Tolkien", 0),
        ("Tolkien John", "J. R. R. Tolkien", 0),
        ("Conclusion: Dr. Beth Chatto", "Beth Chatto", 1),
        ("Beth Chatto & Steven Wooster", "Beth Chatto", 1),
        ("Steven Wooster", "Beth Chatto", 0),
        ("Beth Chatto", "Beth Chatto, Steven Wooster", 1),
        ("", "Beth Chatto", 0),
    ],
)
def test_authors(custom: dict[str, Any], answer: str, truth: str, value: int) -> None:
    assert custom["AuthorMatch"]()(row(answer, truth)).value == value


@pytest.mark.parametrize(
    ("answer", "truth", "value"),
    [
        ("The Hobbit", "The Hobbit: Or There and Back Again", 0.8),
        ("the hobbit or there and back again", "The Hobbit: Or There and Back Again", 1),
        ("The Hobbit (Pocket Edition)", "The Hobbit", 0.8),
        ("Hobbits", "The Hobbit: Or There and Back Again", 0),
        (": again", ": other", 0),
    ],
)
def test_titles(custom: dict[str, Any], answer: str, truth: str, value: float) -> None:
    assert custom["TitleMatch"]()(row(answer, truth)).value == value


def test_one_scorer_for_all_questions(custom: dict[str, Any]) -> None:
    book = custom["book"]
    assert book(row("Tolkien", "J. R. R. Tolkien", "Who wrote this book?")).value == 1
    assert book(row("The Hobbit", "The Hobbit: Again", "What is the title?")).value == 0.8
    assert book(row("It is Arts", "Arts", "What is the genre?")).value == 1


def test_the_scorers_example_prints_a_comparison(custom: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    custom["main"]()
    printed = capsys.readouterr().out
    assert "the main title of" in printed
    assert "tuned against base" in printed


def test_the_judge_is_calibrated_and_its_ratings_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main = runpy.run_path(str(EXAMPLES / "calibrate_judge.py"))["main"]
    main(tmp_path)
    first = capsys.readouterr().out
    for words in ("people \\ judge", "weighted kappa", "in the opposite order", "corrected:"):
        assert words in first
    main(tmp_path)
    assert "The judge took 0 requests and" in capsys.readouterr().out
