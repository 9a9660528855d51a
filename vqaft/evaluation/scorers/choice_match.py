"""Multiple choice: which choice an answer names, by its letter or its text."""

# ruff: noqa: RUF001 - signs and words of several scripts

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from string import ascii_uppercase
from typing import NamedTuple

from pydantic import NonNegativeInt

from vqaft.evaluation.score import AnsweredExample, Score, ScoreFailure
from vqaft.evaluation.scorers.final_answer import final_answer
from vqaft.evaluation.scorers.normalize import composed_offsets, words
from vqaft.evaluation.scorers.occurrences import occurrences
from vqaft.evaluation.scorers.statement import Statement
from vqaft.typed import typed

_LABEL = (
    r"(?:option|choice|answer|ans|letter|antwort|lösung|réponse|reponse|respuesta|opción|risposta|resposta|ответ|вариант|"
    r"उत्तर|विकल्प|الإجابة|الخيار|答案|选项|選項|选|選|答え|選択肢|正解|정답)"
)
_LINK = (
    r"(?:[:：=]|->|→|[-–—]|\b(?:is|are|was|be|would be|should be|must be|ist|lautet|est|es|è|é)\b|"
    r"是|为|选|選|は|은|는)?"
)
_LEADS = re.compile(
    rf"{_LABEL}[*_]{{0,2}}\.?\s?(?:correcta\s|correcte\s|correta\s|is\s)?{_LINK}[*_:：\s]{{0,4}}"
    r"(?:option|choice|letter|la|el|le|die|der)?\s?$",
    re.IGNORECASE,
)
_AFFIRMED_BEHIND = re.compile(
    r"\s(?:is|seems|looks|must be|would be)\s(?:clearly |definitely |probably |most likely )?"
    r"(?:the )?(?:correct|right|true|best|answer|most)\b",
    re.IGNORECASE,
)
_CHOOSES = re.compile(
    r"\b(?:choose|chose|select|pick|picked|go with|it['’]?s|it is|is|be|would be|say|so|therefore|thus|hence|but|think|"
    r"believe|guess|leaving|leaves|definitely|probably|clearly|mark)[,:]?\s$|(?:=|->|→)\s?$",
    re.IGNORECASE,
)
_LETTER = re.compile(
    r"(?<![A-Za-z0-9_À-ɏ'’])(?P<open>[(\[{<*_$\"“`]{0,6})(?P<letter>[A-Za-z])(?P<close>[)\]}>*_$\"”`]{0,6})(?P<tail>[.:：,;!?]?)"
    r"(?![A-Za-z0-9_À-ɏ'’+#])"
)
_ENDS = re.compile(
    r"\s*(?:$|\n|[.,;:!?)\]–—。！？，-]|입니다|이다|です|だ|(?:because|since|as|for|due|and|or|but|is|was|seems)\b)",
    re.IGNORECASE,
)
_REASON = re.compile(r",?\s(?:because|since|due)\b", re.IGNORECASE)
_CONTRAST = re.compile(r",?\s\(?(?:and )?(?:not|instead of|rather than|as opposed to)\s(?:option |choice )?\(?[A-Z]\b")
_TAKES_BACK = re.compile(
    r"(?:[.!?,;:\n…–—-]|\bbut)\s{0,4}(?:no|oh|hmm)?\W{0,3}(?:but )?"
    r"(?:wait|actually|correction|scratch that|i mean|sorry|"
    r"on (?:reflection|second thought|(?:a )?closer (?:look|inspection))|let me correct(?: that| myself)?)\b",
    re.IGNORECASE,
)
_DENIED_BEFORE = re.compile(
    r"\b(?:not|neither|nor|never|cannot|except|rather than|instead of|than|eliminate|exclude|rule out|ruled out|no)\b"
    r"(?!.*\b(?:but|so)\b)[^.;\n]{0,30}$|n['’]t\b(?!.*\b(?:but|so)\b)[^.;\n]{0,30}$",
    re.IGNORECASE,
)
_DENIED_BEHIND = re.compile(
    r"\W{0,3}(?:(?:is|are|was|would be|seems|can be|looks|can)\s(?:\w+ly )?not\b|"
    r"(?:is|are|was|would be|seems|looks)?\s?(?:also |clearly |definitely |probably )?"
    r"(?:isn['’]t|cannot|can['’]t|wrong|incorrect|false|ruled out|excluded|eliminated|out|unlikely|"
    r"implausible|an? (?:\w+ )?distractor)\b)",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?\n]")
