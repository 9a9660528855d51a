"""Datasets of a training: rows read when they are needed, and the proof that each of them teaches something."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

from vqaft.engines.transformers.rows import Place, find_answers, read_row
from vqaft.errors import RecordError, TrainingError

Collate = Callable[[list[dict[str, Any]]], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class TrainingSet:
    """Answers of one file.

    Attributes:
        path: The file.
        places: Where its answers stand.
        max_pixels: Width × height that images are shrunk to.
        template: Arguments of the chat template.
    """

    path: str | PathLike[str]
    places: Sequence[Place]
    max_pixels: int
    template: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, path: str | PathLike[str], *, max_pixels: int, template: Mapping[str, Any]) -> TrainingSet:
        """Find the answers of a file.

        Raises:
            RecordError: If a line is not a row, or there is no answer.
        """
        return cls(path=path, places=find_answers(path), max_pixels=max_pixels, template=template)

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> dict[str, Any]:
        row = read_row(self.path, self.places[index], max_pixels=self.max_pixels)
        return {**row, "chat_template_kwargs": dict(self.template)} if self.template else row

    def dataset(self) -> Any:
        """Return the rows as a `datasets.Dataset` that holds their numbers and reads them when asked."""
        from datasets import Dataset

        def rows(batch: dict[str, list[int]]) -> dict[str, list[Any]]:
            read = [self[index] for index in batch["row"]]
            return {name: [row[name] for row in read] for name in read[0]}

        return Dataset.from_dict({"row": list(range(len(self)))}).with_transform(rows)


@dataclass(frozen=True, kw_only=True)
class RowTokens:
    """What a row is to the model.

    Attributes:
        row: Its number among the answers.
        total: Its tokens, image tokens included.
        learnt: The tokens that the loss counts: those of the answer, its end included.
    """

    row: int
    total: int
    learnt: int


def measure_rows(
    rows: TrainingSet,
    collate: Collate,
    tokenizer: Any,
    *,
    max_tokens: int | None,
    share: slice = slice(None),
    batch_size: int = 1,
) -> list[RowTokens]:
    """Count the tokens of rows as the training will see them, and refuse those that would teach nothing.

    Args:
        rows: The rows.
        collate: The trainer's collator.
        tokenizer: The model's tokenizer.
        max_tokens: Rows with more tokens are refused.
        share: The rows that this rank looks at.
        batch_size: Rows that are collated together, as in training; single rows take twice as long.

    Raises:
        RecordError: If a row is too long, or its answer would not be learnt; with its line.
        TrainingError: If the chat template hides answers from the loss.
    """
    numbers = range(len(rows))[share]
    measured: list[RowTokens] = []
    for start in range(0, len(numbers), batch_size):
        together = numbers[start : start + batch_size]
        batch = collate([rows[number] for number in together])
        for place, number in enumerate(together):
            labels = batch["labels"][place]
            kept = labels != -100  # noqa: PLR2004 - what the loss ignores
            found = RowTokens(row=number, total=int(batch["attention_mask"][place].sum()), learnt=int(kept.sum()))
            _check_length(rows, found, max_tokens)
            learnt = tokenizer.decode(labels[kept], skip_special_tokens=True)
            _check_learnt(rows, number, learnt, first=not measured)
            measured.append(found)
    return measured


def _check_length(rows: TrainingSet, found: RowTokens, max_tokens: int | None) -> None:
    if max_tokens is not None and found.total > max_tokens:
        hint = "Make its images smaller (max_image_pixels) or its text shorter."
        message = f"the row has {found.total} tokens, more than the {max_tokens} that the model can take"
        raise RecordError(message, path=rows.path, line=rows.places[found.row].line, hint=hint)


def _check_learnt(rows: TrainingSet, number: int, learnt: str, *, first: bool) -> None:
    place = rows.places[number]
    if not learnt.strip():
        raise RecordError("no token of the answer would be learnt", path=rows.path, line=place.line)
    if first:
        answer = rows[number]["completion"][0]["content"][0]["text"]
        if "".join(answer.split()) not in "".join(learnt.split()):
            hint = "Use the chat template that the model was published with"
            message = f"the chat template would have {learnt[:80]!r} learnt for the answer {answer[:80]!r}"
            raise TrainingError(message, code="invalid_model", hint=hint)
