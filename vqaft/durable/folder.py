"""Atomic replacement of a whole folder.

A trash: what the library no longer needs is moved there, and removed a day later; nothing else in it is touched.
"""

from __future__ import annotations

import contextlib
import ctypes
import glob
import itertools
import os
import re
import secrets
import shutil
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from vqaft.durable.atomic import sync_folder
from vqaft.filesystem import require_local

_CURRENT_FOLDER = -100  # AT_FDCWD

_SWAP = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS

_SYNC_THREADS = 16

_PART, _READY, _OLD = ".part", ".ready", ".old"


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Fill a folder that replaces `path` only when the block ends without an error.

    The block fills a hidden folder beside `path`. Then its files are flushed to the disk and the two folders are
    swapped: in one step where the system can (Linux, macOS), else by two renames, of which `recover_folder` completes
    the second after a kill. A killed run or an error in the block leaves the former folder as it was.

    Args:
        path: The final folder; its parent is created where it does not exist.

    Yields:
        The folder to fill.
    """
    path = require_local(path, purpose="a folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    recover_folder(path)
    _remove_orphans(path)
    staging = path.parent / f".{path.name}.{_owner()}-{secrets.token_hex(4)}{_PART}"
    staging.mkdir()
    try:
        yield staging
        _sync_tree(staging)
        _put_in_place(staging, path)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    sync_folder(path.parent)


def recover_folder(path: Path) -> None:
    """Complete a replacement of `path` that was killed between its two renames.

    Args:
        path: The final folder.
    """
    for former in path.parent.glob(f".{glob.escape(path.name)}.*{_OLD}"):
        ready = former.with_suffix(_READY)
        if not path.exists():
            (ready if ready.exists() else former).rename(path)
        shutil.rmtree(former, ignore_errors=True)


def _put_in_place(staging: Path, path: Path) -> None:
    if not path.exists():
        staging.rename(path)
    elif _swap(staging, path):
        shutil.rmtree(staging, ignore_errors=True)
    else:
        ready, old = staging.with_suffix(_READY), staging.with_suffix(_OLD)
        staging.rename(ready)
        path.rename(old)
        ready.rename(path)
        shutil.rmtree(old, ignore_errors=True)


def _swap(first: Path, second: Path) -> bool:
    """Exchange two folders in one step; False where the system or the file system cannot."""
    if sys.platform == "win32":  # pragma: no cover - no such call
        return False
    library = ctypes.CDLL(None, use_errno=True)
    one, other = os.fsencode(first), os.fsencode(second)
    if hasattr(library, "renamex_np"):  # pragma: no cover - macOS
        return bool(library.renamex_np(one, other, _SWAP) == 0)
    if hasattr(library, "renameat2"):
        return bool(library.renameat2(_CURRENT_FOLDER, one, _CURRENT_FOLDER, other, _SWAP) == 0)
    return False  # pragma: no cover - an old C library


def _sync_tree(folder: Path) -> None:
    entries = list(folder.rglob("*"))
    with ThreadPoolExecutor(_SYNC_THREADS) as pool:  # one commit of the file system's journal serves several files
        list(pool.map(_sync_file, (entry for entry in entries if entry.is_file())))
    for entry in (folder, *(entry for entry in entries if entry.is_dir())):
        sync_folder(entry)


def _sync_file(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _owner() -> str:
    return f"{socket.gethostname()}-{os.getpid()}"


def _remove_orphans(path: Path) -> None:
    """Remove what killed runs of this machine left beside the folder."""
    if os.name == "nt":  # pragma: no cover - a process cannot be asked there whether it lives
        return
    host = socket.gethostname()
    for orphan in path.parent.glob(f".{glob.escape(path.name)}.{glob.escape(host)}-*"):
        process = orphan.name.removeprefix(f".{path.name}.{host}-").partition("-")[0]
        if orphan.suffix in {_PART, _READY} and process.isdigit() and not _is_alive(int(process)):
            shutil.rmtree(orphan, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


TRASH_S = 86_400
"""Seconds for which things stay in a trash."""


class Trash:
    """A folder of things that were moved out of the way, each under the time of its removal.

    Args:
        folder: The folder; created when something is moved into it.
        own_names: The names that the library gives; things of other names are never removed.
    """

    def __init__(self, folder: Path, *, own_names: re.Pattern[str]) -> None:
        self._folder = folder
        self._entry = re.compile(rf"(\d{{1,12}})-(?:{own_names.pattern})(?:\.\d+)?")

    def discard(self, path: Path, *, now: int, name: str | None = None) -> None:
        """Move a file or folder into the trash; no effect if it is not there.

        Args:
            path: What to move.
            now: Seconds since 1970.
            name: The name to move it under; its own by default.

        Raises:
            OSError: If it cannot be moved.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            path.rename(next(self._free(f"{now}-{name or path.name}")))
        except FileNotFoundError:
            return

    def empty(self, *, now: int) -> None:
        """Remove what has been in the trash for `TRASH_S`.

        Args:
            now: Seconds since 1970.
        """
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            moved = self._entry.fullmatch(path.name)
            if moved is None or now - int(moved[1]) < TRASH_S:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def _free(self, name: str) -> Iterator[Path]:
        suffixes = itertools.chain([""], (f".{number}" for number in itertools.count(1)))
        places = (self._folder / f"{name}{suffix}" for suffix in suffixes)
        return (place for place in places if not place.exists() and not place.is_symlink())
