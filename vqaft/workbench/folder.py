"""Files of a project's folder that the workbench can open, recognized by their first bytes.

A file is named by a hash of its path, so that no request can name a path: what was not found inside the folder cannot
be opened. Symbolic links, and folders whose name begins with a dot, are left out.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from vqaft.errors import StateError

FileKind: TypeAlias = Literal["training", "examples", "predictions", "evaluation", "comparison", "report", "audit"]
"""What a file is: rows to train on, examples, predictions, one of the JSON results, or one of the HTML pages."""

MAX_FILES = 2_000
"""The most files that are looked at, those of upper folders first."""
MAX_DEPTH = 4
"""How many folders deep files are looked for."""
_START_BYTES = 8_192
_SUFFIXES = frozenset({".jsonl", ".ndjson", ".json", ".html", ".htm", ".csv", ".tsv"})
_IGNORED = frozenset({"__pycache__", "node_modules", "site-packages", "venv"})
_RESULT = re.compile(rb'\s*\{\s*"format"\s*:\s*"vqaft[.-](?:model_)?(evaluation|comparison|predictions)')
_PAGE = re.compile(rb'<meta name="generator" content="vqaft(?: [^"]*)?">')
_AUDIT = re.compile(rb'<meta name="vqaft-page" content="audit">')
_KEY = re.compile(rb'"(messages|input|example_id|question|questions|conversations)"\s*:')
_KINDS: dict[bytes, FileKind] = {
    b"messages": "training",
    b"input": "training",
    b"question": "examples",
    b"questions": "examples",
    b"conversations": "examples",
}


@dataclass(frozen=True, kw_only=True)
class FoundFile:
    """A file in the folder.

    Attributes:
        id: What requests name it by.
        name: Its path within the folder, with forward slashes.
        path: Where it is.
        kind: What it is.
        size_bytes: Its length.
        modified_ns: When it was changed, in nanoseconds since 1970.
    """

    id: str
    name: str
    path: Path
    kind: FileKind
    size_bytes: int
    modified_ns: int

    @property
    def modified_at(self) -> float:
        """When it was changed, in seconds since 1970."""
        return self.modified_ns / 1e9


class ProjectFolder:
    """The files of a folder.

    Args:
        path: The folder.

    Raises:
        StateError: If it is not a folder.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise StateError("the project's folder is not a folder", path=path, hint="Name one that exists.")
        self.path = path.resolve()
        self._known: dict[tuple[str, int, int], FileKind | None] = {}
        self._found: dict[str, FoundFile] = {}

    def files(self, kinds: Collection[FileKind] | None = None) -> tuple[FoundFile, ...]:
        """Return the files of some kinds, or of all, the newest first.

        Args:
            kinds: What is wanted; None for everything that is recognized.
        """
        before, known = self._known, {}
        found: dict[str, FoundFile] = {}
        for entry in self._walk():
            state = _state(entry)
            if state is None:
                continue
            key = entry.path, state.st_mtime_ns, state.st_size
            kind = known[key] = before[key] if key in before else recognize(Path(entry.path))
            if kind is not None:
                file = self._made(entry, state, kind)
                found[file.id] = file
        self._known, self._found = known, found
        wanted = [file for file in found.values() if kinds is None or file.kind in kinds]
        return tuple(sorted(wanted, key=lambda file: (-file.modified_ns, file.name)))

    def file(self, name: str, kinds: Collection[FileKind] | None = None) -> FoundFile | None:
        """Return the file with an id; None where there is none of these kinds.

        Args:
            name: The id.
            kinds: What it may be; None for everything that is recognized.
        """
        file = self._found.get(name)
        if file is None or not _is_as_before(file):
            self.files()
            file = self._found.get(name)
        return file if file is not None and (kinds is None or file.kind in kinds) else None

    def _made(self, entry: os.DirEntry[str], state: os.stat_result, kind: FileKind) -> FoundFile:
        name = Path(entry.path).relative_to(self.path).as_posix()
        return FoundFile(
            id=hashlib.sha256(os.fsencode(name)).hexdigest()[:20],
            name=name,
            path=Path(entry.path),
            kind=kind,
            size_bytes=state.st_size,
            modified_ns=state.st_mtime_ns,
        )

    def _walk(self) -> Iterator[os.DirEntry[str]]:
        """Yield the regular files with a suffix that is looked at, folder by folder, the upper ones first."""
        return itertools.islice(filter(_is_file, self._entries()), MAX_FILES)

    def _entries(self) -> Iterator[os.DirEntry[str]]:
        folders = [(self.path, 0)]
        for folder, depth in folders:  # grows while it is walked
            for entry in _entries(folder):
                yield entry
                if depth < MAX_DEPTH and entry.is_dir(follow_symlinks=False) and not _is_ignored(entry.name):
                    folders.append((Path(entry.path), depth + 1))


def _is_file(entry: os.DirEntry[str]) -> bool:
    return Path(entry.name).suffix.lower() in _SUFFIXES and entry.is_file(follow_symlinks=False)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:  # not ours to read, or gone
        return []


def _state(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except OSError:  # gone
        return None


def _is_as_before(file: FoundFile) -> bool:
    """Return whether a file is still the one that was found, and no folder on its way has become a symbolic link."""
    try:
        state = file.path.lstat()
        is_inside = file.path.parent.resolve(strict=True) == file.path.parent
    except OSError:
        return False
    same = (state.st_size, state.st_mtime_ns) == (file.size_bytes, file.modified_ns)
    return is_inside and same and stat.S_ISREG(state.st_mode)


def _is_ignored(name: str) -> bool:
    return name.startswith(".") or name in _IGNORED


def recognize(path: Path) -> FileKind | None:
    """Return what a file is by its first bytes; None for anything that the workbench does not open.

    Args:
        path: The file.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_START_BYTES)
    except OSError:
        return None
    suffix = path.suffix.lower()
    if suffix in {".html", ".htm"}:
        return _page_kind(start)
    if suffix in {".csv", ".tsv"}:
        return "examples" if b"question" in start.partition(b"\n")[0].lower() else None
    result = _RESULT.match(start)
    if result is not None:
        return result[1].decode()  # type: ignore[return-value]  # the pattern names kinds alone
    key = _KEY.search(start)
    if suffix == ".json" and start[:1] != b"[":
        return None
    return None if key is None else _KINDS.get(key[1])


def _page_kind(start: bytes) -> FileKind | None:
    if _PAGE.search(start) is None:
        return None
    return "audit" if _AUDIT.search(start) else "report"
