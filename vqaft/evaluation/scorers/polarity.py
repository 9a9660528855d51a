"""Yes and no: which of the two an answer says."""

from __future__ import annotations

from vqaft.evaluation.scorers.focus import focus_words, same_stem
from vqaft.evaluation.scorers.normalize import words
from vqaft.evaluation.scorers.numeral import vocabulary
from vqaft.evaluation.scorers.statement import ALTERNATIVES, Clause, Statement

_YES = vocabulary("""
    yes yeah yep yup ja oui sí si да हाँ हां نعم sim 예 네 definitely certainly absolutely indeed affirmative correct
""")
_EMPHATIC = frozenset({"definitely", "certainly", "absolutely", "indeed"})
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
    idea way comment problem doubt image picture photo wonder matter longer one question number telling
    clue information answer response context certainty
""")
_QUESTION_VERBS = vocabulary("is are was were does do did has have had can could will would")
_YES_FIRST = frozenset({"sure", "true", "right"})
_AFTER_NO = frozenset({"because", "since", "as", "and", "or", "but", "not", "i", "we", "you"})
_OPINIONS = frozenset({"think", "believe", "appear", "appears", "seem", "seems", "guess", "suppose", "say"})
SPOKEN = _YES | _NO | _YES_FIRST | _OPINIONS | {"false", "so", "course"}
"""Words that can say yes or no."""
_FIRM = vocabulary("""
    not definitely absolutely certainly probably clearly surely likely apparently really at all quite i think guess
""")
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
    standing = [clause for clause in statement.clauses if statement.stands(clause.first)]
    said: list[tuple[Clause, bool]] = []
    for clause in standing:
        named = _named(statement, clause)
        value = _said(statement, clause, named)
        if value is not None:
            said.append((clause, value))
        elif len(set(named.values())) > 1:
            return None
    if said:
        return _settled(statement, said)
    if any(_has_determiner_no(statement, clause) for clause in standing):
        return False  # "There is no circle.", "No fracture seen."
    return _inferred(statement, question)


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
    """Return the words for yes and no of a clause by their places; "no" before a noun is none of them."""
    found: dict[int, bool] = {}
    for place in range(clause.first, clause.last):
        word = statement.words[place]
        if word == "no" and statement.phrase(place + 1, place + 2)[1:2].isdigit() and "." in statement.gap(place + 1):
            continue  # "no. 5"
        if word in _YES or (word in _YES_FIRST and place == clause.first):
            found[place] = True
        elif (word in _NO and not _is_determiner(statement, clause, place)) or (
            word == "false" and place == clause.first
        ):
            found[place] = False
    plain = {place: value for place, value in found.items() if statement.words[place] not in _EMPHATIC}
    return plain or found  # "Definitely a no"


def _is_determiner(statement: Statement, clause: Clause, place: int) -> bool:
    if statement.words[place] != "no" or place + 1 == clause.last:
        return False
    following = statement.words[place + 1]
    if following == "way" and (clause.first, clause.last) == (place, place + 2):
        return False  # "No way!"
    return following not in _PRONOUNS | _AFTER_NO and not statement.gap(place + 1).strip()


def _has_determiner_no(statement: Statement, clause: Clause) -> bool:
    for place in range(clause.first, clause.last - 1):
        if statement.words[place] == "no" and _is_determiner(statement, clause, place):
            return statement.words[place + 1] not in _NO_OF_A_PHRASE
    return False


def _said(statement: Statement, clause: Clause, named: dict[int, bool]) -> bool | None:
    """Return what one clause says, by its opening, by a phrase, or by its only word for yes or no."""
    said = statement.words[clause.first : clause.last]
    by_phrase = _opening(said) if not said[0].isascii() else _phrase(statement, clause, said)
    if by_phrase is not None:
        return by_phrase
    if len(set(named.values())) != 1:
        return None
    place, value = next(iter(named.items()))
    undecided = not ALTERNATIVES.isdisjoint(said) or statement.negates(clause.first, place)
    if statement.words[place] in _EMPHATIC and statement.negates(clause.first, clause.last):
        return None
    return value if place == clause.first or not undecided else None


def _opening(said: tuple[str, ...]) -> bool | None:
    """Return what a clause in a script without blanks says by its first signs."""
    text = "".join(said)
    return next((value for opening, value in _OPENINGS if text.startswith(opening)), None)


def _phrase(statement: Statement, clause: Clause, said: tuple[str, ...]) -> bool | None:
    if said[-1] == "so" and not _OPINIONS.isdisjoint(said):  # "I don't think so."
        return not statement.negates(clause.first, clause.last)
    if said[:2] == ("of", "course"):
        return "not" not in said
    return False if "not" in said and _FIRM.issuperset(said) else None  # "Definitely not.", "Not at all."


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
