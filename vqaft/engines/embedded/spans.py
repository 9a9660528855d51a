"""Spans of text in an image that could be an answer, and the features that describe them."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from vqaft.engines.embedded.ocr import Line

MAX_ROWS = 6
"""The most rows that one span covers."""
MAX_INNER_WORDS = 3
"""The most words of a span that neither begins nor ends its row."""
MAX_SPANS = 1500
"""The most spans of an image."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A span of text and its surroundings.

    Attributes:
        text: The span.
        before: The text before it in its row.
        after: The text after it in its row.
        above: The text of the row above.
        below: The text of the row below.
        place: Where it stands in the image, as features.
    """

    text: str
    before: str = ""
    after: str = ""
    above: str = ""
    below: str = ""
    place: tuple[str, ...] = field(default=(), repr=False)

    def features(self) -> list[str]:
        """Describe the span by features that are there or not."""
        text, kinds = self.text, shape(f"{self.before[-1:] or '^'}{self.text}{self.after[:1] or '$'}")
        shares = {name: sum(map(test, text)) / len(text) for name, test in _SHARES.items()}
        return [
            *self.place,
            *_words("own", text, slice(12)),
            *_words("before", self.before, slice(-4, None)),
            *_words("after", self.after, slice(2)),
            *_words("above", self.above, slice(6)),
            *_words("below", self.below, slice(6)),
            *(f"share of {name}:{round(4 * share)}" for name, share in shares.items()),
            *(f"has:{mark}" for mark in set(re.findall(r"[^\w\s]", text))),
            f"length:{int(2 * math.log2(len(text)))}",
            f"words:{min(len(text.split()), 8)}",
            f"shape:{kinds[1:-1]}",
            f"first:{kinds[1]}",
            f"last:{kinds[-2]}",
            f"start:{kinds[:2]}",
            f"end:{kinds[-2:]}",
        ]


_SHARES = {"digits": str.isdigit, "letters": str.isalpha, "capitals": str.isupper}


def _words(name: str, text: str, part: slice) -> Iterator[str]:
    words = re.findall(r"[^\W\d_]+|\d+", text.casefold())[part] or ["none"]
    yield from {f"{name}:{'9' * len(word) if word.isdigit() else word}" for word in words}
    yield f"{name} first:{words[0]}"
    yield f"{name} last:{words[-1]}"


def normalized(text: str) -> str:
    """Return a text without blanks and letter case, as spans and answers are compared."""
    return re.sub(r"\s+", "", text).casefold()


def shape(text: str) -> str:
    """Return a text with each digit as 9 and each letter as a: `18 Mar 2018` becomes `99 aaa 9999`."""
    return re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", text))


def number_in(text: str) -> float | None:
    """Return the number that a text is, up to a few other characters before or after it; None where it is none."""
    match = re.fullmatch(r"[^\d-]{0,4}(-?\d{1,3}(?:[, ]\d{3})*(?:\.\d+)?|-?\d+(?:\.\d+)?)\D{0,3}", text.strip())
    return float(re.sub(r"[, ]", "", match[1])) if match else None


def find_spans(lines: Sequence[Line], shapes: Iterable[str] = ()) -> list[Span]:
    """Return the words, runs of words, rows and runs of rows of an image's text.

    Args:
        lines: The text.
        shapes: Of answers in the training data; what has one of them inside a row is a span too.
    """
    rows = _rows(lines)
    texts = ["", *(" ".join(line.text for line in row) for row in rows), ""]
    places = list(_places(rows))
    ranks = _ranks(texts)
    found: dict[tuple[str, ...], Span] = {}
    for first, last in itertools.combinations_with_replacement(range(len(rows)), 2):
        if last - first < MAX_ROWS:
            text = " ".join(texts[first + 1 : last + 2])
            for start, end in _cuts(text, shapes) if first == last else [(0, len(text))]:
                place = (*places[first], f"rows{last - first}", f"rank{ranks.get(text[start:end])}")
                before, after = text[:start].strip(), text[end:].strip()
                span = Span(
                    text=text[start:end],
                    before=before,
                    after=after,
                    above=texts[first],
                    below=texts[last + 2],
                    place=place,
                )
                found.setdefault((span.text, before[-12:], *places[first]), span)
    return list(found.values())[:MAX_SPANS]


def _ranks(texts: Sequence[str]) -> dict[str, int]:
    words = {word for text in texts for word in re.findall(r"[^\s:]+:?", text)}
    numbers = {word: value for word in words if (value := number_in(word)) is not None}
    values = sorted(set(numbers.values()), reverse=True)
    return {word: min(values.index(value), 5) for word, value in numbers.items()}


def _rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Group lines that stand beside each other: rows from top to bottom, each from left to right."""
    found: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.middle):
        last = found[-1][-1] if found else None
        if last is not None and abs(last.middle - line.middle) < min(last.height, line.height) / 2:
            found[-1].append(line)
        else:
            found.append([line])
    return [sorted(row, key=lambda line: line.left) for row in found]


def _places(rows: Sequence[Sequence[Line]]) -> Iterator[tuple[str, ...]]:
    """Yield features of where each row stands: from the top, from the end, across, and how tall its letters are."""
    lines = [line for row in rows for line in row]
    if not lines:
        return
    left, width = min(line.left for line in lines), max(line.right for line in lines)
    width = (width - left) or 1.0
    typical = sorted(line.height for line in lines)[len(lines) // 2]
    for number, (line, *_) in enumerate(rows):
        yield (
            f"row{min(number, 9)}",
            f"row from end{min(len(rows) - 1 - number, 9)}",
            f"down{10 * number // len(rows)}",
            f"left{round(5 * (line.left - left) / width)}",
            f"off center{round(10 * abs((line.left + line.right) / 2 - left - width / 2) / width)}",
            f"height{round(3 * math.log2(line.height / typical))}",
        )


def _cuts(text: str, shapes: Iterable[str]) -> Iterator[tuple[int, int]]:
    yield 0, len(text)
    pattern = shape(text)
    for wanted in shapes:
        yield from (match.span() for match in re.finditer(rf"(?<!9){re.escape(wanted)}", pattern))
    words = [match.span() for match in re.finditer(r"[^\s:]+:?", text)]
    for first, last in itertools.combinations_with_replacement(range(len(words)), 2):
        if last - first < MAX_INNER_WORDS or first == 0 or last == len(words) - 1:
            yield words[first][0], words[last][1]
