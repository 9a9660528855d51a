"""What the server keeps: documents, files and models, in one folder."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from vqaft.server.documents import Document, Documents


class State:
    """Everything that survives a restart.

    Args:
        folder: Where it is; made where it is not there.
        clock: Gives the seconds since 1970; another one in tests.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        for name in ("files", "models", "parts"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.documents = Documents(folder / "state.sqlite")

    def now(self) -> int:
        """Give the time in seconds since 1970."""
        return int(self._clock())

    def add_file(self, content: IO[bytes], *, filename: str, purpose: str) -> Document:
        """Keep a file.

        Args:
            content: Its bytes, read from where it stands.
            filename: The name it was sent under; never used as a path.
            purpose: What it is for, e.g. "fine-tune".

        Returns:
            The file's document.
        """
        name = new_id("file-")
        with self.file_path(name).open("xb") as file:
            shutil.copyfileobj(content, file, 1 << 20)
            file.flush()
            os.fsync(file.fileno())
        document = {
            "id": name,
            "object": "file",
            "bytes": self.file_path(name).stat().st_size,
            "created_at": self.now(),
            "filename": filename,
            "purpose": purpose,
            "status": "processed",
        }
        return self.documents.insert("file", document)

    def file_path(self, name: str) -> Path:
        """Give where a file's bytes are."""
        return self.folder / "files" / name

    def part_path(self, name: str) -> Path:
        """Give where the bytes of an upload's part are."""
        return self.folder / "parts" / name

    def delete_file(self, name: str) -> bool:
        """Remove a file; tells whether it was there."""
        if not self.documents.delete("file", name):
            return False
        self.file_path(name).unlink(missing_ok=True)
        return True

    def add_event(self, job: str, message: str, *, level: str = "info", data: dict[str, Any] | None = None) -> None:
        """Note what happened in a job.

        Args:
            job: The job's id.
            message: What happened, in words.
            level: "info", "warn" or "error".
            data: The numbers of a metrics event.
        """
        event = {
            "id": new_id("ftevent-"),
            "object": "fine_tuning.job.event",
            "created_at": self.now(),
            "level": level,
            "message": message,
            "type": "metrics" if data else "message",
            "data": data or {},
        }
        self.documents.insert("event", event, parent=job)


def new_id(prefix: str) -> str:
    """Make an id that nothing else has."""
    return prefix + secrets.token_hex(12)
