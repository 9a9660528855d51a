"""Spans of text in an image that could be an answer, and the features that describe them."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from vqaft.engines.embedded.ocr import Line

MAX_JOINED = 6
"""The most lines that are joined to one span."""
MAX_INNER_WORDS = 3
"""The most words of a span that neither begins nor ends its line."""
MAX_SPANS = 1500
"""The most spans of an image."""
MAX_PATTERN = 24
"""Longer texts have no pattern."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A span of text and its surroundings.

    Attributes:
        text: The span.
        line: Its line; of joined lines the first.
        before: The text before it on its row.
        after: The text after it on its row.
        above: The text of the row above.
        below: The text of the line below.
        joined: How many lines it spans.
        row: Number of its row from the top, from 0.
    """

    text: str
    line: Line
    before: str
    after: str
    above: str
    below: str
    joined: int
    row: int


def normalized(text: str) -> str:
    """Return a text without blanks and letter case, as spans and answers are compared."""
    return re.sub(r"\s+", "", text).casefold()


def pattern_of(text: str) -> str:
    r"""Return a regular expression in which digits and letters stand for their kind.

    `18 MAR 2018` becomes `\d{2}\s*[^\W\d_]{3}\s*\d{4}`.
    """
    return "".join(map(_pattern_part, re.findall(r"\d+|[^\W\d_]+|\s+|.", text)))


def _pattern_part(part: str) -> str:
    if part.isdigit():
        return rf"\d{{{len(part)}}}"
    if part.isalpha():
        return rf"[^\W\d_]{{{len(part)}}}"
    return r"\s*" if part.isspace() else re.escape(part)


def find_spans(lines: Sequence[Line], patterns: Iterable[str] = ()) -> list[Span]:
    """Return the words, runs of words, lines, rows and joined lines of an image's text.

    Args:
        lines: The text.
        patterns: Of answers in the training data; what they match inside a line is a span too.
    """
    compiled = [re.compile(rf"(?<!\d){pattern}") for pattern in patterns]
    layout = _Layout(lines)
    found: dict[tuple[str, int, str], Span] = {}
    for span in itertools.chain(layout.within_rows(compiled), layout.joined()):
        found.setdefault((span.text, span.row, span.before[-12:]), span)
    return list(found.values())[:MAX_SPANS]


class _Layout:
    """Lines grouped into rows, and the line that follows each line."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._rows = rows(lines)
        self._ordered = sorted(lines, key=lambda line: line.top)
        self._texts = [" ".join(line.text for line in row) for row in self._rows]
        self._row_of = {id(line): number for number, row in enumerate(self._rows) for line in row}
        self._next = {id(line): line_below(line, self._ordered[at + 1 :]) for at, line in enumerate(self._ordered)}

    def within_rows(self, patterns: Sequence[re.Pattern[str]]) -> Iterator[Span]:
        for row in self._rows:
            texts = [line.text for line in row]
            for at, line in enumerate(row):
                before, after = " ".join(texts[:at]), " ".join(texts[at + 1 :])
                for start, end in _cuts(line.text, patterns):
                    outside = f"{before} {line.text[:start]}".strip(), f"{line.text[end:]} {after}".strip()
                    yield self._span([line], line.text[start:end], outside)
            if len(row) > 1:
                yield self._span(row[:1], " ".join(texts))

    def joined(self) -> Iterator[Span]:
        for first in self._ordered:
            chain = [first]
            while len(chain) < MAX_JOINED and (following := self._next[id(chain[-1])]) is not None:
                chain.append(following)
                yield self._span(chain, " ".join(line.text for line in chain))

    def _span(self, lines: list[Line], text: str, outside: tuple[str, str] = ("", "")) -> Span:
        row, following = self._row_of[id(lines[0])], self._next[id(lines[-1])]
        return Span(
            text=text,
            line=lines[0],
            before=outside[0],
            after=outside[1],
            above=self._texts[row - 1] if row else "",
            below="" if following is None else following.text,
            joined=len(lines),
            row=row,
        )


def rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Group lines that stand beside each other: rows from top to bottom, each from left to right."""
    found: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.middle):
        last = found[-1][-1] if found else None
        if last is not None and abs(last.middle - line.middle) < min(last.height, line.height) / 2:
            found[-1].append(line)
        else:
            found.append([line])
    return [sorted(row, key=lambda line: line.left) for row in found]


def line_below(line: Line, rest: Sequence[Line]) -> Line | None:
    """Return the line that continues a text: the nearest that overlaps sideways, at most two line heights below.

    Args:
        line: Where the text breaks.
        rest: The lines that start lower, from top to bottom.
    """
    for other in rest:
        if other.top - line.bottom > 2 * line.height:
            return None
        shared = min(line.right, other.right) - max(line.left, other.left)
        if shared > 0.3 * min(line.right - line.left, other.right - other.left):
            return other
    return None


def _cuts(text: str, patterns: Sequence[re.Pattern[str]]) -> Iterator[tuple[int, int]]:
    yield 0, len(text)
    for pattern in patterns:
        yield from (match.span() for match in pattern.finditer(text))
    words = [match.span() for match in re.finditer(r"[^\s:]+:?", text)]
    for first, last in itertools.combinations_with_replacement(range(len(words)), 2):
        if last - first < MAX_INNER_WORDS or first == 0 or last == len(words) - 1:
            yield words[first][0], words[last][1]


def number_in(text: str) -> float | None:
    """Return the number that a text is, up to a few other characters before or after it; None where it is none."""
    match = re.fullmatch(r"[^\d-]{0,4}(-?\d{1,3}(?:[, ]\d{3})*(?:\.\d+)?|-?\d+(?:\.\d+)?)\D{0,3}", text.strip())
    return float(re.sub(r"[, ]", "", match[1])) if match else None


def span_features(spans: Sequence[Span]) -> list[dict[str, float]]:
    """Describe the spans of one image by named features; names not listed are 0."""
    page = _Extent(spans) if spans else None
    return [dict(page.describe(span)) for span in spans] if page else []


class _Extent:
    """What the spans of an image share: the extent of its text, its repetitions and its numbers."""

    def __init__(self, spans: Sequence[Span]) -> None:
        lines = {id(span.line): span.line for span in spans}.values()
        self.left, self.right = min(line.left for line in lines), max(line.right for line in lines)
        self.top, self.bottom = min(line.top for line in lines), max(line.bottom for line in lines)
        self.height = sorted(line.height for line in lines)[len(lines) // 2]
        self.rows = 1 + max(span.row for span in spans)
        self.repetitions = Counter(text for text, _ in {(normalized(span.text), span.row) for span in spans})
        self.numbers = sorted({value for span in spans if (value := number_in(span.text)) is not None}, reverse=True)

    def describe(self, span: Span) -> Iterator[tuple[str, float]]:
        yield from self._place(span, span.line)
        yield from self._value(span)
        yield from _appearance(span)
        yield from _words("own", span.text, 12)
        yield from _words("before", span.before[-40:], -4)
        yield from _words("after", span.after[:24], 2)
        yield from _words("above", span.above, 6)
        yield from _words("below", span.below, 6)

    def _place(self, span: Span, line: Line) -> Iterator[tuple[str, float]]:
        width, height = max(self.right - self.left, 1.0), max(self.bottom - self.top, 1.0)
        down = (line.middle - self.top) / height
        yield f"down{int(down * 9.99)}", 0.5
        yield "down", down
        yield "left", (line.left - self.left) / width
        yield "right", (line.right - self.left) / width
        yield "off center", abs((line.left + line.right) / 2 - (self.left + self.right) / 2) / width
        yield "height", math.log(line.height / self.height)
        yield f"row{min(span.row, 9)}", 1.0
        yield f"row from end{min(self.rows - 1 - span.row, 9)}", 0.5
        yield f"joined{span.joined}", 1.0

    def _value(self, span: Span) -> Iterator[tuple[str, float]]:
        yield f"repetitions{min(self.repetitions[normalized(span.text)], 5)}", 0.7
        value = number_in(span.text)
        if value is not None:
            yield f"rank of number{min(self.numbers.index(value), 5)}", 0.5
            yield "number", 0.5
            yield "log of number", math.log1p(abs(value)) / 10


def _appearance(span: Span) -> Iterator[tuple[str, float]]:
    text, length = span.text, len(span.text)
    yield "bias", 1.0
    yield "length", math.log(length)
    yield f"length{int(2 * math.log2(length))}", 0.7
    yield f"words{min(len(text.split()), 8)}", 0.7
    yield "digits", sum(map(str.isdigit, text)) / length
    yield "letters", sum(map(str.isalpha, text)) / length
    yield "capitals", sum(map(str.isupper, text)) / length
    for mark in set(re.findall(r"[^\w\s]", text)):
        yield f"has:{mark}", 0.5
    if any(map(str.isdigit, text)) and length <= MAX_PATTERN:
        yield f"pattern:{pattern_of(text)}", 1.0
    yield f"first:{_kind(text[0])}", 0.7
    yield f"last:{_kind(text[-1])}", 0.7
    yield f"start:{_kind(span.before[-1:])}{_kind(text[0])}", 0.5
    yield f"end:{_kind(text[-1])}{_kind(span.after[:1])}", 0.5


def _kind(character: str) -> str:
    if character.isdigit():
        return "9"
    return "a" if character.isalpha() else character


def _words(name: str, text: str, count: int) -> Iterator[tuple[str, float]]:
    """Describe the first words of a text, or its last ones where `count` is negative; digits become nines."""
    words = re.findall(r"[^\W\d_]+|\d+", text.casefold())
    words = words[count:] if count < 0 else words[:count]
    if not words:
        yield f"{name}:none", 0.5
        return
    for word in dict.fromkeys("9" * len(word) if word.isdigit() else word for word in words):
        yield f"{name}:{word}", 0.6
    yield f"{name} first:{words[0]}", 0.7
    yield f"{name} last:{words[-1]}", 0.7
