"""Numbers read as a whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.data import VQAExample
from vqaft.evaluation import AnsweredExample, Numeric, RelaxedAccuracy, ScoreFailure

Make = Callable[..., AnsweredExample]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("42", "42"),
        ("It is 1,234.50 euros", "1234.50"),
        ("1.234,50 €", "1234.5"),
        ("1 234 567", "1234567"),
        ("1\u202f234\u202f567,8", "1234567.8"),
        ("1'234'567", "1234567"),
        ("12,34,567", "1234567"),
        ("1.234.567", "1234567"),
        ("12,5", "12.5"),
        ("0,125", "0.125"),
        ("1,234", "1234"),
        ("-3", "-3"),
        ("−3.5 °C", "-3.5"),
        ("minus seven", "-7"),
        ("seven", "7"),
        ("Forty-two", "42"),
        ("one hundred and five", "105"),
        ("two point five", "2.5"),
        ("a dozen eggs", "12"),
        ("3/4", "0.75"),
        ("1 1/2 cups", "1.5"),
        ("2½", "2.5"),
        ("three quarters", "0.75"),
        ("$.50", "0.50"),
        ("- $5", "-5"),
        ("RM12.90", "12.9"),
        ("60 %", "60"),
        ("1.5e3", "1500"),
        ("6.02×10²³", "602000000000000000000000"),
        ("3.2 million", "3200000"),
        ("$2.5M", "2500000"),
        ("3 lakh", "300000"),
        ("\uff13", "3"),
        ("٣", "3"),
        ("einundzwanzig", "21"),
        ("nineteen ninety-nine", "1999"),
        ("a quarter", "0.25"),
        ("三百二十一", "321"),
        ("5\n\nConfidence: 90 %", "5"),
        ("5 (of 12)", "5"),
        ("5 out of 12", "5"),
        ("5, not 6", "5"),
        ("3 cats and 2 dogs, so 5", "5"),
        ("half", "0.5"),
        ("3 on the left half", "3"),
        ("**7**", "7"),
        ("__7__", "7"),
        ("It is **7** in total.", "7"),
        ("A$7", "7"),
        ("A7", None),
        ("S5", None),
        ("the left one", None),
        ("B12", None),
        ("COVID-19", None),
        ("21st", None),
        ("10-12", None),
        ("between 2 and 7", None),
        ("11:30", None),
        ("2021-03-04", None),
        ("none", None),
        ("", None),
    ],
)
def test_an_answer_gives_its_number_whole_or_none(answered: Make, text: str, number: str | None) -> None:
    for wanted in (number or "0", "3", "12", "7"):
        score = Numeric()(answered(text, wanted))
        assert not isinstance(score, ScoreFailure)
        assert score.value == (number is not None and Decimal(wanted) == Decimal(number)), wanted


@pytest.mark.parametrize(
    ("answer", "truth", "scorer", "value"),
    [
        ("There are 3.0 boats", "3", Numeric(), 1),
        ("10^3", "1000", Numeric(), 1),
        ("2**-1", "0.5", Numeric(), 1),
        ("10^3", "3", Numeric(), 0),
        ("5 x 10^999999999", "5", Numeric(), 0),
        ("5 × 10⁹⁹⁹⁹⁹⁹⁹", "5", Numeric(), 0),
        ("9" * 60 + "^99", "9", Numeric(), 0),
        ("10^999999999", "10", Numeric(), 0),
        ("10^-2", "0.01", Numeric(), 1),
        ("10^{3}", "10", Numeric(), 0),
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


@pytest.mark.parametrize(("truth", "other"), [("a few", ""), ("12:30", "TimeMatch"), ("2021-03-04", "DateMatch")])
def test_a_reference_that_is_no_number_cannot_be_scored(answered: Make, truth: str, other: str) -> None:
    score = Numeric()(answered("3", truth))
    assert isinstance(score, ScoreFailure)
    assert other in score.message


def test_a_numeral_in_no_known_notation_is_a_failure(answered: Make) -> None:
    assert isinstance(Numeric()(answered("1,23.45,6", "6")), ScoreFailure)


DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9)
DRESSES = ("{}", "{:,}", "The answer is {} m.", "{} %", "{:,} USD", "about {}")


def value(truth: str, answer: str) -> float:
    example = VQAExample(id="1", image=b"", question="?", answers=(truth,))
    score = Numeric()(AnsweredExample(example=example, answer=answer))
    assert not isinstance(score, ScoreFailure)
    return score.value


@given(DECIMALS, DECIMALS, st.sampled_from(DRESSES))
def test_a_number_is_right_in_every_notation_and_no_other_is(number: Decimal, other: Decimal, dress: str) -> None:
    assert value(str(number), dress.format(number)) == 1
    assert value(str(number), dress.format(other)) == (number == other)
    european = f"{number:,}".translate(str.maketrans(",.", ".,"))
    assert value(str(number), european) == 1


@given(st.integers(0, 10**9))
def test_number_words_are_read(number: int) -> None:
    from vqaft.evaluation.scorers.numeral import read_words

    assert read_words(in_words(number)) == number


ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def in_words(number: int) -> str:
    for size, name in ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = f" {in_words(number % size)}" if number % size else ""
            return f"{in_words(number // size)} {name}{rest}"
    if number < 20:
        return ONES[number]
    return TENS[number // 10] + (f"-{ONES[number % 10]}" if number % 10 else "")


@given(st.integers(1, 99), st.integers(2, 99))
def test_fractions_are_read(above: int, below: int) -> None:
    from vqaft.evaluation.scorers.numeral import read_digits

    assert read_digits(f"{above}/{below}") == Fraction(above, below)


@pytest.mark.parametrize(
    ("truth", "answer", "right"),
    [("2008", "2010", 1), ("1000", "1,000", 0), ("2", "2%", 0), ("100", "105", 1), ("0", "0.1", 0)],
)
def test_the_documented_traps_of_relaxed_accuracy(answered: Make, truth: str, answer: str, right: int) -> None:
    assert RelaxedAccuracy()(answered(answer, truth)).value == right
