"""Answers batches, one after the other."""

from __future__ import annotations

import queue
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, Any

import orjson

from vqaft.parallel import ordered_map
from vqaft.server.api_error import ApiError, crashed
from vqaft.server.batch_lines import BatchLine, BatchLineError, read_batch
from vqaft.server.completion import complete
from vqaft.server.documents import Document
from vqaft.server.shelf import Shelf
from vqaft.server.state import State, new_id

WORKERS = 4
GOING = ("validating", "in_progress", "finalizing", "cancelling")


@dataclass(frozen=True, kw_only=True)
class _Reply:
    line: BatchLine
    status: int
    body: Document

    def to_json(self) -> bytes:
        response = {"status_code": self.status, "request_id": new_id("req_"), "body": self.body}
        entry = {"id": new_id("batch_req_"), "custom_id": self.line.custom_id, "response": response, "error": None}
        return orjson.dumps(entry) + b"\n"


class BatchRunner:
    """Takes batches from their creation to their output.

    A batch whose server stopped under it starts again from the beginning when the server does.

    Args:
        state: Where batches and files are.
        shelf: The models that are asked.
    """

    def __init__(self, state: State, shelf: Shelf) -> None:
        self._state = state
        self._shelf = shelf
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run_all, name="vqaft-batch", daemon=True)

    def start(self) -> None:
        """Begin to work, with the batches that were left over first."""
        self._thread.start()
        for batch in self._state.documents.page("batch", limit=10_000, newest_first=False).documents:
            if batch["status"] in GOING:
                self.submit(batch["id"])

    def stop(self) -> None:
        """Stop working; the batches go on when the server starts again."""
        self._stopping.set()
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def submit(self, batch: str) -> None:
        """Put a batch on its way."""
        self._queue.put(batch)

    def _run_all(self) -> None:
        while (batch := self._queue.get()) is not None and not self._stopping.is_set():
            self._run(batch)

    def _run(self, batch: str) -> None:
        document = self._state.documents.get("batch", batch)
        assert document is not None  # noqa: S101 - batches are never deleted
        try:
            lines = read_batch(self._state.file_path(document["input_file_id"]))
        except (BatchLineError, OSError) as error:
            problem = {
                "code": "invalid_batch",
                "message": str(error),
                "param": None,
                "line": getattr(error, "line", None),
            }
            self._change(batch, "failed", errors={"object": "list", "data": [problem]})
            return
        counts = {"total": len(lines), "completed": 0, "failed": 0}
        self._change(batch, "in_progress", status_in=("validating", "in_progress"), request_counts=counts)
        with TemporaryFile(dir=self._state.folder) as good, TemporaryFile(dir=self._state.folder) as bad:
            self._answer(batch, lines, counts, good, bad)
            if not self._stopping.is_set():
                self._finish(batch, counts, good, bad)

    def _answer(
        self, batch: str, lines: list[BatchLine], counts: dict[str, int], good: IO[bytes], bad: IO[bytes]
    ) -> None:
        for reply in ordered_map(self._reply, self._until_stopped(batch, lines), workers=WORKERS):
            done = reply.status == 200  # noqa: PLR2004 - HTTP's OK
            (good if done else bad).write(reply.to_json())
            counts["completed" if done else "failed"] += 1
            self._state.documents.change("batch", batch, lambda old: {**old, "request_counts": dict(counts)})

    def _until_stopped(self, batch: str, lines: list[BatchLine]) -> Iterator[BatchLine]:
        for line in lines:
            document = self._state.documents.get("batch", batch) or {}
            if self._stopping.is_set() or document.get("status") == "cancelling":
                return
            yield line

    def _reply(self, line: BatchLine) -> _Reply:
        try:
            return _Reply(line=line, status=200, body=complete(self._shelf, line.chat_body()))
        except ApiError as error:
            return _Reply(line=line, status=error.status, body=error.document())
        except Exception as error:  # noqa: BLE001 - one line that breaks a model must not stop the others
            failure = crashed(error)
            return _Reply(line=line, status=failure.status, body=failure.document())

    def _finish(self, batch: str, counts: dict[str, int], good: IO[bytes], bad: IO[bytes]) -> None:
        files: dict[str, Any] = {}
        for name, content, kind in (("output_file_id", good, "completed"), ("error_file_id", bad, "failed")):
            if counts[kind]:
                content.seek(0)
                file = self._state.add_file(content, filename=f"{batch}_{name[:-8]}.jsonl", purpose="batch_output")
                files[name] = file["id"]
        document = self._state.documents.get("batch", batch) or {}
        self._change(batch, "cancelled" if document.get("status") == "cancelling" else "completed", **files)

    def _change(self, batch: str, status: str, *, status_in: Collection[str] = GOING, **changes: Any) -> None:
        def edit(old: Document) -> Document:
            return {**old, **changes, "status": status, f"{status}_at": self._state.now()}

        self._state.documents.change("batch", batch, edit, status_in=status_in)
