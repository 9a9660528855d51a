"""Manifest of a training file: what it holds, what its rows were built with, and which examples they are of."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Self

from pydantic import NonNegativeInt

from vqaft.durable import write_atomically
from vqaft.errors import DataError
from vqaft.filesystem import is_url, read_bytes
from vqaft.serialization import no_extra_fields, read_as
from vqaft.typed import typed

_IDS = 10_000


@no_extra_fields
@dataclass(frozen=True, kw_only=True)
@typed
class Manifest:
    """The facts of a training file; the same rows give the same manifest, on any day and machine.

    Attributes:
        file: The file's name.
        rows: How many rows it has.
        size_bytes: Its length.
        xxh3_128: The XXH3 hash of its bytes, 128 bits in hexadecimal, as `xxhsum -H2` prints it.
        sha256: Their SHA-256, as `sha256sum` prints it; None where it was not asked for.
        example_ids: For each row the examples it was built from, so that rows are joined by id; empty where unknown.
        settings: What the rows were built with, e.g. `builder.settings()`.
        provider: Whose limits the file was made for, and of when; None where not said.
        version: The version of vqaft that wrote it.
    """

    file: str
    rows: NonNegativeInt
    size_bytes: NonNegativeInt
    xxh3_128: str | None = None
    sha256: str | None = None
    example_ids: tuple[tuple[str, ...], ...] = field(default=(), repr=False)
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    provider: str | None = None
    version: str = field(default_factory=lambda: importlib.metadata.version("vqaft"))

    @staticmethod
    def path_for(path: str | PathLike[str]) -> Path | str:
        """Return the manifest's own path or URL: the file's, with `.manifest.json` after it."""
        own = f"{fspath(path)}.manifest.json"
        return own if is_url(own) else Path(own)

    def write(self, path: str | PathLike[str]) -> None:
        """Write the manifest beside its file.

        Args:
            path: The file that it is about.
        """
        names = [name for name in self.__dataclass_fields__ if name != "example_ids"]
        facts = {name: getattr(self, name) for name in names} | {"settings": dict(self.settings)}
        head = json.dumps(facts, ensure_ascii=True)[:-1].encode()
        # In pieces: the ids of a million rows are not copied as one text besides.
        ids = self.example_ids
        chunks = [json.dumps(ids[start : start + _IDS])[1:-1] for start in range(0, len(ids), _IDS)]
        write_atomically(self.path_for(path), b'%b, "example_ids": [%b]}\n' % (head, ", ".join(chunks).encode()))

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Self:
        """Read the manifest of a file.

        Args:
            path: The file that it is about.

        Raises:
            DataError: If there is none, or it is damaged.
        """
        own = cls.path_for(path)
        try:
            return read_as(cls, read_bytes(own))
        except (OSError, ValueError) as error:
            raise DataError(f"the manifest cannot be read: {error}", path=own) from error
