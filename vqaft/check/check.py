"""Check of training files before money is spent: the rules, one pass over the lines, and rules across files."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from os import PathLike, fspath

from vqaft.chat import MAX_LINE_BYTES, Row, read_cut_lines
from vqaft.check.parse import checked_row
from vqaft.check.parsed_row import CheckedImage, CheckedRow, Interned, ParsedFile, ParsedRow, facts_of, foreign_kind
from vqaft.check.report import CheckReport
from vqaft.check.row_shape import shape_of
from vqaft.check.rule import FileRule, ImageRule, PairRule, Problem, RowRule, Rule, problem
from vqaft.check.rules.duplicates import FILES_RULES, ROWS_RULES
from vqaft.check.rules.fields import EXTRAS_RULES, ROLES_RULES
from vqaft.check.rules.file import FILE_RULES, LINE_RULES
from vqaft.check.rules.images import IMAGE_RULES, URL_RULES
from vqaft.check.rules.structure import STRUCTURE_RULES
from vqaft.check.rules.text import TEXT_RULES, TOKEN_RULES
from vqaft.errors import DataError, ImageError, shown
from vqaft.images import CHAT_FORMATS, perceptual_hash, sniff
from vqaft.parallel import adaptive_map, worker_count
from vqaft.providers import OPENAI, ProviderLimits
from vqaft.typed import typed_call

RULES: tuple[Rule, ...] = (
    *LINE_RULES,
    *STRUCTURE_RULES,
    *EXTRAS_RULES,
    *ROLES_RULES,
    *IMAGE_RULES,
    *URL_RULES,
    *TEXT_RULES,
    *TOKEN_RULES,
    *ROWS_RULES,
    *FILE_RULES,
    *FILES_RULES,
)
"""Every rule; `check_file(path, rules=(*RULES, my_rule))` adds one."""


def rules_table(rules: Sequence[Rule] = RULES) -> str:
    """Return rules as a Markdown table of code, severity and remedy.

    Args:
        rules: The rules, in the order of the table.
    """
    rows = (f"| `{rule.code}` | {rule.severity} | {rule.remedy.replace('|', chr(92) + '|')} |" for rule in rules)
    return "\n".join(("| rule | severity | what to do |", "|---|---|---|", *rows))


Line = tuple[int, bytes]

_START_BYTES = 64
_MOST_SHAPES = 10_000


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What one pass gives.

    Attributes:
        problems: Those of rows and of the file as a whole, by line.
        facts: What rules across files need.
    """

    problems: tuple[Problem, ...]
    facts: ParsedFile


def scan_lines(
    lines: Iterable[Line],
    *,
    path: str | None,
    limits: ProviderLimits,
    rules: Sequence[Rule],
    hashes: bool = False,
    max_workers: int = 1,
) -> Scan:
    """Scan every line once.

    Args:
        lines: Numbers and bytes of the lines.
        path: The file they come from; None where there is none.
        limits: The provider's limits.
        rules: What to look for; rules about pairs of files are ignored.
        hashes: Whether to hash what images look like, for near-duplicates; every image is decoded for it.
        max_workers: How many threads look at rows.
    """
    judge = _Judge(rules, path=path, limits=limits)
    tally = _Tally(hashes=hashes)
    problems: list[Problem] = []
    for row, found in adaptive_map(judge, tally.counted(lines), max_workers=max_workers):
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
        self._rules_by_row = [rule for rule in self._row_rules if not rule.by_shape]
        self._clean: set[Hashable] = set()
        self._image_rules = [rule for rule in rules if isinstance(rule, ImageRule)]
        self._path = path
        self._limits = limits
        self._known: dict[Hashable, tuple[tuple[ImageRule, str], ...]] = {}

    def __call__(self, line: Line) -> tuple[CheckedRow, list[Problem]]:
        number, content = line
        row = _too_long(line) if len(content) > MAX_LINE_BYTES else checked_row(number, content)
        found = self._of_row(row)
        found += [(rule, image.place, said) for image in row.images for rule, said in self._judged(image)]
        path = self._path
        return row, [problem(rule, said, path=path, line=number, place=place) for rule, place, said in found]

    def _of_row(self, row: CheckedRow) -> list[tuple[Rule, str, str]]:
        shape = shape_of(row)
        rules = self._rules_by_row if shape in self._clean else self._row_rules
        found: list[tuple[Rule, str, str]] = []
        finds_by_shape = False
        for rule in rules:
            for said in rule.find(row, self._limits):
                found.append((rule, *said))
                finds_by_shape |= rule.by_shape
        if shape is not None and not finds_by_shape and len(self._clean) < _MOST_SHAPES:
            self._clean.add(shape)
        return found

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
        self._interned = Interned()
        self._hashes: dict[Hashable, int] = {}
        self._rows: list[ParsedRow] = []
        self._others: defaultdict[str, list[int]] = defaultdict(list)
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
            self._rows.append(facts_of(row, interned=self._interned))
        if (kind := foreign_kind(row)) is not None:
            self._others[kind].append(row.line)
        for image in row.images if self._wants_hashes else ():
            if image.content and image.key not in self._hashes:
                self._add_hash(image.key, image.content)

    def _add_hash(self, key: Hashable, content: bytes) -> None:
        if sniff(content) not in CHAT_FORMATS:
            return  # no decoder for other kinds is tried on what came in a file
        with suppress(ImageError):  # what cannot be decoded has a rule of its own
            if (seen := perceptual_hash(content)) is not None:
                self._hashes[key] = seen

    def facts(self, path: str | None) -> ParsedFile:
        return ParsedFile(
            path=path,
            size_bytes=self._size_bytes,
            lines=self._lines,
            crlf_lines=self._crlf,
            ends_with_newline=self._end.endswith(b"\n"),
            start=self._start,
            rows=tuple(self._rows),
            other_rows={kind: tuple(lines) for kind, lines in self._others.items()},
            hashes=self._hashes,
        )


