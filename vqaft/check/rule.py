"""Rule (code, severity, remedy, function) and the problem that it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from pydantic import PositiveInt

from vqaft.check.parsed_row import CheckedImage, CheckedRow, ParsedFile
from vqaft.providers import ProviderLimits
from vqaft.typed import typed

Severity: TypeAlias = Literal["error", "warning", "note"]
"""An error is refused, or trains nothing; a warning costs quality or money; a note is worth knowing."""


@dataclass(frozen=True, kw_only=True)
@typed
class Problem:
    """What a rule found.

    Attributes:
        code: The rule's stable name, e.g. "images.truncated".
        severity: How bad it is.
        message: What is wrong here.
        remedy: What to do about it.
        path: The file; None for rows that came from no file.
        line: The line, from 1; None where the whole file is meant.
        place: Where in the row, e.g. "messages[1].content[0]"; empty for the whole row.
    """

    code: str
    severity: Severity
    message: str
    remedy: str
    path: str | None = None
    line: PositiveInt | None = None
    place: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the problem as plain values, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.path, self.line, self.place) if part)
        return f"{place}: {self.severity}: {self.message} [{self.code}]. {self.remedy}"


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
        by_shape: Whether it finds the same in all rows of one shape (see `vqaft.check.row_shape`), so that it is asked
            once for the rows of a shape in which it finds nothing.
    """

    find: Callable[[CheckedRow, ProviderLimits], Iterable[Found]] = field(repr=False)
    by_shape: bool = False


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

    find: Callable[[ParsedFile, ProviderLimits], Iterable[FoundLine]] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class PairRule(_Rule):
    """A rule about two files of a set, e.g. training and test.

    Attributes:
        code: Its stable name, subject first.
        severity: How bad it is.
        remedy: What to do, in a sentence.
        find: Facts of the file that is trained on, and of the one that must be unseen → what is wrong in the second.
    """

    find: Callable[[ParsedFile, ParsedFile], Iterable[FoundLine]] = field(repr=False)


Rule: TypeAlias = RowRule | ImageRule | FileRule | PairRule


def problem(rule: Rule, message: str, *, path: str | None, line: int | None, place: str = "") -> Problem:
    """Return what a rule found as a problem."""
    return Problem(
        code=rule.code,
        severity=rule.severity,
        message=message,
        remedy=rule.remedy,
        path=path,
        line=line,
        place=place,
    )
