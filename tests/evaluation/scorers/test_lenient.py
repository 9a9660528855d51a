from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.data import VQAExample
from vqaft.evaluation import AnsweredExample, LenientMatch

Make = Callable[..., AnsweredExample]


@pytest.mark.parametrize(
    ("answer", "truth", "value"),
    [
        ("red", "Red", 1),
        ("It is red.", "red", 1),
        ("smart", "art", 0),
        ("It is not red.", "red", 0),
        ("red or blue", "red", 0),
        ("The Café", "cafe", 1),
        ("1,000.50", "1000.5", 1),
        ("two", "2", 1),
        ("There are two circles", "2", 1),
        ("12", "2", 0),
        ("Reasoning: not a comic.\nConclusion: Science Fiction", "science fiction", 1),
        ("Reasoning: it says Garden.\nConclusion: Cooking", "garden", 0),
        ("Yes", "yes", 1),
        ("No, it does not.", "no", 1),
        ("I do not know", "No", 0),
        ("another technology", "No", 0),
        ("Yes, there is no other", "no", 0),
        ("There is no circle", "no", 1),
        ("yes and no", "no", 0),
        ("It could be no, it could be yes", "no", 0),
        ("", "red", 0),
        ("?", "!", 0),
        ("!", "!", 1),
        ("John Smith", "Smith, John", 0),
        ("the great gatsby by fitzgerald", "The Great Gatsby", 1),
    ],
)
def test_cases(answered: Make, answer: str, truth: str, value: int) -> None:
    assert LenientMatch()(answered(answer, truth)).value == value


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
def test_cookbook_keeps_its_defects(answered: Make, answer: str, truth: str, value: int) -> None:
    assert LenientMatch.cookbook()(answered(answer, truth)).value == value


@given(st.text(min_size=1).filter(str.strip), st.text())
def test_cookbook_rule_is_the_notebooks_expression(truth: str, answer: str) -> None:
    row = AnsweredExample(example=VQAExample(id="1", image=b"", question="?", answers=(truth,)), answer=answer)
    expected = answer.lower() == truth.lower() or truth.lower() in answer.lower()
    assert LenientMatch.cookbook()(row).value == float(expected)


def test_any_reference_counts(answered: Make) -> None:
    assert LenientMatch()(answered("a car", "automobile", "car")).value == 1


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1).filter(str.strip))
def test_own_reference_is_right(truth: str) -> None:
    example = VQAExample(id="1", image=b"", question="?", answers=(truth,))
    assert LenientMatch()(AnsweredExample(example=example, answer=truth)).value == 1


@given(st.lists(st.sampled_from(["red", "Blue", "garden", "3", "café"]), min_size=1, max_size=4))
def test_dress_makes_no_difference(parts: list[str]) -> None:
    truth = " ".join(parts)
    example = VQAExample(id="1", image=b"", question="?", answers=(truth,))
    for answer in (truth.upper(), f"The {truth}.", f"**{truth}**!", f"Answer: {truth}", truth.replace("é", "e")):
        assert LenientMatch()(AnsweredExample(example=example, answer=answer)).value == 1
