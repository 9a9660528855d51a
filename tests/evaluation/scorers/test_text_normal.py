from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.evaluation.scorers.normalize import composed_text, folded_text, same_word, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Café, 1,000.50 – two", ("café", "1000.5", "2")),
        ("007", ("007",)),
        ("3.0", ("3",)),
        ("1,5", ("1.5",)),
        ("don’t", ("don", "t")),
        ("½", ("1/2",)),
        ("4/4", ("4/4",)),
        ("$5.00", ("$", "5")),
        ("-5 °C", ("-5", "°c")),
        ("Ÿ", ("ÿ",)),
        ("vitamin A", ("vitamin", "a")),
        ("The The", ("the",)),
        ("A", ("a",)),
        ("C++ and C#", ("c++", "and", "c#")),
        ("grade B-", ("grade", "b-")),
        ("P. D. James", ("pd", "james")),
        ("10²", ("10²",)),
        ("H₂O", ("h2o",)),
        ("दिल्ली", ("दिल्ली",)),
        ("これ犬", ("こ", "れ", "犬")),
        ("a > b", ("a", ">", "b")),
        ("ﬁsh", ("fish",)),
        ("09-04-2018", ("9-4-2018",)),
        ("4–5", ("4-5",)),
        ("😀", ("😀",)),
        ("", ()),
    ],
)
def test_words(text: str, expected: tuple[str, ...]) -> None:
    assert words(text) == expected


@given(st.text())
def test_normalizing_twice_changes_nothing(text: str) -> None:
    assert composed_text(composed_text(text)) == composed_text(text)
    assert folded_text(folded_text(text)) == folded_text(text)


@given(st.text())
def test_case_and_composition_make_no_difference(text: str) -> None:
    import unicodedata

    assert folded_text(text.casefold()) == folded_text(text)
    assert folded_text(unicodedata.normalize("NFD", text)) == folded_text(text)


@given(st.text())
def test_case_makes_no_difference_to_words_of_letters(text: str) -> None:
    letters = "".join(sign for sign in text if sign.isalpha())
    assert words(letters.casefold()) == words(words(letters)[0]) if letters and len(words(letters)) == 1 else True


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("café", "cafe", True), ("pêche", "péché", False), ("мой", "мои", False), ("ガ", "カ", False), ("ёж", "еж", True)],
)
def test_accents_may_be_missing_but_not_differ(one: str, other: str, *, same: bool) -> None:
    assert same_word(one, other) is same
    assert same_word(other, one) is same
