from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.evaluation.scorers.normalize import folded_text, plain_text, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Café, 1,000.50 – two", ("cafe", "1000.5", "2")),
        ("007", ("7",)),
        ("3.0", ("3",)),
        ("1,5", ("1,5",)),
        ("don’t", ("don't",)),
        ("½", ("1", "2")),
        ("$5.00", ("5",)),
        ("Ÿ", ("y",)),
        ("", ()),
    ],
)
def test_words(text: str, expected: tuple[str, ...]) -> None:
    assert words(text) == expected


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert plain_text(plain_text(text)) == plain_text(text)
    assert folded_text(folded_text(text)) == folded_text(text)


@given(st.text())
def test_case_and_composition_make_no_difference(text: str) -> None:
    import unicodedata

    assert folded_text(text.casefold()) == folded_text(text)
    assert folded_text(unicodedata.normalize("NFD", text)) == folded_text(text)
