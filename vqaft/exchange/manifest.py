"""The manifest of an export: its files, the fields that its format cannot represent, and an entry for each example."""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pydantic import NonNegativeInt

from vqaft.errors import DataError, StateError
from vqaft.exchange.cells import history_values
from vqaft.exchange.folder import ExportFolder, image_name
from vqaft.exchange.rows import Row
from vqaft.images import RemoteImage
from vqaft.serialization import no_extra_fields, reduce_by_fields, validated
from vqaft.typed import typed

HIDDEN = ".vqaft"  # readers of datasets ignore hidden folders
MANIFEST = f"{HIDDEN}/manifest.json"
EXAMPLES = f"{HIDDEN}/examples.jsonl"

_BLOCK_BYTES = 1 << 20
_NAMED = 5  # foreign files in an error
_BY_CONTENT = re.compile(r"(?:.*/)?[0-9a-f]{32}\.(?:jpg|png|webp)")
_MAPPINGS = ("rows", "files", "settings")
FIELDS = ("id", "question", "answers", "question_type", "kind", "group", "metadata")


@no_extra_fields
@dataclass(frozen=True, kw_only=True)
@typed
class Loss:
    """A field of examples that the format of an export cannot represent, or changes; the manifest keeps it.

    Attributes:
        field: `id`, `question`, `answer` (the one trained on), `answers[1:]`, `question_type`, `kind`, `group`,
            `metadata`, `history` or `images`; `conversation` for several questions in one row, which are read as one
            example with history.
        example_ids: The examples.
    """

    example_ids: tuple[str, ...] = field(repr=False)
    field: str

    def __str__(self) -> str:
        return f"{self.field} of {len(self.example_ids)} examples"


@no_extra_fields
@dataclass(frozen=True, kw_only=True)
@typed
class ExportManifest:
    """The facts of an export; equal examples produce equal manifests, on any day and machine.

    Attributes:
        format: The format of the target.
        rows: How many rows each split has.
        images: How many different images there are.
        files: The SHA-256 of every file but those images that are named by their content.
        lossy: Fields that the format cannot represent.
        settings: What the rows were built with.
        complete: Whether the export ended; False while files are uploaded.
        version: The version of vqaft that wrote it.
    """

    format: str
    rows: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    images: NonNegativeInt = 0
    files: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False, repr=False)
    lossy: tuple[Loss, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), hash=False, repr=False)
    complete: bool = True
    version: str = field(default_factory=lambda: importlib.metadata.version("vqaft"))

    __reduce__ = reduce_by_fields

    def write(self, folder: ExportFolder) -> None:
        """Write the manifest into a folder."""
        folder.write_json(MANIFEST, self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Return the manifest as plain values."""
        lossy = [{"field": loss.field, "example_ids": list(loss.example_ids)} for loss in self.lossy]
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__} | {"lossy": lossy}
        return plain | {name: dict(plain[name]) for name in _MAPPINGS}

    @classmethod
    def read(cls, folder: ExportFolder) -> ExportManifest | None:
        """Read the manifest of a folder; None where it has none.

        Raises:
            DataError: If it is damaged.
        """
        if not folder.exists(MANIFEST):
            return None
        values = folder.read_json(MANIFEST)
        try:
            return validated(cls, values)
        except ValueError as error:
            raise DataError(f"the manifest is damaged: {error!s:.200}", path=folder.place(MANIFEST)) from None

    def check_files(self, folder: ExportFolder) -> None:
        """Refuse an export whose files were changed since.

        Raises:
            StateError: If it was interrupted, or a file is missing or changed.
        """
        if not self.complete:
            raise StateError("the export was interrupted", path=folder.place(), hint="Export again.")
        for name, sha256 in self.files.items():
            if not folder.exists(name) or file_sha256(folder, name) != sha256:
                hint = "Read the files as they are now with read(…, manifest=False)."
                raise StateError("changed since it was exported", path=folder.place(name), hint=hint)


def entries_of(row: Row, number: int) -> Iterator[dict[str, Any]]:
    """Yield the line of the manifest for each example of a row.

    Args:
        row: The row.
        number: Its number in the export.
    """
    images = [each.url if isinstance(each, RemoteImage) else image_name(each) for each in row.own_sources]
    for example in row.examples:
        values = {name: getattr(example, name) for name in FIELDS}
        plain = {"metadata": dict(example.metadata), "history": history_values(example), "images": images}
        yield {"row": number, "split": row.split, **values, **plain}


def file_hashes(folder: ExportFolder) -> dict[str, str]:
    """Return the SHA-256 of every file but the manifest and the images that are named by their content."""
    names = (name for name in folder.names() if name != MANIFEST and not _BY_CONTENT.fullmatch(name))
    return {name: file_sha256(folder, name) for name in names}


def file_sha256(folder: ExportFolder, name: str) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with folder.open(name) as file:
        digest = hashlib.sha256()
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
        return digest.hexdigest()


def refuse_foreign(folder: ExportFolder) -> None:
    """Refuse to replace a folder that holds what no export wrote.

    Raises:
        DataError: If it holds other files, with their names; or if it is a file.
    """
    if folder.is_file():
        raise DataError("is a file, not a folder", path=folder.place())
    names = folder.names()
    manifest = ExportManifest.read(folder)
    if manifest is not None and not manifest.complete:
        return
    own = {MANIFEST} if manifest is None else {MANIFEST, *manifest.files}
    foreign = [name for name in names if name not in own and (manifest is None or not _BY_CONTENT.fullmatch(name))]
    if foreign:
        more = f" and {len(foreign) - _NAMED} more" if len(foreign) > _NAMED else ""
        raise DataError(
            f"the folder holds files that no export wrote: {', '.join(foreign[:_NAMED])}{more}",
            path=folder.place(),
            hint="Choose a new folder, or move these files away: an export replaces the whole folder.",
        )
