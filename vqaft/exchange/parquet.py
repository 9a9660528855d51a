"""Typed parquet shards as the `datasets` library writes them: every text comes back as the same string."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

from vqaft.exchange.folder import ExportFolder, image_name
from vqaft.images import EncodedImage

Feature = Mapping[str, Any]
"""A feature of a column as `datasets` describes it in JSON; a mapping without `_type` is a struct."""

TEXT: Feature = {"dtype": "string", "_type": "Value"}
IMAGE: Feature = {"_type": "Image"}

_SHARD_BYTES = 500_000_000
_GROUP_ROWS = 64  # few, since rows hold images


def list_of(feature: Feature) -> Feature:
    """Return the feature of a list."""
    return {"feature": dict(feature), "_type": "List"}


def image_cell(image: EncodedImage) -> dict[str, Any]:
    """Return an image as the `Image` feature stores it."""
    return {"bytes": image.data, "path": image_name(image)}


def write_shards(
    folder: ExportFolder,
    split: str,
    rows: Iterable[Mapping[str, Any]],
    features: Mapping[str, Feature],
    *,
    shard_bytes: int = _SHARD_BYTES,
) -> None:
    """Write the rows of a split as `data/train-00000-of-00003.parquet` and so on, as a stream.

    Args:
        folder: Where to write.
        split: The split's name.
        rows: A value for each column.
        features: The feature of each column.
        shard_bytes: A shard is closed when its rows have this many bytes.
    """
    import pyarrow as pa
    from pyarrow import parquet

    schema = _schema(features)
    parts: list[str] = []
    size = 0
    with ExitStack() as stack:
        for group in _groups(rows):
            if not parts or size >= shard_bytes:
                stack.close()
                parts.append(f"data/{split}-{len(parts):05}.part")
                size = 0
                file = stack.enter_context(folder.create(parts[-1]))
                writer = stack.enter_context(parquet.ParquetWriter(file, schema))
            table = pa.Table.from_pylist(group, schema=schema)
            writer.write_table(table)
            size += table.nbytes
    for part in parts:
        folder.rename(part, part.replace(".part", f"-of-{len(parts):05}.parquet"))


def write_table(
    folder: ExportFolder, name: str, rows: Iterable[Mapping[str, Any]], features: Mapping[str, Feature]
) -> None:
    """Write rows as one parquet file, as a stream."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = _schema(features)
    with folder.create(name) as file, parquet.ParquetWriter(file, schema) as writer:
        for group in _groups(rows):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))


def read_table(folder: ExportFolder, name: str) -> Iterator[dict[str, Any]]:
    """Read the rows of a parquet file as a stream."""
    from pyarrow import parquet

    with folder.open(name) as file, parquet.ParquetFile(file) as table:
        for batch in table.iter_batches(batch_size=_GROUP_ROWS):
            yield from batch.to_pylist()


def read_shards(folder: ExportFolder) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read the rows of all splits as a stream.

    Yields:
        The split and the row.

    Raises:
        DataError: If there is no shard.
    """
    for split, name in folder.splits("data/{split}-*.parquet"):
        for row in read_table(folder, name):
            yield split, row


def _groups(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    waiting = iter(rows)
    while group := list(itertools.islice(waiting, _GROUP_ROWS)):
        yield group


def _schema(features: Mapping[str, Feature]) -> Any:
    import pyarrow as pa

    info = json.dumps({"info": {"features": {name: dict(feature) for name, feature in features.items()}}})
    fields = [pa.field(name, _arrow_type(feature)) for name, feature in features.items()]
    return pa.schema(fields, metadata={"huggingface": info})


def _arrow_type(feature: Feature) -> Any:
    import pyarrow as pa

    kind = feature.get("_type")
    if kind == "Value":
        return getattr(pa, feature["dtype"])()
    if kind == "Image":
        return pa.struct({"bytes": pa.binary(), "path": pa.string()})
    if kind == "List":
        return pa.list_(_arrow_type(feature["feature"]))
    return pa.struct({name: _arrow_type(inner) for name, inner in feature.items()})
