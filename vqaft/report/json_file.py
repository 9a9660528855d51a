"""A comparison as a JSON file for other programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import Any

from vqaft.durable import write_atomically
from vqaft.evaluation import Comparison, PairedRow, Score, ScoredRow, ScoreFailure

FORMAT = "vqaft.comparison"
VERSION = 1
SCHEMA = Path(__file__).parent / "comparison.schema.json"


def write_json(path: str | PathLike[str], comparison: Comparison) -> Path:
    """Write a comparison as JSON: figures, caveats, and every row with both answers, uncut.

    The file names its format and version; `comparison.schema.json` beside this module describes it in JSON Schema.
    Text is escaped to ASCII, so that broken characters come back as they were.

    Args:
        path: The file; replaced in one step if it is there.
        comparison: The comparison.

    Returns:
        The path.
    """
    target = Path(path)
    write_atomically(target, json.dumps(_content(comparison), allow_nan=False, indent=1).encode("ascii"))
    return target


def _content(comparison: Comparison) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "base_model": comparison.base_model,
        "tuned_model": comparison.tuned_model,
        "settings": asdict(comparison.settings),
        "scorers": [{"name": name, **asdict(facts)} for name, facts in comparison.scorers.items()],
        "caveats": comparison.caveats,
        "slices": [asdict(part) for part in comparison.slices],
        "ratings": [asdict(ratings) for ratings in comparison.ratings],
        "rows": [_row(row, tuple(comparison.scorers)) for row in comparison.rows],
    }


def _row(row: PairedRow, scorers: tuple[str, ...]) -> dict[str, Any]:
    return {
        "example_id": row.example_id,
        "group": row.group,
        "kind": row.kind,
        "question_type": row.question_type,
        "question": row.question,
        "answers": row.answers,
        "outcomes": [{"scorer": name, "outcome": row.outcome(name)} for name in scorers],
        "base": _side(row.base),
        "tuned": _side(row.tuned),
    }


def _side(row: ScoredRow) -> dict[str, Any]:
    return {
        "status": row.status,
        "answer": row.answer,
        "failure": None if row.failure is None else asdict(row.failure),
        "scores": [{"scorer": name, **_score(score)} for name, score in row.scores.items()],
    }


def _score(score: Score | ScoreFailure) -> Mapping[str, Any]:
    if isinstance(score, ScoreFailure):
        return {"value": None, "failure": asdict(score)}
    return asdict(score)
