"""How answers are written that stand in the image in another letter case."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

LetterCase: TypeAlias = Literal["kept", "upper", "lower", "title"]

_WRITE: dict[LetterCase, Callable[[str], str]] = {
    "kept": str,
    "upper": str.upper,
    "lower": str.lower,
    "title": str.title,
}


def learn_letter_case(examples: Iterable[tuple[str, str]]) -> LetterCase:
    """Choose the letter case that makes most spans equal their answers.

    Args:
        examples: Spans of images, each with the answer that it stands for; blanks do not count.

    Returns:
        The best case; "kept" where none is better.
    """
    pairs = [("".join(span.split()), "".join(answer.split())) for span, answer in examples]
    return max(_WRITE, key=lambda name: sum(_WRITE[name](span) == answer for span, answer in pairs))


def in_letter_case(text: str, letter_case: LetterCase) -> str:
    """Write a text in a letter case."""
    return _WRITE[letter_case](text)
