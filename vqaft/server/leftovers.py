"""What a server that was interrupted, or an upload that was given up, leaves on the disk."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from vqaft.server.documents import Documents

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
