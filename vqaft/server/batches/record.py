"""Batch record: state transitions of a batch as transactions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from vqaft.server.store.documents import Document
from vqaft.server.store.state import State

GOING = ("validating", "in_progress", "finalizing", "cancelling")
CANCELLABLE = ("validating", "in_progress", "finalizing")
OUTPUT = "batch_output"
"""Purpose of the files that a batch creates."""


@dataclass(frozen=True)
class BatchRecord:
    """State transitions of one batch; each returns whether it was made, for the batch may have ended or be cancelled.

    Attributes:
        state: The server's state.
        batch: The batch's id.
    """

    state: State
    batch: str

    def read(self) -> Document:
        """Return the document."""
        document = self.state.documents.get("batch", self.batch)
        assert document is not None  # noqa: S101 - batches are never deleted
        return document

    def begin(self, total: int) -> bool:
        """Start the batch; one that is being cancelled only gets its number of requests."""
        with self.state.documents.transaction():
            counts = {"total": total, "completed": 0, "failed": 0}
            self._step(CANCELLABLE, "in_progress")
            return self._change(GOING, {"request_counts": counts})

    def count(self, counts: Mapping[str, int]) -> bool:
        """Update the number of answered requests."""
        return self._change(GOING, {"request_counts": dict(counts)})

    def finalize(self) -> bool:
        """Record that every request is answered, and that files are being written."""
        return self._step(("in_progress",), "finalizing")

    def complete(self, files: Mapping[str, str]) -> bool:
        """End the batch with its files; one that is being cancelled keeps the answers that it has."""
        with self.state.documents.transaction():
            end = "cancelled" if self.read()["status"] == "cancelling" else "completed"
            return self._step(GOING, end, **files)

    def fail(self, *, code: str, message: str, line: int | None = None) -> bool:
        """End the batch without answers."""
        problem = {"code": code, "message": message, "param": None, "line": line}
        with self.state.documents.transaction():
            failed = self._step(GOING, "failed", errors={"object": "list", "data": [problem]})
            if failed:
                self.discard()
            return failed

    def cancel(self) -> bool:
        """Cancel the batch after the requests in progress."""
        return self._step(CANCELLABLE, "cancelling")

    def discard(self) -> None:
        """Delete the files of a batch that did not end."""
        files = self.state.documents.page("file", limit=1_000_000).documents
        for file in files:
            if file["purpose"] == OUTPUT and file["filename"].startswith(self.batch):
                self.state.delete_file(file["id"])

    def _step(self, status_in: Collection[str], status: str, **changes: Any) -> bool:
        return self._change(status_in, {**changes, "status": status, f"{status}_at": self.state.now()})

    def _change(self, status_in: Collection[str], changes: Mapping[str, Any]) -> bool:
        made = self.state.documents.change("batch", self.batch, lambda old: {**old, **changes}, status_in=status_in)
        return made is not None
