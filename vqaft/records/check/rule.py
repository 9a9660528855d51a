"""What a rule is: a name, a remedy, and a function that finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from vqaft.records.check.facts import FileFacts
from vqaft.records.check.problem import Problem, Severity
from vqaft.records.check.row import CheckedImage, CheckedRow
from vqaft.records.limits import ProviderLimits


class Found(NamedTuple):
    """A place in a row, and what is wrong there."""

    place: str
    message: str


class FoundLine(NamedTuple):
    """A line of a file (None for the whole file), and what is wrong with it."""

    line: int | None
    message: str


@dataclass(frozen=True, kw_only=True)
class _Rule:
    code: str
    severity: Severity
    remedy: str


@dataclass(frozen=True, kw_only=True)
class RowRule(_Rule):
    """A rule about one row.

    Attributes:
        code: Its stable name, subject first.
        severity: How bad it is.
        remedy: What to do, in a sentence.
        find: Row and limits → what is wrong; called from several threads at once.
    """

    find: Callable[[CheckedRow, ProviderLimits], Iterable[Found]] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ImageRule(_Rule):
    """A rule about one image, wherever it stands; asked once for an image, however many rows show it.

    Attributes:
        code: Its stable name, subject first.
        severity: How bad it is.
        remedy: What to do, in a sentence.
        find: Image and limits → what is wrong, or None; called from several threads at once.
    """

    find: Callable[[CheckedImage, ProviderLimits], str | None] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class FileRule(_Rule):
    """A rule about a whole file: its size, its rows side by side.

    Attributes:
        code: Its stable name, subject first.
        severity: How bad it is.
        remedy: What to do, in a sentence.
        find: Facts of the file and limits → what is wrong.
    """

    find: Callable[[FileFacts, ProviderLimits], Iterable[FoundLine]] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class PairRule(_Rule):
    """A rule about two files of a set, e.g. training and test.

    Attributes:
        code: Its stable name, subject first.
        severity: How bad it is.
        remedy: What to do, in a sentence.
        find: Facts of the file that is trained on, and of the one that must be unseen → what is wrong in the second.
    """

    find: Callable[[FileFacts, FileFacts], Iterable[FoundLine]] = field(repr=False)


Rule: TypeAlias = RowRule | ImageRule | FileRule | PairRule


def problem(rule: Rule, message: str, *, path: str | None, line: int | None, place: str = "") -> Problem:
    """Make what a rule found into a problem."""
    return Problem(
        code=rule.code,
        severity=rule.severity,
        message=message,
        remedy=rule.remedy,
        path=path,
        line=line,
        place=place,
    )
