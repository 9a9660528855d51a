"""Multipart upload of a large file, resumed by part where an earlier run was cut off."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt

from vqaft.errors import RequestRefusedError, ServiceError
from vqaft.parallel import ordered_map
from vqaft.service.backend import OnBytes, RemoteFile
from vqaft.service.idempotency import create_idempotently
from vqaft.service.ledger import Ledger
from vqaft.service.local_file import Fingerprint
from vqaft.service.progress import ByteProgress
from vqaft.service.retry import RetryPolicy
from vqaft.typed import typed


@dataclass(frozen=True, kw_only=True)
@typed
class FilePart:
    """A part of a file.

    Attributes:
        path: The file.
        index: Which part, counted from 0.
        offset: Its first byte.
        length: Its length in bytes.
    """

    path: Path
    index: NonNegativeInt
    offset: NonNegativeInt
    length: NonNegativeInt


@runtime_checkable
class MultipartBackend(Protocol):
    """What a service must be able to do to accept a file in parts; each method makes one request."""

    def start_upload(self, filename: str, *, size_bytes: int, purpose: str) -> str:
        """Announce a file and return the id of the upload, which expires after an hour."""
        ...

    def upload_part(self, upload_id: str, part: FilePart, *, on_bytes: OnBytes | None = None) -> str:
        """Send a part and return its id."""
        ...

    def complete_upload(self, upload_id: str, *, part_ids: tuple[str, ...], md5: str) -> RemoteFile:
        """Join the parts in this order; the service compares the hash of the whole."""
        ...

    def cancel_upload(self, upload_id: str) -> None:
        """Discard the parts."""
        ...


MEGABYTE = 1_000_000


@dataclass(frozen=True, kw_only=True)
@typed
class MultipartPolicy:
    """When a file is sent in parts, and how.

    Attributes:
        above_bytes: Files longer than this go in parts. Azure's Files fail silently above about 150 MB.
        part_bytes: The length of a part; the API accepts 64 MB at most.
        max_workers: Parts sent concurrently.
        lifetime_s: Seconds for which the service keeps an upload; within them an earlier run's parts are used again.

    Raises:
        DataError: If a value is negative, or a part or the number of workers less than 1.
    """

    above_bytes: NonNegativeInt = 100 * MEGABYTE
    part_bytes: PositiveInt = 64 * MEGABYTE
    max_workers: PositiveInt = 4
    lifetime_s: NonNegativeFloat = 3600.0


class MultipartUpload:
    """One file sent in parts; every part that arrived is in the ledger, since the API cannot list them.

    Args:
        backend: The service.
        file: What to send.
        purpose: What for, in the service's words.
        account: Whose upload it is.
        ledger: Where parts are recorded.
        retry: How long to go on where the service fails.
        sizes: How large the parts are.
        clock: Seconds since 1970; another one in tests.
    """

    def __init__(
        self,
        backend: MultipartBackend,
        file: Fingerprint,
        *,
        purpose: str,
        account: str,
        ledger: Ledger,
        retry: RetryPolicy,
        sizes: MultipartPolicy,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._backend = backend
        self._file = file
        self._facts: dict[str, Any] = {"account": account, "sha256": file.sha256, "purpose": purpose}
        self._ledger = ledger
        self._retry = retry
        self._sizes = sizes
        self._clock = clock

    def send(self, bar: ByteProgress, *, find: Callable[[], Sequence[RemoteFile]]) -> RemoteFile:
        """Send the missing parts and join them.

        Args:
            bar: Shows every byte.
            find: Looks for the joined file, where the answer to joining was lost.

        Raises:
            ServiceError: If the service does not accept it.
        """
        earlier = self._earlier()
        if earlier is not None:
            # An upload that is gone at the service, though its hour is not over by this clock, is started again.
            with contextlib.suppress(RequestRefusedError):
                return self._finish(earlier, bar, find)
            self._give_up(earlier)
            bar.restart()
        return self._finish(self._start(), bar, find)

    def _earlier(self) -> str | None:
        started = self._ledger.last("parts", part_bytes=self._sizes.part_bytes, **self._facts)
        if started is None or self._ledger.last("parts_end", upload=started["upload"]) is not None:
            return None
        # A clock that was set back must not make an old upload young: both ends are checked.
        if 0 <= self._clock() - started["started"] < self._sizes.lifetime_s:
            return str(started["upload"])
        self._give_up(started["upload"])
        return None

    def _start(self) -> str:
        upload = self._retry.call(
            lambda: self._backend.start_upload(
                self._file.remote_name, size_bytes=self._file.size_bytes, purpose=self._facts["purpose"]
            )
        )
        self._ledger.record(
            "parts", upload=upload, part_bytes=self._sizes.part_bytes, started=self._clock(), **self._facts
        )
        return upload

    def _finish(self, upload: str, bar: ByteProgress, find: Callable[[], Sequence[RemoteFile]]) -> RemoteFile:
        ids = {entry["index"]: entry["part"] for entry in self._ledger.entries("part", upload=upload)}
        parts = self._parts()
        bar.advance(sum(part.length for part in parts if part.index in ids))
        missing = [part for part in parts if part.index not in ids]
        send = partial(self._send_part, upload, bar=bar)
        ids |= dict(ordered_map(send, missing, max_workers=self._sizes.max_workers))
        self._file.check_unchanged()
        part_ids = tuple(ids[part.index] for part in parts)
        remote = create_idempotently(
            lambda: self._backend.complete_upload(upload, part_ids=part_ids, md5=self._file.md5),
            find,
            retry=self._retry,
        )
        self._ledger.record("parts_end", account=self._facts["account"], upload=upload, outcome="completed")
        return remote

    def _send_part(self, upload: str, part: FilePart, *, bar: ByteProgress) -> tuple[int, str]:
        part_id = self._retry.call(
            lambda: bar.counted(lambda on_bytes: self._backend.upload_part(upload, part, on_bytes=on_bytes))
        )
        self._ledger.record("part", account=self._facts["account"], upload=upload, index=part.index, part=part_id)
        return part.index, part_id

    def _give_up(self, upload: str) -> None:
        with contextlib.suppress(ServiceError):
            self._backend.cancel_upload(upload)
        self._ledger.record("parts_end", account=self._facts["account"], upload=upload, outcome="abandoned")

    def _parts(self) -> list[FilePart]:
        step, size = self._sizes.part_bytes, self._file.size_bytes
        return [
            FilePart(path=self._file.path, index=index, offset=offset, length=min(step, size - offset))
            for index, offset in enumerate(range(0, size, step))
        ]
