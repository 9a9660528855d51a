"""The files of an export: written to a local folder, read from there or from any fsspec file system."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import fsspec
import orjson

from vqaft.errors import DataError, ImageError
from vqaft.images import EncodedImage, ImageSource

_ORDER = ("train", "validation", "test")


class ExportFolder:
    """A folder of an export, by the names of the files in it.

    Args:
        place: The folder: a path, or an address such as `s3://bucket/folder`.
    """

    def __init__(self, place: str | Path) -> None:
        self._files, root = fsspec.core.url_to_fs(str(place))
        self._root = root.rstrip("/")
        self._is_local = "file" in _protocols(self._files)
        self._written: set[str] = set()

    def __repr__(self) -> str:
        return f"ExportFolder({self._root!r})"

    @property
    def local_path(self) -> Path | None:
        """The path of the folder; None where it is not on this machine."""
        return Path(self._root) if self._is_local else None

    def full_name(self, name: str) -> str:
        """Return the full path or address of a file."""
        return f"{self._root}/{name}" if name else self._root

    @contextmanager
    def open(self, name: str, mode: str = "rb") -> Iterator[IO[bytes]]:
        """Open a file; folders above a file to write are created.

        Args:
            name: Its name in the folder, with slashes.
            mode: `rb` or `wb`.

        Raises:
            DataError: If a file to read is missing.
        """
        path = self.full_name(name)
        if "w" in mode:
            self._files.makedirs(posixpath.dirname(path), exist_ok=True)
        try:
            file = self._files.open(path, mode)
        except FileNotFoundError:
            raise DataError(f"{name} is missing", path=self._root) from None
        with file:
            yield file

    def exists(self, name: str) -> bool:
        """Return whether there is such a file."""
        return bool(self._files.isfile(self.full_name(name)))

    def is_file(self) -> bool:
        """Return whether the folder is a file instead."""
        return bool(self._files.isfile(self._root))

    def names(self) -> list[str]:
        """Return the names of all files in the folder and below it, sorted."""
        if not self._files.isdir(self._root):
            return []
        return sorted(path[len(self._root) :].lstrip("/") for path in self._files.find(self._root))

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
            raise DataError(f"there is no file {pattern}", path=self._root)
        return sorted(found, key=lambda pair: (_rank(pair[0]), pair))

    def write(self, name: str, content: bytes) -> None:
        """Write a whole file."""
        with self.open(name, "wb") as file:
            file.write(content)

    def write_text(self, name: str, text: str) -> None:
        """Write a text file as UTF-8 with line feeds."""
        self.write(name, text.encode())

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file for people: indented, keys in their order."""
        self.write_text(name, json.dumps(value, ensure_ascii=False, indent=2) + "\n")

    def write_jsonl(self, name: str, values: Iterable[Mapping[str, Any]]) -> None:
        """Write a JSONL file as a stream."""
        with self.open(name, "wb") as file:
            for value in values:
                file.write(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE))

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
        """Rename a file."""
        self._files.mv(self.full_name(old), self.full_name(new))

    def remove(self, names: Iterable[str]) -> None:
        """Remove files."""
        for name in list(names):
            self._files.rm_file(self.full_name(name))

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
            raise DataError(f"the file is not JSON: {error}", path=self.full_name(name)) from None

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
                    raise DataError(message, path=self.full_name(name), line=number) from None
                if not isinstance(row, dict):
                    raise DataError("the line is not a JSON object", path=self.full_name(name), line=number)
                yield row

    def image(self, name: str) -> ImageSource:
        """Return an image of the folder: its path where the folder is local, else its bytes.

        Args:
            name: Its name in the folder.

        Raises:
            ImageError: If the name leads out of the folder, or the image is missing.
        """
        clean = posixpath.normpath(name.replace("\\", "/"))
        if clean.startswith(("../", "/")) or clean == ".." or ":" in clean:
            raise ImageError(f"the image path {name!r:.200} leads out of the folder", path=self._root)
        path = self.full_name(clean)
        if not self._is_local:
            return self.read(clean)
        if Path(path).resolve() != Path(self._root).resolve() / clean:
            raise ImageError(f"the image path {name!r:.200} leads through a symbolic link", path=self._root)
        if not Path(path).is_file():
            raise ImageError(f"the image {name!r:.200} is missing", path=self._root)
        return path


def below_images(address: str) -> str:
    """Return the name in an export of an image that a file names with a prefix, e.g. `gs://bucket/x/images/0b5a….jpg`."""
    return "/".join(address.replace("\\", "/").split("/")[-2:])


def prefixed(root: str, name: str) -> str:
    """Return the name of a file below a root, which may be empty."""
    return f"{root.rstrip('/')}/{name}" if root else name


def image_name(image: EncodedImage) -> str:
    """Return the name of an image file: 32 digits of the hash of its bytes, and what it is."""
    return f"{image.sha256[:32]}.{extension(image)}"


def extension(image: EncodedImage) -> str:
    """Return the extension of an image file, e.g. `jpg`."""
    return image.mime.removeprefix("image/").replace("jpeg", "jpg")


def _protocols(files: Any) -> tuple[str, ...]:
    return (files.protocol,) if isinstance(files.protocol, str) else tuple(files.protocol)


def _rank(split: str) -> int:
    return _ORDER.index(split) if split in _ORDER else len(_ORDER)
