"""One pass over the lines of a file: problems of rows, and what rules across rows need."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from vqaft.data.duplicates import perceptual_hash
from vqaft.errors import ImageError
from vqaft.parallel import ordered_map
from vqaft.records.check.facts import FileFacts, RowFacts, facts_of
from vqaft.records.check.problem import Problem
from vqaft.records.check.row import CheckedImage, CheckedRow
from vqaft.records.check.rule import FileRule, ImageRule, RowRule, Rule, problem
from vqaft.records.check.taking_apart import checked_row
from vqaft.records.limits import ProviderLimits
from vqaft.records.lines import MAX_LINE_BYTES

Line = tuple[int, bytes]

_START_BYTES = 64


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What one pass gives.

    Attributes:
        problems: Those of rows and of the file as a whole, by line.
        facts: What rules across files need.
    """

    problems: tuple[Problem, ...]
    facts: FileFacts


def scan_lines(
    lines: Iterable[Line],
    *,
    path: str | None,
    limits: ProviderLimits,
    rules: Sequence[Rule],
    hashes: bool = False,
    workers: int = 1,
) -> Scan:
    """Look at every line once.

    Args:
        lines: Numbers and bytes of the lines.
        path: The file they come from; None where there is none.
        limits: The provider's limits.
        rules: What to look for; rules about pairs of files are passed over.
        hashes: Whether to hash what images look like, for near-duplicates; every image is decoded for it.
        workers: How many threads look at rows.
    """
    judge = _Judge(rules, path=path, limits=limits)
    tally = _Tally(hashes=hashes)
    problems: list[Problem] = []
    for row, found in ordered_map(judge, tally.counted(lines), workers=workers):
        problems += found
        tally.add(row)
    facts = tally.facts(path)
    for rule in rules:
        if isinstance(rule, FileRule):
            problems += [problem(rule, said, path=path, line=line) for line, said in rule.find(facts, limits)]
    return Scan(problems=tuple(sorted(problems, key=lambda found: found.line or 0)), facts=facts)


class _Judge:
    """Applies the rules of rows and images; an image is judged once, however many rows show it."""

    def __init__(self, rules: Sequence[Rule], *, path: str | None, limits: ProviderLimits) -> None:
        self._row_rules = [rule for rule in rules if isinstance(rule, RowRule)]
        self._image_rules = [rule for rule in rules if isinstance(rule, ImageRule)]
        self._path = path
        self._limits = limits
        self._known: dict[Hashable, tuple[tuple[ImageRule, str], ...]] = {}

    def __call__(self, line: Line) -> tuple[CheckedRow, list[Problem]]:
        number, content = line
        row = _too_long(line) if len(content) > MAX_LINE_BYTES else checked_row(number, content)
        found: list[tuple[Rule, str, str]] = [
            (rule, *said) for rule in self._row_rules for said in rule.find(row, self._limits)
        ]
        found += [(rule, image.place, said) for image in row.images for rule, said in self._judged(image)]
        path = self._path
        return row, [problem(rule, said, path=path, line=number, place=place) for rule, place, said in found]

    def _judged(self, image: CheckedImage) -> tuple[tuple[ImageRule, str], ...]:
        key = (image.key, image.url, image.detail)
        known = self._known.get(key)
        if known is None:
            said = ((rule, rule.find(image, self._limits)) for rule in self._image_rules)
            known = self._known[key] = tuple((rule, message) for rule, message in said if message)
        return known


def _too_long(line: Line) -> CheckedRow:
    return CheckedRow(line=line[0], size_bytes=len(line[1]), flaws=(("too-long", ""),))


class _Tally:
    """Counts and remembers while lines go by."""

    def __init__(self, *, hashes: bool) -> None:
        self._wants_hashes = hashes
        self._hashes: dict[Hashable, int] = {}
        self._rows: list[RowFacts] = []
        self._size_bytes = self._lines = self._crlf = 0
        self._start = self._end = b""

    def counted(self, lines: Iterable[Line]) -> Iterator[Line]:
        for number, content in lines:
            self._start = self._start or content[:_START_BYTES]
            self._end = content[-2:]
            self._lines = number
            self._size_bytes += len(content)
            self._crlf += self._end == b"\r\n"
            yield number, content

    def add(self, row: CheckedRow) -> None:
        if row.messages:
            self._rows.append(facts_of(row))
        for image in row.images if self._wants_hashes else ():
            if image.content and image.key not in self._hashes:
                try:
                    seen = perceptual_hash(image.content)
                except ImageError:
                    continue  # what cannot be decoded has a rule of its own
                if seen is not None:
                    self._hashes[image.key] = seen

    def facts(self, path: str | None) -> FileFacts:
        return FileFacts(
            path=path,
            size_bytes=self._size_bytes,
            lines=self._lines,
            crlf_lines=self._crlf,
            ends_with_newline=self._end.endswith(b"\n"),
            start=self._start,
            rows=tuple(self._rows),
            hashes=self._hashes,
        )
