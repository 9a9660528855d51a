"""Answers batches, one after the other.

The lines of a batch's input file.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Annotated, Any, Literal

import orjson
from pydantic import BaseModel, Field, ValidationError

from vqaft.parallel import ordered_map
from vqaft.server.batches.record import GOING, OUTPUT, BatchRecord
from vqaft.server.chat.completion import ChatBody, complete
from vqaft.server.http.errors import ApiError, internal_error
from vqaft.server.http.requests import first_problem, parse_body
from vqaft.server.models.model_cache import ModelCache
from vqaft.server.store.documents import Document
from vqaft.server.store.state import State, new_id

MAX_LINES = 50_000


class BatchLineError(Exception):
    """A file that is no batch.

    Args:
        message: What is wrong.
        line: The line, counted from 1; None where it is the whole file.
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class BatchLine(BaseModel):
    """One request of a batch."""

    custom_id: Annotated[str, Field(min_length=1)]
    method: Literal["POST"]
    url: Literal["/v1/chat/completions"]
    body: Mapping[str, Any]

    def chat_body(self) -> ChatBody:
        """Give the request.

        Raises:
            ApiError: 400 if it is none.
        """
        return parse_body(json.dumps(dict(self.body)).encode(), ChatBody)


def read_batch(path: Path) -> list[BatchLine]:
    """Read a batch's input.

    Args:
        path: The JSONL file.

    Returns:
        The requests, in their order.

    Raises:
        BatchLineError: If a line is no request, an id occurs twice, or there are none or too many.
    """
    lines: list[BatchLine] = []
    seen: set[str] = set()
    with path.open("rb") as file:
        for number, text in enumerate(file, start=1):
            line = _read_line(text, number)
            if line.custom_id in seen:
                raise BatchLineError(f"The custom_id {line.custom_id!r} occurs twice.", number)
            seen.add(line.custom_id)
            lines.append(line)
    if not 1 <= len(lines) <= MAX_LINES:
        raise BatchLineError(f"There are {len(lines)} requests, not 1 to {MAX_LINES}.", len(lines))
    return lines


def _read_line(text: bytes, number: int) -> BatchLine:
    try:
        return BatchLine.model_validate_json(text)
    except ValidationError as error:
        message, place = first_problem(error)
        raise BatchLineError(f"{message} ({place or 'the line'})", number) from error


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
    """Takes batches from their creation to their output.

    A batch whose server stopped under it starts again from the beginning when the server does.

    Args:
        state: Where batches and files are.
        shelf: The models that are asked.
    """

    def __init__(self, state: State, shelf: ModelCache) -> None:
        self._state = state
        self._shelf = shelf
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run_all, name="vqaft-batch", daemon=True)

    def start(self) -> None:
        """Begin to work, with the batches that were left over first."""
        for batch in self._state.documents.page("batch", limit=1_000_000, newest_first=False).documents:
            if batch["status"] in GOING:
                BatchRecord(self._state, batch["id"]).discard()
                self.submit(batch["id"])
        self._thread.start()

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
            try:
                self._run_safely(BatchRecord(self._state, batch))
            except Exception:  # the next batch must have its turn whatever became of this one
                LOG.exception("the end of %s could not be noted", batch)

    def _run_safely(self, record: BatchRecord) -> None:
        try:
            self._run(record)
        except BatchLineError as error:
            record.fail(code="invalid_batch", message=str(error), line=error.line)
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
        except OSError as error:
            raise BatchLineError(f"The input file cannot be read ({error.strerror}).") from error

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
            return _Reply(line=line, status=200, body=complete(self._shelf, line.chat_body()))
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
