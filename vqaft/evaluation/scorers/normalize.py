"""Text as comparable words: case, width, composition and spelling variants removed, every meaning kept.

The rule: two answers that a person would call different never become equal. So letters keep their marks in all
scripts; signs of number, currency, comparison, and `+` or `#` after a letter stay; a number is one word ("4-5" holds no
5); and a word joined by a hyphen is not a word of its own ("Non-fiction" is not "Fiction").
"""

# ruff: noqa: RUF001 - signs and words of several scripts

from __future__ import annotations

import unicodedata
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import regex

from vqaft.evaluation.scorers.numeral import CURRENCY_SIGNS
from vqaft.evaluation.scorers.numeral_search import Numeral, find_numerals

# Unicode's compatibility forms that are the same sign in another shape; superscripts, circled digits and fractions
# are not.
_SAME_SIGN = frozenset(
    f"<{kind}>"
    for kind in (
        *("wide", "narrow", "compat", "font", "initial", "medial", "final", "isolated", "noBreak", "small", "square"),
        *("vertical", "sub"),
    )
)
_IGNORED = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufe0e\ufe0f"))
_PLAIN_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i", "ё": "е"})
_ACCENT = regex.compile(r"(?<=[\p{Latin}\p{Greek}\p{Hebrew}\p{Arabic}]\p{M}*)[\u0300-\u036f\u0591-\u05c7\u064b-\u0652]")
_NO_BLANKS = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")

_WORD = regex.compile(
    r"°\s?[CcFf](?![\p{L}\p{M}\p{N}])"
    r"|(?<![\p{L}\p{N}])\p{L}-(?![\p{L}\p{M}\p{N}])"  # a grade: "B-"
    r"|[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:\+{1,2}|\#)?(?![\p{L}\p{M}])"
    r"|[\p{L}\p{N}][\p{L}\p{M}\p{N}]*"
    r"|[%‰‱٪&@]|\p{S}\p{M}*"
)
# A letter with its marks and, in Thai and Lao, the vowels written before and after it.
_SIGN = regex.compile(r"[\u0e40-\u0e44\u0ec0-\u0ec4]?\X[\u0e30\u0e32\u0e33\u0e45\u0eb0\u0eb2\u0eb3]*")
_DECORATION = frozenset("`^~|™®©´¨¯−¬")
_SPELLED = {"&": "and", "×": "x", "percent": "%", "pct": "%", "٪": "%", "℃": "°c", "℉": "°f"}
_GLUE = frozenset("-‐‑–'’/_·.")
_ARTICLES = frozenset({"a", "an", "the"})
_ELISIONS = frozenset({"l", "d", "qu", "c", "j", "n", "s", "m", "t"})  # French: l'école


class Token(NamedTuple):
    """A word, number or sign of a text.

    Attributes:
        text: Its normal form.
        start: Where it begins in the folded text.
        end: Where it ends.
        glue: The sign that joins it to the token before without a blank, such as a hyphen; "" where there is none.
        article: Whether it is an article before another word, which may be left out.
    """

    text: str
    start: int
    end: int
    glue: str = ""
    article: bool = False


def composed_text(text: str) -> str:
    """Return text in one composition and width (NFC), with single blanks and none around it.

    Unlike NFKC it keeps what differs in meaning: "10²" is not "102" and "①" is not "1".

    Args:
        text: Any text.
    """
    return " ".join((text if text.isascii() else _composed(text)).split())


