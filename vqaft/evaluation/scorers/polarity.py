"""Yes and no: which of the two an answer says."""

from __future__ import annotations

from vqaft.evaluation.scorers.focus import focus_words, same_stem
from vqaft.evaluation.scorers.normalize import words
from vqaft.evaluation.scorers.numeral import vocabulary
from vqaft.evaluation.scorers.statement import ALTERNATIVES, Clause, Statement

_YES = vocabulary("""
    yes yeah yep yup ja oui sí si да हाँ हां نعم sim 예 네 definitely certainly absolutely indeed affirmative correct
""")
_NO = vocabulary("no nope nah nein non нет नहीं لا não 아니요 아니오 negative")
_REFERENCES = {
    **dict.fromkeys(("yes", "ja", "oui", "sí", "да", "हाँ", "हां", "نعم", "sim"), True),
    **dict.fromkeys(("はい", "是", "是的", "예", "네"), True),
    **dict.fromkeys(("no", "nein", "non", "нет", "नहीं", "لا", "não", "いいえ", "不是", "否", "아니요"), False),
}
_OPENINGS = (
    ("いいえ", False),
    ("はい", True),
    ("不是", False),
    ("否", False),
    ("是", True),
    ("对", True),
    ("對", True),
)
_NO_OF_A_PHRASE = vocabulary("""
    idea way comment problem doubt image picture photo wonder matter longer one question number
""")
_QUESTION_VERBS = vocabulary("is are was were does do did has have had can could will would")
_OPEN = frozenset({"or", "whether", "if", "may", "might", "could", "maybe"})
_PRONOUNS = frozenset({"it", "they", "he", "she", "there", "this", "that", "these", "those"})
_DECISIVE = frozenset({"rather", "actually", "answer", "but", "however", "sorry"})
_SHORT_REPLY = 4  # words of "No, it is not"


def reference_polarity(reference: str) -> bool | None:
    """Return True where a reference is yes, False where it is no, None where it is neither.

    Args:
        reference: The reference.
    """
    said = words(reference)
    return _REFERENCES.get("".join(said) if said and len(said[0]) == 1 else " ".join(said)) if said else None


def polarity(statement: Statement, question: str) -> bool | None:
    """Return whether an answer says yes (True), no (False), or neither.

    The first clause that says one decides, unless a later one takes it back. "No" in "no idea" or "no way", "yes or
    no", "not yes" and "Yes and no" say neither. An answer without a word for it is compared with the question:
    "The lamp is not on." says no to "Is the lamp on?".

    Args:
        statement: The answer.
        question: The question.
    """
    said: list[tuple[Clause, bool]] = []
    for clause in statement.clauses:
        named = _named(statement, clause)
        value = _said(statement, clause, named) if statement.stands(clause.first) else None
        if value is not None:
            said.append((clause, value))
        elif len(set(named.values())) > 1 and statement.stands(clause.first):
            return None
    return _settled(statement, said) if said else _inferred(statement, question)


def _settled(statement: Statement, said: list[tuple[Clause, bool]]) -> bool | None:
    opening, first = said[0]
    against = [clause for clause, value in said[1:] if value is not first]
    if _opens(statement, opening):  # "Yes, there is no other": only a clause that opens with a reply speaks against it
        against = [clause for clause in against if _opens(statement, clause) or _decides(statement, clause)]
    if not against:
        return first
    return not first if any(_decides(statement, clause) for clause in against) else None


def _opens(statement: Statement, clause: Clause) -> bool:
    return statement.words[clause.first] in _YES | _NO


def _named(statement: Statement, clause: Clause) -> dict[int, bool]:
    """Return the words for yes and no of a clause by their places."""
    found: dict[int, bool] = {}
    for place in range(clause.first, clause.last):
        word = statement.words[place]
        if word in _YES:
            found[place] = True
        elif word in _NO:
            following = statement.words[place + 1] if place + 1 < clause.last else ""
            numbered = following[:1].isdigit() and statement.gap(place + 1).startswith(".")
            if following not in _NO_OF_A_PHRASE and not numbered:  # "no way", "no. 5"
                found[place] = False
    return found


def _said(statement: Statement, clause: Clause, named: dict[int, bool]) -> bool | None:
    said = statement.words[clause.first : clause.last]
    if not said[0].isascii():
        opening = "".join(said)
        value = next((value for text, value in _OPENINGS if opening.startswith(text)), None)
        if value is not None:
            return value
    if not named or len(set(named.values())) > 1:
        return None
    place, value = next(iter(named.items()))
    if place == clause.first:
        return value
    if not ALTERNATIVES.isdisjoint(said) or statement.negates(clause.first, place):
        return None
    return value


def _decides(statement: Statement, clause: Clause) -> bool:
    return not _DECISIVE.isdisjoint(statement.words[max(0, clause.first - 1) : clause.last])


def _inferred(statement: Statement, question: str) -> bool | None:
    """Compare a sentence with the question: all that was asked, affirmed or denied."""
    asked, opening = focus_words(question), words(question)[:1]
    if opening and opening[0] not in _QUESTION_VERBS:
        return None
    for clause in reversed(statement.clauses):
        said = statement.words[clause.first : clause.last]
        if clause.asks or not _OPEN.isdisjoint(said):
            continue
        if len(said) <= _SHORT_REPLY and said[0] in _PRONOUNS and said[-1] in {"not", "isn", "is", "are", "does", "do"}:
            return not statement.negates(clause.first, clause.last)
        if asked and all(any(same_stem(word, one) for word in said) for one in asked):
            return not statement.negates(clause.first, clause.last)
    return None
