"""Image paths that a table names, and that must not lead out of its folder: on a disk, or behind a URL."""

from __future__ import annotations

import difflib
import itertools
import os
import posixpath
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from os import PathLike
from pathlib import Path
from typing import TypeAlias

from vqaft.durable import state_error
from vqaft.errors import ImageError, shown
from vqaft.filesystem import Location, is_url, join, list_folder, location_of, parent_of
from vqaft.images import is_web_address, split_page

_WINDOWS_DRIVE = 2
_COPY_HINT = "Copy the image into the folder."
_STORE_HINT = "Give the folder of the images (images=…): a table from elsewhere must not read your stores."

FindImage: TypeAlias = Callable[[str], str]
"""Image as a table names it → its full path or URL; raises `ImageError`."""


def root_of(table: Location, images: str | PathLike[str] | None) -> Location:
    """Return the folder that image paths are relative to.

    Args:
        table: The file that names the images.
        images: Their folder or its URL; that of the table if None.

    Raises:
        DataError: If `images` is a web address, or a URL that `pathlib.Path` has mangled.
    """
    if images is None:
        return parent_of(table)
    folder = location_of(images)
    return folder if isinstance(folder, str) else folder.resolve()


def image_finder(root: Location) -> FindImage:
    """Return what finds the images that a table names below a folder.

    Behind a URL each folder that images lie in is listed once a load, which takes a request for a thousand files.
    Where listing is not allowed, images are taken to be there, and one that is missing is an error when it is read.

    Args:
        root: The folder, resolved, or its URL.

    Returns:
        A function for one load; see `image_inside` for what it finds and raises.
    """
    return RemoteImages(root).find if isinstance(root, str) else partial(image_inside, root)


def image_inside(root: Path, value: str) -> str:
    """Find an image that a table names.

    Tables come from elsewhere, and what they name is sent to a service: a path that leads out of the folder, or through
    a symbolic link, could carry away any file. A path is also found if it is written with backslashes, in another case,
    or with accents composed otherwise, as long as only one file can be meant.

    Args:
        root: The folder of the images, resolved.
        value: The path as the table has it, relative to the folder; a web address or a data URL is returned unchanged.

    Returns:
        The full path of an existing file inside the folder.

    Raises:
        ImageError: If the path leads out of the folder or through a link, or there is no such file.
    """
    value = value.strip()
    if is_url(value):
        raise ImageError(f"the image {shown(value)} is in another store", hint=_STORE_HINT)
    if is_web_address(value) or value[:5].lower() == "data:":
        return value
    return _found(root, value)


@lru_cache(maxsize=1 << 16)
def _found(root: Path, value: str) -> str:
    if (literal := _existing(root, value)) is not None:
        return str(literal)
    name, page = split_page(value)
    path = _existing(root, name) if page is not None else None
    if path is None and "\\" in name:
        path = _existing(root, name.replace("\\", "/"))
    if path is None:
        path = _other_spelling(root, name.replace("\\", "/"))
    if path is None:
        raise ImageError(f"the image {shown(value)} is missing", hint=_hint(root, name))
    return str(path) if page is None else f"{path}#page={page}"


def _existing(root: Path, name: str) -> Path | None:
    """Return the path of a file inside the folder; None if there is none.

    Raises:
        ImageError: If the path leads out of the folder or through a link.
    """
    written = Path(os.path.normpath(root / name))
    try:
        path = written.resolve()
        is_file = path.is_file()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or shown(str(error))
        raise ImageError(f"the image path {shown(name)} cannot be read: {reason}") from None
    hint = _COPY_HINT
    if not written.is_relative_to(root):
        raise ImageError(f"the image path {shown(name)} leads out of the folder", hint=hint)
    if path != written:
        raise ImageError(f"the image path {shown(name)} leads through a symbolic link", hint=hint)
    return path if is_file else None


def _other_spelling(root: Path, name: str) -> Path | None:
    """Return the one file whose path differs in case or in how accents are composed; None if there is none."""
    here = root
    for step in Path(os.path.normpath(name)).parts:
        fitting = [entry for entry in _entries(here) if _plain(entry) == _plain(step)]
        if step in fitting:
            fitting = [step]
        if len(fitting) != 1:
            return None
        here = here / fitting[0]
    return _existing(root, str(here.relative_to(root))) if here != root else None


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


