"""What stands beside a training file: what is in it, and how it was made."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Self

from vqaft.durable import write_atomically
from vqaft.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The facts of a training file; the same rows give the same manifest, on any day and machine.

    Attributes:
        file: The file's name.
        rows: How many rows it has.
        size_bytes: Its length.
        sha256: The hash of its bytes, in hexadecimal.
        example_ids: For each row the examples it was built from, so that rows are joined by id; empty where unknown.
        settings: What the rows were built with, e.g. `builder.settings()`.
        provider: Whose limits the file was made for, and of when; None where not said.
        version: The version of vqaft that wrote it.
    """

    file: str
    rows: int
    size_bytes: int
    sha256: str
    example_ids: tuple[tuple[str, ...], ...] = field(default=(), repr=False)
    settings: Mapping[str, Any] = field(default_factory=dict)
    provider: str | None = None
    version: str = field(default_factory=lambda: importlib.metadata.version("vqaft"))

    @staticmethod
    def path_for(path: str | PathLike[str]) -> Path:
        """Give the manifest's own path: the file's, with `.manifest.json` after it."""
        return Path(f"{Path(path)}.manifest.json")

    def write(self, path: str | PathLike[str]) -> None:
        """Write the manifest beside its file.

        Args:
            path: The file that it is about.
        """
        content = json.dumps(asdict(self) | {"settings": dict(self.settings)}, ensure_ascii=True)
        write_atomically(self.path_for(path), content.encode() + b"\n")

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
            values = json.loads(own.read_bytes())
            values["example_ids"] = tuple(tuple(ids) for ids in values["example_ids"])
            return cls(**values)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise DataError(f"the manifest cannot be read: {error}", path=own) from error
