"""Notations of numbers: digits with groups, decimals and fractions, and number words."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from functools import lru_cache


def vocabulary(text: str) -> frozenset[str]:
    """Return the words of a list that is written as one text.

    Args:
        text: Words between blanks.
    """
    return frozenset(text.split())


CURRENCY_SIGNS = "$€£¥₹₩₽₺₫₪฿₱₦¢"
CURRENCY_CODES = vocabulary("""
    usd eur gbp jpy cny rmb inr myr rm sgd aud cad chf nzd hkd krw thb idr php vnd brl mxn zar sek nok dkk pln czk
    huf rub try ils aed sar rs rp kr zł fr tl r us s a c hk nt
""")
UNITS = vocabulary("""
    mm cm dm m km in inch inches ft feet yd mi mile miles mg g kg t lb lbs oz ml cl dl l mph kph kmh h hr hrs hour
    hours min mins minute minutes s sec secs second seconds ms am pm px pt w kw mw kwh v kv mv a ma hz khz mhz ghz
    kb mb gb tb pa kpa hpa bar j kj kcal cal c f k n nm db lm mol % percent pct deg ° °c °f x stars years year yrs
    days day
""")
SCALES = {
    **dict.fromkeys(("k", "thousand", "thousands", "tausend", "mille", "mil", "тыс"), 10**3),
    **dict.fromkeys(("million", "millions", "mio", "mn", "millionen", "millón", "millones", "млн"), 10**6),
    **dict.fromkeys(("billion", "billions", "bn", "mrd", "milliarden", "milliard", "milliards", "млрд"), 10**9),
    **dict.fromkeys(("trillion", "trillions", "tn"), 10**12),
    "hundred": 100,
    "hundreds": 100,
    "dozen": 12,
    "dozens": 12,
    "lakh": 10**5,
    "lakhs": 10**5,
    "crore": 10**7,
    "crores": 10**7,
    "万": 10**4,
    "萬": 10**4,
    "億": 10**8,
    "亿": 10**8,
}
SPLIT_BLANKS = "\u00a0\u2007\u2009\u202f "
_PLAIN = re.compile(r"\d+|\d*\.\d+|\d+\.")
_GROUPED = re.compile(
    rf"\d{{1,3}}(?:(?P<mark>[,.'’_{SPLIT_BLANKS}])\d{{3}})(?:(?P=mark)\d{{3}})*(?:(?P<point>[.,])(?P<rest>\d+))?"
)
_INDIAN = re.compile(r"\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?")
_COMMA = re.compile(r"(\d+),(\d+)")
_FRACTION = re.compile(r"(?:(\d+)[ +])?(\d+)/(\d+)")


def read_digits(text: str) -> Fraction | None:
    """Parse a number written in digits, without sign or unit.

    Groups may be set off by commas, points, apostrophes, underscores or blanks of three, or the Indian way. A comma is
    a decimal comma where it cannot set off a group ("12,5", "0,123"); "1,234" is 1234 and "1.234" is not 1234.

    Args:
        text: The whole numeral.

    Returns:
        The value; None where the text is not one number in one of these notations.
    """
    digits = text if text.isascii() else "".join(_ascii_digit(sign) for sign in text)
    fraction = _FRACTION.fullmatch(digits)
    if fraction is not None:
        whole, above, below = (int(part or 0) for part in fraction.groups())
        return whole + Fraction(above, below) if below else None
    if _PLAIN.fullmatch(digits):
        return Fraction(digits.rstrip("."))
    comma = _COMMA.fullmatch(digits)
    if comma is not None and (len(comma[2]) != 3 or len(comma[1]) > 3 or comma[1][0] == "0"):  # noqa: PLR2004
        return Fraction(f"{comma[1]}.{comma[2]}")
    if _INDIAN.fullmatch(digits):
        return Fraction(digits.replace(",", ""))
    return _grouped(digits)


def _grouped(digits: str) -> Fraction | None:
    grouped = _GROUPED.fullmatch(digits)
    if grouped is None or grouped["mark"] == grouped["point"]:
        return None
    whole = digits[: grouped.start("point")] if grouped["point"] else digits
    if grouped["mark"] == "." and grouped["point"] is None and whole.count(".") == 1:
        return Fraction(digits)
    if whole.startswith("0"):
        return None
    plain = "".join(filter(str.isdigit, whole))
    return Fraction(f"{plain}.{grouped['rest']}" if grouped["rest"] else plain)


def _ascii_digit(sign: str) -> str:
    value = unicodedata.decimal(sign, None)
    return sign if value is None else str(value)


_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
)
NUMBER_WORDS = frozenset(
    f"{_ONES} eighteen nineteen twenty thirty forty fourty fifty sixty seventy eighty ninety hundred thousand million "
    "billion".split()
)
PARTS = {"half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4}
PARTS |= {"fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "eighth": 8, "eighths": 8, "tenth": 10, "tenths": 10}
_CENTURIES = {"seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20}
_HAN_DIGITS = {sign: value for value, sign in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2, "兩": 2}
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000}
_LANGUAGES = ("en", "fr", "de", "es", "it", "pt", "nl")


@lru_cache(maxsize=1 << 14)
def read_words(text: str) -> Fraction | None:
    """Parse a number written in English words ("twenty-one", "two point five", "three quarters", "half a dozen").

    Args:
        text: The whole numeral, in lower case.
    """
    words = text.replace("-", " ").split()
    if words[:2] == ["half", "a"]:
        return _scaled(_read(["one", *words[2:]]), Fraction(1, 2))
    if len(words) > 1 and words[-1] in SCALES and words[-2] in {"half", "quarter"}:
        return _scaled(_read(words[:-1]), SCALES[words[-1]])
    return _read(words)


def _read(words: list[str]) -> Fraction | None:
    if words in (["half"], ["quarter"], ["a", "quarter"]):
        return Fraction(1, PARTS[words[-1]])
    if words[-3:] == ["and", "a", "half"]:
        whole = _cardinal(words[:-3])
        return None if whole is None else whole + Fraction(1, 2)
    if words[-1:] in (["dozen"], ["dozens"]):
        return _scaled(_cardinal(words[:-1] or ["one"]), 12)
    if len(words) > 1 and words[-1] in PARTS:
        return _scaled(_cardinal(words[:-1]), Fraction(1, PARTS[words[-1]]))
    return _decimal(words) if "point" in words else _cardinal(words)


def _cardinal(words: list[str]) -> Fraction | None:
    said = " ".join(["one", *words[1:]] if words[:1] in (["a"], ["an"]) else words)
    value = _spoken(said, "en")
    if value is None and len(words) > 1 and words[0] in _CENTURIES:  # "nineteen ninety-nine"
        rest = _spoken(" ".join(words[1:]), "en")
        value = None if rest is None or rest > 99 else 100 * _CENTURIES[words[0]] + rest  # noqa: PLR2004
    return None if value is None else Fraction(value)


def _scaled(value: Fraction | None, factor: Fraction | int) -> Fraction | None:
    return None if value is None else value * factor


def _decimal(words: list[str]) -> Fraction | None:
    place = words.index("point")
    whole = _spoken(" ".join(words[:place]), "en") if place else 0
    digits = [_spoken(word, "en") for word in words[place + 1 :]]
    if whole is None or not digits or any(digit is None or digit > 9 for digit in digits):  # noqa: PLR2004
        return None
    return Fraction(f"{whole}.{''.join(map(str, digits))}")


def read_foreign_words(text: str) -> Fraction | None:
    """Parse a number word of French, German, Spanish, Italian, Portuguese, Dutch, Chinese or Japanese.

    Args:
        text: The whole numeral.
    """
    han = _han(text)
    if han is not None:
        return han
    values = [value for language in _LANGUAGES[1:] if (value := _spoken(text.lower(), language)) is not None]
    return Fraction(values[0]) if values and len(set(values)) == 1 else None


def _han(text: str) -> Fraction | None:
    """Read Han numerals up to ten thousands, such as 三百二十一."""
    total = section = digit = 0
    for sign in text:
        if sign in _HAN_DIGITS:
            digit = _HAN_DIGITS[sign]
        elif sign in _HAN_UNITS:
            section, digit = section + (digit or 1) * _HAN_UNITS[sign], 0
        elif sign in {"万", "萬"}:
            total, section, digit = total + (section + digit or 1) * 10_000, 0, 0
        else:
            return None
    return Fraction(total + section + digit) if text else None


@lru_cache(maxsize=1 << 14)
def _spoken(words: str, language: str) -> int | None:
    from text_to_num import text2num  # type: ignore[import-untyped]

    try:
        return int(text2num(words, language)) if words else None
    except ValueError:
        return None
