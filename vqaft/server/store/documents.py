"""Document store of the server: JSON documents by kind and id in one SQLite file."""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import orjson

from vqaft.errors import StateError

Document: TypeAlias = dict[str, Any]

VERSION = 1
ALL = 1_000_000
"""A page that has every document."""
SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS documents (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    parent TEXT,
    body BLOB NOT NULL,
    UNIQUE (kind, id)
);
CREATE INDEX IF NOT EXISTS by_parent ON documents (kind, parent, seq);
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
PRAGMA user_version = 1;
COMMIT;
"""
_RESTORE = "Restore it from a backup, or move the folder away and start with an empty one."


@dataclass(frozen=True, kw_only=True)
class Slice:
    """A page of a list.

    Attributes:
        documents: The documents, in the order asked for.
        has_more: Whether there are more after them.
    """

    documents: tuple[Document, ...]
    has_more: bool


class Documents:
    """Documents by kind and id, in the order in which they were inserted. Thread-safe.

    Args:
        path: The SQLite file; created, readable by its owner alone, if it is not there.
        identity: The id of this database, written into a new one; None accepts any.

    Raises:
        StateError: If the file is damaged, of a newer version, another database, or cannot be opened.
    """

    def __init__(self, path: Path, *, identity: str | None = None) -> None:
        self._lock = threading.RLock()
        self._path = path
        with contextlib.ExitStack() as undone:
            try:
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
                self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
                undone.callback(self._connection.close)
                self._prepare(identity)
            except (sqlite3.Error, OSError) as error:
                raise StateError(f"the server's database cannot be used ({error})", path=path, hint=_RESTORE) from error
            undone.pop_all()

    def _prepare(self, identity: str | None) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            hint = "Use that version, or another folder."
            raise StateError(f"the database is of a newer vqaft (format {version})", path=self._path, hint=hint)
        (damage,) = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        if damage != "ok":
            words = " ".join(damage.split())
            raise StateError(f"the server's database is damaged ({words})", path=self._path, hint=_RESTORE)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(SCHEMA)
        if identity is not None:
            self._identify(identity)

    def _identify(self, identity: str) -> None:
        self._connection.execute("INSERT OR IGNORE INTO about VALUES ('identity', ?)", (identity,))
        (found,) = self._connection.execute("SELECT value FROM about WHERE key = 'identity'").fetchone()
        if found != identity:
            raise StateError("the database belongs to another server's folder", path=self._path, hint=_RESTORE)

    @property
    def changes(self) -> int:
        """How many documents were inserted, changed or deleted since it was opened: equal if nothing has changed."""
        with self._lock:
            return self._connection.total_changes

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make a block atomic: all of it is kept or none, and no other thread runs in between."""
        with self._lock:
            if self._connection.in_transaction:  # a part of a larger step
                yield
                return
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                yield

    def insert(self, kind: str, document: Document, *, parent: str | None = None) -> Document:
        """Add a document, named by its `id`.

        Args:
            kind: What it is, e.g. "job".
            document: What to keep.
            parent: The id of what it belongs to.

        Returns:
            The document.
        """
        row = (kind, document["id"], parent, orjson.dumps(document))
        with self._lock:
            self._connection.execute("INSERT INTO documents (kind, id, parent, body) VALUES (?, ?, ?, ?)", row)
        return document

    def get(self, kind: str, name: str) -> Document | None:
        """Return a document, or None."""
        query = "SELECT body FROM documents WHERE kind = ? AND id = ?"
        with self._lock:
            row = self._connection.execute(query, (kind, name)).fetchone()
        return self._parsed(row[0]) if row else None

    def change(
        self, kind: str, name: str, edit: Callable[[Document], Document], *, status_in: Collection[str] | None = None
    ) -> Document | None:
        """Change a document atomically.

        Args:
            kind: What it is.
            name: Its id.
            edit: Returns the new document for the old one.
            status_in: Change it only where its status is one of these.

        Returns:
            The new document; None where there is none, or it has another status.
        """
        with self._lock:
            old = self.get(kind, name)
            if old is None or (status_in is not None and old["status"] not in status_in):
                return None
            new = edit(old)
            query = "UPDATE documents SET body = ? WHERE kind = ? AND id = ?"
            self._connection.execute(query, (orjson.dumps(new), kind, name))
            return new

    def delete(self, kind: str, name: str) -> bool:
        """Remove a document; return whether it was there."""
        with self._lock:
            query = "DELETE FROM documents WHERE kind = ? AND id = ?"
            return self._connection.execute(query, (kind, name)).rowcount > 0

    def page(
        self,
        kind: str,
        *,
        parent: str | None = None,
        after: str | None = None,
        limit: int = 20,
        newest_first: bool = True,
        where: Callable[[Document], bool] = lambda _: True,
    ) -> Slice:
        """Return a page of the documents of a kind.

        Args:
            kind: What they are.
            parent: Only those that belong to this id.
            after: Only those that come after this one in the order asked for.
            limit: The most documents to return.
            newest_first: The order: newest first, or oldest first.
            where: Whether a document is wanted; others do not count.
        """
        conditions, values = ["kind = ?"], [kind]
        if parent is not None:
            conditions, values = [*conditions, "parent = ?"], [*values, parent]
        if after is not None:
            seq = "(SELECT seq FROM documents WHERE kind = ? AND id = ?)"
            conditions, values = [*conditions, f"seq {'<' if newest_first else '>'} {seq}"], [*values, kind, after]
        order = "DESC" if newest_first else "ASC"
        query = f"SELECT body FROM documents WHERE {' AND '.join(conditions)} ORDER BY seq {order}"  # noqa: S608
        with self._lock, contextlib.closing(self._connection.execute(query, values)) as rows:
            wanted = filter(where, (self._parsed(row[0]) for row in rows))
            found = tuple(itertools.islice(wanted, limit + 1))
        return Slice(documents=found[:limit], has_more=len(found) > limit)

    def _parsed(self, body: bytes) -> Document:
        try:
            document: Document = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise StateError("the server's database has a damaged document", path=self._path, hint=_RESTORE) from error
        return document


def public(document: Document) -> Document:
    """Return a document without the keys that are the server's own: those that begin with an underscore."""
    return {key: value for key, value in document.items() if not key.startswith("_")}
