"""What a person said about answers and labels, as a file that loaders read as examples, and `calibrate` as ratings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

from vqaft.data import VQAExample, load_saved, saved_line
from vqaft.errors import DataError, EvaluationError, shown
from vqaft.evaluation.judge.calibration import HumanLabel
from vqaft.evaluation.score import AnsweredExample
from vqaft.filesystem import Location, file_info, kind_of, location_of
from vqaft.typed import typed

FORMAT = "vqaft-verdict/1"
COLUMN = "verdict"
"""The column of the metadata that holds what the person said."""
AboutLabel: TypeAlias = Literal["stands", "wrong", "unsure"]
"""What a person says about an example's label: rating an answer by it says that it stands."""
_ABOUT_LABEL = ("stands", "wrong", "unsure")


@dataclass(frozen=True, kw_only=True)
@typed
class HumanVerdict:
    """What a person said about one answer of a model, seen with the image, the question and the label.

    Attributes:
        example: The example with its label.
        answer: The answer.
        level: The level that the person chose; None where the label is wrong, or the person was not sure.
        label: Whether the label stands.
        corrected: The right label, where the person wrote one down.
        person: Who it was.
        models: The models that gave this answer.
        at: When it was, in ISO 8601; empty where not known.

    Raises:
        EvaluationError: If a level is missing where the label stands, or given where it does not.
    """

    example: VQAExample
    answer: str
    level: str | None = None
    label: AboutLabel = "stands"
    corrected: str | None = None
    person: str = ""
    models: tuple[str, ...] = ()
    at: str = ""

    def __post_init__(self) -> None:
        if (self.level is not None) != (self.label == "stands"):
            message = f"the level is {shown(self.level)} where the label {self.label}"
            raise EvaluationError(message, example_id=self.example.id)

    @property
    def corrected_example(self) -> VQAExample:
        """The example with the corrected label, where there is one."""
        return self.example if self.corrected is None else replace(self.example, answers=(self.corrected,))


@dataclass(frozen=True, kw_only=True)
@typed
class HumanVerdicts:
    """Verdicts of people, one a person and answer.

    Attributes:
        verdicts: The verdicts, in the order in which they were given.
    """

    verdicts: tuple[HumanVerdict, ...]

    def __len__(self) -> int:
        return len(self.verdicts)

    def __iter__(self) -> Iterator[HumanVerdict]:
        return iter(self.verdicts)

    @property
    def ratings(self) -> tuple[HumanLabel, ...]:
        """The ratings, for `calibrate`; an answer whose label is wrong, or that the person was unsure of, has none."""
        return tuple(
            HumanLabel(
                answered=AnsweredExample(example=verdict.example, answer=verdict.answer),
                level=verdict.level,
                person=verdict.person,
            )
            for verdict in self
            if verdict.level is not None
        )

    @property
    def wrong_labels(self) -> dict[str, bool]:
        """Whether the label is wrong by example id, for `LabelAudit.ceiling`; where one person says so, it is."""
        found: dict[str, bool] = {}
        for verdict in self:
            if verdict.label != "unsure":
                name = verdict.example.id
                found[name] = found.get(name, False) or verdict.label == "wrong"
        return found

    @classmethod
    def read(cls, *paths: str | PathLike[str]) -> Self:
        """Read files of verdicts, e.g. those of several people.

        Args:
            paths: The files.

        Raises:
            DataError: If a file is missing, or is not one of verdicts; with file and line.
        """
        return cls(verdicts=tuple(verdict for path in paths for verdict in _read(location_of(path))))


def verdict_line(verdict: HumanVerdict, *, row_id: str, root: Path) -> bytes:
    """Return a verdict as a line of JSON: a row of `save_examples`, with the verdict in its metadata.

    Args:
        verdict: The verdict.
        row_id: The row's id, which must be unique in the file.
        root: The folder of the file, without symbolic links; images outside of it are copied into it.

    Raises:
        ImageError: If an image is missing.
    """
    said = {
        "format": FORMAT,
        "example_id": verdict.example.id,
        **_answer_fields(verdict.answer),
        "level": verdict.level,
        "label": verdict.label,
        "label_before": None if verdict.corrected is None else list(verdict.example.answers),
        "person": verdict.person,
        "models": [_valid(model) for model in verdict.models],
        "at": verdict.at,
    }
    example = verdict.corrected_example
    return saved_line(replace(example, id=row_id, metadata={**example.metadata, COLUMN: said}), root)


def _answer_fields(answer: str) -> dict[str, str]:
    """Return an answer as valid text; one with a lone surrogate, which no loader takes, as JSON of ASCII beside it."""
    valid = _valid(answer)
    return {"answer": valid} if valid == answer else {"answer": valid, "answer_json": json.dumps(answer)}


def _valid(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


def verdict_of(row: VQAExample) -> HumanVerdict:
    """Return the verdict that a row holds, e.g. one that `load_file` read.

    Args:
        row: The row.

    Raises:
        EvaluationError: If it holds none.
    """
    said = row.metadata.get(COLUMN)
    if not isinstance(said, Mapping) or not isinstance(said.get("example_id"), str):
        raise EvaluationError("the row holds no verdict of a person", example_id=row.id)
    if said.get("format") != FORMAT:
        message = f"the verdict is of another version of vqaft: {shown(said.get('format'))}"
        raise EvaluationError(message, example_id=row.id)
    before = said.get("label_before")
    example = replace(
        row,
        id=said["example_id"],
        answers=row.answers if before is None else tuple(before),
        metadata={name: value for name, value in row.metadata.items() if name != COLUMN},
    )
    return HumanVerdict(
        example=example,
        answer=json.loads(said["answer_json"]) if "answer_json" in said else _text(said, "answer", row.id),
        level=said.get("level"),
        label=said.get("label", "stands"),
        corrected=None if before is None else row.answers[0],
        person=_text(said, "person", row.id),
        models=tuple(said.get("models") or ()),
        at=_text(said, "at", row.id),
    )


def _text(said: Mapping[str, Any], name: str, row_id: str) -> str:
    value = said.get(name, "")
    if not isinstance(value, str):
        raise EvaluationError(f"{name} is {shown(value)}, not a string", example_id=row_id)
    return value


def _read(path: Location) -> Iterable[HumanVerdict]:
    if kind_of(path) != "file":
        raise DataError("the file is missing", path=path)
    if not file_info(path).size_bytes:  # every verdict was taken back
        return
    for row in load_saved(path):
        yield verdict_of(row)
