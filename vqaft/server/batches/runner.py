"""Batch runner: answers the requests of one batch after the other, several requests concurrently."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

import orjson

from vqaft.errors import RecordError
from vqaft.parallel import ordered_map
from vqaft.server.batches.lines import BatchLine, read_batch
from vqaft.server.batches.record import GOING, OUTPUT, BatchRecord
from vqaft.server.chat.completion import complete
from vqaft.server.http.errors import ApiError, internal_error
from vqaft.server.models.model_cache import ModelCache
from vqaft.server.store.documents import Document
from vqaft.server.store.state import State, new_id

WORKERS = 4
LOG = logging.getLogger(__name__)


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
    """Runs batches from creation to output, in the order of submission.

    A batch that was interrupted by the end of the server starts again from the beginning with it.

    Args:
        state: Where batches and files are.
        models: The models that answer.
    """

    def __init__(self, state: State, models: ModelCache) -> None:
        self._state = state
        self._models = models
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run_all, name="vqaft-batch", daemon=True)

    def start(self) -> None:
        """Start the worker thread, with the batches of an earlier server first."""
        for batch in self._state.documents.page("batch", limit=1_000_000, newest_first=False).documents:
            if batch["status"] in GOING:
                BatchRecord(self._state, batch["id"]).discard()
                self.submit(batch["id"])
        self._thread.start()

    def stop(self) -> None:
        """Stop the worker thread; batches continue when the server starts again."""
        self._stopping.set()
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def submit(self, batch: str) -> None:
        """Queue a batch."""
        self._queue.put(batch)

    def _run_all(self) -> None:
        while (batch := self._queue.get()) is not None and not self._stopping.is_set():
            try:
                self._run_safely(BatchRecord(self._state, batch))
            except Exception:  # the next batch must have its turn whatever became of this one
                LOG.exception("the end of %s could not be noted", batch)

    def _run_safely(self, record: BatchRecord) -> None:
        try:
            self._run(record)
        except RecordError as error:
            record.fail(code="invalid_batch", message=error.message, line=error.line)
        except Exception as error:
            LOG.exception("%s broke", record.batch)
            record.fail(code="server_error", message=internal_error(error).message)

    def _run(self, record: BatchRecord) -> None:
        lines = self._read(record)
        if not record.begin(len(lines)):
            return
        with TemporaryFile(dir=self._state.folder) as good, TemporaryFile(dir=self._state.folder) as bad:
            counts = self._answer(record, lines, good, bad)
            if not self._stopping.is_set():
                record.finalize()
                record.complete(self._keep(record, counts, good, bad))

    def _read(self, record: BatchRecord) -> list[BatchLine]:
        try:
            return read_batch(self._state.file_path(record.read()["input_file_id"]))
        except FileNotFoundError as error:
            raise RecordError(f"The input file cannot be read ({error.strerror}).") from error

    def _answer(self, record: BatchRecord, lines: list[BatchLine], good: IO[bytes], bad: IO[bytes]) -> dict[str, int]:
        counts = {"total": len(lines), "completed": 0, "failed": 0}
        for reply in ordered_map(self._reply, self._until_stopped(record, lines), workers=WORKERS):
            done = reply.status == 200  # noqa: PLR2004 - HTTP's OK
            (good if done else bad).write(reply.to_json())
            counts["completed" if done else "failed"] += 1
            record.count(counts)
        return counts

    def _until_stopped(self, record: BatchRecord, lines: list[BatchLine]) -> Iterator[BatchLine]:
        for line in lines:
            if self._stopping.is_set() or record.read()["status"] == "cancelling":
                return
            yield line

    def _reply(self, line: BatchLine) -> _Reply:
        try:
            return _Reply(line=line, status=200, body=complete(self._models, line.chat_body()))
        except ApiError as error:
            return _Reply(line=line, status=error.status, body=error.document())
        except Exception as error:  # noqa: BLE001 - one line that breaks a model must not stop the others
            failure = internal_error(error)
            return _Reply(line=line, status=failure.status, body=failure.document())

    def _keep(self, record: BatchRecord, counts: dict[str, int], good: IO[bytes], bad: IO[bytes]) -> dict[str, str]:
        files: dict[str, str] = {}
        for name, content, kind in (("output_file_id", good, "completed"), ("error_file_id", bad, "failed")):
            if counts[kind]:
                content.seek(0)
                filename = f"{record.batch}_{name[:-8]}.jsonl"
                files[name] = self._state.add_file(content, filename=filename, purpose=OUTPUT)["id"]
        return files
