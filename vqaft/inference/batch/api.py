"""Batch API: the seam to a service that answers files of requests within a day, and idempotent creation of batches.

Batch files: requests cut into files within the limits of a Batch API.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import orjson
from pydantic import PositiveInt

from vqaft.durable import write_atomically
from vqaft.errors import DataError, RequestRefusedError, ServiceError, ServiceUnreachableError
from vqaft.service import (
    KEY,
    FilesBackend,
    Ledger,
    MultipartPolicy,
    Page,
    RetryPolicy,
    Uploader,
    create_idempotently,
    is_gone,
    paginate,
    was_refused,
)
from vqaft.typed import typed

FINAL_STATUSES = frozenset({"completed", "failed", "expired", "cancelled"})


@dataclass(frozen=True, kw_only=True)
@typed
class Batch:
    """A batch as the service last described it.

    Attributes:
        id: The service's id.
        status: An open set; see `is_final`.
        input_file: Id of the file with the requests; None where the service does not say.
        output_file: Id of the file with the answers; one that expired or was cancelled may have one too.
        error_file: Id of the file with the requests that failed.
        metadata: What was kept with the batch.
        done: How many requests are answered or failed, as far as said.
        total: How many there are, as far as said.
        problem: What was wrong with the whole batch, in the service's words.
    """

    id: str
    status: str
    input_file: str | None = None
    output_file: str | None = None
    error_file: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)
    done: int | None = None
    total: int | None = None
    problem: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether the status never changes again; unknown ones count as still running."""
        return self.status in FINAL_STATUSES


class BatchBackend(FilesBackend, Protocol):
    """What a service must be able to do to accept batches; each method makes one request and never repeats it."""

    def create_batch(self, input_file: str, *, metadata: Mapping[str, str]) -> Batch:
        """Create a batch of a file of requests. Repeating this call creates a second, paid batch."""
        ...

    def retrieve_batch(self, batch_id: str) -> Batch:
        """Describe a batch."""
        ...

    def list_batches(self, *, after: str | None = None) -> Page[Batch]:
        """Return a page of the account's batches, newest first."""
        ...


@runtime_checkable
class CancellingBackend(Protocol):
    """What a service must be able to do to have a superfluous batch cancelled."""

    def cancel_batch(self, batch_id: str) -> Batch:
        """Cancel a batch."""
        ...


