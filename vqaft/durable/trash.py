"""A trash: what the library no longer needs is moved there, and removed a day later; nothing else in it is touched."""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

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
