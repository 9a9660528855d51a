"""What the server keeps in its folder: documents, and the files and models that they name.

What no document names was left behind by a server that was killed, or by an upload that was given up. It goes into the
trash (`ServerFolder.discard`), for the database may be an older copy. What a client deletes is deleted.
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
from vqaft.errors import StateError
from vqaft.server.store.documents import ALL, Document, Documents
from vqaft.server.store.folder import DATABASE, ServerFolder, check_folder, create_private, unusable


class State:
    """Everything that survives a restart. One server at a time uses a folder; `close` releases it.

    What a server that was killed left unfinished goes into the folder's trash first.

    Args:
        folder: The folder; created if it is not there.
        clock: Returns the seconds since 1970.

    Raises:
        StateError: If another server uses the folder (with its process id), the folder is not a server's, or it is
            damaged or not usable.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.folder = folder
        check_folder(folder)
        with contextlib.ExitStack() as undone:
            self._lock = FileLock(folder / "server.lock")
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._lock.acquire()
                undone.callback(self._lock.release)
                self._owned = ServerFolder(folder)
                self.documents = Documents(self._owned.database, identity=self._owned.identity)
                undone.callback(self.documents.close)
                discard_orphans(self._owned, self.documents, now=self.now())
            except OSError as error:
                raise unusable(folder, error) from error
            undone.pop_all()

    def close(self) -> None:
        """Release the folder; idempotent."""
        self.documents.close()
        self._lock.release()

    def now(self) -> int:
        """Return the time in seconds since 1970."""
        return int(self._clock())

    def add_file(self, content: IO[bytes], *, filename: str, purpose: str) -> Document:
        """Store a file.

        Args:
            content: Its bytes, read from the current position.
            filename: The name it was sent under; never used as a path.
            purpose: What it is for, e.g. "fine-tune".

        Returns:
            The file's document.
        """
        return self.name_file(self.store_file(content), filename=filename, purpose=purpose)

    def store_file(self, content: IO[bytes]) -> str:
        """Write a file's bytes to disk under a new id, which means nothing until `name_file`.

        Args:
            content: The bytes, read from the current position.
        """
        name = new_id("file-")
        _store(content, self.file_path(name))
        return name

    def name_file(self, name: str, *, filename: str, purpose: str) -> Document:
        """Insert the document of a file that was stored.

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
        """Return the path of a file's bytes."""
        return self.folder / "files" / name

    def part_path(self, name: str) -> Path:
        """Return the path of the bytes of an upload's part."""
        return self.folder / "parts" / name

    def store_part(self, name: str, content: IO[bytes]) -> int:
        """Write the bytes of an upload's part to disk; return how many there are."""
        _store(content, self.part_path(name))
        return self.part_path(name).stat().st_size

    def remove_dead_parts(self) -> None:
        """Remove the parts of uploads that have ended or expired."""
        remove_dead_parts(self._owned, self.documents, now=self.now())

    def discard_models(self, job: str) -> None:
        """Move what a job saved, and no document names, into the trash."""
        discard_model(self._owned, self.documents, job, now=self.now())

    def empty_trash(self) -> None:
        """Remove what has been in the trash for a day."""
        self._owned.empty_trash(now=self.now())

    def delete_model(self, name: str) -> bool:
        """Delete a tuned model and its folder; return whether it was there."""
        model = self.documents.get("model", name)
        if model is None or not self.documents.delete("model", name):
            return False
        remove_model(self._owned, self.documents, model["_folder"])
        return True

    def delete_file(self, name: str) -> bool:
        """Delete a file; return whether it was there."""
        if not self.documents.delete("file", name):
            return False
        self.file_path(name).unlink(missing_ok=True)
        return True

    def add_event(self, job: str, message: str, *, level: str = "info", data: dict[str, Any] | None = None) -> None:
        """Record what happened in a job.

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
    try:
        with os.fdopen(create_private(path), "wb") as file:
            shutil.copyfileobj(content, file, 1 << 20)
            file.flush()
            os.fsync(file.fileno())
    except OSError:  # a full disk must not be filled by halves of files
        path.unlink(missing_ok=True)
        raise


def new_id(prefix: str) -> str:
    """Return a new unique id."""
    return prefix + secrets.token_hex(12)


def model_folder(folder: Path, name: str) -> Path:
    """Find the folder of a tuned model; a server may be running on it.

    Args:
        folder: The server's folder.
        name: The model's name.

    Raises:
        StateError: If no server has used the folder, or it holds no such model.
    """
    place = folder / DATABASE
    if not place.is_file():
        raise StateError("no server has used this folder", path=folder, hint="Name the server's folder by --folder.")
    documents = Documents(place)
    try:
        found = documents.get("model", name)
        known = [str(model["id"]) for model in documents.page("model", limit=ALL).documents]
    finally:
        documents.close()
    if found is None:
        raise StateError(f"there is no tuned model {name!r}", path=folder, hint=f"There are: {', '.join(known)}.")
    return folder / "models" / str(found["_folder"])


_PLACES = {"files": "file", "parts": "part"}


def discard_orphans(folder: ServerFolder, documents: Documents, *, now: int) -> None:
    """Move every file, part and model that no document names into the trash; only while no server uses the folder.

    Args:
        folder: The server's folder.
        documents: What it knows.
        now: Seconds since 1970.
    """
    remove_dead_parts(folder, documents, now=now)
    for place, kind in _PLACES.items():
        for path in folder.entries(place):
            if documents.get(kind, path.name) is None:
                folder.discard(path, name=path.name, now=now)
    for path in folder.entries("models"):
        job = documents.get("job", path.name)
        if job is None or job["finished_at"] is not None:  # a job that has not ended may be resumed
            discard_model(folder, documents, path.name, now=now)
    folder.empty_trash(now=now)


def remove_dead_parts(folder: ServerFolder, documents: Documents, *, now: int) -> None:
    """Remove the parts of uploads that have ended or expired.

    Args:
        folder: The server's folder.
        documents: What it knows.
        now: Seconds since 1970.
    """
    for part in documents.page("part", limit=ALL).documents:
        upload = documents.get("upload", part["upload_id"])
        if upload is None or upload["status"] != "pending" or now >= upload["expires_at"]:
            (folder.path / "parts" / part["id"]).unlink(missing_ok=True)
            documents.delete("part", part["id"])


def discard_model(folder: ServerFolder, documents: Documents, name: str, *, now: int) -> None:
    """Move a job's models into the trash, except those that a document names.

    Args:
        folder: The server's folder.
        documents: What it knows.
        name: The folder within `models`: a job's id, or a job's id and a checkpoint of it.
        now: Seconds since 1970.
    """
    job = name.partition("/")[0]
    _clear(folder, documents, name, lambda path: folder.discard(path, name=job, now=now))


def remove_model(folder: ServerFolder, documents: Documents, name: str) -> None:
    """Delete a model that a client has deleted; other models of its job that a document names stay.

    Args:
        folder: The server's folder.
        documents: What it knows.
        name: As for `discard_model`.
    """
    _clear(folder, documents, name, _delete)


def _clear(folder: ServerFolder, documents: Documents, name: str, remove: Callable[[Path], None]) -> None:
    named = {model["_folder"] for model in documents.page("model", limit=ALL).documents}
    place = folder.path / "models" / name
    if name in named or not place.is_dir():
        return
    if not any(other.startswith(f"{name}/") for other in named):
        remove(place)
    else:
        for entry in list(place.iterdir()):
            if f"{name}/{entry.name}" not in named:
                remove(entry)
    if place.parent != folder.path / "models":
        with contextlib.suppress(OSError):  # not empty: another model of the job is still there
            place.parent.rmdir()


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
