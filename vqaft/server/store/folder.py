"""The server's folder: whose it is, who may read it, and how what lies in it is removed.

A folder is marked by `vqaft-server.json`, which names the database that belongs to it. Only a marked folder, or an
empty one, is used. What no document names is moved into `trash` and removed from there a day later; only names that the
server itself makes (`file-`, `part_` or `ftjob-` and 24 hexadecimal digits) are touched at all.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vqaft.durable import Trash, write_atomically
from vqaft.errors import StateError

MARKER = "vqaft-server.json"
DATABASE = "state.sqlite"
PLACES = ("files", "models", "parts", "trash")
BESIDE = ("server.lock", "server.log", "server.log.1", "access.json", "transformers")
"""What may lie in a folder before it is marked: the lock, and what is written before the server runs."""
VERSION = 1
_OWN_NAME = re.compile(r"(?:file-|part_|ftjob-)[0-9a-f]{24}")
_HINT = "Choose an empty folder, or one that a vqaft server made."
LOG = logging.getLogger(__name__)


class _Marker(BaseModel):
    model_config = ConfigDict(strict=True)

    format: Literal["vqaft server folder"] = "vqaft server folder"
    version: Annotated[int, Field(ge=1)] = VERSION
    database: Annotated[str, Field(min_length=1)]


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds anything, unless a server of vqaft marked it; nothing is written.

    Args:
        folder: The folder; it need not be there.

    Raises:
        StateError: If it is another's folder, its marker is damaged, or it cannot be read.
    """
    try:
        if _read_marker(folder) is None and (found := _foreign_entry(folder)) is not None:
            message = f"the folder is not a vqaft server's: it holds {found!r} and no {MARKER}"
            raise StateError(message, path=folder, hint=_HINT)
    except OSError as error:
        raise unusable(folder, error) from error


def unusable(folder: Path, error: OSError) -> StateError:
    """Return the error for a folder that the system does not let the server use."""
    path = error.filename if isinstance(error.filename, str) else folder
    return StateError(f"the server's folder cannot be used ({error.strerror})", path=path, hint=_HINT)


class ServerFolder:
    """A marked folder, readable by its owner alone.

    Args:
        path: The folder; created and marked if it is not there or empty.

    Attributes:
        path: The folder.
        identity: The id of the database that belongs to it.

    Raises:
        StateError: If it is another's folder, or cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._trash = Trash(path / "trash", own_names=_OWN_NAME)
        check_folder(path)
        try:
            self.identity = self._mark()
            for place in (path, *(path / name for name in PLACES)):
                place.mkdir(mode=0o700, parents=True, exist_ok=True)
                place.chmod(0o700)
        except OSError as error:
            raise unusable(path, error) from error

    def _mark(self) -> str:
        marker = _read_marker(self.path)
        if marker is None:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            marker = _Marker(database=secrets.token_hex(16))
            write_atomically(self.path / MARKER, marker.model_dump_json().encode() + b"\n", private=True)
        return marker.database

    @property
    def database(self) -> Path:
        """The SQLite file.

        Raises:
            StateError: If it is missing or empty, and files are there that it named.
        """
        path = self.path / DATABASE
        lost = not path.exists() or (path.is_file() and not path.stat().st_size)
        if lost and any(True for place in ("files", "models", "parts") for _ in self.entries(place)):
            hint = "Put the database back, or move the folder away and start with an empty one."
            raise StateError("the database is missing, and the files that it names are there", path=path, hint=hint)
        return path

    def entries(self, place: str) -> Iterator[Path]:
        """Yield what the server itself named in one of `PLACES`; anything else there is not the server's."""
        return (path for path in (self.path / place).iterdir() if _OWN_NAME.fullmatch(path.name))

    def discard(self, path: Path, *, name: str, now: int) -> None:
        """Move something into the trash; where that fails it stays, and the log says so.

        Args:
            path: What to move.
            name: The name of the server's making that it belongs to.
            now: Seconds since 1970.
        """
        try:
            self._trash.discard(path, name=name, now=now)
        except OSError as error:
            LOG.warning("%s could not be moved into the trash: %s", path, error.strerror)

    def empty_trash(self, *, now: int) -> None:
        """Remove what has been in the trash for a day.

        Args:
            now: Seconds since 1970.
        """
        self._trash.empty(now=now)


def create_private(path: Path) -> int:
    """Create a file that its owner alone may read and write.

    Args:
        path: The file.

    Returns:
        A descriptor open for writing.

    Raises:
        FileExistsError: If it is there.
    """
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def _read_marker(folder: Path) -> _Marker | None:
    path = folder / MARKER
    try:
        marker = _Marker.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        hint = "Restore it from a backup, or choose another folder."
        raise StateError("the mark of the server's folder is damaged", path=path, hint=hint) from error
    if marker.version > VERSION:
        hint = "Use that version, or choose another folder."
        raise StateError(f"the folder was made by a newer vqaft (format {marker.version})", path=path, hint=hint)
    return marker


def _foreign_entry(folder: Path) -> str | None:
    """Return the name of something in the folder that is not from a server that was stopped while it was starting."""
    if not folder.exists():
        return None
    return next((path.name for path in sorted(folder.iterdir()) if not _is_vacant(path)), None)


def _is_vacant(path: Path) -> bool:
    if path.name in PLACES:
        return path.is_dir() and not path.is_symlink() and not any(path.iterdir())
    unfinished = path.name.startswith(f".{MARKER}.") and path.name.endswith(".part")
    return path.name in BESIDE or unfinished
