from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.data import VQAExample
from vqaft.evaluation import AnsweredExample, CookbookExactMatch, CookbookSubstringMatch, ExactMatch

Make = Callable[..., AnsweredExample]


@pytest.mark.parametrize(
    ("answer", "truth", "default", "cased", "cookbook"),
    [
        ("Yes", "Yes", 1, 1, 1),
        ("  Yes\n", "Yes", 1, 1, 1),
        ("yes", "Yes", 1, 0, 0),
        ("Yes.", "Yes", 0, 0, 0),
        ("The  Hobbit", "The Hobbit", 1, 1, 0),
        ("cafe\u0301", "caf\u00e9", 1, 1, 0),
        ("ﬁnance", "finance", 1, 1, 0),
        ("102", "10²", 0, 0, 0),
        ("1", "①", 0, 0, 0),
        ("STRASSE", "straße", 1, 0, 0),
        ("", "Yes", 0, 0, 0),
        ("Yes", " Yes", 1, 1, 0),  # the cookbook strips the prediction only
    ],
)
def test_cases(answered: Make, answer: str, truth: str, default: int, cased: int, cookbook: int) -> None:
    row = answered(answer, truth)
    scorers = ExactMatch(), ExactMatch(case="keep"), CookbookExactMatch()
    assert [scorer(row).value for scorer in scorers] == [default, cased, cookbook]


def test_any_answer_counts_but_for_the_cookbook(answered: Make) -> None:
    row = answered("J. R. R. Tolkien", "Tolkien", "J. R. R. Tolkien")
    assert ExactMatch()(row).value == 1
    assert CookbookExactMatch()(row).value == 0


@given(st.text(min_size=1).filter(str.strip), st.text())
def test_cookbook_rule_is_the_notebooks_expression(truth: str, answer: str) -> None:
    row = AnsweredExample(example=VQAExample(id="1", image=b"", question="?", answers=(truth,)), answer=answer)
    assert CookbookExactMatch()(row).value == float(answer.strip() == truth)


@given(st.text(min_size=1).filter(str.strip))
def test_own_reference_is_right_whatever_its_case_and_blanks(truth: str) -> None:
    example = VQAExample(id="1", image=b"", question="?", answers=(truth,))
    for answer in (truth, f"  {truth}\n", truth.casefold()):
        assert ExactMatch()(AnsweredExample(example=example, answer=answer)).value == 1


@pytest.mark.parametrize(
    ("answer", "truth", "value"),
    [
        ("I do not know", "No", 1),
        ("Yes, it is another technology", "No", 1),
        ("smart", "Art", 1),
        ("Yes", "yes", 1),
        ("red", "blue", 0),
    ],
)
def test_the_cookbooks_substring_rule_keeps_its_defects(answered: Make, answer: str, truth: str, value: int) -> None:
    assert CookbookSubstringMatch()(answered(answer, truth)).value == value


@given(st.text(min_size=1).filter(str.strip), st.text())
def test_the_substring_rule_is_the_notebooks_expression(truth: str, answer: str) -> None:
    row = AnsweredExample(example=VQAExample(id="1", image=b"", question="?", answers=(truth,)), answer=answer)
    expected = answer.lower() == truth.lower() or truth.lower() in answer.lower()
    assert CookbookSubstringMatch()(row).value == float(expected)
