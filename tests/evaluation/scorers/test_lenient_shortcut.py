"""What lenient match tells without its grammar is what the grammar tells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vqaft.evaluation.scorers.normalize import folded_text
from vqaft.evaluation.scorers.string_match import by_grammar, lenient_score

HARD = Path(__file__).resolve().parents[3] / "benchmarks" / "data" / "hard_outputs"
WORDS = st.sampled_from(
    [
        *(
            "red",
            "blue",
            "The",
            "a",
            "A",
            "garden",
            "art",
            "arts",
            "city",
            "cities",
            "color",
            "it",
            "is",
            "John",
            "Smith",
        ),
        *("yes", "no", "not", "none", "never", "or", "maybe", "sorry", "please", "so", "Ja", "nein", "true"),
        *(
            "one",
            "two",
            "1",
            "2",
            "12",
            "0",
            "007",
            "1,000",
            "1000",
            "5.",
            "3/4",
            "-5",
            "B12",
            "$5",
            "5",
            "usd",
            "dollars",
        ),
        *("dozen", "half", "third", "two thirds", "hundred", "million", "minus", "point", "zero", "percent", "%", "5%"),
        *("and", "&", "x-ray", "x ray", "xray", "Answer:", "no.", ".", ",", "-", "cm", "k", "(red)", "red?", "'red'"),
    ]
)
TEXTS = st.lists(WORDS, min_size=1, max_size=5).map(" ".join)
QUESTIONS = st.sampled_from(["?", "What color is it?", "Is it red?", "How many arts are there?", "Are there two?"])


def agree(answer: str, references: tuple[str, ...], question: str) -> None:
    if folded_text(answer) in map(folded_text, references):
        assert lenient_score(answer, references, question).value == 1
    else:
        assert lenient_score(answer, references, question).value == by_grammar(answer, references, question).value


@settings(max_examples=600, deadline=None)
@given(answer=TEXTS, references=st.lists(TEXTS, min_size=1, max_size=2).map(tuple), question=QUESTIONS)
@example(answer="red", references=("yes",), question="Is it red?")
@example(answer="art & craft", references=("art and crafts",), question="?")
@example(answer="12", references=("dozen",), question="How many?")
@example(answer="2/3", references=("two thirds",), question="?")
@example(answer="a", references=(",",), question="?")
@example(answer="Answer: red", references=("Answer: red",), question="?")
def test_short_answers_are_scored_as_by_the_grammar(answer: str, references: tuple[str, ...], question: str) -> None:
    agree(answer, references, question)


@pytest.mark.parametrize("file", ["development.jsonl", "frozen.jsonl"])
def test_hard_outputs_are_scored_as_by_the_grammar(file: str) -> None:
    rows = [json.loads(line) for line in (HARD / file).read_text(encoding="utf-8").splitlines()]
    for row, other in zip(rows, rows[1:] + rows[:1], strict=True):
        agree(row["output"], tuple(row["references"]), row["question"])
        agree(row["output"], tuple(other["references"]), row["question"])
