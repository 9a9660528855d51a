from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.engines.embedded.answers import plain, question_features, recurring, shared_words
from vqaft.engines.embedded.inputs import Pair
from vqaft.engines.embedded.ocr import Line
from vqaft.engines.embedded.spans import find_spans, number_in, shape
from vqaft.engines.embedded.text_reader import learn_to_read


def line(text: str, left: float, top: float, *, width: float = 100, height: float = 10) -> Line:
    return Line(text=text, left=left, top=top, right=left + width, bottom=top + height)


PAGE = (
    line("Sum: 12.50", 200, 101),
    line("Mill Lane 4,", 0, 0),
    line("Sum", 0, 100),
    line("Upper Town", 5, 12),
    line("far below", 0, 300),
)


def test_words_rows_and_runs_of_rows_are_spans() -> None:
    found = {span.text: span for span in find_spans(PAGE)}
    for text in ("Mill Lane 4,", "Mill Lane 4, Upper Town", "Lane", "12.50", "Sum Sum: 12.50"):
        assert text in found
    assert found["12.50"].before == "Sum Sum:"
    assert found["12.50"].above == "Upper Town"
    assert found["Mill Lane 4, Upper Town"].below == "Sum Sum: 12.50"
    assert found["Mill Lane 4,"].below == "Upper Town"
    assert found["far below"].below == ""


def test_what_has_the_shape_of_an_earlier_answer_is_cut_out() -> None:
    (alone,) = (line("D24/05/201817:30", 0, 0),)
    assert "24/05/2018" not in {span.text for span in find_spans((alone,))}
    assert "24/05/2018" in {span.text for span in find_spans((alone,), [shape("03/12/1999")])}


@given(st.text())
def test_a_shape_is_as_long_as_its_text_and_its_own_shape(text: str) -> None:
    assert len(shape(text)) == len(text)
    assert shape(shape(text)) == shape(text)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip), max_size=6))
def test_any_text_can_be_described(texts: list[str]) -> None:
    found = find_spans(tuple(line(text.strip(), 0, 12.0 * place) for place, text in enumerate(texts)))
    assert all(span.features() for span in found)


@pytest.mark.parametrize(
    ("text", "number"),
    [("12.50", 12.5), ("$8.60", 8.6), ("RM 1,234.00", 1234.0), ("7 kg", 7.0), ("a1b2", None), ("", None)],
)
def test_numbers_in_spans(text: str, number: float | None) -> None:
    assert number_in(text) == number


@pytest.mark.parametrize("words", ["Who sends it?", "?!", ""])
def test_answers_of_one_question_are_read_in_its_letter_case(words: str) -> None:
    names = [f"Otter & Sons {letter}" for letter in "abcdefgh"]
    lines = {name: (line("No. 1", 0, 0), line(name, 0, 20), line("Thank you", 0, 40)) for name in names}
    pairs = [Pair(image=name, question=words, answer=name.upper()) for name in names]
    reading = learn_to_read(pairs, lines, seed=0)
    assert reading.reader is not None
    assert reading.answered == frozenset(range(len(names)))
    page = reading.reader.page((line("No. 2", 0, 0), line("Heron & Co z", 0, 20), line("Thank you", 0, 40)))
    assert reading.reader.rank(page, words)[0][0] == "HERON & CO Z"
    assert reading.reader.rank(reading.reader.page(()), words) == []


def test_an_answer_that_stands_in_every_text_is_not_read_from_it() -> None:
    names = [str(number) for number in range(8)]
    lines = {name: (line("a sure thing", 0, 0), line("no", 0, 20)) for name in names}
    pairs = [Pair(image=name, question="Is it?", answer="sure" if int(name) % 2 else "no") for name in names]
    assert learn_to_read(pairs, lines, seed=0).reader is None


@pytest.mark.parametrize(
    ("texts", "question"),
    [
        (["Question: a b?\nIn a word.", "Question: a c?\nIn a word."], "b"),
        (["What is red?", "What is blue?"], "red"),
        (["Same?", "Same?"], "same"),
        (["Look.\n\nWho?", "Look.\n\nWhat?"], "who"),
        (["Is it more than 2.50?", "Is it more than 30?"], "2.50"),
        (["a b", "b a", "a"], "a b"),
    ],
)
def test_words_of_all_questions_are_left_out_where_others_remain(texts: list[str], question: str) -> None:
    assert plain(texts[0], shared_words(texts)) == question


def test_questions_that_differ_in_a_detected_answer_share_features() -> None:
    seen = {"red": 0.9, "blue": 0.1}
    red, blue = (question_features(f"Is it {name}?", seen, (), {}) for name in seen)
    assert red["masked:it #"] == blue["masked:it #"]
    assert red["match&masked:it #"] == -blue["match&masked:it #"] > 0


def test_recurring_answers_are_spelled_as_most_often() -> None:
    assert recurring(["Yes", "yes", "Yes", "No", "no", "seldom"]) == {"yes": "Yes", "no": "No"}
    assert recurring(["a", "b"]) == {"a": "a", "b": "b"}
