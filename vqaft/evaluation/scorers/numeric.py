"""Numeric scorers: the number of an answer, exactly or within a tolerance."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from vqaft.evaluation.score import AnsweredExample, Score, ScoreFailure
from vqaft.evaluation.scorers.final_answer import final_answer
from vqaft.evaluation.scorers.numeral import read_foreign_words, read_words
from vqaft.evaluation.scorers.numeral_search import Numeral, find_numerals
from vqaft.typed import Amount, typed

_EQUAL = Score(value=1.0, reason="the same text")
_UNEQUAL = Score(value=0.0, reason="another text")
_NONE = Score(value=0.0, reason="no number in the answer")
_SIDE_LINE = re.compile(
    r"^[^\w\n]*(?:confidence|certainty|probability|note|source|explanation|reason)\b.*$", re.IGNORECASE | re.MULTILINE
)
_PARENTHESIS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_NOT_THE_ANSWER = re.compile(
    r"\b(?:not|rather than|instead of|than|out of|of|from)\s(?:the |a |about )?$", re.IGNORECASE
)
_BETWEEN = re.compile(r"\bbetween\s(?:\w+\s)?$|\bfrom\s$", re.IGNORECASE)
_REACH = 24
_LONGEST_NUMERAL = 100
_USE_INSTEAD = {"time": "TimeMatch", "date": "DateMatch"}


@dataclass(frozen=True, kw_only=True)
@typed
class Numeric:
    """Right where the number of the final answer is that of a reference.

    A number is read as a whole, in all usual notations: groups by commas, points, blanks, apostrophes or the Indian
    way; decimal points and, where they cannot set off a group, decimal commas; fractions, powers of ten, English number
    words, scales ("1.5 million"), units, currencies and per cent signs ("60 %" is 60, not 0.6). A piece of a number
    never counts, nor does a number in a date, a time, a range or a code.

    Of several numbers the last one counts, as in K. Cobbe et al., "Training verifiers to solve math word problems"
    (2021), leaving out those in parentheses, after "of" or "not", and in a line that states a confidence. A reference
    that is no number is a `ScoreFailure`, and so is an answer whose only numeral cannot be read without a guess.

    Attributes:
        relative: The largest relative error that counts as right.
        absolute: The largest absolute error that counts as right.
    """

    relative: Amount = 0.0
    absolute: Amount = 0.0

    def __call__(self, answered: AnsweredExample) -> Score | ScoreFailure:
        """Score one answer.

        Args:
            answered: The example and the answer.
        """
        truths = [number for truth in answered.example.answers if (number := reference_number(truth)) is not None]
        if not truths:
            return _no_reference(answered.example.answer)
        said = answer_number(answered.answer)
        if not isinstance(said, Fraction):
            return said
        near = any(self._near(said, truth) for truth in truths)
        return Score(value=float(near), reason=f"says {_written(said)}, and {_written(truths[0])} is right")

    def _near(self, said: Fraction, truth: Fraction) -> bool:
        error = abs(said - truth)
        return error <= Fraction(str(self.absolute)) or error <= Fraction(str(self.relative)) * abs(truth)


@lru_cache(maxsize=1 << 14)
def reference_number(text: str) -> Fraction | None:
    """Return the number that a reference is.

    Args:
        text: The reference; a unit or a few words may stand beside its one number.

    Returns:
        The number; None where there is none, more than one, or one in a date, time, range or code.
    """
    found = find_numerals(text)
    if not found:
        return read_foreign_words(text.strip())
    return found[0].value if len(found) == 1 else None


def answer_number(text: str) -> Fraction | Score | ScoreFailure:
    """Return the number that an answer gives.

    Args:
        text: The answer.

    Returns:
        The number; a `Score` of 0 where it gives none, or a range; a `ScoreFailure` where it cannot be read.
    """
    final = final_answer(text)
    stated = _SIDE_LINE.sub("", final)
    main = _PARENTHESIS.sub("", stated)
    for part in (main, stated, final):
        found = find_numerals(part)
        if found:
            return _chosen(part, found)
    bare = final.strip(" \n.!")
    if len(bare) > _LONGEST_NUMERAL:
        return _NONE
    spoken = read_words(bare.lower())
    foreign = read_foreign_words(bare.strip("。个個つ")) if spoken is None else spoken
    return _NONE if foreign is None else foreign


def _chosen(text: str, found: list[Numeral]) -> Fraction | Score | ScoreFailure:
    numbers = [numeral for numeral in found if numeral.value is not None]
    if not numbers:
        kinds = {numeral.kind for numeral in found}
        bare = [text[numeral.start : numeral.end] for numeral in found if numeral.kind == "code"]
        if bare and kinds == {"code"} and not any(character.isalpha() for character in text):
            return ScoreFailure(kind="unreadable number", message=f"{bare[-1]!r} is no number in a known notation")
        return Score(value=0.0, reason=f"holds a {found[-1].kind}, and no number")
    meant = [numeral for numeral in numbers if not _NOT_THE_ANSWER.search(_before(text, numeral))]
    last = (meant or numbers)[-1]
    if len(numbers) > 1 and _BETWEEN.search(_before(text, numbers[-2])):
        return Score(value=0.0, reason="holds a range, and no number")
    return last.value if last.value is not None else _NONE


def _before(text: str, numeral: Numeral) -> str:
    return text[max(0, numeral.start - _REACH) : numeral.start]


def _no_reference(reference: str) -> ScoreFailure:
    kinds = {numeral.kind for numeral in find_numerals(reference)}
    other = next((scorer for kind, scorer in _USE_INSTEAD.items() if kind in kinds), None)
    hint = f"; score it by {other}" if other else ""
    return ScoreFailure(kind="no number", message=f"the reference {reference!r} is no number{hint}")


def _written(number: Fraction) -> str:
    return str(number) if number.denominator == 1 else f"{float(number):.10g}"


@dataclass(frozen=True, kw_only=True)
@typed
class RelaxedAccuracy:
    """Right where a number is within a share of the true one, or else where the text is the same but for case.

    The published rule of charts: N. Methani et al., "PlotQA", WACV 2020; A. Masry et al., "ChartQA", Findings of ACL
    2022. It has traps, which are kept so that figures compare with the literature:

    - A year is a number: 2010 is within 5 % of 2008, and right. Use `ExactMatch` or `Numeric` for years.
    - "1,000" is text, not the number 1000; so are "12 kg" and "$12". `Numeric` reads them.
    - "2%" is 0.02, and wrong for "2".
    - A true 0 allows no error, and the tolerance is a share of the truth, not of the answer: 105 is right for 100 where
      100 is wrong for 105.3.

    Attributes:
        tolerance: The largest relative error that counts as right.
    """

    tolerance: Amount = 0.05

    def __call__(self, answered: AnsweredExample) -> Score:
        """Score one answer.

        Args:
            answered: The example and the answer.
        """
        scores = [self._compare(answered.answer.strip(), truth.strip()) for truth in answered.example.answers]
        return max(scores, key=lambda score: score.value)

    def _compare(self, answer: str, truth: str) -> Score:
        if answer.lower() == truth.lower():
            return _EQUAL
        said, true = _number(answer), _number(truth)
        if said is None or not true:
            return _UNEQUAL
        error = abs(said - true) / abs(true)
        return Score(value=float(error <= self.tolerance), reason=f"off by {100 * error:.1f} % of {truth}")


def _number(text: str) -> float | None:
    try:
        value = float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
