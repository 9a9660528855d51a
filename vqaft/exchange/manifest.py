"""The manifest of an export: what is in it, what its format cannot say, and every example whole."""

from __future__ import annotations

import hashlib
import importlib.metadata
import itertools
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike
from types import MappingProxyType
from typing import Any, TypeAlias

import orjson

from vqaft.data import VQAExample
from vqaft.durable import recover_folder
from vqaft.errors import DataError, StateError, VqaftError
from vqaft.exchange.folder import ExportFolder, image_name
from vqaft.exchange.history import history_of, history_values
from vqaft.exchange.rows import Row
from vqaft.exchange.target import Target
from vqaft.images import ImageSource

HIDDEN = ".vqaft"  # readers of datasets ignore hidden folders
MANIFEST = f"{HIDDEN}/manifest.json"
EXAMPLES = f"{HIDDEN}/examples.jsonl"

_BLOCK_BYTES = 1 << 20
_NAMED = 5  # foreign files in an error
_BY_CONTENT = re.compile(r"(?:.*/)?[0-9a-f]{32}\.(?:jpg|png|webp)")
HashImage: TypeAlias = Callable[[ImageSource], str]

_NAME_DIGITS = 32
_NOT_OF_THE_FORMAT = (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError, tarfile.TarError)
_FIELDS = ("id", "question", "answers", "question_type", "kind", "group", "metadata")


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A field of examples that the format of an export cannot say, or says otherwise; the manifest keeps it.

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


