"""Examples as a JSONL file beside their images, whole and readable again."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from vqaft.data.example import Turn, VQAExample
from vqaft.data.loaders.columns import listed
from vqaft.data.loaders.image_path import FindImage, image_finder, root_of
from vqaft.data.loaders.stream import ExampleStream, OnError, PlacedRow
from vqaft.data.loaders.tables import read_jsonl
from vqaft.durable import atomic_writer, write_atomically
from vqaft.errors import DataError, ImageError, shown
from vqaft.filesystem import Location, is_url, join, kind_of, location_of, read_bytes, require_local, suffix_of
from vqaft.images import ImageEncoder, ImageSource, content_of, image_sha256, local_source, sniff, split_page
from vqaft.typed import typed_call

_REQUIRED = ("id", "question", "answers", "question_type", "kind", "group", "metadata")
_TURN = ("question", "answer", "n_images", "trained")


@typed_call
def save_examples(
    path: str | PathLike[str], examples: Iterable[VQAExample], *, images: str | PathLike[str] | None = None
) -> Path:
    """Write examples as JSONL, one a line; the file appears when all is written.

    Image files inside the folder of the images are named by their path in it. Other images, also those behind URLs, are
    copied into its sub-folder `images`, under the hash of their content; web addresses stay as they are.

    Args:
        path: The file to write, on a local disk.
        examples: The examples; their metadata must be plain values (others become text).
        images: The folder of the images, or its URL; the file's own folder by default.

    Returns:
        The path.

    Raises:
        ImageError: If an image is missing.
        DataError: If something is not an example.
    """
    target = require_local(path, purpose="a file of examples")
    root = root_of(target, images)
    with atomic_writer(target) as file:
        for example in examples:
            if not isinstance(example, VQAExample):
                raise DataError(f"{shown(example)} is not a VQAExample")
            file.write(saved_line(example, root))
    return target


def saved_line(example: VQAExample, root: Location) -> bytes:
    """Return the line of a file of `save_examples`; an image outside of the folder is copied into it.

    Args:
        example: The example.
        root: The folder of the images, without symbolic links, or its URL.

    Raises:
        ImageError: If an image is missing.
        DataError: If a text holds half a character (a lone surrogate), or a number has more than 64 bits.
    """
    row = _row(example, root)
    try:
        return orjson.dumps(row, default=_plain, option=orjson.OPT_NON_STR_KEYS) + b"\n"
    except TypeError as error:  # half a character (U+D800 to U+DFFF), or a number of more than 64 bits
        hint = "Fix the example's texts and metadata, or leave it out."
        raise DataError(f"JSON does not hold it: {error}", example_id=example.id, hint=hint) from None


def _plain(value: object) -> object:
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else str(value)


def _row(example: VQAExample, root: Location) -> dict[str, Any]:
    names = [_named(root, image, example.id) for image in example.images]
    shown_as: dict[str, Any] = {"image": names[0]} if len(names) == 1 else {"images": names}
    row = {"id": example.id, **shown_as, **{name: getattr(example, name) for name in _REQUIRED[1:-1]}}
    history = [{name: getattr(turn, name) for name in _TURN} for turn in example.history]
    return {**row, "metadata": dict(example.metadata), **({"history": history} if history else {})}


def is_saved(row: Mapping[str, Any]) -> bool:
    """Return whether a row is one that `save_examples` writes."""
    return set(_REQUIRED) <= set(row)


@typed_call
def load_saved(
    path: str | PathLike[str],
    *,
    images: str | PathLike[str] | None = None,
    prefix: str = "",
    on_error: OnError = "raise",
) -> ExampleStream:
    """Read what `save_examples` wrote.

    Args:
        path: The JSONL file, or its URL.
        images: The folder of the images, or its URL; the file's own by default.
        prefix: Goes before every id.
        on_error: Whether bad rows raise an error that lists them all, or are skipped and counted; see `ExampleStream`.

    Returns:
        The examples.

    Raises:
        DataError: If a line is not such an example, or the file is empty; with file and line.
        ImageError: If an image is missing or outside the folder.
    """
    source = location_of(path)
    find = image_finder(root_of(source, images))

    def examples_of(placed: PlacedRow, _: int) -> Iterator[VQAExample]:
        yield _example(placed.value, find, prefix)

    return ExampleStream(read_jsonl(source), examples_of, on_error=on_error)


def _example(row: Mapping[str, Any], find: FindImage, prefix: str) -> VQAExample:
    missing = [name for name in _REQUIRED if name not in row]
    missing += [] if row.keys() & {"image", "images"} else ["image"]
    if missing:
        raise DataError(f"no {', '.join(map(repr, missing))}; there is {listed(row)}")
    if not isinstance(row["id"], str):
        raise DataError(f"the id is {shown(row['id'])}, not a string")
    names = row.get("images", [row.get("image")])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ImageError(f"the images are {shown(names)}, not paths", example_id=row["id"])
    values = {name: row[name] for name in _REQUIRED[1:]}
    images = tuple(map(find, names))
    return VQAExample(id=prefix + row["id"], images=images, history=_history(row.get("history", [])), **values)


def _history(turns: Any) -> tuple[Turn, ...]:
    if not isinstance(turns, list) or not all(isinstance(turn, dict) and set(turn) <= set(_TURN) for turn in turns):
        raise DataError(f"the history is {shown(turns)}, not a list of turns")
    missing = [name for turn in turns for name in ("question", "answer") if name not in turn]
    if missing:
        raise DataError(f"a turn of the history has no {missing[0]!r}")
    return tuple(Turn(**turn) for turn in turns)


def _named(root: Location, source: ImageSource, example_id: str) -> str:
    image = local_source(source)
    if image is None:
        return str(source)
    page: int | None = None
    if isinstance(image, str):
        name, page = split_page(image)
        place = name if is_url(name) else Path(name).resolve()
        if (inside := _inside(root, place)) is not None:
            return _with_page(inside, page)
        content, suffix = _read(place, example_id), suffix_of(place)
    else:
        content, suffix = _file_of(image)
    copy = f"images/{image_sha256(content)[:32]}{suffix}"
    target = join(root, copy) if isinstance(root, str) else root / copy
    if kind_of(target) is None:
        write_atomically(target, content)
    return _with_page(copy, page)


def _inside(root: Location, place: Location) -> str | None:
    """Return the name of a file below a folder; None if it lies elsewhere."""
    if isinstance(root, str) or isinstance(place, str):
        above = f"{str(root).rstrip('/')}/"
        return str(place).removeprefix(above) if isinstance(place, str) and place.startswith(above) else None
    return place.relative_to(root).as_posix() if place.is_relative_to(root) else None


def _with_page(name: str, page: int | None) -> str:
    return name if page is None else f"{name}#page={page}"


def _read(path: Location, example_id: str) -> bytes:
    try:
        return read_bytes(path)
    except OSError as error:
        raise ImageError(f"the image cannot be read: {error.strerror}", path=path, example_id=example_id) from None


def _file_of(image: ImageSource) -> tuple[bytes, str]:
    if isinstance(image, bytes | io.IOBase):
        content = content_of(image)
        return content, f".{(sniff(content) or 'bin').lower()}"
    return ImageEncoder(format="png").encode(image).data, ".png"
