from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.engines.embedded.candidates import candidates, shape_of
from vqaft.engines.embedded.lines import Line, below, rows
from vqaft.engines.embedded.span_features import number_in, span_features


def line(text: str, left: float, top: float, *, width: float = 100, height: float = 10) -> Line:
    return Line(text=text, left=left, top=top, right=left + width, bottom=top + height)


PAGE = (
    line("Sum: 12.50", 200, 101),
    line("Mill Lane 4,", 0, 0),
    line("Sum", 0, 100),
    line("Upper Town", 5, 12),
    line("far below", 0, 300),
)


def test_lines_beside_each_other_are_a_row() -> None:
    assert [[found.text for found in row] for row in rows(PAGE)] == [
        ["Mill Lane 4,"],
        ["Upper Town"],
        ["Sum", "Sum: 12.50"],
        ["far below"],
    ]


def test_the_eye_goes_to_the_nearest_line_below() -> None:
    assert below(PAGE[1], list(PAGE[3:])) == PAGE[3]
    assert below(PAGE[3], [PAGE[4]]) is None
    assert below(PAGE[1], [line("beside", 500, 12)]) is None


def test_words_lines_rows_and_joined_lines_are_candidates() -> None:
    found = {candidate.text: candidate for candidate in candidates(PAGE)}
    for text in ("Mill Lane 4,", "Mill Lane 4, Upper Town", "Lane", "12.50", "Sum Sum: 12.50"):
        assert text in found
    assert found["12.50"].before == "Sum Sum:"
    assert found["12.50"].above == "Upper Town"
    assert found["Mill Lane 4, Upper Town"].joined == 2
    assert found["Mill Lane 4, Upper Town"].last == "Upper Town"
    assert found["Mill Lane 4,"].below == "Upper Town"


def test_a_shape_of_an_earlier_answer_is_cut_out() -> None:
    shape = re.compile(shape_of("03/12/1999"))
    assert "24/05/2018" in {candidate.text for candidate in candidates((line("D24/05/201817:30", 0, 0),), [shape])}


@given(st.text(min_size=1))
def test_a_text_has_its_own_shape(text: str) -> None:
    if not any(character.isdigit() and not character.isdecimal() for character in text):
        assert re.fullmatch(shape_of(text), text, re.DOTALL)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip), max_size=6))
def test_any_text_can_be_described(texts: list[str]) -> None:
    found = candidates(tuple(line(text.strip(), 0, 12.0 * place) for place, text in enumerate(texts)))
    assert len(span_features(found)) == len(found)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12.50", 12.5),
        ("$8.60", 8.6),
        ("RM 1,234.00", 1234.0),
        ("7 kg", 7.0),
        ("a1b2", None),
        ("", None),
        ("1-2", None),
    ],
)
def test_numbers_in_spans(text: str, number: float | None) -> None:
    assert number_in(text) == number
