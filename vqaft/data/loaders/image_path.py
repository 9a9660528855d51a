"""Image paths that a table names, and that must not lead out of its folder."""

from __future__ import annotations

import difflib
import os
import unicodedata
from functools import lru_cache
from pathlib import Path

from vqaft.errors import ImageError, shown
from vqaft.filesystem import is_url
from vqaft.images import is_web_address, split_page

_WINDOWS_DRIVE = 2


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
        hint = "Copy it into the folder: a table from elsewhere must not read your stores."
        raise ImageError(f"the image {shown(value)} is in a store that is not read here", hint=hint)
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
    hint = "Copy the image into the folder."
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
    plain = {_plain(each): each for each in names[:1000]}
    alike = difflib.get_close_matches(_plain(folder.joinpath(name.replace("\\", "/")).name), plain, n=1)
    if alike:
        return f"There is {shown(plain[alike[0]])}."
    return None if names else f"There is no folder {shown(str(Path(name).parent))} in {root}."
