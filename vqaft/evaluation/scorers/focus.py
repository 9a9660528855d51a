"""What a question asks about, to choose among several things that an answer says."""

from __future__ import annotations

from functools import lru_cache

from vqaft.evaluation.scorers.normalize import words
from vqaft.evaluation.scorers.numeral import vocabulary
from vqaft.evaluation.scorers.statement import Clause, Span, Statement

_FUNCTION_WORDS = vocabulary("""
    the a an is are was were does do did of in on at to for this that these those it its there here what which who
    whom whose how many much image picture photo shown show shows be been by with from and or any have has had can
    could you see would where when why color colour kind type name as not no yes
""")
_TOTALS = vocabulary("total altogether sum = equals result all")
_SURENESS = vocabulary("confident sure certain confidence certainty")
_AFTER_ADJECTIVE = _FUNCTION_WORDS | vocabulary("one ones side part object thing shade tone hue painted but because")
_COLORS = frozenset({"color", "colour"})
_NEAR = 4  # words between a number and the word that it belongs to


@lru_cache(maxsize=1 << 14)
def focus_words(question: str) -> tuple[str, ...]:
    """Return the words of a question that name what it is about; "What color is the door?" gives "door".

    Args:
        question: The question.
    """
    return tuple(
        word for word in words(question) if len(word) > 1 and word[0].isalnum() and word not in _FUNCTION_WORDS
    )


def same_stem(one: str, other: str) -> bool:
    """Return whether two words are the same but for the plural.

    Args:
        one: A word in normal form.
        other: Another.
    """
    return one == other or is_plural(one, other) or is_plural(other, one)


def is_plural(one: str, many: str) -> bool:
    """Return whether a word is the regular English plural of another of three letters or more.

    Args:
        one: The singular.
        many: The plural.
    """
    if len(one) < 3 or not one.isascii() or not one.isalpha():  # noqa: PLR2004 - "as" is no plural of "a"
        return False
    return many in {f"{one}s", f"{one}es"} or (one[-1] == "y" and many == f"{one[:-1]}ies")


def off_focus(statement: Statement, span: Span, question: str) -> bool:
    """Return whether words are said of something that the question does not ask about.

    "The window is green, the door is blue." says nothing green of the door. Without a question that names its subject,
    two statements about different subjects answer nothing.

    Args:
        statement: The answer.
        span: The words.
        question: The question.
    """
    focus = focus_words(question)
    number = statement.clause_of(span[0])
    if focus and _COLORS.intersection(words(question)) and _describes_other(statement, span, focus):
        return True
    if not _subject(statement, number) or _mentions(statement, number, focus):
        return False
    others = [other for other in range(len(statement.clauses)) if other != number and _subject(statement, other)]
    if focus:
        return any(_mentions(statement, other, focus) for other in others)
    return any(_subject(statement, other) != _subject(statement, number) for other in others)


def asked_numbers(statement: Statement, spans: list[Span], question: str) -> list[Span]:
    """Return those of several places of a number that answer the question.

    Where an answer holds several numbers, the one counts that stands by a word of the question or is called the total;
    otherwise those of the first clause with a number, if there is but one value in it.

    Args:
        statement: The answer.
        spans: Where the number stands.
        question: The question.
    """
    places = [place for place in range(len(statement.words)) if _is_figure(statement, place)]
    if len({statement.words[place] for place in places}) < 2:  # noqa: PLR2004 - one value needs no choice
        return spans
    focus = focus_words(question)
    weights = {place: _weight(statement, place, focus) for place in places}
    best = max(weights.values())
    chosen = [place for place in places if weights[place] == best]
    if not best:
        first = statement.clause_of(places[0])
        chosen = [place for place in places if statement.clause_of(place) == first]
    if len({statement.words[place] for place in chosen}) > 1:
        return []
    return [span for span in spans if not set(range(*span)).isdisjoint(chosen)]


def is_number(word: str) -> bool:
    """Return whether a normal form is a number (and no date, time or code).

    Args:
        word: A normal form.
    """
    return word[-1:].isdigit() and word.lstrip("-")[:1].isdigit() and word.replace(".", "").lstrip("-").isdigit()


def _is_figure(statement: Statement, place: int) -> bool:
    if not is_number(statement.words[place]) or not statement.stands(place) or statement.denies((place, place + 1)):
        return False
    return _SURENESS.isdisjoint(statement.words[place + 1 : place + 3])


def _weight(statement: Statement, place: int, focus: tuple[str, ...]) -> int:
    clause = statement.clauses[statement.clause_of(place)]
    before = statement.words[max(clause.first, place - _NEAR) : place]
    after = statement.words[place + 1 : min(clause.last, place + 3)]
    labeled = any(same_stem(word, asked) for word in _label(before) for asked in focus)
    total = not _TOTALS.isdisjoint(before[-3:]) or not (_TOTALS - {"=", "equals", "result"}).isdisjoint(after)
    counts = any(same_stem(word, asked) for word in after for asked in focus)
    named = any(same_stem(word, asked) for word in before for asked in focus)
    return 8 * labeled + 4 * total + 2 * counts + named


def _label(before: tuple[str, ...]) -> tuple[str, ...]:
    """Return the word that a number is given for: "change" in "the change is 4.10" and "change: 4.10"."""
    links = {"is", "was", "are", "were", "of", "="}
    return before[-2:-1] if before[-1:] and before[-1] in links else before[-1:]


def _subject(statement: Statement, number: int) -> str:
    """Return the subject of a clause such as "the old door is green", "" where it has another form."""
    words = _clause_words(statement, statement.clauses[number])
    if words[:1] == ("and",):
        words = words[1:]
    if words[:1] not in {("the",), ("its",), ("his",), ("her",), ("their",)}:
        return ""
    verb = next((place for place, word in enumerate(words) if word in {"is", "are", "was", "were"}), 0)
    return " ".join(words[1:verb])


def _mentions(statement: Statement, number: int, focus: tuple[str, ...]) -> bool:
    words = _clause_words(statement, statement.clauses[number])
    return any(same_stem(word, asked) for word in words for asked in focus)


def _clause_words(statement: Statement, clause: Clause) -> tuple[str, ...]:
    return statement.words[clause.first : clause.last]


def _describes_other(statement: Statement, span: Span, focus: tuple[str, ...]) -> bool:
    """Return whether a color stands before another noun than the one that is asked about."""
    place = span[1]
    if place >= len(statement.words) or statement.gap(place) != " ":
        return False
    noun = statement.words[place]
    if noun in _AFTER_ADJECTIVE or noun in _COLORS or not noun.isalpha() or noun.endswith("ly"):
        return False
    return not any(same_stem(noun, asked) for asked in focus)
