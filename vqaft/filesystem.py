"""Files on a local disk or behind any fsspec URL (`s3://`, `gs://`, `az://`, `hf://`, `memory://`), read the same way.

Reading works for both. Writing is for whole files alone (`vqaft.durable.atomic_writer`): journals, ledgers and locks
need a local disk, since appending, flushing and locking mean nothing in an object store.
"""

from __future__ import annotations

import errno
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, NamedTuple, TypeAlias, cast

from vqaft.errors import DataError, MissingExtraError

Location: TypeAlias = Path | str
"""A local path, or an fsspec URL as `str`."""

_NAME = r"[A-Za-z][A-Za-z0-9+.\-]+"  # two letters at least: C:\ is a drive
_SCHEME = re.compile(rf"(?P<chain>(?:{_NAME}::)*)(?P<scheme>{_NAME})://")  # simplecache::s3://bucket/x is one, too
_WEB = ("http://", "https://")
_MANGLED = re.compile(rf"(?:{_NAME}::)*{_NAME}:")  # what pathlib leaves of s3://bucket: the parts "s3:" and "bucket"
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
_BUFFER_BYTES = 256 * 1024
_BLOCK_BYTES = 8 * 1024 * 1024  # of a remote file a request; the default of s3fs is 50 MB, also for the first line
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


def location_of(path: str | PathLike[str]) -> Location:
    """Return where a file to read is: a `Path`, or an fsspec URL unchanged.

    Raises:
        DataError: If the path is a web address, or what `pathlib.Path` makes of a URL.
    """
    if is_url(path):
        url = fspath(path)
        return Path(url.partition("://")[2]) if url.startswith(("file://", "local://")) else url
    if _is_mangled(path):
        web = fspath(path).lower().startswith(tuple(prefix[:-1] for prefix in _WEB))
        hint = "Download the file first." if web else "Give the URL as str: pathlib changes s3:// to s3:/."
        raise DataError("a web address is not read" if web else "the URL is a Path", path=display_path(path), hint=hint)
    return Path(path)


def suffix_of(location: Location) -> str:
    """Return the suffix of a file's name in lower case, e.g. ".csv"."""
    return PurePosixPath(name_of(location)).suffix.lower()


def name_of(location: Location) -> str:
    """Return the name of a file without its folder."""
    return PurePosixPath(_own_path(location)).name if isinstance(location, str) else location.name


def parent_of(location: Location) -> Location:
    """Return the folder of a file; a local one is resolved."""
    if not isinstance(location, str):
        return location.parent.resolve()
    head, own, tail = _chain(location)
    return f"{head}{own.rpartition('/')[0]}{tail}"


def join(folder: str, name: str) -> str:
    """Return the URL of a file below the URL of a folder."""
    head, own, tail = _chain(folder)
    return f"{head}{own.rstrip('/')}/{name}{tail}"


def _own_path(url: str) -> str:
    return _chain(url)[1].partition("://")[2]


def _chain(url: str) -> tuple[str, str, str]:
    """Split `simplecache::zip://a.csv::s3://b/x.zip` around the URL that names the file: `zip://a.csv`."""
    match = _SCHEME.match(url)
    start = 0 if match is None else match.end("chain")
    own, mark, tail = url[start:].partition("::")
    return url[:start], own, mark + tail


