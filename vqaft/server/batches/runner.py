"""Batch runner: answers the requests of one batch after the other, several requests concurrently.

The input file of a batch: validated once, then read line by line, so that a large file is never held in memory.
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

from vqaft.errors import RecordError
from vqaft.parallel import ordered_map
from vqaft.server.batches.record import GOING, OUTPUT, BatchRecord
from vqaft.server.chat import ChatBody, complete
from vqaft.server.http.errors import ApiError, internal_error
from vqaft.server.http.guard import MAX_JSON_BYTES
from vqaft.server.http.requests import first_problem, parse_body
from vqaft.server.models import ModelCache
from vqaft.server.store.documents import Document
from vqaft.server.store.state import State, new_id

MAX_LINES = 50_000

MAX_BYTES = 200_000_000
"""The largest input file; OpenAI's limit as well."""


@dataclass(frozen=True, kw_only=True)
class BatchLine:
    """Where one request of a batch stands.

    Attributes:
        custom_id: The client's id of the request.
        path: The input file.
        offset: Where the line begins, in bytes.
        size: Its length in bytes.
    """

    custom_id: str
    path: Path
    offset: int
    size: int

    def chat_body(self) -> ChatBody:
        """Read the request.

        Raises:
            ApiError: 400 if it is not a chat completion request.
            OSError: If the file cannot be read any more.
        """
        with self.path.open("rb") as file:
            file.seek(self.offset)
            line = _Line.model_validate_json(file.read(self.size))
        return parse_body(json.dumps(dict(line.body)).encode(), ChatBody)


class _Line(BaseModel):
    custom_id: Annotated[str, Field(min_length=1, max_length=512)]
    method: Literal["POST"]
    url: Literal["/v1/chat/completions"]
    body: Mapping[str, Any]


def read_batch(path: Path) -> list[BatchLine]:
    """Validate the input file of a batch.

    Args:
        path: The JSONL file.

    Returns:
        Its requests, in their order.

    Raises:
        RecordError: If a line is not a request or too long, an id occurs twice, or there are none or too many.
        OSError: If the file cannot be read.
    """
    if path.stat().st_size > MAX_BYTES:
        raise RecordError(f"The file is larger than {MAX_BYTES} bytes.")
    found: dict[str, BatchLine] = {}
    offset = number = 0
    with path.open("rb") as file:
        while text := file.readline(MAX_JSON_BYTES + 1):
            number += 1
            custom_id = _custom_id(text, number)
            if custom_id in found:
                raise RecordError(f"The custom_id {custom_id!r} occurs twice.", line=number)
            found[custom_id] = BatchLine(custom_id=custom_id, path=path, offset=offset, size=len(text))
            offset += len(text)
            if number > MAX_LINES:
                break
    if not 1 <= number <= MAX_LINES:
        raise RecordError(f"There are not 1 to {MAX_LINES} requests.", line=number)
    return list(found.values())


def _custom_id(text: bytes, number: int) -> str:
    if len(text) > MAX_JSON_BYTES:
        raise RecordError(f"The line is longer than {MAX_JSON_BYTES} bytes.", line=number)
    try:
        return _Line.model_validate_json(text).custom_id
    except ValidationError as error:
        message, place = first_problem(error)
        raise RecordError(f"{message} ({place or 'the line'})", line=number) from error


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
        for reply in ordered_map(self._reply, self._until_stopped(record, lines), max_workers=WORKERS):
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
