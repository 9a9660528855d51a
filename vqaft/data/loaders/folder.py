"""What a folder of data holds, on a disk or behind a URL: its tables, or images in sub-folders named after classes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from vqaft.data.loaders.columns import listed
from vqaft.data.loaders.tables import READERS
from vqaft.data.loaders.text_files import unreadable
from vqaft.errors import DataError, shown
from vqaft.filesystem import Location, glob_files, join, kind_of, list_files, list_folder, location_of

_TABLES = tuple(f"{stem}{suffix}" for stem in ("qa", "metadata", "annotations") for suffix in READERS)
_IMAGES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif"}
)
_DOCUMENTS = frozenset({".avif", ".jp2", ".j2k", ".pgm", ".ppm", ".pbm", ".pnm", ".dcm"})


def folder_of(path: str | os.PathLike[str]) -> Location:
    """Return the folder that is meant: a resolved path, or a URL.

    Raises:
        DataError: If there is no such folder, or it cannot be reached.
    """
    root = location_of(path)
    try:
        kind = kind_of(root)
    except OSError as error:
        raise unreadable(error, root) from None
    if kind != "folder":
        exists = kind is not None or (isinstance(root, Path) and root.exists())
        raise DataError("the folder is not a folder" if exists else "there is no such folder", path=root)
    return root if isinstance(root, str) else root.resolve()


def tables_in(root: Location, name: str | None) -> list[Location]:
    """Return the tables of a folder.

    Args:
        root: The folder.
        name: A file name or a pattern; None for the one with a usual name, or the only one.

    Raises:
        DataError: If there is none, or it is not clear which.
    """
    try:
        return _usual_tables(root) if name is None else _named_tables(root, name)
    except OSError as error:
        raise unreadable(error, root) from None


def _usual_tables(root: Location) -> list[Location]:
    names = list_folder(root)
    usual = [each for each in _TABLES if names.get(each)]
    tables = [each for each, is_file in names.items() if is_file and PurePosixPath(each).suffix.lower() in READERS]
    if usual or len(tables) == 1:
        return [_below(root, (usual or tables)[0])]
    raise _no_table(root, names, tables)


def _named_tables(root: Location, name: str) -> list[Location]:
    exact = _below(root, name)
    found = [exact] if kind_of(exact) == "file" else glob_files(root, name)
    if not found:
        raise DataError(f"no table {shown(name)}", path=root, hint=f"The folder holds {_contents(list_folder(root))}.")
    return found


def _below(root: Location, name: str) -> Location:
    return join(root, name) if isinstance(root, str) else root / name


def _no_table(root: Location, names: dict[str, bool], tables: list[str]) -> DataError:
    if tables:
        return DataError("there are several tables", path=root, hint=f"Name one with table=…: {listed(tables)}.")
    if not all(names.values()) if isinstance(root, str) else any(class_images(root)):
        hint = "Sub-folders hold images: question='…' asks it about every one, with the sub-folder's name as answer."
        return DataError("there is no table of questions", path=root, hint=hint)
    usual = ", ".join(dict.fromkeys(Path(name).stem for name in _TABLES))
    hint = f"A table is called {usual} and ends in {', '.join(READERS)}. The folder holds {_contents(names)}."
    return DataError("there is no table of questions", path=root, hint=hint)


def _contents(names: dict[str, bool]) -> str:
    return listed(list(names)[:10]) if names else "nothing"


def class_images(root: Location) -> Iterator[tuple[str, str]]:
    """Yield the images in the sub-folders of a folder: path or URL, and name relative to the folder.

    Links to folders are not followed.

    Raises:
        DataError: If the folder cannot be listed.
        ImageError: If an image is a link that leads elsewhere.
    """
    try:
        yield from _remote_images(root) if isinstance(root, str) else _local_images(root)
    except OSError as error:
        raise unreadable(error, root) from None


def _remote_images(root: str) -> Iterator[tuple[str, str]]:
    for url in list_files(root):
        name = url.removeprefix(join(root, ""))
        if "/" in name and _is_image(name):
            yield url, name


def _local_images(root: Path) -> Iterator[tuple[str, str]]:
    for folder in sorted(path for path in root.iterdir() if path.is_dir() and not path.is_symlink()):
        for base, folders, names in os.walk(folder):
            folders.sort()
            for name in filter(_is_image, sorted(names)):
                path = Path(base, name)
                yield str(path), path.relative_to(root).as_posix()


def _is_image(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in _IMAGES | _DOCUMENTS
