"""inspect_ai: a JSONL dataset that `json_dataset` reads, with image paths relative to the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any

from vqaft.data import VQAExample
from vqaft.exchange.folder import ExportFolder
from vqaft.exchange.parsing import ParsedTurn, example_of_turns
from vqaft.exchange.reading import read_export
from vqaft.exchange.refusals import no_web_images, one_question
from vqaft.exchange.rows import Row, RowTurn
from vqaft.exchange.split_files import by_split
from vqaft.images import EncodedImage

_FIELDS = ("question_type", "kind", "group")


@dataclass(frozen=True, kw_only=True)
class InspectAI:
    """An evaluation dataset of inspect_ai: `json_dataset(f"{folder}/test.jsonl")`.

    The target of a sample is its answer, or the list of all its answers. Few-shot examples stand before the question.
    """

    @property
    def format(self) -> str:
        """The name of the format."""
        return "inspect-ai"

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why a row is refused: several questions, an image that is a web address."""
        yield from no_web_images(row)
        yield from one_question(row)

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write a JSONL file a split, and the images."""
        for split, group in by_split(rows):
            folder.write_jsonl(f"{split}.jsonl", (_sample(row, folder) for row in group))

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the JSONL files."""
        for split, name in folder.splits("{split}.jsonl"):
            for number, sample in enumerate(folder.read_jsonl(name)):
                yield split, _example(sample, folder, str(number))

    def read(
        self, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
    ) -> Iterator[VQAExample]:
        """Read the examples of an exported folder; see `read_export`."""
        return read_export(self, folder, split=split, manifest=manifest)


def _sample(row: Row, folder: ExportFolder) -> dict[str, Any]:
    (example,) = row.examples
    system = [] if row.system is None else [{"role": "system", "content": row.system}]
    asked = [_message(turn, folder) for turn in row.turns[:-1]]  # the last turn is the answer
    fields = {name: value for name in _FIELDS if (value := getattr(example, name)) is not None}
    metadata = {**fields, **({"metadata": dict(example.metadata)} if example.metadata else {})}
    answers = list(example.answers)
    return {
        "id": example.id,
        "input": [*system, *asked],
        "target": answers if len(answers) > 1 else answers[0],
        **({"metadata": metadata} if metadata else {}),
    }


def _message(turn: RowTurn, folder: ExportFolder) -> dict[str, Any]:
    if turn.role == "assistant":
        return {"role": "assistant", "content": turn.text}
    content = []
    for part in turn.parts:
        if isinstance(part, str):
            content.append({"type": "text", "text": part})
        elif isinstance(part, EncodedImage):
            content.append({"type": "image", "image": folder.write_image(part)})
    return {"role": "user", "content": content}


def _example(sample: Mapping[str, Any], folder: ExportFolder, number: str) -> VQAExample:
    metadata = sample.get("metadata") or {}
    target = sample["target"]
    answers = (target,) if isinstance(target, str) else tuple(target)
    turns = [_turn(message, folder) for message in sample["input"]]
    example = example_of_turns(
        [*turns, ParsedTurn(role="assistant", text=answers[0])], row_id=str(sample.get("id", number))
    )
    fields: dict[str, Any] = {name: metadata.get(name) for name in _FIELDS}
    return replace(example, **{"answers": answers, "metadata": metadata.get("metadata") or {}, **fields})


def _turn(message: Mapping[str, Any], folder: ExportFolder) -> ParsedTurn:
    content = message["content"]
    if isinstance(content, str):
        return ParsedTurn(role=message["role"], text=content)
    text = "".join(part["text"] for part in content if part["type"] == "text")
    images = tuple(folder.image(part["image"]) for part in content if part["type"] == "image")
    return ParsedTurn(role=message["role"], text=text, images=images)
