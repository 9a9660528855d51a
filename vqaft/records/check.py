"""What is wrong with a training file, before anybody charges for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vqaft.errors import RecordError
from vqaft.records.reading import read_jsonl
from vqaft.records.schema import AssistantMessage


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """What a check found."""

    path: Path
    rows: int
    problems: tuple[RecordError, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.problems

    def raise_for_errors(self) -> None:
        """Raise the first problem, if there is one."""
        if self.problems:
            raise self.problems[0]


def check_file(path: Path) -> CheckReport:
    """Check a training file."""
    problems: list[RecordError] = []
    rows = 0
    try:
        for rows, record in enumerate(read_jsonl(path), start=1):
            if not isinstance(record.messages[-1], AssistantMessage):
                problems.append(RecordError("the row does not end with the assistant", path=path, line=rows))
    except RecordError as error:
        problems.append(error)
    return CheckReport(path=path, rows=rows, problems=tuple(problems))
