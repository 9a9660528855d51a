"""Text that cannot hide anything."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.escape import visible


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("plain text, ünïcode, 日本語 ❤️", "plain text, ünïcode, 日本語 ❤️"),
        ("a\u202eb", "a\\u202eb"),
        ("\x00", "\\x00"),
        ("\ud800", "\\ud800"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\u2028", "\\u2028"),
        ("\u3164", "\\u3164"),
        ("\U000e0041", "\\U000e0041"),
        ("\u00a0\u3000", "\u00a0\u3000"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, wanted: str) -> None:
    assert visible(text) == wanted


def test_line_breaks_can_stay() -> None:
    assert visible("a\n\tb\r", keep="\n\t") == "a\n\tb\\r"


def test_a_long_text_says_how_long_it_is() -> None:
    assert visible("x" * 5000, limit=3) == "xxx… (5,000 characters)"


@given(st.text())
def test_nothing_is_hidden(text: str) -> None:
    assert not any(unicodedata.category(sign).startswith("C") for sign in visible(text))


@given(st.text())
def test_writing_it_twice_changes_nothing(text: str) -> None:
    assert visible(visible(text)) == visible(text)
