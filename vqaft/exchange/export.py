"""Export examples to the format of a trainer, an evaluator or a dataset hub."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import IO, Any

import orjson
from pydantic import NonNegativeInt

from vqaft.data import Split
from vqaft.durable import atomic_folder
from vqaft.errors import DataError, ExportError, shown
from vqaft.escape import counted
from vqaft.exchange.folder import ExportFolder, image_name, json_line
from vqaft.exchange.manifest import EXAMPLES, MANIFEST, ExportManifest, Loss, entries_of, file_hashes, refuse_foreign
from vqaft.exchange.reading import measure_losses, parsed_rows
from vqaft.exchange.rows import Exportable, Problem, Row, build_rows, by_split
from vqaft.exchange.target import Target
from vqaft.filesystem import display_path
from vqaft.images import ImageSource, image_sha256
from vqaft.records import MessageBuilder
from vqaft.typed import typed

_SHOWN = 20  # different problems in an error
_NAMED = 5  # examples of a problem
_HASH = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, kw_only=True)
@typed
class Exported:
    """An export as it stands in its folder.

    Attributes:
        folder: The folder: a path, or the address of another file system.
        format: The format of the target.
        rows: How many rows were written.
        images: How many different images they show.
        lossy: Fields that the format cannot represent; the manifest in the folder keeps them, and `read` restores them.
            Empty exactly if reading the folder without its manifest returns the same examples.
    """

    folder: str
    format: str
    rows: NonNegativeInt
    images: NonNegativeInt
    lossy: tuple[Loss, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as plain values; `lossy` maps a field to the ids of its examples."""
        facts = {name: getattr(self, name) for name in ("folder", "format", "rows", "images")}
        return {**facts, "lossy": {loss.field: list(loss.example_ids) for loss in self.lossy}}

    def to_json(self) -> str:
        """Return the facts as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def __str__(self) -> str:
        lost = "; kept in the manifest alone: " + ", ".join(map(str, self.lossy)) if self.lossy else ""
        return f"{self.folder}: {counted(self.rows, 'row')} and {counted(self.images, 'image')} for {self.format}{lost}"


def export(
    examples: Exportable | Mapping[str, Exportable] | Split,
    target: Target,
    out: str | PathLike[str],
    *,
    builder: MessageBuilder | None = None,
    max_workers: int | None = None,
) -> Exported:
    """Write examples in the format of a target, as a folder that is replaced as a whole.

    Rows are streamed. Images are written as the builder's encoder returns them, each once. All examples that the target
    cannot represent are refused together, before anything appears in the folder.

    Args:
        examples: The examples: one stream for the split "train", a mapping from split to examples, or a `Split`.
            `Conversation` exports several questions as one row.
        target: The format, e.g. `LlamaFactory(name="receipts")`.
        out: A new folder, an empty one, or one of an earlier export, which is replaced. An address such as
            `s3://bucket/folder` is written by fsspec; there a killed upload is marked as incomplete.
        builder: Makes the conversations: system prompt, template, few-shot examples, encoder.
        max_workers: How many threads encode images; as many as there are processors if None.

    Returns:
        What was written.

    Raises:
        ExportError: If examples cannot be exported; with all of them.
        DataError: If there are no examples, or the folder holds files of others.
    """
    _check_target(target)
    maker = builder or MessageBuilder()
    splits = by_split(examples)
    with _staged(out) as folder:
        gate = _Gate(target, folder)
        with folder.create(EXAMPLES) as log:
            target.write(gate.passed(build_rows(splits, maker, max_workers=max_workers), log), folder)
        gate.raise_problems()
        lossy = measure_losses(folder, parsed_rows(target, folder), _sha256)
        manifest = ExportManifest(
            format=target.format,
            rows=gate.rows,
            images=len(gate.images),
            files=file_hashes(folder),
            lossy=_with_altered_metadata(lossy, gate.altered),
            settings=maker.settings(),
        )
        manifest.write(folder)
    rows = sum(gate.rows.values())
    return Exported(
        folder=display_path(out), format=target.format, rows=rows, images=manifest.images, lossy=manifest.lossy
    )


def _check_target(target: object) -> None:
    made = not isinstance(target, type) and all(
        hasattr(target, name) for name in ("format", "problems", "write", "parse")
    )
    if not made:
        hint = "Pass an object such as LlamaFactory(name=…), not its class or its name."
        raise DataError(f"the target is {shown(target)}, which has no format, problems, write and parse", hint=hint)


@dataclass
class _Gate:
    """Lets rows without problems through to the target until the first problem, and collects all problems."""

    target: Target
    folder: ExportFolder
    rows: dict[str, int] = field(default_factory=dict)
    images: set[str] = field(default_factory=set)
    altered: list[str] = field(default_factory=list)
    _problems: list[Problem] = field(default_factory=list)
    _ids: set[str] = field(default_factory=set)

    def passed(self, built: Iterator[Row | Problem], log: IO[bytes]) -> Iterator[Row]:
        """Yield the rows that can be written, and log their examples."""
        for row in built:
            if isinstance(row, Problem):
                self._problems.append(row)
                continue
            self._problems += self._found(row)
            if not self._problems and self._logged(row, log):
                yield row

    def _found(self, row: Row) -> Iterator[Problem]:
        for example in row.examples:
            if example.id in self._ids:
                yield Problem(example_id=example.id, message="another example has the same id")
            self._ids.add(example.id)
        for message in self.target.problems(row):
            yield Problem(example_id=row.examples[0].id, message=message)

    def _logged(self, row: Row, log: IO[bytes]) -> bool:
        """Count a row and log its examples; False where JSON cannot hold one."""
        try:
            lines = [json_line(entry) for entry in entries_of(row, sum(self.rows.values()))]
        except TypeError as error:
            message = f"a text or its metadata cannot be written as JSON: {error}"
            self._problems.append(Problem(example_id=row.examples[0].id, message=message))
            return False
        self.rows[row.split] = self.rows.get(row.split, 0) + 1
        self.images.update(map(image_name, row.images))
        for example, line in zip(row.examples, lines, strict=True):
            if example.metadata and orjson.loads(line)["metadata"] != dict(example.metadata):
                self.altered.append(example.id)
            log.write(line)
        return True

    def raise_problems(self) -> None:
        """Raise all problems as one error.

        Raises:
            ExportError: If there is any.
            DataError: If there was no row at all.
        """
        if not self._problems:
            if not self.rows:
                raise DataError("there are no examples to export")
            return
        ids: dict[str, list[str]] = {}
        for problem in self._problems:
            ids.setdefault(problem.message, []).append(problem.example_id)
        lines = [f"\n- {_named(found)}: {message}" for message, found in ids.items()]
        more = f"\n- and {len(lines) - _SHOWN} other problems" if len(lines) > _SHOWN else ""
        head = f"{len(self._problems)} problems for {self.target.format}, and nothing was written"
        raise ExportError(head + "".join(lines[:_SHOWN]) + more, problems=tuple(map(str, self._problems)))


def _named(ids: list[str]) -> str:
    """Name examples, of many the first ones."""
    named = ", ".join(repr(each) for each in ids[:_NAMED])
    if len(ids) == 1:
        return f"example {named}"
    return f"examples {named}" + (f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else "")


def _with_altered_metadata(lossy: tuple[Loss, ...], altered: list[str]) -> tuple[Loss, ...]:
    """Add examples whose metadata JSON itself cannot hold, e.g. a date, to what is lost."""
    if not altered:
        return lossy
    others = tuple(loss for loss in lossy if loss.field != "metadata")
    known = [example_id for loss in lossy if loss.field == "metadata" for example_id in loss.example_ids]
    return (*others, Loss(field="metadata", example_ids=tuple(dict.fromkeys([*known, *altered]))))


def _sha256(image: ImageSource) -> str:
    stem = Path(image).stem if isinstance(image, str) else ""
    return stem if _HASH.fullmatch(stem) else image_sha256(image)


@contextmanager
def _staged(out: str | PathLike[str]) -> Iterator[ExportFolder]:
    destination = ExportFolder(out)
    refuse_foreign(destination)
    if destination.local_path is not None:
        with atomic_folder(destination.local_path.resolve()) as staging:
            yield ExportFolder(staging)
        return
    with tempfile.TemporaryDirectory(prefix="vqaft-export-") as name:
        local = ExportFolder(name)
        yield local
        _upload(local, destination)


def _upload(local: ExportFolder, destination: ExportFolder) -> None:
    """Copy a finished export to another file system, marked as incomplete until all of it is there."""
    names = [name for name in local.names() if name != MANIFEST]
    finished = ExportManifest.read(local)
    format_name = "" if finished is None else finished.format
    ExportManifest(format=format_name, complete=False).write(destination)
    for name in names:
        local.upload_to(destination, name)
    for name in set(destination.names()) - {*names, MANIFEST}:
        destination.remove(name)
    local.upload_to(destination, MANIFEST)
