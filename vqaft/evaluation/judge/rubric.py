"""Rubrics: what a judge rates, on which levels, and what each level counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from vqaft.errors import EvaluationError
from vqaft.typed import typed


class Rating(StrEnum):
    """The four levels of OpenAI's cookbook, best first."""

    VERY_SIMILAR = "Very Similar"
    MOSTLY_SIMILAR = "Mostly Similar"
    SOMEWHAT_SIMILAR = "Somewhat Similar"
    INCORRECT = "Incorrect"


@dataclass(frozen=True, kw_only=True)
@typed
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
@typed
class Rubric:
    """What a judge is asked to rate, and on which levels.

    The distances between the levels' values are a convention that every mean depends on: the rubrics here space them
    evenly. State your own with `with_values`, and see whether a comparison holds under both.

    Attributes:
        instructions: What to rate, as the judge is told.
        levels: The levels, best first; at least two.

    Raises:
        EvaluationError: If the levels are too few, share a name, or do not fall from best to worst within 0 to 1.
    """

    instructions: str
    levels: tuple[Level, ...]

    def __post_init__(self) -> None:
        values = [level.value for level in self.levels]
        if len(values) < 2:  # noqa: PLR2004 - one level tells nothing
            raise EvaluationError(f"a rubric needs at least two levels, and has {len(values)}")
        if len({level.name for level in self.levels}) < len(values):
            raise EvaluationError("two levels of the rubric have the same name")
        falling = all(better > worse for better, worse in pairwise(values))
        if not (falling and values[0] <= 1 and values[-1] >= 0):
            raise EvaluationError(f"the levels' values {values} do not fall from at most 1 to at least 0")

    @property
    def scale(self) -> str:
        """The levels with their values in words, best first: "Right 1, Wrong 0"."""
        return ", ".join(f"{level.name} {level.value:.3g}" for level in self.levels)

    def value(self, name: str) -> float:
        """Return what a level counts.

        Args:
            name: The level's name.

        Raises:
            KeyError: If there is no such level.
        """
        return {level.name: level.value for level in self.levels}[name]

    def with_values(self, values: Sequence[float]) -> Rubric:
        """Return the same rubric with other distances between its levels.

        Args:
            values: What each level counts, best first.

        Raises:
            EvaluationError: If there are not as many values as levels, or they do not fall within 0 to 1.
        """
        if len(values) != len(self.levels):
            raise EvaluationError(f"{len(values)} values for {len(self.levels)} levels")
        pairs = zip(self.levels, values, strict=True)
        return replace(self, levels=tuple(replace(level, value=value) for level, value in pairs))


FOUR_LEVELS = Rubric(
    instructions=(
        "Rate how right the candidate answer to the question is. The reference says what is right; where there are "
        "several references, each of them is right by itself. Judge what the candidate asserts, not its wording or its "
        "length: another phrasing, more detail that is not wrong, and another notation of the same number, date or "
        "unit are as good. A different number, name, date, place or yes for no is wrong however similar it looks."
    ),
    levels=(
        Level(
            name=Rating.VERY_SIMILAR,
            value=1.0,
            meaning="says what a reference says, in whatever words; nothing that was asked for is missing or wrong",
        ),
        Level(
            name=Rating.MOSTLY_SIMILAR,
            value=2 / 3,
            meaning="right in the main point; a lesser part of what was asked for is missing or imprecise",
        ),
        Level(
            name=Rating.SOMEWHAT_SIMILAR,
            value=1 / 3,
            meaning="right in part only; an important part of what was asked for is missing or wrong",
        ),
        Level(
            name=Rating.INCORRECT,
            value=0.0,
            meaning="not what a reference says, contradictory, undecided, or no answer",
        ),
    ),
)
"""How right an answer is, on levels named as in OpenAI's cookbook; evenly spaced."""

SIMILARITY = Rubric(
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
        Level(name=Rating.INCORRECT, value=0.0, meaning="wrong, irrelevant, or with critical errors"),
    ),
)
"""How similar an answer is to the reference, as in OpenAI's cookbook: "9.00" and "9.10" can be closely aligned."""

RIGHT_OR_WRONG = Rubric(
    instructions=FOUR_LEVELS.instructions,
    levels=(
        Level(name="Right", value=1.0, meaning="says what a reference says; nothing that was asked for is missing"),
        Level(name="Wrong", value=0.0, meaning="anything else, an answer that is undecided or right in part included"),
    ),
)
"""Whether an answer is right: two levels, without a convention about the distances between them."""