@dataclass(frozen=True, kw_only=True)
class ExportManifest:
    """The facts of an export; the same examples give the same manifest, on any day and machine.

    Attributes:
        format: The format of the target.
        rows: How many rows each split has.
        images: How many different images there are.
        files: The SHA-256 of every file but those images that are named by their content.
        lossy: What the format cannot say.
        settings: What the rows were built with.
        complete: Whether the export ended; False while files are uploaded.
        version: The version of vqaft that wrote it.
    """

    format: str
    rows: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    images: int = 0
    files: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    lossy: tuple[Loss, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    complete: bool = True
    version: str = field(default_factory=lambda: importlib.metadata.version("vqaft"))

    def write(self, folder: ExportFolder) -> None:
        """Write the manifest into a folder."""
        folder.write_json(MANIFEST, self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Return the manifest as plain values."""
        lossy = [{"field": loss.field, "example_ids": list(loss.example_ids)} for loss in self.lossy]
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__} | {"lossy": lossy}
        return plain | {name: dict(plain[name]) for name in ("rows", "files", "settings")}

    @classmethod
    def read(cls, folder: ExportFolder) -> ExportManifest | None:
        """Read the manifest of a folder; None where it has none.

        Raises:
            DataError: If it is damaged.
        """
        if not folder.exists(MANIFEST):
            return None
        try:
            values = folder.read_json(MANIFEST)
            lossy = tuple(Loss(field=each["field"], example_ids=tuple(each["example_ids"])) for each in values["lossy"])
            return cls(**{**values, "lossy": lossy})
        except (TypeError, KeyError) as error:
            raise DataError(f"the manifest is damaged: {error}", path=folder.place(MANIFEST)) from None

    def check_files(self, folder: ExportFolder) -> None:
        """Refuse an export whose files were changed since.

        Raises:
            StateError: If it was interrupted, or a file is missing or changed.
        """
        if not self.complete:
            raise StateError("the export was interrupted", path=folder.place(), hint="Export again.")
        for name, sha256 in self.files.items():
            if not folder.exists(name) or file_sha256(folder, name) != sha256:
                hint = "Read what the files say now with read(…, manifest=False)."
                raise StateError("changed since it was exported", path=folder.place(name), hint=hint)


def read_export(
    target: Target, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
) -> Iterator[VQAExample]:
    """Read the examples of an exported folder, or of one that another tool wrote in the same format.

    Args:
        target: The format.
        folder: A path or the address of an fsspec file system.
        split: The only split to read; all where None.
        manifest: Whether to restore from the manifest what the format cannot say, if there is a manifest.

    Yields:
        The examples, in order. Without a manifest an example has what the format says; ids that it does not say are
        row numbers from 0.

    Raises:
        DataError: If a file is missing or not of this format.
        StateError: If files were changed since the export.
    """
    place = ExportFolder(folder)
    if place.local_path is not None:
        recover_folder(place.local_path)
    found = ExportManifest.read(place) if manifest else None
    if found is None:
        yield from (example for name, example in parsed_rows(target, place) if split in {None, name})
        return
    if found.format != target.format:
        raise DataError(f"the folder was exported for {found.format}, not for {target.format}", path=place.place())
    found.check_files(place)
    for entries, (_, example) in _by_row(place.read_jsonl(EXAMPLES), parsed_rows(target, place), place):
        yield from (_restored(entry, example) for entry in entries if split in {None, entry["split"]})


def parsed_rows(target: Target, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
    """Yield what a target parses; rows that are not of its format are named instead of failing anywhere inside.

    Raises:
        DataError: If a file is missing or a row is not of this format.
    """
    rows, number = target.parse(folder), 0
    while True:
        try:
            item = next(rows, None)
        except VqaftError:
            raise
        except _NOT_OF_THE_FORMAT as error:
            message = f"row {number} is not one of {target.format}: {type(error).__name__}: {error!s:.200}"
            raise DataError(message, path=folder.place()) from error
        if item is None:
            return
        yield item
        number += 1


def _by_row(
    entries: Iterable[Mapping[str, Any]], parsed: Iterable[tuple[str, VQAExample]], folder: ExportFolder
) -> Iterator[tuple[list[Mapping[str, Any]], tuple[str, VQAExample]]]:
    """Pair the entries of each row with what was parsed from it."""
    rows = (list(group) for _, group in itertools.groupby(entries, key=lambda entry: entry["row"]))
    for found, example in itertools.zip_longest(rows, parsed):
        if found is None or example is None:
            raise StateError("the files and the manifest have not as many rows", path=folder.place())
        yield found, example


def entries_of(row: Row, number: int) -> Iterator[dict[str, Any]]:
    """Yield the line of the manifest for each example of a row.

    Args:
        row: The row.
        number: Its number in the export.
    """
    images = [image_name(image) for image in row.own_images]
    for example in row.examples:
        values = {name: getattr(example, name) for name in _FIELDS}
        plain = {"metadata": dict(example.metadata), "history": history_values(example), "images": images}
        yield {"row": number, "split": row.split, **values, **plain}


def entry_line(entry: Mapping[str, Any]) -> bytes:
    """Return an entry as a line of JSON; what JSON cannot hold becomes text."""
    return orjson.dumps(entry, default=str, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)


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


def measure_losses(
    folder: ExportFolder, parsed: Iterable[tuple[str, VQAExample]], sha256_of: HashImage
) -> tuple[Loss, ...]:
    """Compare what a format says with what was exported.

    Args:
        folder: The folder with the entries of the manifest.
        parsed: What the target parses from its own files.
        sha256_of: Image → the hash of its content.

    Returns:
        Each field that differs, with the ids of the examples.

    Raises:
        StateError: If the format does not give back the same number of examples.
    """
    lost: dict[str, list[str]] = {}
    for entries, (split, example) in _by_row(folder.read_jsonl(EXAMPLES), parsed, folder):
        several = ["conversation"] if len(entries) > 1 else _differences(entries[0], split, example, sha256_of)
        for name in several:
            lost.setdefault(name, []).extend(entry["id"] for entry in entries)
    return tuple(Loss(field=name, example_ids=tuple(ids)) for name, ids in lost.items())


def _differences(entry: Mapping[str, Any], split: str, example: VQAExample, sha256_of: HashImage) -> Iterator[str]:
    wanted, answers = dict(entry), tuple(entry["answers"])
    wanted |= {"answer": answers[:1], "answers[1:]": answers[1:]}
    wanted["images"] = [name.partition(".")[0] for name in entry["images"]]
    found = {name: getattr(example, name) for name in ("id", "question", "question_type", "kind", "group")}
    found |= {"answer": example.answers[:1], "answers[1:]": example.answers[1:], "metadata": dict(example.metadata)}
    found |= {
        "history": history_values(example),
        "split": split,
        "images": [sha256_of(image)[:_NAME_DIGITS] for image in example.images],
    }
    yield from (name for name, value in found.items() if wanted[name] != value)


def _restored(entry: Mapping[str, Any], example: VQAExample) -> VQAExample:
    # A row of few-shot examples shows their images first.
    images = example.images[-len(entry["images"]) :]
    values = {name: entry[name] for name in _FIELDS} | {"answers": tuple(entry["answers"])}
    return VQAExample(**values, history=history_of(entry["history"]), images=images)
