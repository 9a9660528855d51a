from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.engines.embedded.inputs import PromptTemplate
from vqaft.engines.embedded.ocr import Line
from vqaft.engines.embedded.spans import find_spans, number_in, pattern_of, span_features
from vqaft.engines.embedded.spelling import ReadAnswer, Spelling, learn_spelling


def line(text: str, left: float, top: float, *, width: float = 100, height: float = 10) -> Line:
    return Line(text=text, left=left, top=top, right=left + width, bottom=top + height)


PAGE = (
    line("Sum: 12.50", 200, 101),
    line("Mill Lane 4,", 0, 0),
    line("Sum", 0, 100),
    line("Upper Town", 5, 12),
    line("far below", 0, 300),
)


def test_words_lines_rows_and_joined_lines_are_spans() -> None:
    found = {span.text: span for span in find_spans(PAGE)}
    for text in ("Mill Lane 4,", "Mill Lane 4, Upper Town", "Lane", "12.50", "Sum Sum: 12.50"):
        assert text in found
    assert found["12.50"].before == "Sum Sum:"
    assert found["12.50"].above == "Upper Town"
    assert found["Mill Lane 4, Upper Town"].joined == 2
    assert found["Mill Lane 4,"].below == "Upper Town"
    assert found["Upper Town"].below == ""


def test_what_has_the_pattern_of_an_earlier_answer_is_cut_out() -> None:
    found = find_spans((line("D24/05/201817:30", 0, 0),), [pattern_of("03/12/1999")])
    assert "24/05/2018" in {span.text for span in found}


@given(st.text(min_size=1))
def test_a_text_has_its_own_pattern(text: str) -> None:
    if not any(character.isdigit() and not character.isdecimal() for character in text):
        assert re.fullmatch(pattern_of(text), text, re.DOTALL)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip), max_size=6))
def test_any_text_can_be_described(texts: list[str]) -> None:
    found = find_spans(tuple(line(text.strip(), 0, 12.0 * place) for place, text in enumerate(texts)))
    assert len(span_features(found)) == len(found)


@pytest.mark.parametrize(
    ("text", "number"),
    [("12.50", 12.5), ("$8.60", 8.6), ("RM 1,234.00", 1234.0), ("7 kg", 7.0), ("a1b2", None), ("", None)],
)
def test_numbers_in_spans(text: str, number: float | None) -> None:
    assert number_in(text) == number


@pytest.mark.parametrize(
    ("read", "written"),
    [
        ("Otter & S0ns Ltd", "OTTER & S0NS LTD"),
        ("Otter & Sans Ltd", "OTTER & SONS LTD"),
        ("Heron 12 Lane", "HERON 12 LANE"),
        ("cat", "CAT"),
    ],
)
def test_misread_answers_are_corrected(read: str, written: str) -> None:
    answers = {"otter&sonsltd": "OTTER & SONS LTD", "heron13lane": "HERON 13 LANE"}
    assert Spelling(letter_case="upper", answers=answers).corrected(read) == written


def test_answers_that_differ_by_a_letter_are_not_corrected() -> None:
    names = [f"Otter & Sons {letter}" for letter in "ABCDEF"]
    spelling = learn_spelling([ReadAnswer(image=name, span=name, answer=name) for name in names])
    assert spelling.corrected("Otter & Sons G") == "Otter & Sons G"


@pytest.mark.parametrize(
    ("texts", "question"),
    [
        (["Question: a b?\nIn a word.", "Question: a c?\nIn a word."], "a b?"),
        (["What is red?", "What is blue?"], "What is red?"),
        (["Same?", "Same?"], "Same?"),
        (["Look.\n\nWho?", "Look.\n\nWhat?"], "Who?"),
    ],
)
def test_the_prompt_template_is_removed(texts: list[str], question: str) -> None:
    template = PromptTemplate.of(texts)
    assert template.question(texts[0]) == question
    assert template.question("Something else") == "Something else"
