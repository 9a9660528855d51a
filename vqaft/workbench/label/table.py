"""The file of one person's verdicts: complete on the disk after every one of them."""

from __future__ import annotations

import itertools
import json
import os
import re
import threading
from datetime import UTC, datetime
from pathlib import Path

from vqaft.durable import FileLock, write_atomically
from vqaft.errors import DataError, VqaftError
from vqaft.evaluation import AboutLabel, HumanVerdict, HumanVerdicts, verdict_line
from vqaft.workbench.label.items import LabelItem

PREFIX = "labels-"
MAX_PERSON = 40
_PERSON = re.compile(r"\w+(?: \w+)*")
"""Words with one blank between them, so that different names are different files."""
_SLUG = re.compile(r"\W+")
Key = tuple[str, str]
"""The example's id, and the answer."""


def table_path(folder: Path, answers: str, person: str) -> Path:
    """Return the file of a person's verdicts on some answers.

    Args:
        folder: The project's folder.
        answers: The name of the file of the answers within it.
        person: Who labels.

    Raises:
        DataError: If the name is none that a file can have.
    """
    if len(person) > MAX_PERSON or not _PERSON.fullmatch(person):
        hint = f"Use letters and digits with single blanks between the words, at most {MAX_PERSON} characters."
        raise DataError("this is not a name to file verdicts under", hint=hint)
    stem = _SLUG.sub("-", answers.rpartition(".")[0] or answers).strip("-")
    return folder / f"{PREFIX}{stem}-{_SLUG.sub('-', person)}.jsonl"


class VerdictTable:
    """Verdicts by answer, the latest last; every change replaces the file in one step.

    Args:
        path: The file; it appears with the first verdict.
        person: Who labels.

    Raises:
        DataError: If the file holds something else.
    """

    def __init__(self, path: Path, *, person: str) -> None:
        self.path, self.person = path, person
        self._threads = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._verdicts: dict[Key, HumanVerdict] = {}
        self._lines: dict[Key, bytes] = {}
        self._ids: dict[Key, str] = {}
        with self._threads:
            self._read()

    @property
    def verdicts(self) -> dict[Key, HumanVerdict]:
        """The verdicts by example id and answer, in the order in which they were given."""
        with self._threads:
            self._read()
            return dict(self._verdicts)

    def put(
        self,
        item: LabelItem,
        *,
        level: str | None = None,
        label: AboutLabel = "stands",
        corrected: str | None = None,
    ) -> HumanVerdict:
        """Record a verdict; when this returns it is on the disk. An earlier one on the same answer is replaced.

        Args:
            item: The answer.
            level: The level that was chosen; None where the label is wrong, or the person is not sure.
            label: Whether the label stands.
            corrected: The right label.

        Raises:
            StateError: If the file cannot be written; the verdicts are then as they were.
            ImageError: If an image of the example is missing.
        """
        verdict = HumanVerdict(
            example=item.example,
            answer=item.answer,
            level=level,
            label=label,
            corrected=corrected,
            person=self.person,
            models=item.models,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        key = item.example.id, item.answer
        with self._threads, FileLock(self._lock_path, wait=True):
            self._read()
            row_id = self._row_id(key)
            line = verdict_line(verdict, row_id=row_id, root=self.path.parent.resolve())
            self._write({name: kept for name, kept in self._lines.items() if name != key} | {key: line})
            self._verdicts.pop(key, None)
            self._verdicts[key], self._ids[key] = verdict, row_id
        return verdict

    def undo(self) -> HumanVerdict | None:
        """Take back the verdict that was given last, and return it; None where there is none.

        Raises:
            StateError: If the file cannot be written.
        """
        with self._threads, FileLock(self._lock_path, wait=True):
            self._read()
            if not self._verdicts:
                return None
            key = next(reversed(self._verdicts))
            self._write({name: line for name, line in self._lines.items() if name != key})
            return self._verdicts.pop(key)

    @property
    def _lock_path(self) -> Path:
        return self.path.with_name(f".{self.path.name}.lock")

    def _row_id(self, key: Key) -> str:
        """Return the id of a row: the example's, with a number where other answers to it were rated before."""
        if key in self._lines:
            return self._ids[key]
        taken = {self._ids[other] for other in self._lines if other[0] == key[0]}
        names = (key[0] if number == 1 else f"{key[0]}#{number}" for number in itertools.count(1))
        return next(name for name in names if name not in taken)

    def _write(self, lines: dict[Key, bytes]) -> None:
        if lines:
            write_atomically(self.path, b"".join(lines.values()))
        else:
            self.path.unlink(missing_ok=True)
        self._lines = lines
        self._seen = self._state()

    def _read(self) -> None:
        """Read the file where another process has changed it, or it was never read."""
        state = self._state()
        if state == self._seen:
            return
        verdicts: dict[Key, HumanVerdict] = {}
        lines: dict[Key, bytes] = {}
        ids: dict[Key, str] = {}
        if state is not None:
            content = self.path.read_bytes().split(b"\n")[:-1]
            try:
                found = HumanVerdicts.read(self.path).verdicts
            except VqaftError as error:
                hint = "Move it away, or choose another name."
                raise DataError(f"the file holds no verdicts ({error.message})", path=self.path, hint=hint) from error
            keys = [(verdict.example.id, verdict.answer) for verdict in found]
            verdicts = dict(zip(keys, found, strict=True))
            lines = {key: line + b"\n" for key, line in zip(keys, content, strict=True)}
            ids = {key: json.loads(line)["id"] for key, line in lines.items()}
        self._verdicts, self._lines, self._ids, self._seen = verdicts, lines, ids, state

    def _state(self) -> tuple[int, int, int] | None:
        try:
            state = os.stat(self.path)  # noqa: PTH116 - one call
        except FileNotFoundError:
            return None
        return state.st_ino, state.st_size, state.st_mtime_ns
