from __future__ import annotations

import builtins
import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vqaft.data import VQAExample
from vqaft.errors import EvaluationError, MissingExtraError, StateError
from vqaft.evaluation import Evaluation, Evaluator, ExactMatch, LLMJudge, ScoredRow, Scorer
from vqaft.inference import Failure, Prediction

Make = Callable[..., Evaluation]


def hostile() -> Evaluation:
    examples = [
        VQAExample(
            id=f"id {name}",
            image=b"x",
            question="<script>alert(1)</script>",
            answers=("yes", "sí"),
            metadata={"n": float("nan"), "list": (1, b"x"), "site": "<b>", "half": 0.5},
        )
        for name in "abc"
    ]
    answers = [
        Prediction(example_id="id a", model="m<x>", answer="lone \ud800 \u2028 \x00"),
        Prediction(example_id="id b", model="m<x>", failure=Failure(kind="refused", message="no", partial="I")),
    ]
    scorers: dict[str, Scorer] = {"exact": ExactMatch(), "bad": lambda _: 1 / 0}
    return Evaluator(scorers, progress=False).evaluate(examples, answers)


def test_a_file_brings_back_what_was_written(tmp_path: Path) -> None:
    before = hostile()
    after = Evaluation.read(before.write(tmp_path / "deep" / "base.json"))
    assert after.scorers == before.scorers
    for old, new in zip(before.rows, after.rows, strict=True):
        assert (new.answer, new.failure, new.scores, new.status) == (old.answer, old.failure, old.scores, old.status)
        assert new.answers == old.answers
        assert new.metadata == {"n": "nan", "list": [1, "b'x'"], "site": "<b>", "half": 0.5}


def test_judge_usage_is_kept(tmp_path: Path, scripted_judge: Callable[..., Any]) -> None:
    judge = LLMJudge(scripted_judge(lambda _: "Incorrect"), model="judge")
    examples = [VQAExample(id="a", image=b"x", question="?", answers=("yes",))]
    found = Evaluator({"judge": judge}, progress=False).evaluate(
        examples, [Prediction(example_id="a", model="m", answer="no")]
    )
    usage = Evaluation.read(found.write(tmp_path / "e.json")).scorers["judge"].usage
    assert usage is not None
    assert (usage.requests, usage.prompt_tokens, usage.completion_tokens) == (1, 100, 10)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"format": "other", "version": 1}',
        b'{"format": "vqaft.evaluation", "version": 2}',
    ],
)
def test_what_is_no_evaluation_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "base.json"
    path.write_bytes(content)
    with pytest.raises(StateError, match=r"base\.json"):
        Evaluation.read(path)


def test_a_damaged_row_is_an_error(tmp_path: Path, evaluation: Make) -> None:
    path = evaluation([1.0]).write(tmp_path / "base.json")
    content = json.loads(path.read_bytes())
    content["rows"][0]["scores"]["score"]["value"] = 7
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(StateError, match=r"not a vqaft\.evaluation"):
        Evaluation.read(path)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot be read"):
        Evaluation.read(tmp_path / "none.json")


def test_pickles(evaluation: Make) -> None:
    found = evaluation([1.0, None, 0.5])
    assert pickle.loads(pickle.dumps(found.rows[0])) == found.rows[0]  # noqa: S301 - our own bytes
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - our own bytes


def test_two_rows_of_one_example_are_an_error(evaluation: Make) -> None:
    rows = evaluation([1.0]).rows
    with pytest.raises(EvaluationError, match="same example"):
        Evaluation(model="m", scorers={}, rows=rows + rows)


@settings(deadline=None)  # the first call imports scipy
@given(values=st.lists(st.none() | st.floats(0, 1), max_size=30))
def test_means_equal_a_naive_recomputation(evaluation: Make, values: list[float | None]) -> None:
    found = evaluation(values).summary(slice_by=None)
    scored = [value for value in values if value is not None]
    expected = sum(scored) / len(scored) if scored else None
    assert [mean.mean.value for mean in found] == ([pytest.approx(expected)] if values else [])
    assert all((mean.n, mean.failed) == (len(scored), len(values) - len(scored)) for mean in found)


