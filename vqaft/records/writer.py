"""Atomic writer of training files and shards, in large writes, with a manifest beside each."""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self

import xxhash
from pydantic import NonNegativeInt

from vqaft.chat import Row
from vqaft.durable import Trash, atomic_writer, os_errors_as_state
from vqaft.errors import DataError, RecordError, shown
from vqaft.filesystem import is_url, list_files, remove_file, require_local
from vqaft.parallel import BackgroundWriter
from vqaft.providers import ProviderLimits
from vqaft.records.builder import MessageBuilder
from vqaft.records.manifest import Manifest
from vqaft.type_rules import CHECKED_LATER
from vqaft.typed import typed, typed_call

# Large enough that threads rarely wait for each other, small enough to stay near the processor.
_BATCH_BYTES = 4 * 1024 * 1024


def batches(pieces: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Cut a stream of pieces into lists of some 4 MB; a larger piece is a list of its own, so that none copies it.

    Args:
        pieces: The bytes of a file, in their order.
    """
    batch: list[bytes] = []
    size = 0
    for piece in pieces:
        if size + len(piece) > _BATCH_BYTES and batch:
            yield batch
            batch, size = [], 0
        batch.append(piece)
        size += len(piece)
    if batch:
        yield batch


_PAST_END = 1 << 62
_WAITING = 8  # batches
_DIGITS = 5
TRASH = ".vqaft-trash"
_SHARD = re.compile(rf".+-\d{{{_DIGITS},}}(?:\.[^/]*)?")


@dataclass(frozen=True, kw_only=True)
@typed
class WrittenFile:
    """A training file as it lies on the disk.

    Attributes:
        location: The file: a local path, or an fsspec URL.
        rows: How many rows it has.
        size_bytes: Its length.
        xxh3_128: The XXH3 hash of its bytes, 128 bits in hexadecimal; None where no manifest was wanted.
        sha256: Their SHA-256; None where it was not asked for.
    """

    location: str
    rows: NonNegativeInt
    size_bytes: NonNegativeInt
    xxh3_128: str | None = None
    sha256: str | None = None

    @property
    def path(self) -> Path:
        """The file's local path.

        Raises:
            DataError: If the file lies behind a URL; then `location` says where.
        """
        return require_local(self.location, purpose="`path`")


@typed_call
def write_jsonl(
    path: str | PathLike[str],
    records: Annotated[Iterable[Row], CHECKED_LATER],
    *,
    builder: MessageBuilder | None = None,
    limits: ProviderLimits | None = None,
    manifest: bool = True,
    sha256: bool = False,
) -> WrittenFile:
    """Write rows to a file, one a line, as they come; a few are held at a time.

    The file appears under its name when it is whole: an error in the rows, or a kill, leaves what stood there before.
    Its manifest appears after it.

    Args:
        path: The file; its folder is created if it is missing. An fsspec URL (a `str`) is uploaded when it is whole.
        records: The rows, e.g. `builder.records(examples)`.
        builder: What made the rows, for the manifest.
        limits: Whom the rows are for, for the manifest.
        manifest: Whether to hash the file and to write its manifest.
        sha256: Whether to put its SHA-256 there too. One processor does less than 2 GB of it a second, which is more
            than all else takes; XXH3, which shows damage just as well and forgery not, takes a twentieth.

    Returns:
        What was written.
    """
    lines = (_Line(record) for record in records)
    hashes = _Hashes(sha256=sha256) if manifest else None
    return _write(_target(path), lines, builder=builder, limits=limits, hashes=hashes)


@typed_call
def write_shards(
    path: str | PathLike[str],
    records: Annotated[Iterable[Row], CHECKED_LATER],
    *,
    limits: ProviderLimits,
    builder: MessageBuilder | None = None,
    max_bytes: int | None = None,
    max_rows: int | None = None,
    sha256: bool = False,
) -> tuple[WrittenFile, ...]:
    """Write rows to as few files as a provider's limits allow: train-00001.jsonl, train-00002.jsonl, and so on.

    Files of an earlier, longer run that would follow them are moved into the folder `.vqaft-trash` beside them, so that
    nobody trains on both; the trash keeps them for a day.

    Args:
        path: The name that theirs are made from, e.g. "train.jsonl".
        records: The rows.
        limits: The provider's limits.
        builder: What made the rows, for the manifests.
        max_bytes: The largest file; by default what one upload request takes.
        max_rows: The most rows of a file; by default the provider's limit.
        sha256: Whether to put the SHA-256 of each file into its manifest too; see `write_jsonl`.

    Returns:
        What was written, in order; nothing for no rows.

    Raises:
        RecordError: If one row alone is too large.
        DataError: If a file that follows has no manifest, so that it may be the user's own; all rows are written then.
    """
    name = _target(path)
    most_bytes = max_bytes or limits.max_direct_bytes or _PAST_END
    most_rows = max_rows or limits.max_image_rows or limits.max_rows or _PAST_END
    waiting = _Waiting(records)
    written: list[WrittenFile] = []
    while waiting.line is not None:
        shard = shard_name(name, len(written) + 1)
        lines = waiting.take(most_bytes, most_rows)
        written.append(_write(shard, lines, builder=builder, limits=limits, hashes=_Hashes(sha256=sha256)))
    remove_shards_after(name, len(written))
    return tuple(written)


def _target(path: str | PathLike[str]) -> Path | str:
    return str(path) if is_url(path) else Path(path)


def shard_name(path: str | PathLike[str], number: int) -> Path | str:
    """Return the path or URL of a shard: train-00001.jsonl for the first of train.jsonl.

    Args:
        path: The name that the shards' are made from.
        number: Which shard, from 1.
    """
    name = _target(path)
    folder, _, file = str(name).rpartition("/")
    stem, dot, suffix = file.rpartition(".")
    shard = f"{stem if dot else suffix}-{number:0{_DIGITS}}{dot}{suffix if dot else ''}"
    return f"{folder}/{shard}" if isinstance(name, str) else name.with_name(shard)


def _files_beside(name: Path | str) -> list[str]:
    if isinstance(name, str):
        return list_files(name.rpartition("/")[0])
    return [str(path) for path in sorted(name.parent.iterdir())]


def remove_shards_after(path: str | PathLike[str], last: int) -> None:
    """Move the shards that follow the last one, which an earlier, longer run left, into the folder `.vqaft-trash`.

    Args:
        path: The name that the shards' are made from.
        last: The number of the last shard to keep.

    Raises:
        DataError: If a file that follows has no manifest, so that it may be the user's own.
        StateError: If it cannot be moved.
    """
    name = _target(path)
    pattern = re.escape(str(shard_name(name, 0))).replace("0" * _DIGITS, rf"(\d{{{_DIGITS},}})")
    there = _files_beside(name)
    for shard in there:
        number = re.fullmatch(pattern, shard)
        if number is None or int(number[1]) <= last:
            continue
        if str(Manifest.path_for(shard)) not in there:
            hint = "Remove it, or write to another name: whoever takes all of these files takes it too."
            raise DataError("follows the files that were written, and has no manifest", path=shard, hint=hint)
        _remove(shard, str(Manifest.path_for(shard)))


def _remove(*names: str) -> None:
    """Move local files into a trash beside them, which is emptied after a day; remove those of an object store."""
    for name in names:
        if is_url(name):
            remove_file(name)
            continue
        path = Path(name)
        trash = Trash(path.with_name(TRASH), own_names=_SHARD)
        now = int(time.time())
        with os_errors_as_state(name, doing="cannot be moved into the trash"):
            trash.empty(now=now)
            trash.discard(path, now=now)


class _Line:
    """A row as it is written."""

    def __init__(self, record: Row) -> None:
        if not isinstance(record, Row):
            hint = "Build rows first: write_jsonl(path, builder.records(examples))."
            raise RecordError(f"{shown(record)} is not a training row", hint=hint)
        self.pieces = (*record.json_pieces(), b"\n")
        self.size_bytes = sum(map(len, self.pieces))
        self.example_ids = record.example_ids


class _Waiting:
    """Rows of which one has been looked at and not yet written."""

    def __init__(self, records: Iterable[Row]) -> None:
        self._lines = (_Line(record) for record in records)
        self._taken = 0
        self.line = next(self._lines, None)

    def take(self, max_bytes: int, max_rows: int) -> Iterator[_Line]:
        """Yield rows until a file is full."""
        size = rows = 0
        while self.line is not None and rows < max_rows and size + self.line.size_bytes <= max_bytes:
            size, rows = size + self.line.size_bytes, rows + 1
            self._taken += 1
            yield self.line
            self.line = next(self._lines, None)
        if self.line is not None and not rows:
            hint = "Shrink its images, or show fewer."
            raise RecordError(f"the row alone has {self.line.size_bytes} bytes", line=self._taken + 1, hint=hint)


@dataclass(kw_only=True)
class _Tally:
    rows: int = 0
    size_bytes: int = 0
    example_ids: list[tuple[str, ...]] = field(default_factory=list)
    has_ids: bool = False

    @property
    def ids(self) -> tuple[tuple[str, ...], ...]:
        """The ids of the examples of each row; none where no row says any."""
        return tuple(self.example_ids) if self.has_ids else ()

    def counted(self, lines: Iterable[_Line]) -> Iterator[bytes]:
        """Yield the pieces of the lines, and keep count of them."""
        for line in lines:
            self.rows += 1
            self.size_bytes += line.size_bytes
            self.example_ids.append(line.example_ids)
            self.has_ids |= bool(line.example_ids)
            yield from line.pieces


class _Hashes:
    """Hashes of a file that is written: XXH3 beside the writing, SHA-256 in a thread of its own."""

    def __init__(self, *, sha256: bool) -> None:
        self._xxh3 = xxhash.xxh3_128()
        self._sha256 = hashlib.sha256() if sha256 else None
        self._later = None if self._sha256 is None else BackgroundWriter(self._sha256.update, window=_WAITING)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._later is not None:
            self._later.__exit__(kind, error, trace)

    def update(self, data: bytes) -> None:
        """Add what follows."""
        self._xxh3.update(data)
        if self._later is not None:
            self._later(data)

    @property
    def xxh3_128(self) -> str:
        """The XXH3 hash, in hexadecimal."""
        return self._xxh3.hexdigest()

    @property
    def sha256(self) -> str | None:
        """The SHA-256, in hexadecimal, where it is wanted."""
        return None if self._sha256 is None else self._sha256.hexdigest()


def _write(
    path: Path | str,
    lines: Iterable[_Line],
    *,
    builder: MessageBuilder | None,
    limits: ProviderLimits | None,
    hashes: _Hashes | None,
) -> WrittenFile:
    tally = _Tally()
    # Building and writing each have a thread; the file goes to the disk while the last bytes are hashed.
    with hashes or contextlib.nullcontext(), atomic_writer(path) as file:

        def write(batch: list[bytes]) -> None:
            # One long call a batch: each that ends has to wait until the thread that builds the rows gives way.
            data = b"".join(batch)
            file.write(data)
            if hashes is not None:
                hashes.update(data)

        with BackgroundWriter(write, window=_WAITING) as write_next:
            for batch in batches(tally.counted(lines)):
                write_next(batch)
    if hashes is not None:
        Manifest(
            file=str(path).rpartition("/")[2] if isinstance(path, str) else path.name,
            rows=tally.rows,
            size_bytes=tally.size_bytes,
            xxh3_128=hashes.xxh3_128,
            sha256=hashes.sha256,
            example_ids=tally.ids,
            settings={} if builder is None else builder.settings(),
            provider=None if limits is None else f"{limits.name}, {limits.as_of}",
        ).write(path)
    return WrittenFile(
        location=str(path),
        rows=tally.rows,
        size_bytes=tally.size_bytes,
        xxh3_128=None if hashes is None else hashes.xxh3_128,
        sha256=None if hashes is None else hashes.sha256,
    )
