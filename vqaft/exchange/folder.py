"""The files of an export: written to a local folder, read from there or from any fsspec URL."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from vqaft.durable import write_atomically
from vqaft.errors import DataError, ImageError
from vqaft.filesystem import (
    display_path,
    file_info,
    is_url,
    list_files,
    open_binary,
    put_file,
    remove_file,
    require_local,
)
from vqaft.images import EncodedImage

_ORDER = ("train", "validation", "test")


class ExportFolder:
    """A folder of an export, by the names of the files in it.

    Args:
        place: A path; or, to be read and replaced as a whole only, an fsspec URL such as `s3://bucket/folder`.

    Raises:
        DataError: If the place is a URL that `pathlib.Path` has mangled.
    """

    def __init__(self, place: str | PathLike[str]) -> None:
        name = fspath(place).removeprefix("file://")
        self.local_path = None if is_url(name) else require_local(name, purpose="a folder that is given as a Path")
        self._root = name.rstrip("/") if self.local_path is None else str(self.local_path)
        self._written: set[str] = set()

    def __repr__(self) -> str:
        return f"ExportFolder({display_path(self._root)!r})"

    def full_name(self, name: str = "") -> str:
        """Return the full path or URL of a file, or of the folder."""
        return f"{self._root}/{name}" if name else self._root

    def place(self, name: str = "") -> str:
        """Return the full path or URL for a message: without credentials."""
        return display_path(self.full_name(name))

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Open a file for reading.

        Args:
            name: Its name in the folder, with slashes.

        Raises:
            DataError: If it is missing.
        """
        try:
            with open_binary(self.full_name(name)) as file:
                yield file
        except FileNotFoundError:
            raise DataError("the file is missing", path=self.place(name)) from None

    @contextmanager
    def create(self, name: str) -> Iterator[BinaryIO]:
        """Open a file of a local folder for writing; folders above it are created."""
        path = Path(self.full_name(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            yield file

    def exists(self, name: str) -> bool:
        """Return whether there is such a file."""
        try:
            file_info(self.full_name(name))
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def is_file(self) -> bool:
        """Return whether the folder is a file instead."""
        return self.local_path is not None and self.local_path.is_file()

    def names(self) -> list[str]:
        """Return the names of all files in the folder and below it, sorted."""
        if self.local_path is not None:
            paths = (path for path in self.local_path.rglob("*") if path.is_file())
            return sorted(path.relative_to(self.local_path).as_posix() for path in paths)
        try:
            return [url.removeprefix(self._root).lstrip("/") for url in list_files(self._root)]
        except FileNotFoundError:
            return []

    def upload_to(self, other: ExportFolder, name: str) -> None:
        """Copy a file of this local folder to another one behind a URL."""
        put_file(Path(self.full_name(name)), other.full_name(name))

    def splits(self, pattern: str) -> list[tuple[str, str]]:
        """Find the files of the splits: train, validation, test, then others by name.

        Args:
            pattern: The name of a file with `{split}` in it; `*` stands for any text.

        Returns:
            Split and file name.

        Raises:
            DataError: If there is none.
        """
        shape = re.escape(pattern).replace(r"\{split\}", r"([^/.]+?)").replace(r"\*", "[^/]*")
        found = [(match[1], name) for name in self.names() if (match := re.fullmatch(shape, name))]
        if not found:
            raise DataError(f"there is no file {pattern}", path=self.place())
        return sorted(found, key=lambda pair: (split_rank(pair[0]), pair))

    def write(self, name: str, content: bytes) -> None:
        """Write a whole file."""
        if self.local_path is None:
            write_atomically(self.full_name(name), content)
            return
        with self.create(name) as file:
            file.write(content)

    def write_text(self, name: str, text: str) -> None:
        """Write a text file as UTF-8 with line feeds."""
        self.write(name, text.encode())

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file for people: indented, keys in their order."""
        self.write_text(name, json.dumps(value, ensure_ascii=False, indent=2) + "\n")

    def write_jsonl(self, name: str, values: Iterable[Mapping[str, Any]]) -> None:
        """Write a JSONL file as a stream."""
        with self.create(name) as file:
            for value in values:
                file.write(json_line(value))

    def write_json_list(
        self, name: str, values: Iterable[Mapping[str, Any]], *, head: bytes = b"", tail: bytes = b""
    ) -> None:
        """Write a JSON list as a stream, one value a line.

        Args:
            name: The file.
            values: The values.
            head: What stands before the list, where it is part of an object.
            tail: What stands after it.
        """
        with self.create(name) as file:
            file.write(head + b"[")
            for number, value in enumerate(values):
                file.write((b",\n" if number else b"\n") + json_line(value).rstrip(b"\n"))
            file.write(b"\n]" + tail + b"\n")

    def write_image(self, image: EncodedImage, *, below: str = "images") -> str:
        """Write an image under the hash of its bytes, unless it is there already.

        Args:
            image: The image.
            below: The folder for it.

        Returns:
            Its name in the folder, e.g. `images/0b5a….jpg`.
        """
        name = posixpath.join(below, image_name(image))
        if name not in self._written:
            self._written.add(name)
            self.write(name, image.data)
        return name

    def rename(self, old: str, new: str) -> None:
        """Rename a file of a local folder."""
        Path(self.full_name(old)).rename(self.full_name(new))

    def remove(self, name: str) -> None:
        """Remove a file."""
        remove_file(self.full_name(name))

    def read(self, name: str) -> bytes:
        """Read a whole file.

        Raises:
            DataError: If it is missing.
        """
        with self.open(name) as file:
            return file.read()

    def read_json(self, name: str) -> Any:
        """Read a JSON file.

        Raises:
            DataError: If it is missing or not JSON.
        """
        try:
            return orjson.loads(self.read(name))
        except orjson.JSONDecodeError as error:
            raise DataError(f"the file is not JSON: {error}", path=self.place(name)) from None

    def read_jsonl(self, name: str) -> Iterator[dict[str, Any]]:
        """Read the objects of a JSONL file as a stream.

        Raises:
            DataError: If the file is missing, or a line is not a JSON object; with file and line.
        """
        with self.open(name) as file:
            for number, line in enumerate(file, start=1):
                try:
                    row = orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    message = f"the line is not JSON: {error}"
                    raise DataError(message, path=self.place(name), line=number) from None
                if not isinstance(row, dict):
                    raise DataError("the line is not a JSON object", path=self.place(name), line=number)
                yield row

    def image(self, name: str) -> str:
        """Return the path or URL of an image of the folder.

        Args:
            name: Its name in the folder.

        Raises:
            ImageError: If the name leads out of the folder or through a symbolic link, or the image is missing.
        """
        clean = posixpath.normpath(name.replace("\\", "/"))
        if clean.startswith(("../", "/")) or clean == ".." or ":" in clean:
            raise ImageError(f"the image path {name!r:.200} leads out of the folder", path=self.place())
        if self.local_path is None:
            return self.full_name(clean)
        path = self.local_path / clean
        if path.resolve() != self.local_path.resolve() / clean:
            raise ImageError(f"the image path {name!r:.200} leads through a symbolic link", path=self.place())
        if not path.is_file():
            raise ImageError(f"the image {name!r:.200} is missing", path=self.place())
        return str(path)


def json_line(value: Mapping[str, Any]) -> bytes:
    """Return an object as a line of JSON; values that JSON cannot hold become text.

    Raises:
        TypeError: If a text is not valid Unicode, or an integer has more than 64 bits.
    """
    return orjson.dumps(value, default=str, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)


def below_images(address: str) -> str:
    """Return the name in an export of an image that a file names with a prefix, e.g. `gs://bucket/x/images/0b5a….jpg`."""
    return "images/" + address.replace("\\", "/").rpartition("images/")[2]


def prefixed(root: str, name: str) -> str:
    """Return the name of a file below a root, which may be empty."""
    return f"{root.rstrip('/')}/{name}" if root else name


def image_name(image: EncodedImage) -> str:
    """Return the name of an image file: 32 digits of the hash of its bytes, and what it is."""
    return f"{image.sha256[:32]}.{extension(image)}"


def extension(image: EncodedImage) -> str:
    """Return the extension of an image file, e.g. `jpg`."""
    return image.mime.removeprefix("image/").replace("jpeg", "jpg")


def split_rank(split: str) -> int:
    """Return the place of a split in its usual order: train, validation, test, then others."""
    return _ORDER.index(split) if split in _ORDER else len(_ORDER)