_DASH = re.compile(r"\s[-–—]\s|\s?(?:です|だ|입니다|है)")
_CONTEXT = 60


class _Evidence(IntEnum):
    """How plainly a letter is meant as a choice."""

    WORD = 0
    CHOSEN = 1
    BRACKETED = 2
    LEADING = 3
    LABELED = 4
    ALONE = 5


class _Mention(NamedTuple):
    letter: str
    evidence: _Evidence


@dataclass(frozen=True, kw_only=True)
@typed
class ChoiceMatch:
    """Right where the answer names the same choice as the reference, by its letter or its text.

    A letter counts where it stands alone, in brackets, at the head of a line, or behind a word such as "option" or
    "answer" (in several languages) before an end: "B", "(b)", "B) a cat", "So, the correct option is B.", "答案: B",
    but not the article in "Answer: A big dog". A letter that is denied ("Option A is wrong, so B", "B, not A") is not
    chosen, and an answer that names two choices names none, unless it takes the first back ("A. No wait, B"). Where the
    choices are known their texts count too.

    After H. Duan et al., "VLMEvalKit", ACM MM 2024, without asking a model and without guessing.

    Attributes:
        column: The column of the example's metadata that holds the choices, in order; choices are named by their
            letters alone where an example has none.
        first_index: The number of the first choice, where references are numbers of choices: 0 as in ScienceQA, or 1.
    """

    column: str = "choices"
    first_index: NonNegativeInt = 0

    def __call__(self, answered: AnsweredExample) -> Score | ScoreFailure:
        """Score one answer.

        Args:
            answered: The example and the answer.
        """
        choices = tuple(map(str, answered.example.metadata.get(self.column) or ()))
        truths = {self._reference(text, choices) for text in answered.example.answers} - {None}
        if not truths:
            return _no_choice(answered.example.answer, choices)
        said = chosen_letter(answered.answer, choices)
        if said is None:
            return Score(value=0.0, reason="names no one choice")
        right = " or ".join(sorted(filter(None, truths)))
        return Score(value=float(said in truths), reason=f"chooses {said}, and {right} is right")

    def _reference(self, text: str, choices: tuple[str, ...]) -> str | None:
        """Return the letter of a reference, which is a choice's text, its letter, or its number."""
        by_text = _by_text(text, choices)
        if by_text is not None:
            return by_text
        bare = text.strip().strip("().[]:*").upper()
        letters = ascii_uppercase[: len(choices)] if choices else ascii_uppercase
        if len(bare) == 1 and bare in letters:
            return bare
        place = int(bare) - self.first_index if bare.isdecimal() else -1
        return letters[place] if 0 <= place < len(letters) else chosen_letter(text, choices)


@lru_cache(maxsize=1 << 13)
def chosen_letter(text: str, choices: Sequence[str] = ()) -> str | None:
    """Return which choice a text names.

    Args:
        text: An answer.
        choices: The texts of the choices, in order, where they are known; a tuple.

    Returns:
        The letter, "A" for the first; None where the text names none, or more than one.
    """
    final = final_answer(composed_offsets(text))
    letters = ascii_uppercase[: len(choices)] if choices else ascii_uppercase
    by_text = _by_text(final, choices)
    if by_text is not None:
        return by_text
    *_, last = _TAKES_BACK.split(final)
    if last != final and (corrected := chosen_letter(last.lstrip(" ,.:;!-–—"), choices)):
        return corrected
    mentions = [mention for mention in _mentions(final, choices) if mention.letter in letters]
    return _plainest(mentions) if mentions else _inside(final, choices)


