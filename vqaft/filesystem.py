"""Files on a local disk or behind any fsspec URL (`s3://`, `gs://`, `az://`, `hf://`, `memory://`), read the same way.

Reading works for both. Writing is for whole files alone (`vqaft.durable.atomic_writer`): journals, ledgers and locks
need a local disk, since appending, flushing and locking mean nothing in an object store.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from vqaft.errors import DataError, MissingExtraError

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+://")  # two letters at least: C:\ is a drive
_WEB = ("http://", "https://")
_MANGLED = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+:")  # what pathlib leaves of s3://bucket: the parts "s3:" and "bucket"
_CREDENTIALS = re.compile(r"(?<=://)[^/@]*@")
_PACKAGES = {
    "s3": ("s3fs", "s3"),
    "s3a": ("s3fs", "s3"),
    "gs": ("gcsfs", "gcs"),
    "gcs": ("gcsfs", "gcs"),
    "az": ("adlfs", "azure"),
    "abfs": ("adlfs", "azure"),
    "abfss": ("adlfs", "azure"),
}
_VERSIONS = ("ETag", "etag", "md5Hash", "checksum", "mtime", "LastModified", "last_modified", "updated", "created")


class FileInfo(NamedTuple):
    """Identity of a file's content, as far as it can be seen without reading it.

    Attributes:
        path: The path or URL.
        version: Time of change in ns on a local disk; the store's tag or time of change behind a URL.
        size_bytes: Length.
    """

    path: str
    version: int | str
    size_bytes: int


def is_url(path: object) -> bool:
    """Return whether a path is an fsspec URL; `http(s)` addresses are not, since `WebFetcher` guards those."""
    return isinstance(path, str) and bool(_SCHEME.match(path)) and not path.lower().startswith(_WEB)


def display_path(path: str | PathLike[str]) -> str:
    """Return a path for messages: a URL without the credentials that may stand before its host."""
    return _CREDENTIALS.sub("", fspath(path)) if is_url(path) else fspath(path)


def require_local(path: str | PathLike[str], *, purpose: str) -> Path:
    """Return a local path, or refuse a URL.

    Args:
        path: The path.
        purpose: What is kept there, for the message, e.g. "a journal".

    Raises:
        DataError: If the path is a URL, or what `pathlib.Path` makes of one.
    """
    parts = Path(path).parts
    if is_url(path) or (len(parts) > 1 and _MANGLED.fullmatch(parts[0]) and not os.path.isdir(parts[0])):  # noqa: PTH112
        hint = "Use a local path, and copy the file afterwards; training files, shards and exports take URLs, as str."
        raise DataError(f"{purpose} needs a local disk, and this is a URL", path=display_path(path), hint=hint)
    return Path(path)


@contextmanager
def open_binary(path: str | PathLike[str], *, buffer_bytes: int = -1) -> Iterator[BinaryIO]:
    """Open a local file or an fsspec URL for reading.

    Args:
        path: The path or URL.
        buffer_bytes: Buffer of a local file; fsspec has blocks of its own.

    Yields:
        The open file.

    Raises:
        OSError: If the file cannot be read, whatever its driver raises.
        MissingExtraError: If the package of the URL's scheme is not installed.
    """
    if not is_url(path):
        with Path(path).open("rb", buffering=buffer_bytes) as local:
            yield local
        return
    system, place = _system(fspath(path))
    with _as_os_error(path):
        remote = system.open(place, "rb")
    with remote:
        yield cast("BinaryIO", _Translated(remote, fspath(path)))


def read_bytes(path: str | PathLike[str]) -> bytes:
    """Read a whole local file or fsspec URL.

    Raises:
        OSError: If it cannot be read.
        MissingExtraError: If the package of the URL's scheme is not installed.
    """
    with open_binary(path) as file:
        return file.read()


def file_info(path: str | PathLike[str]) -> FileInfo:
    """Return the identity of a file's content without reading it.

    Raises:
        OSError: If the file is missing, is not a regular file, or cannot be reached.
        MissingExtraError: If the package of the URL's scheme is not installed.
    """
    if not is_url(path):
        status = Path(path).stat()
        return FileInfo(fspath(path), status.st_mtime_ns, status.st_size)
    system, place = _system(fspath(path))
    with _as_os_error(path):
        info: dict[str, Any] = system.info(place)
    if info.get("type") != "file":
        raise IsADirectoryError(errno.EISDIR, "is not a file", display_path(path))
    version = next((str(info[key]) for key in _VERSIONS if info.get(key)), "")
    return FileInfo(fspath(path), version, int(info.get("size") or 0))


def list_files(folder: str) -> list[str]:
    """Return the URLs of all files below an fsspec URL, sorted.

    Args:
        folder: URL of a folder or prefix.

    Raises:
        OSError: If it cannot be listed.
        MissingExtraError: If the package of the URL's scheme is not installed.
    """
    system, place = _system(folder)
    with _as_os_error(folder):
        below = sorted(system.find(place))
    return [f"{folder.rstrip('/')}/{name[len(place.rstrip('/')) :].lstrip('/')}" for name in below]


def put_file(local: Path, url: str) -> None:
    """Upload a local file to an fsspec URL; object stores show it when it is whole.

    Raises:
        OSError: If it cannot be written.
        MissingExtraError: If the package of the URL's scheme is not installed.
    """
    system, place = _system(url)
    with _as_os_error(url):
        system.makedirs(system._parent(place), exist_ok=True)  # noqa: SLF001 - fsspec's own documented helper
        system.put_file(str(local), place)


def remove_file(path: str) -> None:
    """Remove a local file or the file behind an fsspec URL.

    Raises:
        OSError: If it cannot be removed.
        MissingExtraError: If the package of the URL's scheme is not installed.
    """
    if not is_url(path):
        Path(path).unlink()
        return
    url = path
    system, place = _system(url)
    with _as_os_error(url):
        system.rm_file(place)


def _system(url: str) -> tuple[Any, str]:
    import fsspec

    scheme = url.partition("://")[0].lower()
    try:
        system, place = fsspec.core.url_to_fs(url)
    except ImportError as error:
        if scheme in _PACKAGES:
            package, extra = _PACKAGES[scheme]
            raise MissingExtraError(package, extra=extra) from error
        raise OSError(errno.EINVAL, f"{scheme}:// cannot be opened: {error}", display_path(url)) from error
    except ValueError as error:
        raise OSError(errno.EINVAL, f"{scheme}:// is not a file system that fsspec knows", display_path(url)) from error
    return system, place


@contextmanager
def _as_os_error(path: str | PathLike[str]) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), display_path(path)) from error
    except OSError:
        raise
    except Exception as error:  # drivers raise types of their own
        raise OSError(errno.EIO, f"{type(error).__name__}: {str(error)[:200]}", display_path(path)) from error


class _Translated:
    """An open remote file whose errors are OSErrors."""

    def __init__(self, file: Any, path: str) -> None:
        self._file = file
        self._path = path

    def read(self, size: int = -1, /) -> bytes:
        with _as_os_error(self._path):
            return cast("bytes", self._file.read(size))

    def readline(self, size: int = -1, /) -> bytes:
        with _as_os_error(self._path):
            return cast("bytes", self._file.readline(size))

    def __iter__(self) -> Iterator[bytes]:
        while line := self.readline():
            yield line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
