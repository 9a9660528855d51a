"""The texts that could be an answer: words, lines and joined lines that stand in the image."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vqaft.engines.embedded.lines import Line, below, rows

MAX_JOINED = 6
"""Lines that are joined at most."""
MAX_INNER_WORDS = 3
"""Words of a span that neither begins nor ends its line, at most."""
MAX_CANDIDATES = 1500


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A span of text and where it stands.

    Attributes:
        text: The span.
        line: Its line; of joined lines the first.
        before: The text before it on its row.
        after: The text after it on its row.
        above: The text of the row above.
        below: The text of the line below its last line.
        last: The text of its last line, where it has several.
        joined: How many lines it spans.
        row: Number of its row from the top, from 0.
        kind: How it was cut: `line`, `row`, `words`, `shape` or `joined`.
    """

    text: str
    line: Line
    before: str
    after: str
    above: str
    below: str
    last: str
    joined: int
    row: int
    kind: str


def shape_of(text: str) -> str:
    r"""Write a text as a regular expression in which digits and letters stand for their kind.

    `18 MAR 2018` gives `\d{2}\s*[^\W\d_]{3}\s*\d{4}`.
    """
    parts = re.findall(r"\d+|[^\W\d_]+|\s+|.", text)
    return "".join(map(_shape_part, parts))


def _shape_part(part: str) -> str:
    if part.isdigit():
        return rf"\d{{{len(part)}}}"
    if part.isalpha():
        return rf"[^\W\d_]{{{len(part)}}}"
    return r"\s*" if part.isspace() else re.escape(part)


def candidates(lines: tuple[Line, ...], shapes: Iterable[re.Pattern[str]] = ()) -> list[Candidate]:
    """List the spans of an image's text that could answer a question.

    Args:
        lines: What was read.
        shapes: Patterns of earlier answers; what they match inside a line is a candidate too.
    """
    sheet, patterns = _Sheet(lines), tuple(shapes)
    found: dict[tuple[str, int, str], Candidate] = {}
    for candidate in itertools.chain(sheet.within_rows(patterns), sheet.joined()):
        found.setdefault((candidate.text, candidate.row, candidate.before[-12:]), candidate)
    return list(found.values())[:MAX_CANDIDATES]


class _Sheet:
    """Lines in rows, each with the line that follows it."""

    def __init__(self, lines: tuple[Line, ...]) -> None:
        self._rows = rows(lines)
        self._ordered = sorted(lines, key=lambda line: line.top)
        self._texts = [" ".join(line.text for line in row) for row in self._rows]
        self._row_of = {id(line): number for number, row in enumerate(self._rows) for line in row}
        self._next = {id(line): below(line, self._ordered[at + 1 :]) for at, line in enumerate(self._ordered)}

    def within_rows(self, shapes: tuple[re.Pattern[str], ...]) -> Iterator[Candidate]:
        for row in self._rows:
            texts = [line.text for line in row]
            for at, line in enumerate(row):
                before, after = " ".join(texts[:at]), " ".join(texts[at + 1 :])
                for start, end, kind in _cuts(line.text, shapes):
                    outside = f"{before} {line.text[:start]}".strip(), f"{line.text[end:]} {after}".strip()
                    yield self._candidate([line], line.text[start:end], kind, outside)
            if len(row) > 1:
                yield self._candidate(row[:1], " ".join(texts), "row", ("", ""))

    def joined(self) -> Iterator[Candidate]:
        for first in self._ordered:
            chain = [first]
            while len(chain) < MAX_JOINED and (following := self._next[id(chain[-1])]) is not None:
                chain.append(following)
                yield self._candidate(chain, " ".join(line.text for line in chain), "joined", ("", ""))

    def _candidate(self, lines: list[Line], text: str, kind: str, outside: tuple[str, str]) -> Candidate:
        row, following = self._row_of[id(lines[0])], self._next[id(lines[-1])]
        return Candidate(
            text=text,
            line=lines[0],
            before=outside[0],
            after=outside[1],
            above=self._texts[row - 1] if row else "",
            below="" if following is None else following.text,
            last=lines[-1].text if len(lines) > 1 else "",
            joined=len(lines),
            row=row,
            kind=kind,
        )


def _cuts(text: str, shapes: tuple[re.Pattern[str], ...]) -> Iterator[tuple[int, int, str]]:
    yield 0, len(text), "line"
    for shape in shapes:
        yield from ((match.start(), match.end(), "shape") for match in shape.finditer(text))
    words = [(match.start(), match.end()) for match in re.finditer(r"[^\s:]+:?", text)]
    count = len(words)
    for first in range(count):
        for last in range(first, count):
            if last - first < MAX_INNER_WORDS or first == 0 or last == count - 1:
                yield words[first][0], words[last][1], "words"
