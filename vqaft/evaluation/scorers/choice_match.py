"""The letter of a multiple-choice answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from vqaft.evaluation.score import AnsweredExample, Score, ScoreFailure
from vqaft.evaluation.scorers.normalize import final_answer, words

ALONE = re.compile(r"^\W*([A-Za-z])\W*$")
LEADING = re.compile(r"^\W*([A-Z])(?:\s*[).:]|\s+[-–—])")
NAMED = re.compile(r"\b(?:[Oo]ption|[Cc]hoice|[Aa]nswer(?:\s+is|:)?)\s+\(?([A-Z])\b(?!')")
BRACKETED = re.compile(r"\(([A-Z])\)")


@dataclass(frozen=True, kw_only=True)
class ChoiceMatch:
    """The same choice as the truth, by its letter or its text.

    "B", "(b)", "B) a cat", "Option B", and where the choices are known "a cat" too, are the same answer. An answer
    that names two choices names none. After H. Duan et al., "VLMEvalKit", ACM MM 2024, without asking a model.

    Attributes:
        column: The column of the example's metadata that holds the choices, in order; choices are named by their
            letters alone where an example has none.
    """

    column: str = "choices"

    def __call__(self, answered: AnsweredExample) -> Score | ScoreFailure:
        """Score one answer.

        Args:
            answered: The example and the answer.
        """
        choices = tuple(answered.example.metadata.get(self.column) or ())
        truth = chosen_letter(answered.example.answer, choices)
        if truth is None:
            return ScoreFailure(kind="no choice", message=f"the answer {answered.example.answer!r} names no choice")
        said = chosen_letter(answered.answer, choices)
        if said is None:
            return Score(value=0.0, reason="names no one choice")
        return Score(value=float(said == truth), reason=f"chooses {said}, and {truth} is right")


def chosen_letter(text: str, choices: Sequence[str] = ()) -> str | None:
    """Tell which choice a text names.

    Args:
        text: An answer.
        choices: The texts of the choices, in order, where they are known.

    Returns:
        The letter, "A" for the first; None where the text names none, or more than one.
    """
    final = final_answer(text)
    letters = ascii_uppercase[: len(choices)] if choices else ascii_uppercase
    by_text = _by_text(final, choices)
    if by_text is not None:
        return by_text
    found = ALONE.findall(final.upper()) or LEADING.findall(final) or NAMED.findall(text) or BRACKETED.findall(final)
    named = {letter for letter in found if letter in letters}
    if len(named) == 1:
        return str(named.pop())
    return None if named else _inside(final, choices)


def _by_text(text: str, choices: Sequence[str]) -> str | None:
    same = [place for place, choice in enumerate(choices) if words(str(choice)) == words(text)]
    return ascii_uppercase[same[0]] if len(same) == 1 and words(text) else None


def _inside(text: str, choices: Sequence[str]) -> str | None:
    said = f" {' '.join(words(text))} "
    held = [place for place, choice in enumerate(choices) if f" {' '.join(words(str(choice)))} " in said]
    return ascii_uppercase[held[0]] if len(held) == 1 else None
