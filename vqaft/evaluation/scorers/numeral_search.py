"""Numerals in text, each read as a whole: sign, currency, digits or words, power, scale, per cent sign.

A piece of a number is never a number: what holds digits and is none, such as a date, a range or a code, is found too
and has its own kind.
"""

# ruff: noqa: RUF001 - signs and words of several scripts

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from vqaft.evaluation.scorers.numeral import (
    CURRENCY_CODES,
    CURRENCY_SIGNS,
    NUMBER_WORDS,
    PARTS,
    SCALES,
    SPLIT_BLANKS,
    UNITS,
    read_digits,
    read_words,
)

Kind: TypeAlias = Literal["number", "range", "date", "time", "code"]


@dataclass(frozen=True, kw_only=True)
class Numeral:
    """A numeral found in a text.

    Attributes:
        kind: "number"; or what holds digits and is none: a range, a date, a time, or a code such as "B12".
        value: The number with its sign and scale ("1.5 million" is 1500000); None for the other kinds.
        start: Where it begins in the text.
        end: Where it ends.
        percent: Whether a per cent sign follows.
    """

    kind: Kind
    value: Fraction | None
    start: int
    end: int
    percent: bool = False


_SIGNS = {"-": -1, "−": -1, "–": -1, "+": 1}
_DATE = re.compile(r"\d{1,2}([-./])\d{1,2}\1(?:\d{4}|\d{2})|\d{4}([-./])\d{1,2}\2\d{1,2}")
_TIME = re.compile(r"\d{1,2}(?::\d{2}){1,2}(?:\.\d+)?")
_OTHER_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (("date", _DATE), ("time", _TIME))
_RANGE = re.compile(r"(.*\d)\s?[-–—]\s?(\d.*)")
_LETTER_SCALES = {"k": 10**3, "M": 10**6, "m": 10**6, "b": 10**9, "B": 10**9}
"""Letters that scale an amount of money ("$3.5M"); elsewhere "m" is a meter."""
_VULGAR = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_RUN = re.compile(
    rf"\d*[{_VULGAR}]"
    rf"|\.?\d+(?:[.,'’_:/–—-]\.?\d+|[{SPLIT_BLANKS}]\d{{3}}(?!\d)|(?<![/.,])\s\d+/\d+(?![/\d]))*(?:[eE][-+]?\d{{1,3}}(?!\w))?"
)
_MOST_DIGITS = 300  # of a power; a float holds 308
_REACH = 24  # characters beside a numeral that can belong to it
_WORD = re.compile(r"[^\W\d_]+")
_STARTS = NUMBER_WORDS | {"dozen", "dozens", "half"}
_JOINS = frozenset({"and", "point", "a"})  # inside a numeral, never at its end
_POWER = re.compile(rf"\s?[x×·*]\s?10\s?(?:\^?\s?\{{?([-−+]?\d+)\}}?|([⁻]?[{_SUPERSCRIPTS}]+))")
_RAISED = re.compile(r"(?:\^|\*\*)\{?([-−+]?\d+)\}?")
_RAISES = re.compile(r"(?:\^\{?|[\w)\]]\*\*|[\d)\]]\s\*\*\s?)$")  # "**7**" is bold
_LETTERS_OF_DOLLARS = frozenset({"a", "c", "s", "r", "us", "hk", "nt"})  # "A$5" is money, "A5" is not
_LETTERS_BEFORE = re.compile(r"[^\W\d_]+[.-]?$")  # "B12", "COVID-19"
_LETTERS_AFTER = re.compile(r"-?([^\W\d_]+)")
_SCALE_AFTER = re.compile(r"\s?([^\W\d_]+)\.?")
_PERCENT = re.compile(r"\s?(?:%|％|٪|percent\b|per cent\b|pct\b)", re.IGNORECASE)
_MONEY_BEFORE = re.compile(rf"(?:[{CURRENCY_SIGNS}]|(?<![^\W\d_])[^\W\d_]{{1,3}}\.?)\s?$")
_WORD_SIGN = re.compile(r"\b(?:minus|negative)\s$", re.IGNORECASE)
# Words before "one" that make it a pronoun: "the left one" is no number.
_NO_COUNT = re.compile(
    r"\b(?:the|this|that|which|no|any|every|each|some|another|other|left|right|first|last)\s$", re.IGNORECASE
)


def find_numerals(text: str) -> list[Numeral]:
    """Find the numerals of a text, in digits and in English words; what only looks like one has another kind.

    Args:
        text: Any text.
    """
    found = [_in_digits(text, run) for run in _RUN.finditer(text)] if any(map(str.isnumeric, text)) else []
    for start, end in _word_runs(text):
        numeral = _in_words(text, start, end)
        if numeral is not None:
            found.append(numeral)
    found.sort(key=lambda numeral: numeral.start)
    apart: list[Numeral] = []
    for numeral in found:
        if not apart or numeral.start >= apart[-1].end:
            apart.append(numeral)
    return apart


def _word_runs(text: str) -> list[tuple[int, int]]:
    """Find runs of English number words, joined by blanks, hyphens and "and"."""
    words = list(_WORD.finditer(text))
    runs: list[tuple[int, int]] = []
    begin, end, last = -1, -1, -1  # the run under way, and where the word before ended
    for word in words if not _STARTS.isdisjoint(word[0].lower() for word in words) else ():
        name = word[0].lower()
        goes_on = begin >= 0 and text[last : word.start()] in {" ", "-"}
        counts = name in _STARTS or (goes_on and name in PARTS)
        if begin >= 0 and not (goes_on and (counts or name in _JOINS)):
            runs.append((begin, end))
            begin = -1
        if counts:
            begin, end = word.start() if begin < 0 else begin, word.end()
        last = word.end()
    return [*runs, (begin, end)] if begin >= 0 else runs


