"""What an answer asserts: a small grammar of negation, alternatives and corrections.

An answer is read as clauses. A clause *denies* what stands in the reach of a negation ("no sign of edema"), and *leaves
open* what it joins by "or", lists, asks, or puts after "whether". A later clause may *withdraw* an earlier one
("Actually, …"). What remains is asserted. The vocabulary is data, sorted by role; it is English, with the negations and
conjunctions of other languages.
"""

# ruff: noqa: RUF001 - vocabulary in several scripts

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from vqaft.evaluation.scorers.normalize import composed_offsets, tokens
from vqaft.evaluation.scorers.numeral import vocabulary

Span: TypeAlias = tuple[int, int]
"""A range of tokens: the first, and the one after the last."""


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(f" {phrase.strip()} " for phrase in text.replace("\n", " ").split("|"))


NEGATIONS = vocabulary("""
    not no never neither nor cannot cant dont doesnt isnt arent wasnt without none hardly scarcely barely nothing nobody
    nowhere except excluding excludes excluded denies denied lacks lacking lack absent absence impossible unlikely doubt
    doubtful unlike false incorrect wrong
    keinesfalls keineswegs nicht kein keine keinen keinem keiner keines nie niemals ohne weder noch
    pas ni non jamais aucun aucune sans ningún ninguna ningun nunca sin tampoco né senza nessun nessuna não nem sem
    niet geen nooit zonder ikke ingen inte aldrig utan nie żaden değil yok
    ไม่ не ни нет без नहीं मत न ليس ليست لا لم غير 不 没 沒 非 无 無 未 别 勿
""")
NEGATION_PHRASES = _phrases("""
    rule out|ruled out|rules out|rather than|instead of|other than|far from|anything but|everything but|all but|
    free of|negative for|fail to|fails to|failed to|used to be|formerly|too blurry|opposed to|compared to|
    compared with|contrast to|than a|than an|than the|whether|if it|unable to
""")
NOT_NEGATIONS = _phrases("""
    nothing other than|not anything other than|no doubt|no question|without doubt|without a doubt|without any doubt|
    nothing but|none other than|no other than|
    no wonder|no wait|wait no|not just|no problem|anything but not|
    sans doute|sin duda|senza dubbio|ohne zweifel|kein zweifel|
    без сомнения|not sure but|not certain but|why not|not to mention
""")
ALTERNATIVES = vocabulary("or vs versus oder ou o u или либо या أو または 或 还是 還是 또는")
HEDGES = vocabulary("maybe perhaps possibly possible might could may vielleicht quizás возможно")
TENTATIVE = _phrases("""
    at first|first thought|initially|looks like|look like|could be|might be|may be|resembles|resemble|seems|seemed|
    appears|appeared|similar to|reminds|i thought|used to|
    makes it look|make it look|makes them look|making it look
""")
CORRECTIONS = _phrases("""
    actually|in fact|in reality|wait|correction|closer inspection|closer look|looking again|looking closer|
    scratch that|i mean|on second thought|my mistake|let me correct|rather say|tatsächlich|en fait|en realidad|
    на самом деле
""")
CONTRASTS = vocabulary("""
    but however although though yet while whereas because since as so then
    بل لكن sondern aber mais pero sino ma mas но а 但 而
""")
CONCESSIONS = frozenset({"though", "although", "while", "whereas"})
VERBS = vocabulary("""
    is are was were am be has have had shows show showing depicts appears seems looks contains says reads does do did
    can cannot could will would may might must being
    ist sind hat zeigt est sont es son está è é são это है हैं था
""")
INVERTED = vocabulary("is are was were does do did can could would will isn aren doesn what which")
DETERMINERS = vocabulary("the its his her their")
DENIED_BEHIND = vocabulary("""
    not never cannot absent ruled excluded unlikely missing impossible incorrect wrong denied false negative nowhere
    removed gone
""")
NEGATED_AT_THE_END = vocabulary("नहीं मत 아니라 아니고 아닌 아닙니다 아니다 아니에요 없습니다 않습니다")
NEGATED_BY_ENDING = (("な", "い"), ("な", "く"), ("ま", "せ"), ("無", "し"))  # Japanese: 赤くない, 犬ではありません
ENDINGS = frozenset(".!?;\n。！？；।؟…—")
COMMAS = frozenset(",，、،")
ABBREVIATIONS = vocabulary("vs dr mr mrs ms st etc approx ca fig vol prof jr sr inc ltd co")
REPLIES = vocabulary("no yes nein ja non oui sí нет да")
GRAMMAR_WORDS = frozenset(
    word
    for words in (
        *(NEGATIONS, ALTERNATIVES, HEDGES, CONTRASTS, VERBS, DENIED_BEHIND, REPLIES),
        *(phrase.split() for phrases in (NEGATION_PHRASES, TENTATIVE, CORRECTIONS) for phrase in phrases),
    )
    for word in words
) - {"a", "an", "the"}
"""Words that decide about others; an answer of letters and blanks without them asserts all that it says."""
_CONTRACTED = {"t": "not", "s": "is", "re": "are", "m": "am", "ll": "will", "ve": "have"}
_SUBJECTS = frozenset(
    {"it", "that", "there", "this", "he", "she", "they", "these", "those", "i", "we", "you", "what", "here"}
)
_VERB_REACH = 7  # words after a comma in which a verb makes a clause of them
_DENIAL_REACH = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Clause:
    """A part of an answer with one polarity, as a range of its tokens.

    Attributes:
        first: Its first token.
        last: The token after its last.
        asks: Whether it ends in a question mark.
    """

    first: int
    last: int
    asks: bool = False


