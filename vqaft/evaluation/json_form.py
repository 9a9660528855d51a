"""JSON form of evaluations and comparisons: dictionaries there and back.

Text is escaped to ASCII where it is written, so that answers with broken characters come back as they were.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from vqaft.durable import write_atomically
from vqaft.errors import StateError
from vqaft.evaluation.rows import PairedRow, ScoredRow
from vqaft.evaluation.score import Score, ScoreFailure
from vqaft.filesystem import require_local

_HEAD_BYTES = 200

SHARED = ("example_id", "group", "kind", "question_type", "question")
"""What both sides of a paired row have in common."""


class JSONFile(ABC):
    """A value that is written as a JSON file, which names its format and version, and read from it.

    Attributes:
        FORMAT: The name of the format.
        VERSION: The version that is written, and the only one that is read.
    """

    FORMAT: ClassVar[str]
    VERSION: ClassVar[int]

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return the value as a dictionary that JSON can hold; it names its format and version."""

    @classmethod
    @abstractmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return the value that `to_dict` made a dictionary of.

        Args:
            content: The dictionary.

        Raises:
            ValueError: If it is not one; it names the field.
        """

    def to_json(self) -> str:
        """Return the value as JSON of ASCII characters."""
        return json.dumps(self.to_dict(), allow_nan=False, indent=1)

    def write(self, path: str | PathLike[str]) -> Path:
        """Write the value as a JSON file, whole or not at all.

        Args:
            path: The file; replaced in one step if it is there.

        Returns:
            The path.
        """
        write_atomically(Path(path), self.to_json().encode("ascii"))
        return Path(path)

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Self:
        """Read what `write` wrote.

        Args:
            path: The file.

        Raises:
            StateError: If the file is not there, is not of this format, or of another version of it.
        """
        return read_one_of(Path(path), (cls,))


Made = TypeVar("Made", bound=JSONFile)


def read_one_of(path: Path, kinds: Sequence[type[Made]]) -> Made:
    """Read what a value of one of several kinds wrote.

    Args:
        path: The file.
        kinds: The kinds; the file says which one it is.

    Raises:
        StateError: If the file cannot be read as any of these formats and versions.
    """
    local = require_local(path, purpose="this file")
    names = " or ".join(kind.FORMAT for kind in kinds)
    try:
        content = json.loads(local.read_bytes())
        said = content["format"], content["version"]
        kind = next((kind for kind in kinds if said == (kind.FORMAT, kind.VERSION)), None)
        if kind is None:
            wanted = " or ".join(f"{kind.FORMAT} version {kind.VERSION}" for kind in kinds)
            raise StateError(f"the file is {said[0]} version {said[1]}, not {wanted}", path=path)
        return kind.from_dict(content)
    except OSError as error:
        raise StateError(f"the file cannot be read: {error.strerror}", path=path) from None
    except json.JSONDecodeError:
        message = f"the file is not a {names}: it is not one JSON value"
        raise StateError(message, path=path, hint=_advice(path)) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StateError(f"the file is not a {names}: {_said(error)}", path=path, hint=_advice(path)) from None


def _said(error: Exception) -> str:
    """Return the words of an error that names a field; those of built-in errors need their name beside them."""
    return str(error) if type(error) is ValueError else repr(error)


def _advice(path: Path) -> str | None:
    """Return what to do with predictions, which are easily taken for their evaluation."""
    with path.open("rb") as file:
        is_predictions = b'"vqaft-predictions' in file.read(_HEAD_BYTES)
    return "It holds predictions: Evaluator.evaluate scores them." if is_predictions else None


def row_to_dict(row: ScoredRow) -> dict[str, Any]:
    """Return a scored row as a dictionary.

    Args:
        row: The row.
    """
    values = {name: getattr(row, name) for name in row.__dataclass_fields__}
    values["failure"] = row.failure and asdict(row.failure)
    values["scores"] = {name: asdict(score) for name, score in row.scores.items()}
    return values | {"metadata": _plain(row.metadata)}


def pair_to_dict(row: PairedRow, scorers: tuple[str, ...]) -> dict[str, Any]:
    """Return a paired row as a dictionary, with its outcome by each scorer.

    Args:
        row: The row.
        scorers: The scorers' names.
    """
    return {
        **{name: getattr(row.base, name) for name in SHARED},
        "answers": row.answers,
        "metadata": _plain(row.base.metadata),
        "outcomes": [{"scorer": name, "outcome": row.outcome(name)} for name in scorers],
        "base": _side_to_dict(row.base),
        "tuned": _side_to_dict(row.tuned),
    }


def pair_fields(values: Mapping[str, Any], models: tuple[str, str]) -> dict[str, Any]:
    """Return the fields of the paired row that `pair_to_dict` made a dictionary of.

    Args:
        values: The dictionary.
        models: The names of the base and the tuned model.
    """
    shared = {name: values[name] for name in (*SHARED, "answers", "metadata")}
    base, tuned = (
        shared | {"model": model, "answer": side["answer"], "failure": side["failure"], "scores": _scores(side)}
        for model, side in zip(models, (values["base"], values["tuned"]), strict=True)
    )
    return {"base": base, "tuned": tuned}


def _side_to_dict(row: ScoredRow) -> dict[str, Any]:
    return {
        "status": row.status,
        "answer": row.answer,
        "failure": None if row.failure is None else asdict(row.failure),
        "scores": [{"scorer": name, **_score_to_dict(score)} for name, score in row.scores.items()],
    }


def _score_to_dict(score: Score | ScoreFailure) -> dict[str, Any]:
    return {"value": None, "failure": asdict(score)} if isinstance(score, ScoreFailure) else asdict(score)


def _scores(side: Mapping[str, Any]) -> dict[str, Any]:
    scores = {score["scorer"]: {name: score[name] for name in score if name != "scorer"} for score in side["scores"]}
    return {name: score.get("failure") or score for name, score in scores.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and value - value == 0:  # finite
        return value
    return _plain(value.tolist()) if isinstance(value, np.generic | np.ndarray) else str(value)
