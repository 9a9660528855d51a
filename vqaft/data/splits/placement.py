"""Where the images of an earlier split are, so that a later one moves none of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from vqaft.durable import write_atomically
from vqaft.errors import StateError
from vqaft.filesystem import location_of, read_bytes, require_local
from vqaft.serialization import no_extra_fields, read_as
from vqaft.typed import typed

_FORMAT = "vqaft placement 1"


def _hexadecimal(digits: object) -> int:
    return int(str(digits), 16)


@no_extra_fields
@dataclass(frozen=True, kw_only=True)
class _File:
    format: Literal["vqaft placement 1"]
    images: dict[str, str]
    groups: dict[str, str]
    looks: dict[str, Annotated[int, BeforeValidator(_hexadecimal)]]


@dataclass(frozen=True, kw_only=True)
@typed
class Placement:
    """The part of every image, by content; small enough to keep beside the training files, and without any pixel.

    Attributes:
        images: The part of each image, by the SHA-256 of its content.
        groups: The part of each group that the caller named, e.g. of each patient.
        looks: The perceptual hash of each image that has one.
    """

    images: Mapping[str, str] = field(hash=False, repr=False)
    groups: Mapping[str, str] = field(hash=False, repr=False)
    looks: Mapping[str, int] = field(hash=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("images", "groups", "looks"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def __reduce__(self) -> tuple[Any, ...]:
        return _placement, (dict(self.images), dict(self.groups), dict(self.looks))

    def write(self, path: str | PathLike[str]) -> Path:
        """Write the placement as JSON.

        Args:
            path: The file; replaced in one step if it is there.

        Returns:
            The path.
        """
        target = require_local(path, purpose="a placement")
        looks = {sha: f"{phash:016x}" for sha, phash in self.looks.items()}
        content = {"format": _FORMAT, "images": dict(self.images), "groups": dict(self.groups), "looks": looks}
        write_atomically(target, json.dumps(content, indent=0, sort_keys=True).encode())
        return target

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Placement:
        """Read what `write` wrote.

        Args:
            path: The file, or its URL.

        Raises:
            StateError: If the file is missing, damaged, or no placement.
        """
        try:
            content = read_as(_File, read_bytes(location_of(path)))
        except (OSError, ValueError) as error:
            raise StateError(f"this is no placement of a split: {error}", path=path) from error
        return cls(images=content.images, groups=content.groups, looks=content.looks)


def _placement(images: dict[str, str], groups: dict[str, str], looks: dict[str, int]) -> Placement:
    return Placement(images=images, groups=groups, looks=looks)
