"""The answer says the truth, in other clothes.

The answer is the same as the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from vqaft.evaluation.score import AnsweredExample, Score
from vqaft.evaluation.scorers.normalize import final_answer, folded_text, plain_text, words

EQUAL = Score(value=1.0, reason="the same as the answer")


UNEQUAL = Score(value=0.0, reason="not the same as any answer that counts as right")


@dataclass(frozen=True, kw_only=True)
class ExactMatch:
    """Right where the whole answer equals one that counts as right.

    Blanks around and between words, the way Unicode composes a sign, and (unless asked for) case make no difference;
    everything else does.

    Attributes:
        case_sensitive: Whether case makes a difference.
        verbatim: Compare the stripped prediction with the canonical answer as it is written, sign by sign.
    """

    case_sensitive: bool = False
    verbatim: bool = False

    @classmethod
    def cookbook(cls) -> ExactMatch:
        """The rule by which OpenAI's cookbook scores its fine-tuned model.

        The stripped prediction equals the answer, case and all. For comparison with its figures.
        """
        return cls(case_sensitive=True, verbatim=True)

    def __call__(self, answered: AnsweredExample) -> Score:
        """Score one answer.

        Args:
            answered: The example and the answer.
        """
        answer, truths = answered.answer, answered.example.answers
        if self.verbatim:
            return EQUAL if answer.strip() == truths[0] else UNEQUAL
        if answer in truths:
            return EQUAL
        form = plain_text if self.case_sensitive else folded_text
        answer = form(answer)
        for truth in truths:
            if form(truth) == answer:
                return EQUAL
        return UNEQUAL


POLAR = frozenset({"yes", "no"})


NEGATORS = frozenset({"not", "no", "never", "neither", "nor", "isn't", "aren't", "wasn't", "cannot", "without"})


REACH = 2  # words before a match in which a negation still concerns it


SAME = Score(value=1.0, reason="says the answer")


INSIDE = Score(value=1.0, reason="holds the answer as whole words")


DIFFERENT = Score(value=0.0, reason="does not say the answer")


EQUAL_TEXT = Score(value=1.0, reason="lower-cased equal, or the lower-cased answer is a substring")


@dataclass(frozen=True, kw_only=True)
class LenientMatch:
    """Right where the final answer says one of the answers that count as right, as whole words.

    The final answer is parsed out of reasoning ("Conclusion: …"; see `final_answer`). Case, accents, punctuation,
    articles and the way a number is written make no difference. The truth may stand inside a longer answer, but not
    behind a negation ("not red") nor beside an "or" ("red or blue"). A yes-or-no question is answered by the first
    word, or else by the only one of "yes" and "no" that occurs: "not", "know" and "another" are no "no".

    Attributes:
        whole_words: Turned off only by `cookbook`.
    """

    whole_words: bool = True

    @classmethod
    def cookbook(cls) -> LenientMatch:
        """The rule by which OpenAI's cookbook scores its base model, with its defects.

        Lower-cased equal, or the lower-cased answer is a substring of the lower-cased prediction: "I do not know" is
        a right "No". For comparison with its figures.
        """
        return cls(whole_words=False)

    def __call__(self, answered: AnsweredExample) -> Score:
        """Score one answer.

        Args:
            answered: The example and the answer.
        """
        truths = answered.example.answers
        if not self.whole_words:
            return EQUAL_TEXT if truths[0].lower() in answered.answer.lower() else DIFFERENT
        if answered.answer in truths:
            return SAME
        said = words(final_answer(answered.answer))
        for truth in truths:
            score = _compare(said, _truth_words(truth))
            if score is not DIFFERENT:
                return score
        return DIFFERENT


_truth_words = lru_cache(maxsize=1 << 16)(words)


def _compare(said: tuple[str, ...], truth: tuple[str, ...]) -> Score:
    if said == truth:
        return SAME if truth else DIFFERENT
    if len(truth) >= len(said) or not truth:
        return DIFFERENT
    if len(truth) == 1 and truth[0] in POLAR:
        return INSIDE if _polarity(said) == truth[0] else DIFFERENT
    return INSIDE if _holds(said, truth) else DIFFERENT


def _polarity(said: tuple[str, ...]) -> str | None:
    if said[0] in POLAR:
        return said[0]
    found = POLAR.intersection(said)
    return next(iter(found)) if len(found) == 1 else None


def _holds(said: tuple[str, ...], truth: tuple[str, ...]) -> bool:
    if truth[0] not in said:
        return False
    size = len(truth)
    for start in range(len(said) - size + 1):
        if said[start : start + size] != truth:
            continue
        before, after = said[max(0, start - REACH) : start], said[start + size : start + size + 1]
        if NEGATORS.isdisjoint(before) and "or" not in (*before[-1:], *after):
            return True
    return False
