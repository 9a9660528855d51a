"""What a check found: for people, for programs, for scripts."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import NonNegativeInt

from vqaft.check.rule import Problem, Severity
from vqaft.errors import RecordError
from vqaft.escape import counted, visible
from vqaft.typed import typed

_SHOWN = 20
_SHOWN_OF_A_RULE = 5
_MARKS: dict[Severity, str] = {"error": "✗", "warning": "!", "note": "·"}


@dataclass(frozen=True, kw_only=True)
@typed
class CheckReport:
    """All problems of one file, or of a set of files.

    Attributes:
        paths: The files.
        rows: How many rows were looked at.
        problems: Everything that was found, by file and line.
        unchecked: The provider's limits that are not known, so that nothing was checked there.
        provider: Whose limits were checked.
    """

    paths: tuple[str, ...]
    rows: NonNegativeInt
    problems: tuple[Problem, ...] = field(repr=False)
    provider: str
    unchecked: tuple[str, ...] = field(repr=False, default=())

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that make a file be refused, or its rows be skipped."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings and notes may be there."""
        return not self.errors

    @property
    def exit_code(self) -> int:
        """0 where nothing needs doing, 1 where there are errors: for the command line."""
        return 0 if self.ok else 1

    @property
    def counts(self) -> dict[str, int]:
        """How often each rule found something, the most frequent first."""
        return dict(Counter(problem.code for problem in self.problems).most_common())

    def raise_for_errors(self) -> None:
        """Stop here where there is an error.

        Raises:
            RecordError: With the first error's place, and how many there are.
        """
        if self.ok:
            return
        first, more = self.errors[0], len(self.errors) - 1
        message = f"{first.message} [{first.code}]" + (f", and {more} more errors" if more else "")
        place = f"{first.place}: " if first.place else ""
        raise RecordError(place + message, path=first.path, line=first.line, hint=first.remedy)

    def to_json(self) -> str:
        """Return the report as JSON, for a program."""
        said: dict[str, Any] = {
            "paths": self.paths,
            "rows": self.rows,
            "provider": self.provider,
            "ok": self.ok,
            "unchecked": self.unchecked,
            "problems": [problem.to_dict() for problem in self.problems],
        }
        return json.dumps(said, indent=2)

    def __str__(self) -> str:
        if not self.problems:
            return visible(self._summary())
        listed = self._listed()
        shown = [line for problem in listed for line in _lines(self._cells(problem))]
        more = len(self.problems) - len(listed)
        left = [f"… and {more} more: {self._counted()}"] if more > 0 else []
        return visible("\n".join([self._summary(), *shown, *left]), keep="\n")

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr>{''.join(f'<td>{html.escape(visible(str(cell)))}</td>' for cell in self._cells(problem))}</tr>"
            for problem in self._listed()
        )
        head = "".join(f"<th>{name}</th>" for name in ("", "rule", "line", "place", "what", "what to do"))
        table = f"<table><tr>{head}</tr>{rows}</table>" if rows else ""
        return f"<p>{html.escape(visible(self._summary()))}</p>{table}"

    def _cells(self, problem: Problem) -> tuple[str, ...]:
        line = "" if problem.line is None else str(problem.line)
        if len(self.paths) > 1 and problem.path is not None:
            line = f"{Path(problem.path).name}:{line}"
        return _MARKS[problem.severity], problem.code, line, problem.place, problem.message, problem.remedy

    def _listed(self) -> list[Problem]:
        """Return the problems to show: errors first, and of each rule the first few."""
        seen: Counter[str] = Counter()
        listed = []
        for problem in sorted(self.problems, key=lambda problem: list(_MARKS).index(problem.severity)):
            seen[problem.code] += 1
            if seen[problem.code] <= _SHOWN_OF_A_RULE:
                listed.append(problem)
        return listed[:_SHOWN]

    def _summary(self) -> str:
        counts = Counter(problem.severity for problem in self.problems)
        said = ", ".join(f"{counts[kind]} {kind}{'s' * (counts[kind] != 1)}" for kind in _MARKS if counts[kind])
        subject = ", ".join(self.paths) or "rows"
        return f"{subject}: {counted(self.rows, 'row')}, {said or 'nothing found'} (limits of {self.provider})"

    def _counted(self) -> str:
        return ", ".join(f"{code} {count} ×" for code, count in self.counts.items())


def _lines(cells: tuple[str, ...]) -> Iterator[str]:
    mark, code, line, place, message, remedy = cells
    yield f"  {mark} {line:>6}  {code}  {place}"
    yield f"            {message}. {remedy}"
