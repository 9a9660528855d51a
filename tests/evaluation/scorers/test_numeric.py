from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.evaluation import AnsweredExample, Numeric, ScoreFailure
from vqaft.evaluation.scorers.numeric import last_number

Make = Callable[..., AnsweredExample]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("42", "42"),
        ("It is 1,234.50 euros", "1234.50"),
        ("-3", "-3"),
        ("−3.5 °C", "-3.5"),
        ("between 2 and 7", "7"),
        ("seven", "7"),
        ("$.50", "0.50"),
        ("- $5", "-5"),
        ("60 %", "60"),
        ("1.5e3", "1500"),
        ("B12", None),
        ("none", None),
        ("", None),
        ("10-12", "12"),
        ("\uff13", "3"),
    ],
)
def test_last_number(text: str, number: str | None) -> None:
    expected = None if number is None else Decimal(number)
    assert last_number(text) == expected


@pytest.mark.parametrize(
    ("answer", "truth", "scorer", "value"),
    [
        ("There are 3.0 boats", "3", Numeric(), 1),
        ("Answer: 12\n(of 13)", "12", Numeric(), 1),
        ("3.1", "3", Numeric(), 0),
        ("3.1", "3", Numeric(absolute=0.1), 1),
        ("104", "100", Numeric(relative=0.05), 1),
        ("106", "100", Numeric(relative=0.05), 0),
        ("many", "3", Numeric(), 0),
        ("0.1", "0.10", Numeric(), 1),
    ],
)
def test_cases(answered: Make, answer: str, truth: str, scorer: Numeric, value: int) -> None:
    score = scorer(answered(answer, truth))
    assert not isinstance(score, ScoreFailure)
    assert score.value == value


def test_a_truth_without_a_number_cannot_be_scored(answered: Make) -> None:
    assert isinstance(Numeric()(answered("3", "a few")), ScoreFailure)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9))
def test_own_number_is_right_however_it_is_dressed(number: Decimal) -> None:
    from vqaft.data import VQAExample

    example = VQAExample(id="1", image=b"", question="?", answers=(str(number),))
    for answer in (f"{number}", f"{number:,}", f"The answer is {number} m.", f"{number} %"):
        score = Numeric()(AnsweredExample(example=example, answer=answer))
        assert not isinstance(score, ScoreFailure)
        assert score.value == 1
