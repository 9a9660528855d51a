"""What the server keeps: documents, files and models, in one folder.

What a server that was interrupted, or an upload that was given up, leaves on the disk.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from vqaft.durable import FileLock
from vqaft.server.store.documents import Document, Documents

ALL = 1_000_000


def remove_leftovers(folder: Path, documents: Documents, *, now: int) -> None:
    """Remove every file, part and model that no document names; only while no server works in the folder.

    Args:
        folder: The server's folder.
        documents: What it knows.
        now: Seconds since 1970.
    """
    for path in (folder / "files").iterdir():
        if documents.get("file", path.name) is None:
            path.unlink()
    remove_dead_parts(folder, documents, now=now)
    for path in (folder / "parts").iterdir():
        if documents.get("part", path.name) is None:
            path.unlink()
    for path in (folder / "models").iterdir():
        remove_model(folder, documents, path.name)


def remove_dead_parts(folder: Path, documents: Documents, *, now: int) -> None:
    """Remove the parts of uploads that have ended or expired.

    Args:
        folder: The server's folder.
        documents: What it knows.
        now: Seconds since 1970.
    """
    for part in documents.page("part", limit=ALL).documents:
        upload = documents.get("upload", part["upload_id"])
        if upload is None or upload["status"] != "pending" or now >= upload["expires_at"]:
            (folder / "parts" / part["id"]).unlink(missing_ok=True)
            documents.delete("part", part["id"])


def remove_model(folder: Path, documents: Documents, name: str) -> None:
    """Remove a model's folder unless a document names it; checkpoints in it that are named stay.

    Args:
        folder: The server's folder.
        documents: What it knows.
        name: The model's folder within `models`.
    """
    kept = {model["_folder"] for model in documents.page("model", limit=ALL).documents}
    place = folder / "models" / name
    if name in kept or not place.is_dir():
        return
    for entry in place.iterdir():
        if f"{name}/{entry.name}" in kept:
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # not empty: another model of the job is still there
        place.rmdir()
        if place.parent != folder / "models":
            place.parent.rmdir()


class State:
    """Everything that survives a restart. One server at a time works in a folder; `close` lets the next one in.

    What the last one left half-done is removed first.

    Args:
        folder: Where it is; made where it is not there.
        clock: Gives the seconds since 1970; another one in tests.

    Raises:
        StateError: If another server works in the folder; with its process id.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        for name in ("files", "models", "parts"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._lock = FileLock(folder / "server.lock")
        self._lock.acquire()
        with contextlib.ExitStack() as undone:
            undone.callback(self._lock.release)
            self.documents = Documents(folder / "state.sqlite")
            undone.callback(self.documents.close)
            remove_leftovers(folder, self.documents, now=self.now())
            undone.pop_all()

    def close(self) -> None:
        """Let go of the folder; nothing happens where that was done already."""
        self.documents.close()
        self._lock.release()

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
        return self.name_file(self.store_file(content), filename=filename, purpose=purpose)

    def store_file(self, content: IO[bytes]) -> str:
        """Put a file's bytes on the disk under a new id, which means nothing until `name_file`.

        Args:
            content: The bytes, read from where it stands.
        """
        name = new_id("file-")
        _store(content, self.file_path(name))
        return name

    def name_file(self, name: str, *, filename: str, purpose: str) -> Document:
        """Make the document of a file that was stored.

        Args:
            name: Its id.
            filename: As for `add_file`.
            purpose: As for `add_file`.
        """
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

    def store_part(self, name: str, content: IO[bytes]) -> int:
        """Put the bytes of an upload's part on the disk; gives how many there are."""
        _store(content, self.part_path(name))
        return self.part_path(name).stat().st_size

    def remove_dead_parts(self) -> None:
        """Remove the parts of uploads that have ended or expired."""
        remove_dead_parts(self.folder, self.documents, now=self.now())

    def delete_model(self, name: str) -> bool:
        """Remove a tuned model and its folder; tells whether it was there."""
        model = self.documents.get("model", name)
        if model is None or not self.documents.delete("model", name):
            return False
        remove_model(self.folder, self.documents, model["_folder"])
        return True

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


def _store(content: IO[bytes], path: Path) -> None:
    with path.open("xb") as file:
        shutil.copyfileobj(content, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())


def new_id(prefix: str) -> str:
    """Make an id that nothing else has."""
    return prefix + secrets.token_hex(12)
