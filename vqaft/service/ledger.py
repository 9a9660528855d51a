"""What was uploaded, created and spent, on which account: one file that people and later runs can read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

from vqaft.durable import FileLock, LineLog

DEFAULT_PATH = Path(".vqaft") / "ledger.jsonl"


class Ledger:
    """An append-only record, safe with any number of processes; it never holds a key.

    Each line is JSON with the time (UTC), the kind of entry, the account (address and fingerprint) and its facts.

    Args:
        path: The file; made by the first entry.
    """

    def __init__(self, path: str | PathLike[str] = DEFAULT_PATH) -> None:
        self._path = Path(path)
        self._log = LineLog(self._path)

    def __repr__(self) -> str:
        return f"Ledger({str(self._path)!r})"

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def record(self, kind: str, *, account: str, **facts: Any) -> None:
        """Add an entry; when this returns it is on the disk.

        Args:
            kind: What happened, e.g. "upload", "intent", "job".
            account: Whose; a backend's `account`.
            facts: What JSON can hold; no secrets.

        Raises:
            StateError: If the disk is full or fails.
        """
        now = dt.datetime.now(tz=dt.UTC).isoformat(timespec="milliseconds")
        self._log.append({"at": now, "kind": kind, "account": account, **facts})

    def entries(self, kind: str | None = None, **facts: Any) -> Iterator[dict[str, Any]]:
        """Give the entries of a kind that hold the given facts, oldest first; damaged lines are warned of.

        Args:
            kind: Which kind; all where None.
            facts: What must stand in an entry.
        """
        wanted = {**facts, **({} if kind is None else {"kind": kind})}
        for entry in self._log.entries():
            if all(entry.get(name) == value for name, value in wanted.items()):
                yield entry

    def last(self, kind: str, **facts: Any) -> dict[str, Any] | None:
        """Give the newest such entry; None where there is none."""
        found = None
        for entry in self.entries(kind, **facts):
            found = entry
        return found

    def lock(self, purpose: str) -> FileLock:
        """Give a lock that makes other processes with this ledger wait while one does something that counts once.

        Args:
            purpose: What is done; different purposes do not wait for each other.
        """
        return FileLock(self._path.with_name(f".{self._path.name}.{purpose}.lock"), wait=True)
