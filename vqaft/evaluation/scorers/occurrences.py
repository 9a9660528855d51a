"""Where a reference stands in an answer: as whole words, with the spelling variants that mean the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from vqaft.evaluation.scorers.focus import is_plural
from vqaft.evaluation.scorers.normalize import Token, same_word, tokens, words
from vqaft.evaluation.scorers.numeral import CURRENCY_CODES, CURRENCY_SIGNS
from vqaft.evaluation.scorers.statement import Span, Statement

MONEY = frozenset(CURRENCY_SIGNS) | CURRENCY_CODES - frozenset({"a", "c", "s", "r", "us", "hk", "nt"})
_MONEY_NAMES = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "inr": "₹", "rs": "₹", "krw": "₩"}
_SUFFIXES = frozenset({"sided", "shaped", "colored", "coloured", "weighted", "like", "looking", "style", "hand"})
_PRONOUNS = frozenset({"i", "it", "he", "she", "they", "we", "you", "this", "that"})
_ELISIONS = frozenset({"l", "d", "qu"})
_KOREAN_ENDINGS = frozenset(("입니다", "이에요", "예요", "이다", "은", "는", "이", "가", "을", "를", "다", "요"))
_HAN_NUMERALS = frozenset("一二三四五六七八九十百千万零两〇")
_INITIALS_AND_SURNAME = re.compile(r"(?:\w\.\s?){1,4}\s?\w{2,}")
_LONGEST_NAME = 4
_MOST = 64  # places that are looked at; an answer that repeats itself more often says nothing new

_View: TypeAlias = "list[tuple[str, int, int]]"
"""The words of a text, each with the range of tokens that it is made of."""


def occurrences(statement: Statement, reference: str) -> list[Span]:
    """Find where a reference stands in an answer.

    Whole words only: no piece of a number, of a hyphenated word or of another word. Articles may be missing, words
    joined or not ("X-ray", "x ray", "xray"), accents missing on one side, the last word in the plural. A reference in
    a script without blanks is found inside a sentence. A currency may be missing in the answer, but not differ; a
    name may stand with its surname first.

    Args:
        statement: The answer.
        reference: The reference.
    """
    wanted = tokens(reference)
    is_name = reference[:1].isupper()
    found = [
        span
        for view in _views(statement.tokens)
        for other in _views(wanted)
        for span in _find(statement, view, [word for word, _, _ in other], is_name=is_name)
    ]
    if not found:
        found = [*_without_currency(statement, wanted), *_as_name(statement, reference)]
    places = sorted(set(found))
    return places if len(places) <= _MOST else places[: _MOST // 2] + places[-_MOST // 2 :]


def _views(row: Sequence[Token]) -> list[_View]:
    """Read tokens as they are and, where some are joined by a hyphen or apostrophe, with those as one word."""
    split: _View = []
    joined: _View = []
    for place, token in enumerate(row):
        if token.article:
            continue
        split.append((token.text, place, place + 1))
        last = joined[-1] if joined else None
        if last is not None and token.glue in {"-", "'"} and not (last[0][-1].isdigit() and token.text[0].isdigit()):
            joined[-1] = (last[0] + token.text, last[1], place + 1)
        else:
            joined.append((token.text, place, place + 1))
    return [split] if len(joined) == len(split) else [split, joined]


def _find(statement: Statement, view: _View, wanted: Sequence[str], *, is_name: bool) -> Iterator[Span]:
    size = len(wanted)
    for start in range(len(view) - size + 1 if size else 0):
        if not all(same_word(view[start + place][0], wanted[place]) for place in range(size - 1)):
            continue
        word, first, last = view[start + size - 1]
        capital = is_name and statement.text[statement.tokens[first].start].isupper()
        if same_word(word, wanted[-1]) or _is_inflected(word, wanted[-1], capital=capital):
            span = view[start][1], last
            if _is_whole(statement, span):
                yield span


def _is_inflected(word: str, wanted: str, *, capital: bool) -> bool:
    if wanted[0] >= "\uac00" and word.startswith(wanted):
        return word[len(wanted) :] in _KOREAN_ENDINGS
    return not capital and (is_plural(wanted, word) or is_plural(word, wanted))


def _is_whole(statement: Statement, span: Span) -> bool:
    """Return whether a range neither begins nor ends inside a joined word or a row of Han numerals."""
    row = statement.tokens
    first, last = row[span[0]], row[span[1] - 1]
    if first.glue and not (first.glue == "'" and row[span[0] - 1].text in _ELISIONS):
        return False
    if span[0] and {first.text, row[span[0] - 1].text} <= _HAN_NUMERALS:
        return False
    if first.text in _PRONOUNS and span[1] == span[0] + 1 and _is_subject(statement, span[0]):
        return False  # "I think", "It is a novel": neither the letter nor the title
    if span[1] == len(row):
        return True
    following = row[span[1]]
    if {last.text, following.text} <= _HAN_NUMERALS:
        return False
    possessive = following.glue == "'" and following.text == "s"
    return not following.glue or possessive or following.text in _SUFFIXES or following.glue == "/"


def _is_subject(statement: Statement, place: int) -> bool:
    opens = place == statement.clauses[statement.clause_of(place)].first
    return opens and place + 1 < len(statement.words) and statement.gap(place + 1) == " "


def _without_currency(statement: Statement, wanted: Sequence[Token]) -> list[Span]:
    """Find an amount whose currency the answer leaves out."""
    amount = [token.text for token in wanted if token.text not in MONEY]
    if not amount or len(amount) == len(wanted) or not all(word[-1].isdigit() for word in amount):
        return []
    kinds = {_MONEY_NAMES.get(token.text, token.text) for token in wanted if token.text in MONEY}
    found = []
    for view in _views(statement.tokens):
        for first, last in _find(statement, view, amount, is_name=False):
            beside = {*statement.words[max(0, first - 1) : first], *statement.words[last : last + 1]} & MONEY
            if {_MONEY_NAMES.get(word, word) for word in beside} <= kinds:
                found.append((first, last))
    return found


def _as_name(statement: Statement, reference: str) -> list[Span]:
    """Find a person's name with the surname first, or the surname alone where the reference has initials only."""
    named = words(reference)
    view = _views(statement.tokens)[0]
    head, comma, tail = reference.partition(",")
    if comma and len(words(head)) == 1 and len(named) <= _LONGEST_NAME and all(map(str.isalpha, named)):
        return list(_find(statement, view, [*words(tail), *words(head)], is_name=True))
    if len(named) > 1 and statement.words == (named[-1], *named[:-1]) and "," in statement.gap(1):
        return [(0, len(named))]
    alone = len(statement.words) <= 3 and _INITIALS_AND_SURNAME.fullmatch(reference.strip())  # noqa: PLR2004
    return list(_find(statement, view, named[-1:], is_name=True)) if alone else []