@lru_cache(maxsize=256)
def _entries(folder: Path) -> tuple[str, ...]:
    try:
        return tuple(sorted(entry.name for entry in folder.iterdir()))
    except OSError:
        return ()


def _hint(root: Path, name: str) -> str | None:
    if name[1:_WINDOWS_DRIVE] == ":":
        return "It is a path of another machine: write paths relative to the folder of the table."
    folder = (root / name.replace("\\", "/")).parent
    names = _entries(folder) if folder.is_relative_to(root) else ()
    no_folder = f"There is no folder {shown(str(Path(name).parent))} in {root}."
    return _alike_hint(name, names) or (None if names else no_folder)


def _alike_hint(name: str, names: Iterable[str]) -> str | None:
    plain = {_plain(each): each for each in itertools.islice(names, 1000)}
    alike = difflib.get_close_matches(_plain(posixpath.basename(name.replace("\\", "/"))), plain, n=1)
    return f"There is {shown(plain[alike[0]])}." if alike else None


class RemoteImages:
    """The images below an fsspec URL, by the names that a table has for them.

    Args:
        root: The URL of the folder.
    """

    def __init__(self, root: str) -> None:
        self._root = root.rstrip("/")
        self._listed: dict[str, Mapping[str, bool] | None] = {}

    def find(self, value: str) -> str:
        """Return the URL of an image; see `image_inside`.

        Raises:
            ImageError: If the name leads out of the folder, or there is no such file.
            StateError: If the folder cannot be listed for another reason than permissions.
        """
        value = value.strip()
        if is_web_address(value) or value[:5].lower() == "data:":
            return value
        if is_url(value):
            value = self._below(value)
        if (whole := self._spelled(value)) is not None:
            return join(self._root, whole)
        name, page = split_page(value)
        found = self._spelled(name) if page is not None else None
        if found is None:
            hint = _alike_hint(name, self._entries(posixpath.dirname(_normal(name))) or ())
            raise ImageError(f"the image {shown(value)} is missing", hint=hint)
        return f"{join(self._root, found)}#page={page}"

    def _below(self, url: str) -> str:
        inside = url.removeprefix(f"{self._root}/")
        if inside == url:
            raise ImageError(f"the image {shown(url)} is in another store", hint=_STORE_HINT)
        return inside

    def _spelled(self, name: str) -> str | None:
        """Return the name of the one file that is meant, which may differ in case or in how accents are composed."""
        name = _normal(name)
        if name == ".." or name.startswith(("../", "/")):
            raise ImageError(f"the image path {shown(name)} leads out of the folder", hint=_COPY_HINT)
        folder = self._folder(posixpath.dirname(name))
        return None if folder is None else self._entry(folder, posixpath.basename(name), is_file=True)

    def _folder(self, name: str) -> str | None:
        """Return a folder as it is spelled; folders above it are listed only where it is not there."""
        if not name or self._entries(name) != {}:
            return name
        above = self._folder(posixpath.dirname(name))
        return None if above is None else self._entry(above, posixpath.basename(name), is_file=False)

    def _entry(self, folder: str, name: str, *, is_file: bool) -> str | None:
        entries = self._entries(folder)
        if entries is None or entries.get(name) is is_file:
            return posixpath.join(folder, name)
        fitting = [each for each, file in entries.items() if file is is_file and _plain(each) == _plain(name)]
        return posixpath.join(folder, fitting[0]) if len(fitting) == 1 else None

    def _entries(self, folder: str) -> Mapping[str, bool] | None:
        """Return the names in a folder; None where they may not be listed."""
        if folder not in self._listed:
            self._listed[folder] = self._list(folder)
        return self._listed[folder]

    def _list(self, folder: str) -> Mapping[str, bool] | None:
        url = join(self._root, folder) if folder else self._root
        try:
            return list_folder(url)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except PermissionError:
            return None
        except OSError as error:
            raise state_error(error, url, doing="cannot be listed") from error


def _normal(name: str) -> str:
    return posixpath.normpath(name.replace("\\", "/"))
