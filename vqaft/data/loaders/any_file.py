"""A file of examples in whatever form it has."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path

from vqaft.data.example import VQAExample
from vqaft.data.loaders.columns import Columns
from vqaft.data.loaders.folder import load_folder
from vqaft.data.loaders.llava import load_llava
from vqaft.data.loaders.openai_chat import load_chat_jsonl
from vqaft.data.loaders.saved import load_saved
from vqaft.data.loaders.tables import read_jsonl


def load_file(path: str | PathLike[str], *, columns: Columns | None = None, prefix: str = "") -> Iterator[VQAExample]:
    """Read examples from a file, in the form that its name and its first row show.

    Known are, beside CSV and parquet tables: chat training files (`messages`), conversations (`conversations`, or
    `messages` with `images`), what `save_examples` wrote, and tables of questions.

    Args:
        path: The file; image paths in it are relative to its folder.
        columns: Which column of a table holds what; if given, the file is read as a table.
        prefix: Goes before every id that the file does not give.

    Returns:
        The examples, read one by one.

    Raises:
        DataError: If the file is missing, empty or broken; with file and line.
        ImageError: If an image is missing or outside the folder.
    """
    source = Path(path)
    keys = set() if columns is not None else _first_keys(source)
    if source.suffix.lower() == ".json" or "conversations" in keys or {"messages", "images"} <= keys:
        return load_llava(source, prefix=prefix)
    if "messages" in keys:
        return load_chat_jsonl(source, prefix=prefix)
    if {"id", "answers", "metadata"} <= keys:
        return load_saved(source, prefix=prefix)
    return load_folder(source.parent, table=source.name, columns=columns or Columns(), prefix=prefix)


def _first_keys(path: Path) -> set[str]:
    if path.suffix.lower() != ".jsonl" or not path.is_file():
        return set()
    return set(next((row for _, row in read_jsonl(path)), {}))