class Statement:
    """An answer, read as clauses.

    Args:
        text: The final answer.
    """

    def __init__(self, text: str) -> None:
        self.text = composed_offsets(text)
        self.tokens = tokens(text)
        self.words = self._spelled_out()
        self.clauses = self._split()
        self._lasts = [clause.last for clause in self.clauses]
        self._withdrawn = self._find_withdrawn()

    def gap(self, place: int) -> str:
        """Return what stands between a token and the one before it.

        Args:
            place: The token; the number of tokens for what stands behind the last.
        """
        start = self.tokens[place - 1].end if place else 0
        end = self.tokens[place].start if place < len(self.tokens) else len(self.text)
        return self.text[start:end]

    def clause_of(self, place: int) -> int:
        """Return the number of the clause that holds a token.

        Args:
            place: The token.
        """
        return bisect_right(self._lasts, place)

    def stands(self, place: int) -> bool:
        """Return whether the clause of a token is neither withdrawn by a later one nor a question before the answer.

        Args:
            place: The token.
        """
        number = self.clause_of(place)
        clause = self.clauses[number]
        inverted = self.words[clause.first] in INVERTED
        asks = clause.asks and (inverted or number + 1 < len(self.clauses))
        return not asks and number not in self._withdrawn

    def asserts(self, span: Span) -> bool:
        """Return whether the answer stands by some of its words: they are not denied, left open or withdrawn.

        Args:
            span: The words.
        """
        return self.stands(span[0]) and not self.denies(span) and not self._leaves_open(span)

    def denies(self, span: Span) -> bool:
        """Return whether the answer denies some of its words.

        Args:
            span: The words.
        """
        clause = self.clauses[self.clause_of(span[0])]
        return self.negates(clause.first, span[0]) or self._denied_behind(clause, span[1])

    def negates(self, first: int, last: int) -> bool:
        """Return whether a range of words holds a negation; "no doubt" and the like are none.

        Args:
            first: The first token.
            last: The token after the last.
        """
        said = self.phrase(first, last)
        for phrase in NOT_NEGATIONS:
            said = said.replace(phrase, " ")
        return any(phrase in said for phrase in NEGATION_PHRASES) or not NEGATIONS.isdisjoint(said.split())

    def takes_back(self, span: Span) -> bool:
        """Return whether the answer denies some of its words in a sentence of its own, such as "It is not red.".

        Args:
            span: The words.
        """
        clause = self.clauses[self.clause_of(span[0])]
        before = set(self.words[clause.first : span[0]])
        return self.denies(span) and bool(before & {"not", "never", "nicht", "no"}) and "without" not in before

    def phrase(self, first: int, last: int) -> str:
        """Return a range of words as one text, between blanks.

        Args:
            first: The first token.
            last: The token after the last.
        """
        return f" {' '.join(self.words[first:last])} "

    def _spelled_out(self) -> tuple[str, ...]:
        """Return the words, contractions as the words that they stand for: "can't" is "can not", "it's" is "it is"."""
        words = [token.text for token in self.tokens]
        for place, token in enumerate(self.tokens):
            if token.glue == "'" and token.text in _CONTRACTED:
                is_verb = token.text == "t" or words[place - 1] in _SUBJECTS
                words[place] = _CONTRACTED[token.text] if is_verb else token.text
        return tuple(words)

    def _split(self) -> tuple[Clause, ...]:
        clauses: list[Clause] = []
        first = 0
        for place in range(1, len(self.tokens) + 1):
            gap = self.gap(place)
            if place == len(self.tokens) or self._breaks(place, gap):
                clauses.append(Clause(first=first, last=place, asks=not {"?", "？", "؟"}.isdisjoint(gap)))
                first = place
        return tuple(clauses)

    def _breaks(self, place: int, gap: str) -> bool:
        word, before = self.words[place], self.words[place - 1]
        if not ENDINGS.isdisjoint(gap):
            numbers = before == "no" and word[0].isdigit()  # "no. 5"
            abbreviates = before in ABBREVIATIONS or (len(before) == 1 and before != "a")
            return not (gap.strip() == "." and (numbers or abbreviates))
        if gap in {" - ", " – "} or "(" in gap:
            return True
        if word in CONTRASTS:
            excepts = word == "but" and before in {"nothing", "anything", "everything", "all"}
            return not excepts and not (word == "so" and self._ends(place + 1))
        if word == "and" and self.words[place + 1 : place + 2] and self.words[place + 1] in DETERMINERS:
            return self._has_verb(place)
        if COMMAS.isdisjoint(gap):
            return False
        return word in {"not", "no", "nicht", "pas", "не"} or before in REPLIES or self._has_verb(place)

    def _ends(self, place: int) -> bool:
        """Return whether a sentence ends before a token."""
        return place == len(self.tokens) or not ENDINGS.isdisjoint(self.gap(place))

    def _has_verb(self, place: int) -> bool:
        for at in range(place, min(place + _VERB_REACH, len(self.tokens))):
            if at > place and not (COMMAS | ENDINGS).isdisjoint(self.gap(at)):
                return False
            if self.words[at] in VERBS:
                return True
        return False

    def _find_withdrawn(self) -> frozenset[int]:
        withdrawn: set[int] = set()
        for number, clause in enumerate(self.clauses[1:], start=1):
            said = self.phrase(clause.first, clause.last)
            if any(phrase in said for phrase in CORRECTIONS):
                withdrawn.update(range(number))
            elif self.words[clause.first] in CONCESSIONS and self._is_tentative(number):
                withdrawn.add(number)
            elif self.words[clause.first] in CONTRASTS and not VERBS.isdisjoint(said.split()):
                withdrawn.update(filter(self._is_tentative, range(number)))
        return frozenset(withdrawn)

    def _is_tentative(self, number: int) -> bool:
        said = self.phrase(self.clauses[number].first, self.clauses[number].last)
        return any(phrase in said for phrase in TENTATIVE)

    def _denied_behind(self, clause: Clause, last: int) -> bool:
        after = self.words[last : clause.last]
        endings = pairwise(after[: _VERB_REACH + 1])
        if not NEGATED_AT_THE_END.isdisjoint(after) or any(ending in NEGATED_BY_ENDING for ending in endings):
            return True
        verb = next((place for place, word in enumerate(after[:_DENIAL_REACH]) if word in VERBS), None)
        if verb is None or not {"and", "or", "with", "which", "that"}.isdisjoint(after[:verb]):
            return False
        return not DENIED_BEHIND.isdisjoint(after[verb : verb + 4])

    def _leaves_open(self, span: Span) -> bool:
        clause = self.clauses[self.clause_of(span[0])]
        if sum(word in HEDGES for word in self.words) > 1:
            return True
        if span[1] < len(self.tokens) and self.tokens[span[1]].glue == "/":
            return True
        return self._has_alternative(clause, span) or self._is_listed(clause, span)

    def _has_alternative(self, clause: Clause, span: Span) -> bool:
        for place in range(span[1], clause.last):
            if self.words[place] in VERBS:
                break
            if self.words[place] in ALTERNATIVES:
                return self.words[place : place + 2] != ("or", "so")
        return any(self.words[place] in ALTERNATIVES for place in range(clause.first, span[0]))

    def _is_listed(self, clause: Clause, span: Span) -> bool:
        """Return whether it is one of three or more items: a list of guesses is no answer."""
        commas = [place for place in range(clause.first + 1, clause.last) if not COMMAS.isdisjoint(self.gap(place))]
        if not commas or any(span[0] < comma < span[1] for comma in commas):
            return False
        starts, ends = [clause.first, *commas], [*commas, clause.last]
        mine = next(number for number, end in enumerate(ends) if span[0] < end)
        joined = not {"and", "or", "und", "oder", "et", "ou", "y", "o", "и"}.isdisjoint(
            self.words[commas[-1] : clause.last]
        )
        lead = span[0] - starts[mine]
        if ends[mine] != span[1] or (mine and lead > 1):
            return mine == len(commas) and joined and len(commas) > 0 and self._is_last_pair(starts[mine], span)
        if mine == 0 and lead > 1 and not joined:
            return False
        return len(starts) + joined >= 3 and all(ends[n] - starts[n] <= 4 for n in range(1, len(starts)))  # noqa: PLR2004

    def _is_last_pair(self, start: int, span: Span) -> bool:
        """Return whether it is one of the last two items of a list, joined by "and"."""
        item = self.words[start : span[1] + 1]
        return span[0] - start <= 1 and item[-1:] == ("and",)
