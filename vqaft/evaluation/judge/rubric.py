"""The levels that a judge may choose from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from vqaft.errors import EvaluationError


class Rating(StrEnum):
    """The four levels of OpenAI's cookbook, best first."""

    VERY_SIMILAR = "Very Similar"
    MOSTLY_SIMILAR = "Mostly Similar"
    SOMEWHAT_SIMILAR = "Somewhat Similar"
    INCORRECT = "Incorrect"


@dataclass(frozen=True, kw_only=True)
class Level:
    """One level of a rubric.

    Attributes:
        name: What the judge answers.
        value: What it counts, 0 to 1.
        meaning: When to choose it, as the judge is told.
    """

    name: str
    value: float
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Rubric:
    """What a judge is asked to do.

    Attributes:
        instructions: What to rate, as the judge is told.
        levels: The levels, best first; two at least.

    Raises:
        EvaluationError: If the levels are too few, share a name, or do not fall from best to worst within 0 to 1.
    """

    instructions: str
    levels: tuple[Level, ...]

    def __post_init__(self) -> None:
        values = [level.value for level in self.levels]
        if len(values) < 2:  # noqa: PLR2004 - one level tells nothing
            raise EvaluationError("a rubric needs two levels at least")
        if len({level.name for level in self.levels}) < len(values):
            raise EvaluationError("two levels of the rubric have the same name")
        falling = all(better > worse for better, worse in pairwise(values))
        if not (falling and values[0] <= 1 and values[-1] >= 0):
            raise EvaluationError(f"the levels' values {values} do not fall from at most 1 to at least 0")

    def value(self, name: str) -> float:
        """Give what a level counts.

        Args:
            name: The level's name.

        Raises:
            KeyError: If there is no such level.
        """
        return {level.name: level.value for level in self.levels}[name]


FOUR_LEVELS = Rubric(
    instructions="Rate how similar the candidate answer to the question is to the reference answer.",
    levels=(
        Level(
            name=Rating.VERY_SIMILAR,
            value=1.0,
            meaning="the same as the reference; nothing important is missing; punctuation and case may differ",
        ),
        Level(
            name=Rating.MOSTLY_SIMILAR,
            value=2 / 3,
            meaning="closely aligned with the reference; some words are missing or different",
        ),
        Level(
            name=Rating.SOMEWHAT_SIMILAR,
            value=1 / 3,
            meaning="noticeable differences from the reference, but the core of it is right",
        ),
        Level(
            name=Rating.INCORRECT,
            value=0.0,
            meaning="wrong, irrelevant, or with critical errors",
        ),
    ),
)
"""The levels of OpenAI's cookbook, with its meanings."""
