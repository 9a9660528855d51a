"""An evaluation as a JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vqaft.durable import write_atomically
from vqaft.errors import StateError
from vqaft.evaluation.judge.usage import JudgeUsage
from vqaft.evaluation.score import Score, ScoreFailure
from vqaft.evaluation.scored_row import ScoredRow
from vqaft.evaluation.scorer_facts import ScorerFacts
from vqaft.inference import Failure

FORMAT = "vqaft.evaluation"
VERSION = 1


def evaluation_to_json(path: Path, model: str, scorers: Mapping[str, ScorerFacts], rows: Sequence[ScoredRow]) -> Path:
    """Write an evaluation.

    Text is escaped to ASCII, so that answers with broken characters come back as they were.

    Args:
        path: Where to.
        model: The model.
        scorers: The scorers by name.
        rows: The scored rows.

    Returns:
        The path.
    """
    content = {
        "format": FORMAT,
        "version": VERSION,
        "model": model,
        "scorers": {name: asdict(facts) for name, facts in scorers.items()},
        "rows": [_row_to_json(row) for row in rows],
    }
    write_atomically(path, json.dumps(content, allow_nan=False, indent=1).encode("ascii"))
    return path


def evaluation_from_json(path: Path) -> tuple[str, dict[str, ScorerFacts], tuple[ScoredRow, ...]]:
    """Read an evaluation.

    Args:
        path: The file.

    Returns:
        The model, the scorers by name, and the rows.

    Raises:
        StateError: If the file cannot be read as an evaluation of this version.
    """
    try:
        content = json.loads(path.read_bytes())
        if content["format"] != FORMAT or content["version"] != VERSION:
            found = f"{content['format']} version {content['version']}"
            raise StateError(f"the file is {found}, not {FORMAT} version {VERSION}", path=path)
        scorers = {name: _facts_from_json(facts) for name, facts in content["scorers"].items()}
        return content["model"], scorers, tuple(_row_from_json(row) for row in content["rows"])
    except OSError as error:
        raise StateError(f"the evaluation cannot be read: {error.strerror}", path=path) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StateError(f"the file is no evaluation: {error!r}", path=path) from None


def _row_to_json(row: ScoredRow) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in row.__dataclass_fields__}
    values["failure"] = row.failure and asdict(row.failure)
    values["scores"] = {name: asdict(score) for name, score in row.scores.items()}
    return values | {"metadata": _plain(row.metadata)}


def _row_from_json(values: dict[str, Any]) -> ScoredRow:
    scores = {name: (ScoreFailure if "kind" in score else Score)(**score) for name, score in values["scores"].items()}
    failure = values["failure"] and Failure(**values["failure"])
    return ScoredRow(**{**values, "answers": tuple(values["answers"]), "scores": scores, "failure": failure})


def _facts_from_json(values: dict[str, Any]) -> ScorerFacts:
    usage = values["usage"] and JudgeUsage(**values["usage"])
    return ScorerFacts(description=values["description"], levels=tuple(values["levels"]), usage=usage)


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
