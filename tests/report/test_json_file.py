"""A file for other programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from vqaft.errors import StateError
from vqaft.evaluation import (
    Comparison,
    Evaluation,
    ModelComparison,
    ScoredRow,
    ScoreFailure,
    compare,
    read_comparison,
)
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


def test_several_models_are_what_the_schema_says_and_come_back(
    tmp_path: Path, models: ModelComparison, schema: Any
) -> None:
    path = models.write(tmp_path / "models.json")
    content = json.loads(path.read_bytes())
    jsonschema.validate(content, schema)
    assert content == json.loads(models.to_json())
    assert [model["name"] for model in content["models"]] == ["base", "tuned", "teacher"]
    assert content["pairs"][2]["test"]["p_adjusted"] == models.pairs[2].test.p_adjusted  # type: ignore[union-attr]
    assert ModelComparison.read(path) == read_comparison(path) == models


@pytest.mark.parametrize("change", [{"version": 2}, {"models": []}, {"pairs": [{}]}, {"comparison": {}}])
def test_the_schema_refuses_what_is_no_comparison_of_models(
    models: ModelComparison, schema: Any, change: dict[str, Any]
) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**models.to_dict(), **change}, schema)


def test_a_comparison_is_read_by_what_it_says_it_is(
    tmp_path: Path, comparison: Comparison, models: ModelComparison
) -> None:
    two, several = comparison.write(tmp_path / "two.json"), models.write(tmp_path / "several.json")
    assert read_comparison(two) == Comparison.read(two)
    with pytest.raises(StateError, match=r"vqaft\.comparison version 2, not vqaft\.model_comparison version 1"):
        ModelComparison.read(two)
    with pytest.raises(StateError, match=r"vqaft\.model_comparison version 1, not vqaft\.comparison version 2"):
        Comparison.read(several)
    one = models.evaluations["base"].write(tmp_path / "one.json")
    with pytest.raises(
        StateError, match=r"vqaft\.evaluation version 1, not vqaft\.comparison version 2 or vqaft\.model"
    ):
        read_comparison(one)
    one.write_text('{"format": "vqaft.model_comparison", "version": 1, "models": []}')
    with pytest.raises(StateError, match=r"not a vqaft\.comparison or vqaft\.model_comparison"):
        read_comparison(one)


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
