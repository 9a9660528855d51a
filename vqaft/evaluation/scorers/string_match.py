"""String scorers: exact match, lenient match, and the two rules of OpenAI's cookbook."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from vqaft.evaluation.score import AnsweredExample, Score
from vqaft.evaluation.scorers.final_answer import final_answer
from vqaft.evaluation.scorers.focus import asked_numbers, is_number, off_focus
from vqaft.evaluation.scorers.normalize import composed_text, folded_text, words
from vqaft.evaluation.scorers.numeral import NUMBER_WORDS, PARTS, SCALES, UNITS
from vqaft.evaluation.scorers.occurrences import MONEY, occurrences
from vqaft.evaluation.scorers.polarity import SPOKEN, polarity, reference_polarity
from vqaft.evaluation.scorers.statement import GRAMMAR_WORDS, Span, Statement
from vqaft.inference import is_refusal
from vqaft.typed import typed

_EQUAL = Score(value=1.0, reason="equals a reference")
_UNEQUAL = Score(value=0.0, reason="equals no reference")
_SUBSTRING = Score(value=1.0, reason="lower-cased, the reference is a substring")
_NO_SUBSTRING = Score(value=0.0, reason="lower-cased, the reference is no substring")
_ASSERTS = Score(value=1.0, reason="asserts a reference")
_DENIES = Score(value=0.0, reason="names a reference, but denies it, leaves it open or says it of something else")
_LACKS = Score(value=0.0, reason="does not say a reference")
_REFUSES = Score(value=0.0, reason="declines to answer")
_THERE_ARE_NONE = (" there are no ", " there is no ", " there are not any ", " there aren not any ", " i see no ")
_BOUNDS = tuple(
    f" {bound}"
    for bound in (
        *("more than", "less than", "fewer than", "greater than", "larger than", "smaller than", "at least", "at most"),
        *("up to", "over", "under", "above", "below", "<", ">", "≤", "≥", "±", "between", "from"),
    )
)
_SQUEEZE = {ord(sign): None for sign in " -'."}
_ARTICLES = frozenset({"a", "an", "the"})
_NEEDS_GRAMMAR = GRAMMAR_WORDS | NUMBER_WORDS | SPOKEN | {"i", "sorry", "please", "unable", "dozen", "half", "zero"}
_NUMERIC_WORDS = NUMBER_WORDS | SCALES.keys() | PARTS.keys() | {"dozen", "dozens", "zero", "minus", "negative", "point"}
_OFTEN_A_SIGN = MONEY | {"and", "percent", "pct"}
_PREFIX = 3  # letters that a word and its inflections share
_SUBJECTS = frozenset({"it", "they", "he", "she", "there", "this", "that", "these", "those"})
_YES_OR_NO = frozenset({"yes", "no"})
_DIGIT = re.compile(r"\d")
_WORDS = re.compile(r"[a-z]+")
_SUFFIX = re.compile(r"(?<=\w\w)(?:ies|es|s|y)$")
_MEASURES = UNITS | MONEY | {"%", "°c", "°f"}


@dataclass(frozen=True, kw_only=True)
@typed
class ExactMatch:
    """Right where the whole answer equals a reference.

    Blanks around and between words, the composition and width of Unicode characters, and case make no difference;
    everything else does.

    Attributes:
        case: "ignore", or "keep" where case makes a difference.
    """

    case: Literal["ignore", "keep"] = "ignore"

    def __call__(self, answered: AnsweredExample) -> Score:
        """Score one answer.

        Args:
            answered: The example and the answer.
        """
        answer, references = answered.answer, answered.example.answers
        if answer in references:
            return _EQUAL
        form = composed_text if self.case == "keep" else folded_text
        answer = form(answer)
        return _EQUAL if any(form(reference) == answer for reference in references) else _UNEQUAL


@dataclass(frozen=True, kw_only=True)
class CookbookExactMatch:
    """The rule by which OpenAI's cookbook scores its fine-tuned model, for comparison with its figures.

    The stripped answer equals the canonical reference, case included.
    """

    def __call__(self, answered: AnsweredExample) -> Score:
        """Score one answer.

        Args:
            answered: The example and the answer.
        """
        return _EQUAL if answered.answer.strip() == answered.example.answers[0] else _UNEQUAL


@dataclass(frozen=True, kw_only=True)
class CookbookSubstringMatch:
    """The rule by which OpenAI's cookbook scores its base model, with its defects, for comparison with its figures.

    The lower-cased canonical reference is a substring of the lower-cased answer: "I do not know" is a right "No".
    """

    def __call__(self, answered: AnsweredExample) -> Score:
        """Score one answer.

        Args:
            answered: The example and the answer.
        """
        reference = answered.example.answers[0].lower()
        return _SUBSTRING if reference in answered.answer.lower() else _NO_SUBSTRING


@dataclass(frozen=True, kw_only=True)
class LenientMatch:
    """Right where the answer asserts a reference, in whole words.

    The final answer is taken out of an explanation (`final_answer`) and read as clauses. A reference counts where it
    is neither denied ("not red", "no sign of edema"), nor left open ("red or blue", a list of guesses, a question),
    nor withdrawn ("red. Actually, blue"), nor said of something that was not asked about. Case, width, punctuation,
    articles, hyphens, the notation of a number and accents that one side leaves out make no difference; signs, units,
    currencies and marks of letters do. Where an answer holds several numbers, the one counts that belongs to a word of
    the question or is called the total. Yes and no are read from the clause that says them. A refusal is never right.

    Synonyms, translations and abbreviations are not known: give them as further references, or use a judge. How often
    it errs is measured on hard outputs by `benchmarks/lenient_match.py`.
    """

    def __call__(self, answered: AnsweredExample) -> Score:
        """Score one answer.

        Args:
            answered: The example and the answer.
        """
        example = answered.example
        if answered.answer in example.answers:
            return _EQUAL
        return lenient_score(answered.answer, example.answers, example.question)


@lru_cache(maxsize=1 << 14)
def lenient_score(answer: str, references: tuple[str, ...], question: str) -> Score:
    """Score an answer leniently; what needs no grammar is told without it, to the same end.

    Args:
        answer: The answer, without reasoning.
        references: What counts as right.
        question: The question.
    """
    folded, known = folded_text(answer), set(map(folded_text, references))
    bare = folded.removeprefix("answer: ")
    is_plain = bare.replace(" ", "").isalnum() and "\n" not in answer
    if folded in known or (is_plain and bare in known):
        return _EQUAL
    folded = bare if is_plain else folded
    if folded.isascii():
        quick = {_quick(folded, reference, question) for reference in references}
        if None not in quick:
            return next(score for score in (_EQUAL, _ASSERTS, _LACKS) if score in quick)
    return by_grammar(answer, references, question)


def by_grammar(answer: str, references: tuple[str, ...], question: str) -> Score:
    """Score an answer leniently, by its clauses; see `lenient_score`."""
    if is_refusal(answer):
        return _REFUSES
    statement = Statement(final_answer(answer))
    scores = {_compare(statement, reference, question) for reference in references}
    return next(score for score in (_EQUAL, _ASSERTS, _DENIES, _LACKS) if score in scores)


def _quick(folded: str, reference: str, question: str) -> Score | None:
    """Score plain cases by a look that costs little: what needs no grammar, and what cannot hold the reference."""
    stems = _stems(reference)
    if stems and _lacks_any(folded, stems):
        return _LACKS
    figure = _figure(reference)
    by_figure = None if figure is None else _quick_figure(folded, figure)
    if by_figure is not None or not folded.replace(" ", "").isalpha():
        return by_figure
    if folded in _YES_OR_NO:
        wants_yes = _polarity(reference)
        return None if wants_yes is None else (_ASSERTS if (folded == "yes") is wants_yes else _LACKS)
    said = folded.split()
    return _plainly(said, reference, question, stems) if _NEEDS_GRAMMAR.isdisjoint(said) else None


def _plainly(said: list[str], reference: str, question: str, stems: tuple[str, ...]) -> Score | None:
    """Score an answer of plain words, which asserts all that it says."""
    wanted = _reference_words(reference)
    if not wanted or (stems and len(stems) < wanted.count(" ") + 1):
        return None  # numbers and signs have several notations
    if f" {wanted} " in f" {' '.join(word for word in said if word not in _ARTICLES)} ":
        return None if "colo" in question else _ASSERTS
    is_told = _is_figures(reference) or (_polarity(reference) is not None and _tells_nothing(said, question))
    return _LACKS if is_told else None


def _tells_nothing(said: list[str], question: str) -> bool:
    """Return whether a plain answer repeats no word of the question and names no subject, and so says no yes or no."""
    asked = question.lower()
    return asked.isascii() and not any(word[:_PREFIX] in asked or word in _SUBJECTS for word in said)


def _quick_figure(folded: str, figure: str) -> Score | None:
    """Compare with a number: what holds none, and what is nothing but one."""
    if _DIGIT.search(folded) is None:
        said = _WORDS.findall(folded)
        return _LACKS if figure != "0" and _NUMERIC_WORDS.isdisjoint(said) else None
    if folded.isdigit() and folded[0] != "0":
        return _EQUAL if folded == figure else _LACKS
    return None


@lru_cache(maxsize=1 << 15)
def _figure(reference: str) -> str | None:
    """Return the normal form of a reference that is a number and nothing else."""
    named = words(reference)
    return named[0] if len(named) == 1 and is_number(named[0]) else None


@lru_cache(maxsize=1 << 15)
def _is_figures(reference: str) -> bool:
    """Return whether a reference is made of numbers, which a plain answer without such words cannot say."""
    return all(map(is_number, words(reference)))


@lru_cache(maxsize=1 << 15)
def _polarity(reference: str) -> bool | None:
    return reference_polarity(reference)


def _lacks_any(folded: str, stems: tuple[str, ...]) -> bool:
    squeezed = folded.translate(_SQUEEZE)
    return any(stem not in squeezed for stem in stems)


@lru_cache(maxsize=1 << 15)
def _reference_words(reference: str) -> str:
    return " ".join(words(reference))


@lru_cache(maxsize=1 << 15)
def _stems(reference: str) -> tuple[str, ...]:
    """Return what every spelling of a reference holds: its words, save numbers and signs, which have several."""
    if "." in reference or not reference.isascii():
        return ()
    chunks = reference.lower().split()
    if all(map(str.isalpha, chunks)):  # without a look at its tokens, which takes ten times as long
        named = tuple(word for word in chunks if word not in _ARTICLES)
        if len(named) == 1 and _polarity(named[0]) is not None:
            return ()
    elif all(chunk.replace(",", "").isalnum() for chunk in chunks):
        named = tuple(word for word in chunks if len(word) >= _PREFIX and word not in _ARTICLES)
    else:
        named = words(reference)
        if _polarity(reference) is not None:
            return ()
    plain = (word for word in named if word.isalpha() and word not in _OFTEN_A_SIGN)
    return tuple(_SUFFIX.sub("", word) for word in plain if word not in _NUMERIC_WORDS)


def _compare(statement: Statement, reference: str, question: str) -> Score:
    wanted = words(reference)
    if not wanted or not statement.tokens:
        return _LACKS
    if tuple(token.text for token in statement.tokens if not token.article) == wanted:
        return _EQUAL
    wants_yes = reference_polarity(reference)
    if wants_yes is not None:
        return _ASSERTS if polarity(statement, question) is wants_yes else _LACKS
    spans = occurrences(statement, reference)
    if wanted == ("0",) and not spans:
        return _ASSERTS if _says_none(statement) else _LACKS
    if not spans:
        return _LACKS
    return _ASSERTS if _asserted(statement, _answering(statement, spans, wanted, question), question) else _DENIES


def _answering(statement: Statement, spans: list[Span], wanted: tuple[str, ...], question: str) -> list[Span]:
    """Return the places that answer the question, where the reference is a number among others."""
    if not any(map(is_number, wanted)) or not all(is_number(word) or word in _MEASURES for word in wanted):
        return spans
    asked = asked_numbers(statement, spans, question)
    return [span for span in asked if not _is_bound(statement, span)]


def _asserted(statement: Statement, spans: list[Span], question: str) -> bool:
    relevant = [span for span in spans if not off_focus(statement, span, question)]
    asserted = [span for span in relevant if statement.asserts(span)]
    # What is said and then denied is not said; a mere "without a red one" later on denies nothing.
    return bool(asserted) and not (asserted[-1] != relevant[-1] and statement.takes_back(relevant[-1]))


def _is_bound(statement: Statement, span: Span) -> bool:
    """Return whether a number is a bound or an end of a range: "more than 3", "3 to 5", "<3", "3+"."""
    first, last = span
    before, after = statement.words[max(0, first - 2) : first], statement.words[last : last + 2]
    if statement.phrase(max(0, first - 2), first).rstrip().endswith(_BOUNDS):
        return True
    if after[:1] == ("+",) or (len(after) > 1 and after[0] in {"to", "or"} and is_number(after[1])):
        return True
    if before[-1:] == ("and",) and "between" in statement.words[max(0, first - 4) : first]:
        return True
    return len(before) > 1 and before[1] in {"to", "or"} and is_number(before[0])


def _says_none(statement: Statement) -> bool:
    said = statement.phrase(0, len(statement.words))
    return said.startswith((" none ", " nothing ", " no ", " nobody ")) or said.startswith(_THERE_ARE_NONE)
