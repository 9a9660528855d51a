"""Dates and times of day, in whatever notation; read by dateparser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from typing import Literal, TypeAlias

from vqaft.errors import MissingExtraError
from vqaft.evaluation.score import AnsweredExample, Score, ScoreFailure
from vqaft.evaluation.scorers.final_answer import final_answer
from vqaft.evaluation.scorers.numeral import read_words
from vqaft.typed import typed

Order: TypeAlias = Literal["unknown", "day first", "month first"]
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl")

_ORDERS = {"day first": ("DMY",), "month first": ("MDY",), "unknown": ("DMY", "MDY")}
_LEAD = re.compile(r"^\W*(?:(?:the|it|this|that|date|receipt|is|was|on|dated|from|day)\b\W*)+", re.IGNORECASE)
_LONGEST_DATE = 60
_NUMERIC = re.compile(
    r"(?<![\d./-])(?:\d{1,2}([-./])\d{1,2}\1(?:\d{4}|\d{2})|\d{4}([-./])\d{1,2}\2\d{1,2})(?![\d/-]|\.\d)"
)
_SPELLED = re.compile(
    r"\d{1,2}(?:st|nd|rd|th|er|\.|º)?\s?(?:of |de |-)?\s?[^\W\d_]{3,}\.?,?\s?(?:of |de |-)?\s?\d{2,4}"
    r"|[^\W\d_]{3,}\.?\s\d{1,2}(?:st|nd|rd|th)?,?\s\d{2,4}|\d{4}\s?[年년]\s?\d{1,2}\s?[月월]\s?\d{1,2}\s?[日일]"
    r"|\d{4}[-\s][^\W\d_]{3,}[-\s]\d{1,2}"
)


@dataclass(frozen=True, kw_only=True)
@typed
class DateMatch:
    """Right where the final answer gives the date of a reference, in whatever notation.

    "17/05/2020", "17-5-20", "17 May 2020", "May 17th, 2020" and "2020-05-17" are one date. Where the order of day and
    month is unknown, two dates are the same if one order makes them so; "03/04/2021" is never "04/03/2021". A reference
    that is no full date is a `ScoreFailure`. Needs the extra "dates".

    Attributes:
        order: The order of day and month in dates such as "03/04/2021": "day first", "month first" or "unknown".
        languages: The languages of the months' names, by their codes.
    """

    order: Order = "unknown"
    languages: tuple[str, ...] = LANGUAGES

    def __call__(self, answered: AnsweredExample) -> Score | ScoreFailure:
        """Score one answer.

        Args:
            answered: The example and the answer.

        Raises:
            MissingExtraError: If dateparser is not installed.
        """
        orders = _ORDERS[self.order]
        truths = [
            tuple(read_date(text, order, self.languages) for order in orders) for text in answered.example.answers
        ]
        if not any(map(any, truths)):
            return ScoreFailure(kind="no date", message=f"the reference {answered.example.answer!r} is no full date")
        said = tuple(_said_date(answered.answer, order, self.languages) for order in orders)
        if not any(said):
            return Score(value=0.0, reason="no full date in the answer")
        same = any(one is not None and one == other for truth in truths for one, other in zip(said, truth, strict=True))
        return Score(value=float(same), reason=f"says {_shown(said)}, and {_shown(truths[0])} is right")


@lru_cache(maxsize=1 << 12)
def read_date(text: str, order: str, languages: tuple[str, ...] = LANGUAGES) -> date | None:
    """Parse a date.

    Args:
        text: The whole date.
        order: The order of its parts: "DMY", "MDY" or "YMD".
        languages: The languages of the months' names.

    Returns:
        The date; None where the text is no date with day, month and year.

    Raises:
        MissingExtraError: If dateparser is not installed.
    """
    try:
        import dateparser
    except ImportError as error:
        raise MissingExtraError("dateparser", extra="dates") from error
    parts = re.fullmatch(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})", text.strip())
    if parts is not None:
        return _calendar_date(*map(int, parts.groups()))
    settings = {"DATE_ORDER": order, "REQUIRE_PARTS": ["day", "month", "year"], "PARSERS": ["absolute-time"]}
    found = dateparser.parse(text.strip(), languages=[*languages, "zh", "ja", "ko"], settings=settings)
    return found.date() if found else None


def _calendar_date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _said_date(text: str, order: str, languages: tuple[str, ...]) -> date | None:
    final = final_answer(text)
    found = [match[0] for pattern in (_NUMERIC, _SPELLED) for match in pattern.finditer(final)]
    dates = {value for part in found if (value := read_date(part, order, languages)) is not None}
    if not found:
        bare = _LEAD.sub("", final[: 4 * _LONGEST_DATE]).rstrip(". ")
        return read_date(bare, order, languages) if len(bare) <= _LONGEST_DATE else None
    return dates.pop() if len(dates) == 1 else None


def _shown(dates: tuple[date | None, ...]) -> str:
    return " or ".join(sorted({str(value) for value in dates if value is not None}))


_CLOCK = re.compile(
    r"(?<![\d:.,])(?P<hour>\d{1,2})(?:\s?(?:[:hH.]\s?|[uU]hr\s)(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?)?\s?"
    r"(?P<half>in the (?:morning|afternoon|evening)|at night|a\.?\s?m\b\.?|p\.?\s?m\b\.?|"
    r"o['’]?clock|uhr|hrs?\b|h\b)?(?![\d:])",
    re.IGNORECASE,
)
_SPOKEN = re.compile(
    r"\b(?:(?P<past>half|quarter|a quarter|[a-z]+(?:-[a-z]+)?|\d{1,2})(?: minutes?)? "
    r"(?P<way>past|after|to|before|till) )"
    r"(?P<hour>[a-z]+|\d{1,2})\b",
    re.IGNORECASE,
)
_WORD_HOUR = re.compile(r"\b(?P<hour>[a-z]+)(?: o['’]?clock| (?P<minute>[a-z]+(?:[ -][a-z]+)?))\b", re.IGNORECASE)
_OH = re.compile(r"(?<=[a-z] )oh (?=[a-z])", re.IGNORECASE)  # "eight oh five"
_AFTERNOON = re.compile(r"\b(?:p\.?m\b|in the (?:afternoon|evening)|at night)", re.IGNORECASE)
_MORNING = re.compile(r"\b(?:a\.?m\b|in the morning)", re.IGNORECASE)
_NAMED = {"noon": time(12), "midday": time(12), "midnight": time(0)}
_MINUTES = {"half": 30, "quarter": 15, "a quarter": 15}
_NOON = 12


@dataclass(frozen=True, kw_only=True)
@typed
class TimeMatch:
    """Right where the final answer gives the time of day of a reference, in whatever notation.

    "15:15", "3:15 pm", "15h15" and "quarter past three" are one time. Where one side does not say which half of the day
    it means, as on a clock with hands, the halves are not told from each other; "3:15 am" is never "3:15 pm". A
    reference that is no time is a `ScoreFailure`.

    Attributes:
        clock: "12 hours" where "3:15" may mean 15:15, "24 hours" where it does not.
    """

    clock: Literal["12 hours", "24 hours"] = "12 hours"

    def __call__(self, answered: AnsweredExample) -> Score | ScoreFailure:
        """Score one answer.

        Args:
            answered: The example and the answer.
        """
        truths = [times for text in answered.example.answers if (times := self._read(text))]
        if not truths:
            return ScoreFailure(kind="no time", message=f"the reference {answered.example.answer!r} is no time of day")
        said = self._read(final_answer(answered.answer))
        if not said:
            return Score(value=0.0, reason="no time of day, or several, in the answer")
        same = any(said & truth for truth in truths)
        shown = " or ".join(sorted(f"{value:%H:%M}" for value in said))
        return Score(value=float(same), reason=f"says {shown}; the reference is {answered.example.answer}")

    def _read(self, text: str) -> frozenset[time]:
        return read_times(text, halves=2 if self.clock == "12 hours" else 1)


@lru_cache(maxsize=1 << 12)
def read_times(text: str, *, halves: int = 2) -> frozenset[time]:
    """Parse the one time of day in a text.

    Args:
        text: A text.
        halves: 2 where an hour up to twelve may mean either half of the day, 1 where it does not.

    Returns:
        What it may mean: one time, or two, twelve hours apart; none where the text holds no time, or several.
    """
    named = [value for word, value in _NAMED.items() if re.search(rf"\b{word}\b", text, re.IGNORECASE)]
    text = _OH.sub("", text)
    found = [*_in_digits(text), *([] if any(map(str.isdigit, text)) and ":" in text else _in_words(text))]
    times = {*named, *found} if not named else set(named)
    if len(times) != 1:
        return frozenset()
    (value,) = times
    if named or value.hour > _NOON or (value.hour == 0 and halves == 1):
        return frozenset({value})
    early, late = value.replace(hour=value.hour % _NOON), value.replace(hour=value.hour % _NOON + _NOON)
    if _AFTERNOON.search(text):
        return frozenset({late})
    if _MORNING.search(text) or halves == 1:
        return frozenset({early if _MORNING.search(text) else value})
    return frozenset({early, late})


def _in_digits(text: str) -> list[time]:
    found = []
    for match in _CLOCK.finditer(text):
        hour, minute = int(match["hour"]), int(match["minute"] or 0)
        if (match["minute"] is None and match["half"] is None) or hour > 24:  # noqa: PLR2004 - hours of a day
            continue
        if match["minute"] and "." in match[0][:3] and match["half"] is None:
            continue  # "3.15" is a number
        found.append(time(hour % 24, minute, int(match["second"] or 0)))
    return found


def _in_words(text: str) -> list[time]:
    spoken = _SPOKEN.search(text)
    if spoken is not None:
        minutes = _MINUTES.get(spoken["past"].lower(), _small(spoken["past"]))
        hour = _small(spoken["hour"])
        if minutes is None or hour is None:
            return []
        before = spoken["way"].lower() in {"to", "before", "till"}
        total = (hour * 60 + (-minutes if before else minutes)) % (24 * 60)
        return [time(total // 60, total % 60)]
    for match in _WORD_HOUR.finditer(text):
        hour = _small(match["hour"])
        minute = _small(match["minute"]) if match["minute"] else 0
        if hour is not None and minute is not None and hour <= 24 and minute < 60:  # noqa: PLR2004 - a clock
            return [time(hour % 24, minute)]
    return []


def _small(word: str) -> int | None:
    value = int(word) if word.isdigit() else read_words(word.lower())
    return int(value) if value is not None and value.denominator == 1 and 0 <= value < 60 else None  # noqa: PLR2004
