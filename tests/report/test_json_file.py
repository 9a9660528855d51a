"""A file for other programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from vqaft.evaluation import Comparison, Evaluation, ScoredRow, ScoreFailure, compare
from vqaft.report.export import SCHEMA


@pytest.fixture(scope="module")
def schema() -> Any:
    found = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(found)
    return found


def test_it_is_what_the_schema_says(tmp_path: Path, comparison: Comparison, schema: Any) -> None:
    content = json.loads(comparison.write(tmp_path / "comparison.json").read_bytes())
    jsonschema.validate(content, schema)
    assert content["slices"][0]["difference"]["value"] == comparison.overall().difference.value
    assert content["slices"][0]["words"] == comparison.overall().words
    assert len(content["rows"]) == 26
    assert content["rows"][0]["outcomes"] == [
        {"scorer": "exact", "outcome": "won"},
        {"scorer": "judge", "outcome": "won"},
    ]
    assert content["rows"][25]["tuned"]["failure"]["kind"] == "refused"


@pytest.mark.parametrize(
    "change", [{"version": 1}, {"format": "other"}, {"rows": [{}]}, {"slices": [{"n": -1}]}, {"scorers": []}]
)
def test_the_schema_refuses_what_is_none(
    tmp_path: Path, comparison: Comparison, schema: Any, change: dict[str, Any]
) -> None:
    content = json.loads(comparison.write(tmp_path / "comparison.json").read_bytes())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**content, **change}, schema)


def test_texts_come_back_as_they_were(
    tmp_path: Path,
    naughty: list[str],
    schema: Any,
    scored_row: Callable[..., ScoredRow],
    evaluation_of: Callable[..., Evaluation],
) -> None:
    failed = {"exact": ScoreFailure(kind="ValueError", message="no")}
    rows = [
        replace(scored_row(place, (text, 1.0)), example_id=text, question=text, answers=(text,), scores=failed)
        for place, text in enumerate(naughty)
    ]
    both = evaluation_of(rows, model="\ud800")
    path = compare(both, both, slice_by=None, resamples=20).write(tmp_path / "comparison.json")
    content = json.loads(path.read_bytes())
    jsonschema.validate(content, schema)
    assert [row["question"] for row in content["rows"]] == naughty
    assert [row["tuned"]["answer"] for row in content["rows"]] == naughty
    assert content["base_model"] == "\ud800"
    assert content["rows"][0]["base"]["scores"][0]["failure"] == {"kind": "ValueError", "message": "no"}
