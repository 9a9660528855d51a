"""Text that cannot hide anything, and lets no credential through."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.errors import ServiceError
from vqaft.escape import redact, visible


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


SECRET = "abcDEF0123456789xyz"


@pytest.mark.parametrize(
    "text",
    [
        f"headers: Authorization: Bearer {SECRET}",
        f"Basic {SECRET}==",
        f"invalid key sk-{SECRET}",
        f"sk-proj-{SECRET}",
        f"fw_{SECRET}",
        f"hf_{SECRET}",
        f"tgp_v1_{SECRET}",
        f'{{"api_key": "{SECRET}"}}',
        f"api-key={SECRET}&x=1",
        f"https://me:{SECRET}@proxy.example/x",
        f"password: {SECRET}",
    ],
)
def test_no_credential_stays(text: str) -> None:
    assert SECRET not in redact(text)
    assert SECRET not in str(ServiceError(text))
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "text",
    ["the key is wrong", "token limit", "row 3: task-123456789012345 is missing", "a bearer of news", "x://y/z@w"],
)
def test_plain_words_stay(text: str) -> None:
    assert redact(text) == text