def _is_mangled(path: str | PathLike[str]) -> bool:
    parts = Path(path).parts
    return len(parts) > 1 and bool(_MANGLED.fullmatch(parts[0])) and not os.path.isdir(parts[0])  # noqa: PTH112


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
    if is_url(path) or _is_mangled(path):
        hint = (
            "Use a local path, and copy it by the tools of the store; "
            "tables, images, training files and exports take URLs, as str."
        )
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
        DataError: If the path is a web address, or what `pathlib.Path` makes of a URL.
        MissingExtraError: If the package of the URL's scheme is not installed.
    """
    if not is_url(path):
        location_of(path)  # says what a web address is, and what pathlib makes of a URL
        with Path(path).open("rb", buffering=buffer_bytes) as local:
            yield local
        return
    system, place = _system(fspath(path))
    with _as_os_error(path):
        system.invalidate_cache(place)
        remote = system.open(place, "rb", block_size=_BLOCK_BYTES)
    with remote, io.BufferedReader(_RemoteFile(remote, fspath(path)), _BUFFER_BYTES) as file:
        yield cast("BinaryIO", file)


def read_bytes(path: str | PathLike[str]) -> bytes:
    """Read a whole local file or fsspec URL.

    Raises:
        OSError: If it cannot be read.
        MissingExtraError: If the package of the URL's scheme is not installed.
    """
    if is_url(path) and "::" not in fspath(path):
        system, place = _system(fspath(path))
        with _as_os_error(path):
            return cast("bytes", system.cat_file(place))
    with open_binary(path) as file:  # a chain may keep what it opens
        return file.read()


def read_range(path: str | PathLike[str], start: int, end: int) -> bytes:
    """Read a part of a local file or fsspec URL, in one request.

    Args:
        path: The path or URL.
        start: The first byte.
        end: The byte after the last.

    Raises:
        OSError: If it cannot be read.
        MissingExtraError: If the package of the URL's scheme is not installed.
    """
    if is_url(path):
        system, place = _system(fspath(path))
        with _as_os_error(path):
            return cast("bytes", system.cat_file(place, start=start, end=end))
    with Path(path).open("rb", buffering=0) as file:
        file.seek(start)
        return b"".join(iter(lambda: file.read(end - file.tell()), b""))


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
        system.invalidate_cache(place)  # a listing kept by fsspec may be older than the file
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
        system.invalidate_cache(place)
        below = sorted(system.find(place))
    return [join(folder, _below(place, name)) for name in below]


def list_folder(folder: Location) -> dict[str, bool]:
    """Return the names in a folder, sorted, and whether each is a file.

    Args:
        folder: A local folder, or the URL of one.

    Raises:
        OSError: If it cannot be listed.
        MissingExtraError: If the package of the URL's scheme is not installed.
    """
    if not isinstance(folder, str):
        return dict(sorted((entry.name, entry.is_file()) for entry in folder.iterdir()))
    system, place = _system(folder)
    with _as_os_error(folder):
        system.invalidate_cache(place)
        found = {_below(place, entry["name"]): entry["type"] == "file" for entry in system.ls(place, detail=True)}
        system.invalidate_cache(place)  # listings take 0.5 KB an entry, for as long as the process lives
    return {name: found[name] for name in sorted(found) if name}  # a placeholder object has the folder's own name


def glob_files(folder: Location, pattern: str) -> list[Location]:
    """Return the files below a folder that a pattern such as `data/train-*.parquet` matches, sorted.

    Args:
        folder: A local folder, or the URL of one.
        pattern: Relative to it; one that leads out of it, or is no pattern, matches nothing.

    Raises:
        OSError: If it cannot be listed.
        MissingExtraError: If the package of the URL's scheme is not installed.
    """
    if not isinstance(folder, str):
        try:
            return sorted(path for path in folder.glob(pattern) if path.is_file())
        except (NotImplementedError, ValueError, IndexError):
            return []
    if pattern.startswith("/") or ".." in pattern.split("/"):
        return []
    system, place = _system(folder)
    with _as_os_error(folder):
        system.invalidate_cache(place)
        found = system.glob(f"{place.rstrip('/')}/{pattern}", detail=True)
    return [join(folder, _below(place, name)) for name in sorted(found) if found[name]["type"] == "file"]


def kind_of(location: Location) -> str | None:
    """Return "file" or "folder", or None where there is neither.

    Raises:
        OSError: If it cannot be reached.
        MissingExtraError: If the package of the URL's scheme is not installed.
    """
    if not isinstance(location, str):
        return "file" if location.is_file() else "folder" if location.is_dir() else None
    try:
        file_info(location)
    except FileNotFoundError:
        return None
    except IsADirectoryError:
        return "folder"
    return "file"


def _below(place: str, name: str) -> str:
    return name.strip("/").removeprefix(place.strip("/")).lstrip("/").rstrip("/")


def put_file(local: Path, url: str) -> None:
    """Upload a local file to an fsspec URL; object stores show it when it is whole.

    Raises:
        OSError: If it cannot be written.
        MissingExtraError: If the package of the URL's scheme is not installed.
    """
    system, place = _system(url)
    with _as_os_error(url):
        if not _in_bucket(url):  # where it would make a bucket that only a typing error named
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


def _in_bucket(url: str) -> bool:
    return _chain(url)[1].partition("://")[0].lower() in _PACKAGES


def _system(url: str) -> tuple[Any, str]:
    import fsspec

    scheme = _chain(url)[1].partition("://")[0].lower()
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


class _RemoteFile(io.RawIOBase):
    """An open remote file whose errors are OSErrors."""

    def __init__(self, file: Any, path: str) -> None:
        super().__init__()
        self._file = file
        self._path = path

    def readinto(self, buffer: Any, /) -> int:
        with _as_os_error(self._path):
            content = self._file.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._file.seekable())

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        with _as_os_error(self._path):
            return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())
