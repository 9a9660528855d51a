"""Text brought into one form before it is compared."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

WORD = re.compile(r"\d+(?:[.,]\d+)*|\w+(?:['’]\w+)*")
NUMBER = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?")
DIACRITICS = re.compile("[\u0300-\u036f]")
ARTICLES = frozenset({"a", "an", "the"})
NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate(
        (
            *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
            *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
            "twenty",
        )
    )
}


def plain_text(text: str) -> str:
    """Bring text into Unicode's compatible composed form (NFKC), with single blanks and none around it.

    Args:
        text: Any text.
    """
    return " ".join((text if text.isascii() else unicodedata.normalize("NFKC", text)).split())


def folded_text(text: str) -> str:
    """Give the same as `plain_text`, without regard to case.

    Args:
        text: Any text.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    # Folding can undo the composed form, and normalising can bring back a capital: once more gives a fixed point.
    return plain_text(unicodedata.normalize("NFKC", text.casefold()).casefold())


def words(text: str) -> tuple[str, ...]:
    """Take text apart into words: no case, no accents, no punctuation, no articles, one way to write a number.

    "The Café, 1,000.50 – two" gives ("cafe", "1000.5", "2").

    Args:
        text: Any text.
    """
    folded = text.lower() if text.isascii() else _without_accents(folded_text(text))
    # Letters and blanks alone, as in most answers, need no pattern.
    found = folded.split() if folded.replace(" ", "").isalpha() else WORD.findall(folded)
    return tuple(filter(None, map(_word, found)))


def _without_accents(text: str) -> str:
    return DIACRITICS.sub("", unicodedata.normalize("NFKD", text))


@lru_cache(maxsize=1 << 16)
def _word(word: str) -> str:
    if word.isalpha():
        return "" if word in ARTICLES else NUMBER_WORDS.get(word, word)
    number = NUMBER.fullmatch(word)
    if number is None:
        return word.replace("’", "'")
    whole, fraction = number[1].replace(",", "").lstrip("0") or "0", (number[2] or "").rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole
