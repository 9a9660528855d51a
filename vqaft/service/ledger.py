"""Ledger: what was uploaded, created and spent on which account, in one file that people and later runs can read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

from vqaft.durable import AppendLog, FileLock
from vqaft.typed import typed_call

DEFAULT_PATH = Path(".vqaft") / "ledger.jsonl"


class Ledger:
    """An append-only record, safe with any number of processes; it never holds a key.

    Each line is JSON with the format's version, the time (UTC), the kind of entry, the account and its facts.

    Args:
        path: The file; created by the first entry, readable by its owner only. Symbolic links are resolved once, here.

    Raises:
        StateError: If the path cannot be that of a file.
    """

    @typed_call
    def __init__(self, path: str | PathLike[str] = DEFAULT_PATH) -> None:
        self._log = AppendLog(Path(path), kind="ledger")

    def __repr__(self) -> str:
        return f"Ledger({str(self.path)!r})"

    @property
    def path(self) -> Path:
        """The file, with symbolic links resolved."""
        return self._log.path

    @property
    def is_damaged(self) -> bool:
        """Whether the last reading met a damaged line: then nothing may be concluded from what is missing."""
        return bool(self._log.damaged_lines)

    def record(self, kind: str, *, account: str, **facts: Any) -> None:
        """Add an entry; when this returns it is on the disk.

        Args:
            kind: What happened, e.g. "upload", "intent", "job".
            account: Whose; a backend's `account`.
            facts: What JSON can hold; no secrets.

        Raises:
            StateError: If the disk is full or fails, or the file is not a ledger.
        """
        now = dt.datetime.now(tz=dt.UTC).isoformat(timespec="milliseconds")
        self._log.append({"at": now, "kind": kind, "account": account, **facts})

    def entries(self, kind: str | None = None, **facts: Any) -> Iterator[dict[str, Any]]:
        """Yield the entries of a kind that hold the given facts, oldest first; damaged lines are warned of.

        Args:
            kind: Which kind; all where None.
            facts: What must stand in an entry.

        Raises:
            StateError: If the file cannot be read, or is not a ledger of this version.
        """
        wanted = {**facts, **({} if kind is None else {"kind": kind})}
        for entry in self._log.entries():
            if all(entry.get(name) == value for name, value in wanted.items()):
                yield entry

    def last(self, kind: str, **facts: Any) -> dict[str, Any] | None:
        """Return the newest such entry; None where there is none."""
        found = None
        for entry in self.entries(kind, **facts):
            found = entry
        return found

    def lock(self, purpose: str) -> FileLock:
        """Return a lock that makes other processes with this ledger wait while one does something that counts once.

        Args:
            purpose: What is done; different purposes do not wait for each other.
        """
        return FileLock(self.path.with_name(f".{self.path.name[:80]}.{purpose}.lock"), wait=True)
