from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.data import VQAExample
from vqaft.evaluation import AnsweredExample, ExactMatch

Make = Callable[..., AnsweredExample]


@pytest.mark.parametrize(
    ("answer", "truth", "default", "case_sensitive", "cookbook"),
    [
        ("Yes", "Yes", 1, 1, 1),
        ("  Yes\n", "Yes", 1, 1, 1),
        ("yes", "Yes", 1, 0, 0),
        ("Yes.", "Yes", 0, 0, 0),
        ("The  Hobbit", "The Hobbit", 1, 1, 0),
        ("cafe\u0301", "caf\u00e9", 1, 1, 0),
        ("ﬁnance", "finance", 1, 1, 0),
        ("STRASSE", "straße", 1, 0, 0),
        ("", "Yes", 0, 0, 0),
        ("Yes", " Yes", 1, 1, 0),  # the cookbook strips the prediction only
    ],
)
def test_cases(answered: Make, answer: str, truth: str, default: int, case_sensitive: int, cookbook: int) -> None:
    row = answered(answer, truth)
    scorers = ExactMatch(), ExactMatch(case_sensitive=True), ExactMatch.cookbook()
    assert [scorer(row).value for scorer in scorers] == [default, case_sensitive, cookbook]


def test_any_answer_counts_but_for_the_cookbook(answered: Make) -> None:
    row = answered("J. R. R. Tolkien", "Tolkien", "J. R. R. Tolkien")
    assert ExactMatch()(row).value == 1
    assert ExactMatch.cookbook()(row).value == 0


@given(st.text(min_size=1).filter(str.strip), st.text())
def test_cookbook_rule_is_the_notebooks_expression(truth: str, answer: str) -> None:
    row = AnsweredExample(example=VQAExample(id="1", image=b"", question="?", answers=(truth,)), answer=answer)
    assert ExactMatch.cookbook()(row).value == float(answer.strip() == truth)


@given(st.text(min_size=1).filter(str.strip))
def test_own_reference_is_right_whatever_its_case_and_blanks(truth: str) -> None:
    example = VQAExample(id="1", image=b"", question="?", answers=(truth,))
    for answer in (truth, f"  {truth}\n", truth.casefold()):
        assert ExactMatch()(AnsweredExample(example=example, answer=answer)).value == 1
