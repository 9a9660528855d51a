"""JSON form of evaluations and comparisons: dictionaries there and back.

Text is escaped to ASCII where it is written, so that answers with broken characters come back as they were.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from vqaft.durable import write_atomically
from vqaft.errors import StateError
from vqaft.evaluation.rows import PairedRow, ScoredRow
from vqaft.evaluation.score import Score, ScoreFailure
from vqaft.filesystem import require_local

Made = TypeVar("Made")

_HEAD_BYTES = 200

SHARED = ("example_id", "group", "kind", "question_type", "question")
"""What both sides of a paired row have in common."""


def to_text(content: Mapping[str, Any]) -> str:
    """Return a dictionary as JSON of ASCII characters.

    Args:
        content: The dictionary.
    """
    return json.dumps(content, allow_nan=False, indent=1)


def write_file(path: Path, content: Mapping[str, Any]) -> Path:
    """Write a dictionary as a JSON file, whole or not at all.

    Args:
        path: The file; replaced in one step if it is there.
        content: The dictionary.

    Returns:
        The path.
    """
    write_atomically(path, to_text(content).encode("ascii"))
    return path


def read_file(path: Path, kind: str, version: int, make: Callable[[dict[str, Any]], Made]) -> Made:
    """Read what `write_file` wrote.

    Args:
        path: The file.
        kind: The format that the file has to name.
        version: The version that it has to be of.
        make: Makes the object from the dictionary.

    Raises:
        StateError: If the file cannot be read as this format and version.
    """
    return read_one_of(path, {kind: (version, make)})


def read_one_of(path: Path, formats: Mapping[str, tuple[int, Callable[[dict[str, Any]], Made]]]) -> Made:
    """Read what `write_file` wrote in one of several formats.

    Args:
        path: The file.
        formats: For each format that the file may name the version it has to be of, and what makes the object.

    Raises:
        StateError: If the file cannot be read as any of these formats and versions.
    """
    local = require_local(path, purpose="this file")
    kinds = " or ".join(formats)
    try:
        content = json.loads(local.read_bytes())
        version, make = formats.get(content["format"], (None, None))
        if make is None or content["version"] != version:
            found = f"{content['format']} version {content['version']}"
            wanted = " or ".join(f"{kind} version {number}" for kind, (number, _) in formats.items())
            raise StateError(f"the file is {found}, not {wanted}", path=path)
        return make(content)
    except OSError as error:
        raise StateError(f"the file cannot be read: {error.strerror}", path=path) from None
    except json.JSONDecodeError:
        message = f"the file is not a {kinds}: it is not one JSON value"
        raise StateError(message, path=path, hint=_advice(path)) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StateError(f"the file is not a {kinds}: {_said(error)}", path=path, hint=_advice(path)) from None


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
    return str(value)
