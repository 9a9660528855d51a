"""Read exports: parse the files, restore what the manifest keeps, and measure how the two differ."""

from __future__ import annotations

import itertools
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from os import PathLike
from typing import Any, TypeAlias

from vqaft.data import VQAExample
from vqaft.durable import recover_folder
from vqaft.errors import DataError, StateError, VqaftError
from vqaft.exchange.cells import history_of, history_values
from vqaft.exchange.folder import ExportFolder
from vqaft.exchange.manifest import EXAMPLES, FIELDS, ExportManifest, Loss
from vqaft.exchange.target import Target
from vqaft.images import ImageSource, is_web_address
from vqaft.typed import typed_call

HashImage: TypeAlias = Callable[[ImageSource], str]

_NAME_DIGITS = 32
_NOT_OF_THE_FORMAT = (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError, tarfile.TarError)


@typed_call
def read_export(
    target: Target, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
) -> Iterator[VQAExample]:
    """Read the examples of an exported folder, or of one that another tool wrote in the same format.

    Args:
        target: The format.
        folder: A path or the address of an fsspec file system.
        split: The only split to read; all if None.
        manifest: Whether to restore what the format cannot represent from the manifest, if there is one.

    Yields:
        The examples, in order. Without a manifest an example has the fields of the format; ids that it lacks are
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


def measure_losses(
    folder: ExportFolder, parsed: Iterable[tuple[str, VQAExample]], sha256_of: HashImage
) -> tuple[Loss, ...]:
    """Compare what a format represents with what was exported.

    Args:
        folder: The folder with the entries of the manifest.
        parsed: What the target parses from its own files.
        sha256_of: Image → the hash of its content.

    Returns:
        Each field that differs, with the ids of the examples.

    Raises:
        StateError: If the number of rows differs.
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
    wanted["images"] = [name if is_web_address(name) else name.partition(".")[0] for name in entry["images"]]
    found = {name: getattr(example, name) for name in ("id", "question", "question_type", "kind", "group")}
    found |= {"answer": example.answers[:1], "answers[1:]": example.answers[1:], "metadata": dict(example.metadata)}
    found |= {
        "history": history_values(example),
        "split": split,
        "images": [_identity(image, sha256_of) for image in example.images],
    }
    yield from (name for name, value in found.items() if wanted[name] != value)


def _identity(image: ImageSource, sha256_of: HashImage) -> str:
    return str(image) if is_web_address(image) else sha256_of(image)[:_NAME_DIGITS]


def _restored(entry: Mapping[str, Any], example: VQAExample) -> VQAExample:
    try:
        # A row of few-shot examples shows their images first.
        images = example.images[-len(entry["images"]) :]
        values = {name: entry[name] for name in FIELDS} | {"answers": tuple(entry["answers"])}
        return VQAExample(**values, history=history_of(entry["history"]), images=images)
    except _NOT_OF_THE_FORMAT as error:
        raise DataError(f"the manifest's entry of row {entry['row']} is damaged: {error!r:.200}") from error
