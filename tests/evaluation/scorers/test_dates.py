"""Dates and times of day, whatever their notation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.data import VQAExample
from vqaft.evaluation import AnsweredExample, DateMatch, ScoreFailure, TimeMatch

Make = Callable[..., AnsweredExample]


@pytest.mark.parametrize(
    ("truth", "answer", "value"),
    [
        ("17/05/2020", "17 May 2020", 1),
        ("17/05/2020", "2020-05-17", 1),
        ("2020-05-17", "May 17th, 2020", 1),
        ("17/05/2020", "17.5.20", 1),
        ("17/05/2020", "The date on the receipt is 17 May 2020.", 1),
        ("17/05/2020", "17. Mai 2020", 1),
        ("17/05/2020", "le 17 mai 2020", 1),
        ("2020-05-17", "2020年5月17日", 1),
        ("09/04/2018", "9 April 2018", 1),
        ("09/04/2018", "September 4, 2018", 1),
        ("03/04/2021", "04/03/2021", 0),
        ("17/05/2020", "18 May 2020", 0),
        ("17/05/2020", "17/05/2020 or 18/05/2020", 0),
        ("17/05/2020", "2020", 0),
        ("17/05/2020", "red", 0),
    ],
)
def test_dates(answered: Make, truth: str, answer: str, value: int) -> None:
    score = DateMatch()(answered(answer, truth))
    assert not isinstance(score, ScoreFailure)
    assert score.value == value


def test_the_order_of_day_and_month_can_be_named(answered: Make) -> None:
    row = answered("9 April 2018", "09/04/2018")
    scores = [DateMatch(order=order)(row) for order in ("day first", "month first")]
    assert [score.value for score in scores if not isinstance(score, ScoreFailure)] == [1, 0]


@given(st.dates(dt.date(1970, 1, 1), dt.date(2068, 12, 31)), st.dates(dt.date(1970, 1, 1), dt.date(2068, 12, 31)))
def test_a_date_is_right_in_every_notation_and_no_other_is(day: dt.date, other: dt.date) -> None:
    example = VQAExample(id="1", image=b"", question="?", answers=(day.isoformat(),))
    for form in ("%d %B %Y", "%B %d, %Y", "%Y-%m-%d", "%Y/%m/%d", "%d %b %Y"):
        for said in (day, other):
            score = DateMatch()(AnsweredExample(example=example, answer=said.strftime(form)))
            assert not isinstance(score, ScoreFailure)
            assert score.value == (said == day)


@pytest.mark.parametrize(
    ("truth", "answer", "value"),
    [
        ("15:15", "3:15 pm", 1),
        ("3:15", "15:15", 1),
        ("3:15", "quarter past three", 1),
        ("4:30", "It is half past four.", 1),
        ("8:45", "a quarter to nine", 1),
        ("5:00", "five o'clock", 1),
        ("5:00", "5 pm", 1),
        ("20:00", "8 in the evening", 1),
        ("8:00 am", "8 at night", 0),
        ("8:05", "eight oh five", 1),
        ("14:05", "14 Uhr 05", 1),
        ("12:00", "noon", 1),
        ("00:30", "12:30 am", 1),
        ("15:15", "15h15", 1),
        ("10:10", "ten ten", 1),
        ("3:15 am", "3:15 pm", 0),
        ("10:30", "11:30", 0),
        ("9:05", "9:05 or 9:06", 0),
        ("3:15", "3.15", 0),
        ("9:05", "red", 0),
    ],
)
def test_times(answered: Make, truth: str, answer: str, value: int) -> None:
    score = TimeMatch()(answered(answer, truth))
    assert not isinstance(score, ScoreFailure)
    assert score.value == value


def test_on_a_clock_of_24_hours_3_is_not_15(answered: Make) -> None:
    score = TimeMatch(clock="24 hours")(answered("15:15", "3:15"))
    assert not isinstance(score, ScoreFailure)
    assert score.value == 0


@given(st.times().map(lambda value: value.replace(second=0, microsecond=0)))
def test_a_time_is_right_in_both_notations(value: dt.time) -> None:
    example = VQAExample(id="1", image=b"", question="?", answers=(f"{value:%H:%M}",))
    for answer in (f"{value:%H:%M}", f"{value:%I:%M %p}", f"The clock shows {value:%I:%M} {value:%p}."):
        score = TimeMatch(clock="24 hours")(AnsweredExample(example=example, answer=answer))
        assert not isinstance(score, ScoreFailure)
        assert score.value == 1


@pytest.mark.parametrize("scorer", [DateMatch(), TimeMatch()], ids=["date", "time"])
def test_a_reference_of_another_kind_cannot_be_scored(answered: Make, scorer: DateMatch | TimeMatch) -> None:
    assert isinstance(scorer(answered("17/05/2020 3:15", "red")), ScoreFailure)