def _in_digits(text: str, run: re.Match[str]) -> Numeral:
    before = text[max(0, run.start() - _REACH) : run.start()]
    money = _MONEY_BEFORE.search(before)
    if money is not None and not _is_money(money[0]):
        money = None
    start = run.start() - (len(before) - money.start() if money is not None else 0)
    kind, value = _classify(run[0])
    powered, end = _power(text, run.end())
    raised = _RAISED.match(text, run.end())
    if raised is not None and value:
        value, end = _raise(value, _exponent(raised[1])), raised.end()
    glued = _LETTERS_AFTER.match(text, end)
    if (
        _RAISES.search(before)
        or (money is None and _LETTERS_BEFORE.search(before))
        or text[end : end + 1] in set(_SUPERSCRIPTS)
        or (text[end : end + 1] == "_" and text[end + 1 : end + 2].isalnum())
    ):
        kind = "code"
    if glued is not None and not _is_unit(glued, money=money is not None):
        kind = "code"
    if kind != "number" or value is None or powered is None:
        return Numeral(kind=kind, value=None, start=start, end=run.end())
    factor, end = _scale(text, end, money=money is not None)
    sign, start = _sign(text, start)
    percent = _PERCENT.match(text, end) is not None
    return Numeral(kind=kind, value=sign * value * powered * factor, start=start, end=end, percent=percent)


def _raise(value: Fraction, exponent: int) -> Fraction | None:
    """Raise a number to a power; None where the result has more digits than anything that is counted."""
    digits = max(len(str(abs(value.numerator))), len(str(value.denominator)))
    return value**exponent if digits * abs(exponent) <= _MOST_DIGITS else None


def _is_money(mark: str) -> bool:
    return mark[0] in CURRENCY_SIGNS or mark.strip(" .").lower() in CURRENCY_CODES - _LETTERS_OF_DOLLARS


def _exponent(text: str) -> int:
    sign, digits = ("-" if text[0] in "-−" else ""), text.lstrip("-−+")
    return int(sign + digits[: len(str(_MOST_DIGITS)) + 1])  # one more digit is too large already


def _power(text: str, end: int) -> tuple[Fraction | None, int]:
    """Read "×10^5" or "x 10⁵" behind a numeral; return the factor, None for one too large, and where it ends."""
    power = _POWER.match(text, end)
    if power is None:
        return Fraction(1), end
    exponent = power[1] or "".join("-" if sign == "⁻" else str(_SUPERSCRIPTS.index(sign)) for sign in power[2])
    return _raise(Fraction(10), _exponent(exponent)), power.end()


def _scale(text: str, end: int, *, money: bool = False) -> tuple[int, int]:
    """Read "million" or "k" behind a numeral; return the factor and where it ends."""
    scale = _SCALE_AFTER.match(text, end)
    if scale is None:
        return 1, end
    word, glued = scale[1], scale[0][0] != " "
    if glued and word in _LETTER_SCALES and (money or word in {"k", "M", "B"}):
        return _LETTER_SCALES[word], scale.end()
    if word.lower() in SCALES and (len(word) > 1 or not word.isascii()):
        return SCALES[word.lower()], scale.end()
    return 1, end


def _is_unit(glued: re.Match[str], *, money: bool) -> bool:
    word = glued[1].lower()
    known = word in UNITS or word in SCALES or word in CURRENCY_CODES or (money and glued[1] in _LETTER_SCALES)
    return known or glued[0].startswith("-")


def _sign(text: str, start: int) -> tuple[int, int]:
    reach = max(0, start - _REACH)
    before = text[reach:start]
    word = _WORD_SIGN.search(before)
    if word is not None:
        return -1, reach + word.start()
    bare = before.rstrip()
    if not bare or bare[-1] not in _SIGNS:
        return 1, start
    place = len(bare) - 1
    previous = bare[place - 1 : place]
    touches = len(bare) == len(before) and not (previous.isalnum() or previous in {")", "]", "%", "°", "-"})
    if touches or not text[: reach + place].strip():
        return _SIGNS[bare[-1]], reach + place
    return 1, start


def _classify(run: str) -> tuple[Kind, Fraction | None]:
    if run[-1] in _VULGAR:
        return "number", int(run[:-1] or 0) + Fraction(unicodedata.numeric(run[-1])).limit_denominator(100)
    digits, _, exponent = run.lower().partition("e")
    value = read_digits(digits)
    if value is not None:
        return "number", value * Fraction(10) ** int(exponent or 0)
    for kind, pattern in _OTHER_KINDS:
        if pattern.fullmatch(run):
            return kind, None
    parts = _RANGE.fullmatch(run)
    is_range = parts is not None and all(read_digits(part) is not None for part in parts.groups())
    return ("range" if is_range else "code"), None


def _in_words(text: str, start: int, end: int) -> Numeral | None:
    words = text[start:end].lower()
    if words == "half":  # "the left half"
        return None
    if words == "one" and _NO_COUNT.search(text[max(0, start - _REACH) : start]):
        return None
    value = read_words(words)
    if value is None:
        return None
    factor, end = _scale(text, end)
    sign, start = _sign(text, start)
    return Numeral(kind="number", value=sign * value * factor, start=start, end=end)
