"""Two layouts that many formats share: a JSONL file a split, and parquet shards of messages beside their images."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from vqaft.data import VQAExample
from vqaft.exchange.dataset_card import data_files_card
from vqaft.exchange.folder import ExportFolder
from vqaft.exchange.parquet import Feature, read_shards, write_shards
from vqaft.exchange.parsing import ParsedTurn, example_of_turns
from vqaft.exchange.rows import Row

_JSONL = "{split}.jsonl"


def by_split(rows: Iterable[Row]) -> Iterator[tuple[str, Iterator[Row]]]:
    """Yield each split with its rows, which follow each other."""
    return itertools.groupby(rows, key=lambda row: row.split)


def write_jsonl_splits(
    rows: Iterable[Row], folder: ExportFolder, values_of: Callable[[Row], Mapping[str, Any]]
) -> None:
    """Write a JSONL file a split.

    Args:
        rows: The rows.
        folder: Where to write.
        values_of: A row → its line, after its images are written.
    """
    for split, group in by_split(rows):
        folder.write_jsonl(_JSONL.format(split=split), map(values_of, group))


def parse_jsonl_splits(
    folder: ExportFolder, turns_of: Callable[[dict[str, Any]], Sequence[ParsedTurn]]
) -> Iterator[tuple[str, VQAExample]]:
    """Parse what `write_jsonl_splits` wrote; a row's id is its number in its file.

    Args:
        folder: Where the files are.
        turns_of: A line → its turns.
    """
    for split, name in folder.splits(_JSONL):
        for number, row in enumerate(folder.read_jsonl(name)):
            yield split, example_of_turns(turns_of(row), row_id=str(number))


def write_parquet_splits(
    rows: Iterable[Row],
    folder: ExportFolder,
    cells_of: Callable[[Row], Mapping[str, Any]],
    features: Mapping[str, Feature],
) -> None:
    """Write parquet shards, and the README by which `datasets` finds them.

    Args:
        rows: The rows.
        folder: Where to write.
        cells_of: A row → a value for each column.
        features: The feature of each column.
    """
    splits = []
    for split, group in by_split(rows):
        splits.append(split)
        write_shards(folder, split, map(cells_of, group), features)
    folder.write_text("README.md", data_files_card(splits))


def parse_parquet_splits(
    folder: ExportFolder, turns_of: Callable[[dict[str, Any]], Sequence[ParsedTurn]]
) -> Iterator[tuple[str, VQAExample]]:
    """Parse what `write_parquet_splits` wrote; a row's id is its number in the folder.

    Args:
        folder: Where the shards are.
        turns_of: The cells of a row → its turns.
    """
    for number, (split, row) in enumerate(read_shards(folder)):
        yield split, example_of_turns(turns_of(row), row_id=str(number))
