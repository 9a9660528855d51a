"""The seam to a service that takes large files in parts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from vqaft.tuning.backend import OnBytes
from vqaft.tuning.job import RemoteFile


@dataclass(frozen=True, kw_only=True)
class FilePart:
    """A piece of a file.

    Attributes:
        path: The file.
        index: Which piece, counted from 0.
        offset: Its first byte.
        length: How many bytes.
    """

    path: Path
    index: int
    offset: int
    length: int


@runtime_checkable
class PartsBackend(Protocol):
    """What a service must be able to do to take a file in parts; each method makes one request."""

    def start_upload(self, filename: str, *, size_bytes: int, purpose: str) -> str:
        """Announce a file; the id of the upload is given. It is gone after an hour."""
        ...

    def upload_part(self, upload_id: str, part: FilePart, *, on_bytes: OnBytes | None = None) -> str:
        """Send a part; its id is given."""
        ...

    def complete_upload(self, upload_id: str, *, part_ids: tuple[str, ...], md5: str) -> RemoteFile:
        """Join the parts in this order; the service compares the hash of the whole."""
        ...

    def cancel_upload(self, upload_id: str) -> None:
        """Throw the parts away."""
        ...
