"""Each step of a batch's life."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from vqaft.server.store.documents import Document
from vqaft.server.store.state import State

GOING = ("validating", "in_progress", "finalizing", "cancelling")
CANCELLABLE = ("validating", "in_progress", "finalizing")
OUTPUT = "batch_output"
"""The purpose of the files that a batch makes."""


@dataclass(frozen=True)
class BatchRecord:
    """The steps of one batch; each tells whether it was made, for the batch may have ended or be cancelled.

    Attributes:
        state: Where the batch is.
        batch: Its id.
    """

    state: State
    batch: str

    def read(self) -> Document:
        """Give the document."""
        document = self.state.documents.get("batch", self.batch)
        assert document is not None  # noqa: S101 - batches are never deleted
        return document

    def begin(self, total: int) -> bool:
        """The requests are good, and none is answered; one that is being cancelled only learns how many there are."""
        with self.state.documents.transaction():
            counts = {"total": total, "completed": 0, "failed": 0}
            self._step(CANCELLABLE, "in_progress")
            return self._change(GOING, {"request_counts": counts})

    def count(self, counts: Mapping[str, int]) -> bool:
        """Some requests are answered."""
        return self._change(GOING, {"request_counts": dict(counts)})

    def finalize(self) -> bool:
        """No request is left; the answers are put into files."""
        return self._step(("in_progress",), "finalizing")

    def complete(self, files: Mapping[str, str]) -> bool:
        """The answers are there; those of a batch that is being cancelled as far as they go."""
        with self.state.documents.transaction():
            end = "cancelled" if self.read()["status"] == "cancelling" else "completed"
            return self._step(GOING, end, **files)

    def fail(self, *, code: str, message: str, line: int | None = None) -> bool:
        """The batch ends without answers."""
        problem = {"code": code, "message": message, "param": None, "line": line}
        with self.state.documents.transaction():
            failed = self._step(GOING, "failed", errors={"object": "list", "data": [problem]})
            if failed:
                self.discard()
            return failed

    def cancel(self) -> bool:
        """The user does not want more of it."""
        return self._step(CANCELLABLE, "cancelling")

    def discard(self) -> None:
        """Remove the files of a batch that came to no end."""
        files = self.state.documents.page("file", limit=1_000_000).documents
        for file in files:
            if file["purpose"] == OUTPUT and file["filename"].startswith(self.batch):
                self.state.delete_file(file["id"])

    def _step(self, status_in: Collection[str], status: str, **changes: Any) -> bool:
        return self._change(status_in, {**changes, "status": status, f"{status}_at": self.state.now()})

    def _change(self, status_in: Collection[str], changes: Mapping[str, Any]) -> bool:
        made = self.state.documents.change("batch", self.batch, lambda old: {**old, **changes}, status_in=status_in)
        return made is not None