PARTS = ("train", "validation", "test")
"""The names of the files of a set, in the order in which each must be unseen by those before it."""


@typed_call
def check_file(
    path: str | PathLike[str],
    *,
    limits: ProviderLimits = OPENAI,
    rules: Sequence[Rule] = RULES,
    max_workers: int | None = None,
) -> CheckReport:
    """Validate a training file and list all its problems: its lines, rows, images, and rows side by side.

    Image headers and base64 are always looked at, pixels and the web only by rules that are added:
    `check_file(path, rules=(*RULES, unreadable_pixels()))`.

    Args:
        path: The file.
        limits: The limits of the provider that it is for.
        rules: What to look for.
        max_workers: How many threads look at rows that take a millisecond or more, as with rules that decode or
            download, and which then must be thread-safe; as many as there are processors if None.

    Returns:
        What was found; nothing is raised for a bad row.

    Raises:
        DataError: If the file cannot be read at all.
    """
    return check_files({"train": path}, limits=limits, rules=rules, max_workers=max_workers)


@typed_call
def check_records(
    records: Iterable[Row],
    *,
    limits: ProviderLimits = OPENAI,
    rules: Sequence[Rule] = RULES,
    max_workers: int | None = None,
) -> CheckReport:
    """Validate rows before they are written; lines are counted from 1.

    Args:
        records: The rows.
        limits: The limits of the provider that they are for.
        rules: What to look for.
        max_workers: How many threads look at rows; see `check_file`.
    """
    _check_limits(limits)
    lines = ((number, record.to_json() + b"\n") for number, record in enumerate(records, start=1))
    threads = worker_count(max_workers)
    scan = scan_lines(lines, path=None, limits=limits, rules=rules, max_workers=threads)
    return _report([scan], scan.problems, limits)


@typed_call
def check_files(
    paths: Mapping[str, str | PathLike[str]],
    *,
    limits: ProviderLimits = OPENAI,
    rules: Sequence[Rule] = RULES,
    near_images: bool = False,
    max_workers: int | None = None,
) -> CheckReport:
    """Validate the files of a set, and what they share and should not.

    Args:
        paths: The files by name: "train", "validation", "test", as many as there are.
        limits: The limits of the provider that they are for.
        rules: What to look for.
        near_images: Whether to look for images that look alike; every image is decoded for it, some 500 a second.
        max_workers: How many threads look at rows; see `check_file`.

    Raises:
        DataError: If a file cannot be read, or a name is not known.
    """
    _check_limits(limits)
    unknown = set(paths) - set(PARTS)
    if unknown:
        raise DataError(f"the name {min(unknown)!r} is not one of {', '.join(PARTS)}")
    threads = worker_count(max_workers)
    scans = [
        scan_lines(
            read_cut_lines(paths[part]),
            path=fspath(paths[part]),
            limits=limits,
            rules=rules,
            hashes=near_images,
            max_workers=threads,
        )
        for part in PARTS
        if part in paths
    ]
    problems = [found for scan in scans for found in scan.problems]
    return _report(scans, [*problems, *_across(scans, rules)], limits)


def _check_limits(limits: object) -> None:
    if not isinstance(limits, ProviderLimits):
        hint = "Take one from vqaft.providers: OPENAI, AZURE, TOGETHER or FIREWORKS."
        raise DataError(f"limits is {shown(limits)}, not a ProviderLimits", hint=hint)


def _across(scans: Sequence[Scan], rules: Sequence[Rule]) -> Iterator[Problem]:
    for trained, unseen in itertools.combinations(scans, 2):
        for rule in rules:
            if isinstance(rule, PairRule):
                for line, said in rule.find(trained.facts, unseen.facts):
                    yield problem(rule, said, path=unseen.facts.path, line=line)


def _report(scans: Sequence[Scan], problems: Iterable[Problem], limits: ProviderLimits) -> CheckReport:
    return CheckReport(
        paths=tuple(scan.facts.path for scan in scans if scan.facts.path),
        rows=sum(len(scan.facts.rows) for scan in scans),
        problems=tuple(problems),
        provider=limits.name,
        unchecked=limits.unknown,
    )
