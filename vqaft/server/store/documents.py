"""The server's memory: JSON documents in one SQLite file."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import orjson

Document: TypeAlias = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    parent TEXT,
    body BLOB NOT NULL,
    UNIQUE (kind, id)
);
CREATE INDEX IF NOT EXISTS by_parent ON documents (kind, parent, seq);
"""


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Some documents of a list.

    Attributes:
        documents: The documents, in the order asked for.
        has_more: Whether there are more behind them.
    """

    documents: tuple[Document, ...]
    has_more: bool


class Documents:
    """Documents by kind and id, in the order in which they were inserted; safe with several threads.

    Args:
        path: The SQLite file; made where it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what a block does one step: all of it is kept or none, and no other thread comes between."""
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
        """Give a document, or None."""
        query = "SELECT body FROM documents WHERE kind = ? AND id = ?"
        with self._lock:
            row = self._connection.execute(query, (kind, name)).fetchone()
        return orjson.loads(row[0]) if row else None

    def change(
        self, kind: str, name: str, edit: Callable[[Document], Document], *, status_in: Collection[str] | None = None
    ) -> Document | None:
        """Change a document in one step that no other thread comes between.

        Args:
            kind: What it is.
            name: Its id.
            edit: Gives the new document from the old one.
            status_in: Change it only where its status is one of these.

        Returns:
            The new document; None where there is none, or its status is another.
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
        """Remove a document; tells whether it was there."""
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
        """Give some documents of a kind.

        Args:
            kind: What they are.
            parent: Only those that belong to this id.
            after: Only those that come after this one in the order asked for.
            limit: At most so many.
            newest_first: The order: newest first, or oldest first.
            where: Tells which documents are wanted; others do not count.
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
            wanted = filter(where, (orjson.loads(row[0]) for row in rows))
            found = tuple(itertools.islice(wanted, limit + 1))
        return Slice(documents=found[:limit], has_more=len(found) > limit)


def public(document: Document) -> Document:
    """Leave out what is for the server alone: keys that begin with an underscore."""
    return {key: value for key, value in document.items() if not key.startswith("_")}
