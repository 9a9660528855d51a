"""One thing that is wrong, where it is, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "note"]
"""An error is refused, or trains nothing; a warning costs quality or money; a note is worth knowing."""


@dataclass(frozen=True, kw_only=True)
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
    line: int | None = None
    place: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give the problem as plain values, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.path, self.line, self.place) if part)
        return f"{place}: {self.severity}: {self.message} [{self.code}]. {self.remedy}"