def test_refusals_counted_as_wrong_stand_beside_the_mean(evaluation: Make) -> None:
    refused = Failure(kind="refused", message="I cannot help with that.")
    found = evaluation([1.0, 1.0, None, None])
    rows = (*found.rows[:2], replace(found.rows[2], failure=refused), found.rows[3])
    mean = replace(found, rows=rows).summary(slice_by=None)[0]
    assert mean.mean.value == 1
    assert mean.counted_wrong.value == pytest.approx(2 / 3)  # the fourth was never asked
    assert "66.7 %" in str(replace(found, rows=rows).summary(slice_by=None))


def test_tables_escape_what_is_hostile() -> None:
    found = hostile()
    table = found.summary(slice_by=["site", "kind"])
    assert "<b>" in str(table)
    for page in (table._repr_html_(), found._repr_html_()):
        assert "<b>" not in page
        assert "m<x>" not in page
    assert "\\x1b" in str(found.summary(slice_by=lambda _: "\x1b[31m"))


def test_slices_by_column_function_and_several(evaluation: Make) -> None:
    found = evaluation([1.0, 0.0, 1.0, None], kinds=["closed", "open", "closed", "open"])

    def parity(row: ScoredRow) -> object:
        return int(row.example_id) % 2

    means = found.summary(slice_by=("kind", parity))
    shown = {(mean.slice_by, mean.value): (mean.n, mean.failed, mean.mean.value) for mean in means}
    assert shown == {
        ("all", "all"): (3, 1, pytest.approx(2 / 3)),
        ("kind", "closed"): (2, 0, 1.0),
        ("kind", "open"): (1, 1, 0.0),
        ("parity", "0"): (2, 0, 1.0),
        ("parity", "1"): (1, 1, 0.0),
    }
    assert [mean.value for mean in means[:2]] == ["all", "closed"]
    assert len(means) == 5
    with pytest.raises(EvaluationError, match="slice_by is 'nowhere', a column that no row has; there is no metadata"):
        found.summary(slice_by=("kind", "nowhere"))


def test_frames(evaluation: Make) -> None:
    found = evaluation([1.0, None, 0.5])
    frame = found.to_pandas()
    assert frame["score"].tolist()[::2] == [1.0, 0.5]
    assert np.isnan(frame["score"][1])
    summary = found.summary(slice_by=None).to_pandas()
    assert summary.loc[0, "mean"] == 0.75
    assert summary.loc[0, "failed"] == 1


def test_without_pandas_the_error_names_the_extra(evaluation: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    load = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> ModuleType:
        if name == "pandas":
            raise ImportError(name)
        return load(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"vqaft\[pandas\]"):
        evaluation([1.0]).to_pandas()


def test_reads_well_when_printed(evaluation: Make) -> None:
    text = repr(evaluation([1.0, 1.0, 0.0, None], model="gpt"))
    assert text.splitlines()[0] == "4 examples, 1 without an answer"
    assert "66.7 %" in text


@settings(deadline=None)  # the first call imports scipy
@given(values=st.lists(st.none() | st.floats(0, 1), min_size=1, max_size=20), cut=st.integers(0, 20))
def test_merging_parts_is_evaluating_all(evaluation: Make, values: list[float | None], cut: int) -> None:
    whole = evaluation(values)
    parts = [
        Evaluation(model="model", scorers=whole.scorers, rows=rows) for rows in (whole.rows[:cut], whole.rows[cut:])
    ]
    assert Evaluation.merge(parts) == whole


def test_what_cannot_be_merged_is_an_error(evaluation: Make) -> None:
    with pytest.raises(EvaluationError, match="no evaluation to merge"):
        Evaluation.merge([])
    with pytest.raises(EvaluationError, match="several models"):
        Evaluation.merge([evaluation([1.0]), evaluation([1.0], model="other")])
    with pytest.raises(EvaluationError, match="same example"):
        Evaluation.merge([evaluation([1.0]), evaluation([1.0])])


def test_rows_with_arrays_in_their_metadata_are_values() -> None:
    one, same, other = (
        ScoredRow(
            example_id="1", group="g", kind="open", question="?", answers=("a",), model="m", metadata={"box": box}
        )
        for box in (np.array([1, 2]), np.array([1, 2]), np.array([1, 3]))
    )
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