def _plainest(mentions: Sequence[_Mention]) -> str | None:
    """Return the one letter that is meant most plainly; None where there are two, or another is nearly as plain."""
    best = max(mention.evidence for mention in mentions)
    named = {mention.letter for mention in mentions if mention.evidence == best}
    others = {mention.letter for mention in mentions if mention.evidence >= _Evidence.BRACKETED} - named
    if len(named) > 1 or (others and best < _Evidence.LABELED):
        return None
    return named.pop()


def _mentions(text: str, choices: Sequence[str]) -> list[_Mention]:
    found = []
    for match in _LETTER.finditer(text):
        before = text[max(0, match.start() - _CONTEXT) : match.start()]
        after = text[match.end() : match.end() + _CONTEXT]
        letter = match["letter"].upper()
        if _DENIED_BEFORE.search(before) or _DENIED_BEHIND.match(after):
            continue
        place = ascii_uppercase.index(letter)
        own_text = choices[place] if place < len(choices) else ""
        evidence = _evidence(match, before, after, own_text)
        if evidence > _Evidence.WORD:
            found.append(_Mention(letter, evidence))
    return found


def _evidence(match: re.Match[str], before: str, after: str, own_text: str) -> _Evidence:
    letter, tail = match["letter"], match["tail"]
    first_in_line = not before.rpartition("\n")[2].strip(" *_#>")
    last_in_line = not after.partition("\n")[0].strip(" *_.)!")
    if first_in_line and last_in_line:
        return _Evidence.LEADING if before.strip() or after.strip() else _Evidence.ALONE
    if not _SENTENCE_END.split(before)[-1].strip() and (last_in_line or _REASON.match(after) or _CONTRAST.match(after)):
        return _Evidence.LEADING  # a sentence of its own
    text_follows = _begins_with(after, own_text)
    ends = bool(tail) or text_follows or _ENDS.match(after) is not None
    is_word = letter == "a" or (letter == "I" and not match["close"] and not tail)
    labeled = ends and not is_word and _LEADS.search(before) is not None
    if labeled or (letter.isupper() and _AFFIRMED_BEHIND.match(after)):
        return _Evidence.LABELED
    if letter.islower():
        return _Evidence.BRACKETED if "(" in match["open"] else _Evidence.WORD
    delimited = tail in {".", ":", "："} or ")" in match["close"] or _DASH.match(after) is not None
    if first_in_line and (delimited or text_follows):
        return _Evidence.LEADING
    return _weak_evidence(match, before, after, ends=ends)


def _weak_evidence(match: re.Match[str], before: str, after: str, *, ends: bool) -> _Evidence:
    if not set(match["open"]).isdisjoint("([{*$") or ")" in match["close"]:
        return _Evidence.BRACKETED
    is_word = match["letter"] in "AI" and not match["tail"] and bool(after.strip())
    return _Evidence.CHOSEN if ends and not is_word and _CHOOSES.search(before) else _Evidence.WORD


def _begins_with(after: str, own_text: str) -> bool:
    wanted = words(own_text)
    return bool(wanted) and words(after)[: len(wanted)] == wanted and not after[:1].isalnum()


def _by_text(text: str, choices: Sequence[str]) -> str | None:
    said = words(text)
    same = [place for place, choice in enumerate(choices) if words(choice) == said]
    return ascii_uppercase[same[0]] if len(same) == 1 and said else None


def _inside(text: str, choices: Sequence[str]) -> str | None:
    """Return the one choice whose text the answer asserts; of two, where one is part of the other, the longer."""
    statement = Statement(text)
    if not statement.tokens:
        return None
    held = {}
    for place, choice in enumerate(choices):
        spans = [span for span in occurrences(statement, choice) if statement.asserts(span)]
        if spans:
            held[place] = spans[-1]
    outer = {
        place
        for place, span in held.items()
        if not any(other[0] <= span[0] and span[1] <= other[1] and other != span for other in held.values())
    }
    return ascii_uppercase[outer.pop()] if len(outer) == 1 else None


def _no_choice(reference: str, choices: tuple[str, ...]) -> ScoreFailure:
    known = f"; the choices are {', '.join(map(repr, choices))}" if choices else ""
    message = f"the reference {reference!r} is neither the text, the letter nor the number of a choice{known}"
    return ScoreFailure(kind="no choice", message=message)
