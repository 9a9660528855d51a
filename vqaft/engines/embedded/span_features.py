"""What the ranker knows of a candidate: how it looks, where it stands, what stands around it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from vqaft.engines.embedded.candidates import Candidate, shape_of
from vqaft.engines.embedded.lines import Line

LONGEST_SHAPE = 24
"""Texts with more characters are not known by their shape."""


def span_features(found: Sequence[Candidate]) -> list[dict[str, float]]:
    """Describe the candidates of one image.

    Args:
        found: All candidates of the image.

    Returns:
        For each candidate its features by name; names not listed are 0.
    """
    if not found:
        return []
    page = _Page(found)
    return [dict(page.describe(candidate)) for candidate in found]


def squeezed(text: str) -> str:
    """A text without its blanks and letter case, as spans are compared by."""
    return re.sub(r"\s+", "", text).casefold()


class _Page:
    """What all candidates of an image share: the extent of its text, its repeats and its numbers."""

    def __init__(self, found: Sequence[Candidate]) -> None:
        lines = {id(candidate.line): candidate.line for candidate in found}.values()
        self.left, self.right = min(line.left for line in lines), max(line.right for line in lines)
        self.top, self.bottom = min(line.top for line in lines), max(line.bottom for line in lines)
        heights = sorted(line.height for line in lines)
        self.height = heights[len(heights) // 2]
        self.rows = 1 + max(candidate.row for candidate in found)
        spots = {(squeezed(candidate.text), candidate.row) for candidate in found}
        self.repeats = Counter(text for text, _ in spots)
        self.numbers = sorted({value for candidate in found if (value := number_in(candidate.text)) is not None})

    def describe(self, candidate: Candidate) -> Iterator[tuple[str, float]]:
        yield from self._place(candidate, candidate.line)
        yield from _look(candidate.text)
        yield from self._value(candidate)
        yield from _words("own", candidate.text, 12)
        yield from _ends(candidate)
        yield from _words("before", candidate.before[-40:], 4)
        yield from _words("after", candidate.after[:24], 2)
        yield from _words("above", candidate.above, 6)
        yield from _words("below", candidate.below, 6)
        if candidate.last:
            yield from _words("ending", candidate.last, 6)

    def _place(self, candidate: Candidate, line: Line) -> Iterator[tuple[str, float]]:
        wide, high = max(self.right - self.left, 1.0), max(self.bottom - self.top, 1.0)
        down = (line.middle - self.top) / high
        yield f"down{int(down * 9.99)}", 0.5
        yield "down", down
        yield "left", (line.left - self.left) / wide
        yield "right", (line.right - self.left) / wide
        yield "centred", abs((line.left + line.right) / 2 - (self.left + self.right) / 2) / wide
        yield "taller", math.log(line.height / self.height)
        yield f"row{min(candidate.row, 9)}", 1.0
        yield f"end{min(self.rows - 1 - candidate.row, 9)}", 0.5
        yield f"joined{candidate.joined}", 1.0
        yield f"kind:{candidate.kind}", 1.0

    def _value(self, candidate: Candidate) -> Iterator[tuple[str, float]]:
        yield f"repeats{min(self.repeats[squeezed(candidate.text)], 5)}", 0.7
        value = number_in(candidate.text)
        if value is not None:
            place = self.numbers[::-1].index(value)
            yield f"number:{min(place, 5)}th", 0.5
            yield "number", 0.5
            yield "number:log", math.log1p(abs(value)) / 10


def number_in(text: str) -> float | None:
    """The number that a text is, apart from a few other characters before or after it; None where it is none."""
    match = re.fullmatch(r"[^\d-]{0,4}(-?\d{1,3}(?:[, ]\d{3})*(?:\.\d+)?|-?\d+(?:\.\d+)?)\D{0,3}", text.strip())
    return float(re.sub(r"[, ]", "", match[1])) if match else None


def _look(text: str) -> Iterator[tuple[str, float]]:
    length = len(text)
    yield "bias", 1.0
    yield "length", math.log(length)
    yield f"length{int(2 * math.log2(length))}", 0.7
    yield f"words{min(len(text.split()), 8)}", 0.7
    yield "digits", sum(map(str.isdigit, text)) / length
    yield "letters", sum(map(str.isalpha, text)) / length
    yield "capitals", sum(map(str.isupper, text)) / length
    for mark in set(re.findall(r"[^\w\s]", text)):
        yield f"has:{mark}", 0.5
    if any(map(str.isdigit, text)) and length <= LONGEST_SHAPE:
        yield f"shape:{shape_of(text)}", 1.0


def _ends(candidate: Candidate) -> Iterator[tuple[str, float]]:
    text = candidate.text
    yield f"first:{_class(text[0])}", 0.7
    yield f"last:{_class(text[-1])}", 0.7
    yield f"cut:{_class(candidate.before[-1:])}{_class(text[0])}", 0.5
    yield f"tail:{_class(text[-1])}{_class(candidate.after[:1])}", 0.5
    words = text.casefold().split()
    yield f"firstword:{words[0]}", 0.7
    yield f"lastword:{words[-1]}", 0.7


def _class(character: str) -> str:
    if character.isdigit():
        return "9"
    return "a" if character.isalpha() else character


def _words(name: str, text: str, most: int) -> Iterator[tuple[str, float]]:
    words = re.findall(r"[^\W\d_]+|\d+", text.casefold())
    words = words[-most:] if name == "before" else words[:most]
    if not words:
        yield f"{name}:none", 0.5
    for word in dict.fromkeys("9" * len(word) if word.isdigit() else word for word in words):
        yield f"{name}:{word}", 0.6
    if name == "before" and words:
        yield f"{name}last:{words[-1]}", 0.7
