"""Removal of what no document names: left behind by a server that was killed, or by an upload that was given up.

What the database has lost sight of goes into the trash (`ServerFolder.discard`), for the database may be an older copy.
What a client deletes is deleted.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

from vqaft.server.store.documents import ALL, Documents
from vqaft.server.store.folder import ServerFolder

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
