"""The texts that could be an answer: words, lines and joined lines that stand in the image."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vqaft.server.engines.embedded.lines import Line, below, rows

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
        joined: How many lines it spans.
        row: Number of its row from the top, from 0.
        kind: How it was cut: `line`, `row`, `words`, `shape` or `joined`.
    """

    text: str
    line: Line
    before: str
    after: str
    above: str
    joined: int
    row: int
    kind: str


def shape_of(text: str) -> str:
    r"""Write a text as a regular expression in which digits and letters stand for their kind.

    `18 MAR 2018` gives `\d{2}\s?[^\W\d_]{3}\s?\d{4}`.
    """
    parts = re.findall(r"\d+|[^\W\d_]+|\s+|.", text)
    return "".join(map(_shape_part, parts))


def _shape_part(part: str) -> str:
    if part.isdigit():
        return rf"\d{{{len(part)}}}"
    if part.isalpha():
        return rf"[^\W\d_]{{{len(part)}}}"
    return r"\s?" if part.isspace() else re.escape(part)


def candidates(lines: tuple[Line, ...], shapes: Iterable[re.Pattern[str]] = ()) -> list[Candidate]:
    """List the spans of an image's text that could answer a question.

    Args:
        lines: What was read.
        shapes: Patterns of earlier answers; what they match inside a line is a candidate too.
    """
    found: dict[tuple[str, int, str], Candidate] = {}
    above = ""
    for number, row in enumerate(rows(lines)):
        for candidate in _in_row(row, number, above, tuple(shapes)):
            found.setdefault((candidate.text, number, candidate.before[-12:]), candidate)
        above = " ".join(line.text for line in row)
    for candidate in _joined(lines):
        found.setdefault((candidate.text, candidate.row, candidate.before[-12:]), candidate)
    return list(found.values())[:MAX_CANDIDATES]


def _in_row(row: list[Line], number: int, above: str, shapes: tuple[re.Pattern[str], ...]) -> Iterator[Candidate]:
    texts = [line.text for line in row]
    for at, line in enumerate(row):
        before, after = " ".join(texts[:at]), " ".join(texts[at + 1 :])
        for start, end, kind in _cuts(line.text, shapes):
            yield Candidate(
                text=line.text[start:end],
                line=line,
                before=f"{before} {line.text[:start]}".strip(),
                after=f"{line.text[end:]} {after}".strip(),
                above=above,
                joined=1,
                row=number,
                kind=kind,
            )
    if len(row) > 1:
        yield Candidate(
            text=" ".join(texts), line=row[0], before="", after="", above=above, joined=1, row=number, kind="row"
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


def _joined(lines: tuple[Line, ...]) -> Iterator[Candidate]:
    ordered = sorted(lines, key=lambda line: line.top)
    numbers = {id(line): number for number, row in enumerate(rows(lines)) for line in row}
    texts = [" ".join(line.text for line in row) for row in rows(lines)]
    for at, first in enumerate(ordered):
        line, text, rest = first, first.text, ordered[at + 1 :]
        for count in range(2, MAX_JOINED + 1):
            following = below(line, rest)
            if following is None:
                break
            rest = rest[rest.index(following) + 1 :]
            line, text = following, f"{text} {following.text}"
            row = numbers[id(first)]
            yield Candidate(
                text=text,
                line=first,
                before="",
                after="",
                above=texts[row - 1] if row else "",
                joined=count,
                row=row,
                kind="joined",
            )
