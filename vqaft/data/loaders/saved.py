"""Examples as a JSONL file beside their images, whole and readable again."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import orjson

from vqaft.data.example import Turn, VQAExample
from vqaft.data.loaders.tables import image_inside, read_jsonl
from vqaft.durable import atomic_writer, write_atomically
from vqaft.errors import DataError, ImageError, shown
from vqaft.images import ImageEncoder, ImageSource, content_of, image_sha256, is_web_address, local_source, sniff

_REQUIRED = ("id", "question", "answers", "question_type", "kind", "group", "metadata")
_TURN = ("question", "answer", "n_images", "trained")


def save_examples(
    path: str | PathLike[str], examples: Iterable[VQAExample], *, images: str | PathLike[str] | None = None
) -> Path:
    """Write examples as JSONL, one a line; the file is there only when all is written.

    Image files inside the folder of the images are named by their path in it. Other images are copied into its
    sub-folder `images`, under the hash of their content; web addresses stay as they are.

    Args:
        path: The file to write.
        examples: The examples; their metadata must be plain values (others become text).
        images: The folder of the images; the file's own by default.

    Returns:
        The path.

    Raises:
        ImageError: If an image is missing.
    """
    target = Path(path)
    root = (target.parent if images is None else Path(images)).resolve()
    with atomic_writer(target) as file:
        for example in examples:
            if not isinstance(example, VQAExample):
                raise DataError(f"{shown(example)} is not a VQAExample")
            file.write(orjson.dumps(_row(example, root), default=str, option=orjson.OPT_NON_STR_KEYS) + b"\n")
    return target


def _row(example: VQAExample, root: Path) -> dict[str, Any]:
    names = [_named(root, image, example.id) for image in example.images]
    images: dict[str, Any] = {"image": names[0]} if len(names) == 1 else {"images": names}
    row = {"id": example.id, **images, **{name: getattr(example, name) for name in _REQUIRED[1:-1]}}
    history = [{name: getattr(turn, name) for name in _TURN} for turn in example.history]
    return {**row, "metadata": dict(example.metadata), **({"history": history} if history else {})}


def load_saved(
    path: str | PathLike[str], *, images: str | PathLike[str] | None = None, prefix: str = ""
) -> Iterator[VQAExample]:
    """Read what `save_examples` wrote.

    Args:
        path: The JSONL file.
        images: The folder of the images; the file's own by default.
        prefix: Goes before every id.

    Yields:
        The examples.

    Raises:
        DataError: If a line is no such example, or the file is empty; with file and line.
        ImageError: If an image is missing or outside the folder.
    """
    source = Path(path)
    root = (source.parent if images is None else Path(images)).resolve()
    line = 0
    for line, row in read_jsonl(source):
        try:
            yield _example(row, root, prefix)
        except DataError as error:
            error.path, error.line = str(source), line
            raise
    if not line:
        raise DataError("there are no rows", path=source)


def _example(row: Mapping[str, Any], root: Path, prefix: str) -> VQAExample:
    missing = [name for name in _REQUIRED if name not in row]
    missing += [] if row.keys() & {"image", "images"} else ["image"]
    if missing:
        raise DataError(f"no {', '.join(map(repr, missing))}; there is {', '.join(map(repr, row)) or 'nothing'}")
    names = row.get("images", [row.get("image")])
    images = tuple(name if is_web_address(name) else image_inside(root, name) for name in names)
    history = tuple(Turn(**turn) for turn in row.get("history", ()))
    values = {name: row[name] for name in _REQUIRED[1:]}
    return VQAExample(id=prefix + row["id"], images=images, history=history, **values)


def _named(root: Path, source: ImageSource, example_id: str) -> str:
    image = local_source(source)
    if image is None:
        return str(source)
    if isinstance(image, str):
        path = Path(image).resolve()
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
        content, suffix = _read(path, example_id), path.suffix
    else:
        content, suffix = _file_of(image)
    name = f"images/{image_sha256(content)[:32]}{suffix}"
    if not (root / name).exists():
        write_atomically(root / name, content)
    return name


def _read(path: Path, example_id: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"the image cannot be read: {error.strerror}", path=path, example_id=example_id) from None


def _file_of(image: ImageSource) -> tuple[bytes, str]:
    if isinstance(image, bytes | io.IOBase):
        content = content_of(image)
        return content, f".{(sniff(content) or 'bin').lower()}"
    return ImageEncoder(format="png").encode(image).data, ".png"