class BatchCreation:
    """Creates batches on one account, each file of requests once; see `JobCreation`, which works the same way.

    Args:
        backend: The service.
        ledger: Where uploads and batches are recorded.
        retry: How long to go on where the service fails.
        progress: Whether uploads show a progress bar.
    """

    def __init__(self, backend: BatchBackend, *, ledger: Ledger, retry: RetryPolicy, progress: bool) -> None:
        self._backend = backend
        self._ledger = ledger
        self._retry = retry
        self._uploader = Uploader(backend, ledger=ledger, retry=retry, sizes=MultipartPolicy(), progress=progress)

    def open_batches(self) -> list[Batch]:
        """Return the batches whose answers were not all collected by an earlier run.

        One whose id was lost is waited for and looked for; one that is gone at the service is closed, with a warning.
        """
        doubtful = self._doubtful()
        if doubtful:
            self._retry.sleep(self._retry.consistency_delay_s)
        found = [batch for key, file in doubtful.items() if (batch := self._adopt(key, file)) is not None]
        known = (self._retrieve(entry["batch"]) for entry in self._open_entries())
        unique = {batch.id: batch for batch in [*known, *found] if batch is not None}
        return list(unique.values())

    def create(self, path: Path) -> Batch:
        """Send a file of requests and create a batch of it.

        Args:
            path: The file; its name tells its content.

        Raises:
            ServiceError: If the service does not accept it.
        """
        file = self._uploader.upload(path, purpose="batch")
        doubtful = [key for key, name in self._doubtful().items() if name == file.id]
        key = doubtful[-1] if doubtful else f"{path.stem}-{len(self._entries('batch_intent', file=file.id)) + 1}"
        self._record("batch_intent", key=key, file=file.id)
        try:
            batch = create_idempotently(
                lambda: self._created(file.id, key),
                lambda: self._look(key, file.id),
                retry=self._retry,
                in_doubt=bool(doubtful),
                discard=self._discard,
            )
        except ServiceError as error:
            if not doubtful and was_refused(error):
                self._record("batch_refused", key=key, file=file.id)
            raise
        self._record("batch", key=key, batch=batch.id, file=file.id)
        return batch

    def _created(self, file: str, key: str) -> Batch:
        batch = self._backend.create_batch(file, metadata={KEY: key})
        if batch.metadata.get(KEY, key) != key or batch.input_file not in (None, file):
            raise ServiceUnreachableError(f"the answer is about another batch, {batch.id}")
        return batch

    def cancel_late(self) -> None:
        """Cancel batches of lost requests that appeared only after others had been created for the same questions."""
        for key, file in self._doubtful().items():
            found = self._retry.call(partial(self._look, key, file))
            for batch in found:
                self._discard(batch)
                self._record("batch_end", key=key, batch=batch.id, status="superseded")
            if not found:
                self._record("batch_end", key=key, batch=None, status="not created")

    def close(self, batch: Batch, *, status: str | None = None) -> None:
        """Record that a batch's answers were all collected, or why they never will be."""
        made = self._ledger.last("batch", account=self._backend.account, batch=batch.id)
        key = made["key"] if made else batch.metadata.get(KEY)
        self._record("batch_end", key=key, batch=batch.id, status=status or batch.status)

    def key_of(self, batch: Batch) -> str | None:
        """Return the key that a batch was created under; None where it is not known."""
        made = self._ledger.last("batch", account=self._backend.account, batch=batch.id)
        return made["key"] if made else batch.metadata.get(KEY)

    def retrieve(self, batch_id: str, *, retry: RetryPolicy) -> Batch | None:
        """Describe a batch; None where it is gone at the service, which is recorded and warned of."""
        try:
            return retry.call(lambda: self._backend.retrieve_batch(batch_id))
        except RequestRefusedError as error:
            if not is_gone(error):
                raise
        # "No such batch" is checked against the list before its requests are paid again.
        listed = retry.call(lambda: list(paginate(lambda after: self._backend.list_batches(after=after))))
        found = next((batch for batch in listed if batch.id == batch_id), None)
        if found is not None:
            return found
        text = f"batch {batch_id} is gone at the service; what it had not delivered is asked, and paid, again"
        warnings.warn(text, stacklevel=2)
        self.close(Batch(id=batch_id, status="gone"))
        return None

    def _retrieve(self, batch_id: str) -> Batch | None:
        return self.retrieve(batch_id, retry=self._retry)

    def _record(self, kind: str, **facts: Any) -> None:
        self._ledger.record(kind, account=self._backend.account, **facts)

    def _entries(self, kind: str, **facts: Any) -> list[dict[str, Any]]:
        return list(self._ledger.entries(kind, account=self._backend.account, **facts))

    def _open_entries(self) -> list[dict[str, Any]]:
        ended = {entry["batch"] for entry in self._entries("batch_end")}
        return [entry for entry in self._entries("batch") if entry["batch"] not in ended]

    def _doubtful(self) -> dict[str, str]:
        """Return the keys of intents whose last request may have been carried out unheard, each with its file."""
        open_keys: dict[str, str] = {}
        for entry in self._ledger.entries(account=self._backend.account):
            if entry["kind"] == "batch_intent":
                open_keys[entry["key"]] = entry["file"]
            elif entry["kind"] in {"batch", "batch_end", "batch_refused"}:
                open_keys.pop(entry["key"], None)
        return open_keys

    def _adopt(self, key: str, file: str) -> Batch | None:
        found = self._retry.call(lambda: self._look(key, file))
        for extra in found[1:]:
            self._discard(extra)
        if not found:
            return None
        self._record("batch", key=key, batch=found[0].id, file=file)
        return found[0]

    def _look(self, key: str, file: str) -> list[Batch]:
        """Return the batches of an intent, oldest first: by the key, or by its file where no metadata is kept."""
        known = {entry["batch"] for entry in self._entries("batch")}
        listed = list(paginate(lambda after: self._backend.list_batches(after=after)))
        keyed = [batch for batch in listed if batch.metadata.get(KEY) == key]
        if not keyed:
            keyless = [batch for batch in listed if KEY not in batch.metadata and batch.id not in known]
            keyed = [batch for batch in keyless if batch.input_file == file]
        return keyed[::-1]

    def _discard(self, batch: Batch) -> None:
        if not batch.is_final and isinstance(self._backend, CancellingBackend):
            backend = self._backend
            self._retry.call(lambda: backend.cancel_batch(batch.id))


@dataclass(frozen=True, kw_only=True)
@typed
class ShardLimits:
    """What one batch may hold.

    Attributes:
        max_bytes: The longest file; OpenAI accepts 200 MB.
        max_rows: The most requests; OpenAI accepts 50,000.
    """

    max_bytes: PositiveInt = 200_000_000
    max_rows: PositiveInt = 50_000


def batch_line(key: str, body: bytes) -> bytes:
    """Return a request as a line of a batch file; the body is inserted as the bytes it is."""
    head = orjson.dumps({"custom_id": key, "method": "POST", "url": "/v1/chat/completions"})
    return head[:-1] + b',"body":' + body + b"}\n"


def write_shards(folder: Path, lines: Iterable[bytes], *, limits: ShardLimits) -> Iterator[Path]:
    """Write lines into as few files as the limits allow, each named by its content.

    Args:
        folder: Where to.
        lines: The requests; read as the files fill.
        limits: What one file may hold.

    Yields:
        Each file, once it is complete.

    Raises:
        DataError: If a single request is longer than a file may be.
    """
    waiting: list[bytes] = []
    size = 0
    for line in lines:
        if len(line) > limits.max_bytes:
            raise DataError(f"one request has {len(line)} bytes, a batch file holds {limits.max_bytes}")
        if size + len(line) > limits.max_bytes or len(waiting) == limits.max_rows:
            yield _write(folder, waiting)
            waiting, size = [], 0
        waiting.append(line)
        size += len(line)
    if waiting:
        yield _write(folder, waiting)


def _write(folder: Path, lines: list[bytes]) -> Path:
    content = b"".join(lines)
    path = folder / f"requests-{hashlib.sha256(content).hexdigest()[:12]}.jsonl"
    write_atomically(path, content)
    return path
