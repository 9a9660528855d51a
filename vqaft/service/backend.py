"""Protocol of a service that stores files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from vqaft.service.pagination import Page


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A file at the provider's.

    Attributes:
        id: The provider's id.
        filename: Its name there.
        size_bytes: Its size there; None where the provider does not say.
        status: What the provider made of it, e.g. "processed" or "error"; None where it does not say.
    """

    id: str
    filename: str
    size_bytes: int | None = None
    status: str | None = None


OnBytes: TypeAlias = Callable[[int], None]


class FilesBackend(Protocol):
    """What a service must be able to do to keep files; each method makes one request and never repeats it."""

    @property
    def account(self) -> str:
        """Whose files and jobs these are: the service's address and the account, without any secret."""
        ...

    def upload_file(
        self, path: Path, *, filename: str, purpose: str = "fine-tune", on_bytes: OnBytes | None = None
    ) -> RemoteFile:
        """Send a JSONL file under a name; `on_bytes` is told how many bytes went out since it was last told."""
        ...

    def list_files(self, *, purpose: str = "fine-tune", after: str | None = None) -> Page[RemoteFile]:
        """Give a page of the account's files of a purpose, newest first."""
        ...

    def retrieve_file(self, file_id: str) -> RemoteFile:
        """Describe a file."""
        ...

    def download_file(self, file_id: str) -> bytes:
        """Fetch a file's content."""
        ...