def folded_text(text: str) -> str:
    """Return the same as `composed_text`, without regard to case.

    Args:
        text: Any text.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    # Folding can undo the composition, and composing can bring back a capital: twice reaches a fixed point.
    return composed_text(composed_text(text.casefold()).casefold())


def _composed(text: str) -> str:
    shaped = "".join(map(_shape, text)).translate(_IGNORED)
    return unicodedata.normalize("NFC", shaped)


@lru_cache(maxsize=1 << 14)
def _shape(sign: str) -> str:
    kind, _, parts = unicodedata.decomposition(sign).partition(" ")
    if kind not in _SAME_SIGN or sign == "№" or parts.startswith("0020 "):
        return sign
    return "".join(_shape(chr(int(part, 16))) for part in parts.split())


def composed_offsets(text: str) -> str:
    """Return the form of a text that the offsets of its tokens are counted in.

    Args:
        text: Any text.
    """
    return text if text.isascii() else _composed(text)


@lru_cache(maxsize=1 << 15)
def tokens(text: str) -> tuple[Token, ...]:
    """Split text into its tokens; see the module for what is kept.

    "The Café, 1,000.50 – two" has the tokens "the" (an article), "café", "1000.5" and "2".

    Args:
        text: Any text.
    """
    folded = composed_offsets(text)
    found: list[Token] = []
    place = 0
    for numeral in _numerals(folded):
        _scan(folded, place, numeral.start, found)
        _add_number(folded, numeral, found)
        place = numeral.end
    _scan(folded, place, len(folded), found)
    return tuple(_with_articles(folded, _with_initials(folded, found)))


def _numerals(text: str) -> list[Numeral]:
    return [numeral for numeral in find_numerals(text) if numeral.kind != "code"]


def _add_number(text: str, numeral: Numeral, found: list[Token]) -> None:
    start, raw = numeral.start, text[numeral.start : numeral.end]
    money = regex.match(rf"[-−+]?\s?([{CURRENCY_SIGNS}]|\p{{L}}+)\.?\s?(?=[-−.\d])", raw)
    if money is not None and numeral.value is not None:
        found.append(Token(money[1].casefold(), start, start + money.end(), _glue(text, start, found)))
        start += money.end()
    number = text[start : numeral.end].strip()
    found.append(Token(_number(number, numeral), start, numeral.end, _glue(text, start, found)))


def _number(raw: str, numeral: Numeral) -> str:
    if numeral.kind == "date":
        return "-".join(str(int(part)) for part in regex.split(r"[-./]", raw))
    if numeral.kind == "time":
        return raw.lstrip("0") if raw[:2] not in {"00", "0:"} else raw
    if numeral.value is None:
        return regex.sub(r"\s?[–—-]\s?", "-", raw)
    if "/" in raw or (raw[:1] == "0" and raw.isdigit() and len(raw) > 1):  # a ratio or a code: "4/4" is not 1
        return raw
    vulgar = unicodedata.normalize("NFKD", raw[-1])
    if "\u2044" in vulgar:
        return f"{raw[:-1]} {vulgar}".strip().replace("\u2044", "/")
    return _decimal(numeral.value)


@lru_cache(maxsize=1 << 14)
def _decimal(value: Fraction) -> str:
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return str(value)
    with localcontext(prec=4 * (len(str(value.numerator)) + len(str(value.denominator)))):
        digits = format(Decimal(value.numerator) / Decimal(value.denominator), "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _scan(text: str, start: int, end: int, found: list[Token]) -> None:
    for match in _WORD.finditer(text, start, end):
        word = match[0]
        if word in _DECORATION:
            continue
        glue = _glue(text, match.start(), found)
        if _NO_BLANKS.search(word):
            place = match.start()
            for sign in _SIGN.findall(word):
                found.append(Token(_fold(sign), place, place + len(sign), glue))
                place, glue = place + len(sign), ""
            continue
        found.append(Token(_fold(word), match.start(), match.end(), glue))


@lru_cache(maxsize=1 << 15)
def _fold(word: str) -> str:
    folded = unicodedata.normalize("NFC", word.casefold())
    return _SPELLED.get(folded, folded.replace(" ", "") if folded[0] == "°" else folded)


def _glue(text: str, start: int, found: list[Token]) -> str:
    if not found:
        return ""
    gap = text[found[-1].end : start]
    if len(gap) == 1 and gap in _GLUE and (gap != "." or len(found[-1].text) == 1):
        return {"’": "'", "‐": "-", "‑": "-", "–": "-"}.get(gap, gap)
    return ""


def _with_initials(text: str, found: list[Token]) -> list[Token]:
    """Join initials: "P. D. James" and "PD James" are one name."""
    if len(found) < 2 or "." not in text:  # noqa: PLR2004 - one token is no row of initials
        return found
    joined: list[Token] = []
    for token in found:
        last = joined[-1] if joined else None
        if last is not None and _is_initial(text, token) and _ends_in_initial(text, last):
            joined[-1] = last._replace(text=last.text + token.text, end=token.end)
        else:
            joined.append(token)
    return joined


def _is_initial(text: str, token: Token) -> bool:
    return len(token.text) == 1 and token.text.isalpha() and text[token.end : token.end + 1] == "."


def _ends_in_initial(text: str, token: Token) -> bool:
    letter = text[token.end - 1 : token.end]
    before = text[token.end - 2 : token.end - 1]
    return (
        letter.isalpha()
        and text[token.end : token.end + 1] == "."
        and not (before.isalnum() and token.end - 2 >= token.start)
    )


def _with_articles(text: str, found: list[Token]) -> list[Token]:
    """Mark the articles: lower case, or first, and before another word that belongs to them."""
    for place, token in enumerate(found[:-1]):
        following = found[place + 1]
        if (
            token.text not in _ARTICLES
            or following.glue
            or not following.text[0].isalnum()
            or text[token.end : following.start].strip(" \"'“‘(*_")
        ):
            continue
        if place and text[token.start].isupper() and token.text == "a" and not text[following.start].isupper():
            continue  # "vitamin A deficiency": a name
        if place and text[token.start : token.end] == "A" and not text[: token.start].isupper():
            continue
        found[place] = token._replace(article=True)
    return found


def words(text: str) -> tuple[str, ...]:
    """Return the words, numbers and signs of a text in normal form, without articles before another word.

    "The Café, 1,000.50 – two" has the words "café", "1000.5" and "2".

    Args:
        text: Any text.
    """
    return tuple(token.text for token in tokens(text) if not token.article)


@lru_cache(maxsize=1 << 15)
def plain_letters(word: str) -> str:
    """Return a word without accents of Latin and Greek letters and vowel points; "niño" is "nino".

    Args:
        word: A normal form.
    """
    if word.isascii():
        return word
    bare = _ACCENT.sub("", unicodedata.normalize("NFD", word))
    return unicodedata.normalize("NFC", bare).translate(_PLAIN_LETTERS)


def same_word(one: str, other: str) -> bool:
    """Return whether two normal forms are the same word; accents may be missing in one of them, not differ.

    Args:
        one: A normal form.
        other: Another.
    """
    if one == other:
        return True
    if one.isascii() and other.isascii():
        return False
    return plain_letters(one) == other or one == plain_letters(other)
