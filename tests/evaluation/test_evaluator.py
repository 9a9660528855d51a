from __future__ import annotations

import gc
import pickle
import threading
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from vqaft.data import VQAExample
from vqaft.errors import AuthenticationError, EvaluationError
from vqaft.evaluation import (
    AnsweredExample,
    Evaluation,
    Evaluator,
    ExactMatch,
    Metered,
    Score,
    ScoredRow,
    ScoreFailure,
    ScorerUsage,
    compare,
)
from vqaft.inference import Failure, Prediction


def example(name: str, image: bytes = b"image", **more: str) -> VQAExample:
    return VQAExample(id=name, image=image, question="Is it?", answers=("yes",), **more)  # type: ignore[arg-type]


def said(name: str, answer: str, model: str = "m") -> Prediction:
    return Prediction(example_id=name, model=model, answer=answer)


def failed(name: str) -> Prediction:
    return Prediction(example_id=name, model="m", failure=Failure(kind="refused", message="no"))


def test_failures_and_missing_predictions_are_rows_without_scores() -> None:
    called: list[str] = []

    def scorer(answered: AnsweredExample) -> bool:
        called.append(answered.example.id)
        return answered.answer == "yes"

    found = Evaluator({"own": scorer}, progress=False).evaluate(
        [example("a"), example("b"), example("c")], [failed("b"), said("a", "yes")]
    )
    assert [row.status for row in found.rows] == ["answered", "failed", "missing"]
    assert [row.value("own") for row in found.rows] == [1.0, None, None]
    assert called == ["a"]
    assert len(found.failed) == 2


def test_the_order_of_predictions_does_not_matter() -> None:
    examples = [example(str(number)) for number in range(20)]
    predictions = [said(each.id, "yes" if int(each.id) % 3 else "no") for each in examples]
    evaluator = Evaluator({"exact": ExactMatch()}, progress=False)
    shuffled = predictions[::-2] + predictions[::2]
    whole = evaluator.evaluate(examples, predictions)
    assert evaluator.evaluate(examples, shuffled) == whole
    parts = evaluator.evaluate(examples, shuffled[:7])
    answered = {row.example_id for row in parts.rows if row.status == "answered"}
    assert answered == {each.example_id for each in shuffled[:7]}
    assert compare(parts, evaluator.evaluate(examples[::-1], shuffled)).rows[0].tuned == whole.rows[0]


def test_a_row_of_results_takes_less_than_250_bytes() -> None:
    count = 500
    examples = [example(str(number), image=b"%d" % (number // 5)) for number in range(count)]
    sides = [[said(each.id, f"{name} {each.id}") for each in examples] for name in ("base", "tuned")]
    evaluator = Evaluator({"exact": ExactMatch(), "own": lambda _: 1}, progress=False)
    compare(evaluator.evaluate(examples[:5], sides[0][:5]), evaluator.evaluate(examples[:5], sides[1][:5]))
    tracemalloc.start()
    try:
        found = compare(*(evaluator.evaluate(examples, side) for side in sides), resamples=100)
        gc.collect()
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(found.rows) == count
    assert held < 2 * count * 250  # a row of each of the two


@pytest.mark.parametrize("bad", [2.0, float("nan"), "text", None])
def test_a_scorer_that_fails_leaves_a_failure_not_a_zero(bad: object) -> None:
    scorers = {"bad": lambda _: bad, "good": ExactMatch()}
    row = Evaluator(scorers, progress=False).evaluate([example("a")], [said("a", "yes")]).rows[0]  # type: ignore[arg-type]
    assert isinstance(row.scores["bad"], ScoreFailure)
    assert row.value("good") == 1


def test_a_scorer_that_always_raises_says_why_in_the_evaluation_and_the_comparison() -> None:
    def broken(answered: AnsweredExample) -> float:
        return 1 / 0

    examples = [example(str(number), bytes([number])) for number in range(6)]
    sides = [
        Evaluator({"f": broken}, progress=False).evaluate(examples, [said(one.id, "yes", model) for one in examples])
        for model in ("base", "tuned")
    ]
    sentence = "f gave no score to 6 of 6 answers; each time for 'ZeroDivisionError: division by zero'."
    assert sides[0].scorer_failures == (sentence,)
    assert sentence in str(sides[0])
    assert "ZeroDivisionError" in sides[0]._repr_html_()
    comparison = compare(*sides, slice_by=None)
    assert f"On the base model's answers, {sentence}" in comparison.caveats
    assert "ZeroDivisionError" in str(comparison)


def test_what_a_scorer_spent_is_an_optional_protocol() -> None:
    class Counting:
        def __init__(self) -> None:
            self.used = ScorerUsage()

        @property
        def usage(self) -> ScorerUsage:
            return self.used

        def __call__(self, answered: AnsweredExample) -> bool:
            self.used = self.used.plus(ScorerUsage(requests=1, prompt_tokens=5))
            return answered.answer == "yes"

    scorer = Counting()
    assert isinstance(scorer, Metered)
    evaluator = Evaluator({"own": scorer, "plain": ExactMatch()}, progress=False)
    for _ in range(2):
        found = evaluator.evaluate([example("a")], [said("a", "yes")])
        assert found.scorers["own"].usage == ScorerUsage(requests=1, prompt_tokens=5)
        assert found.scorers["plain"].usage is None


def test_a_scorer_may_say_that_it_cannot_tell() -> None:
    failure = ScoreFailure(kind="blank", message="cannot tell")
    found = Evaluator({"own": lambda _: failure}, progress=False).evaluate([example("a")], [said("a", "yes")])
    assert found.rows[0].scores["own"] == failure
    assert found.summary(slice_by=None)[0].failed == 1
    assert found.summary(slice_by=None)[0].mean.value is None


def test_slow_scorers_run_in_threads_and_keep_the_order() -> None:
    threads: set[int] = set()

    def slow(answered: AnsweredExample) -> Score:
        threads.add(threading.get_ident())
        time.sleep(0.005)
        return Score(value=int(answered.answer) / 100)

    names = [str(number) for number in range(60)]
    found = Evaluator({"slow": slow}, max_workers=4, progress=False).evaluate(
        [example(name) for name in names], [said(name, name) for name in reversed(names)]
    )
    assert [row.value("slow") for row in found.rows] == [number / 100 for number in range(60)]
    assert len(threads) > 1


def test_one_worker_starts_no_thread() -> None:
    threads: set[int] = set()

    def slow(_: AnsweredExample) -> float:
        threads.add(threading.get_ident())
        time.sleep(0.003)
        return 1.0

    names = [str(number) for number in range(10)]
    Evaluator({"slow": slow}, max_workers=1, progress=False).evaluate(map(example, names), [said(n, n) for n in names])
    assert threads == {threading.get_ident()}


@pytest.mark.parametrize(
    ("examples", "predictions", "words"),
    [
        ([], [], "no example"),
        ([example("a"), example("a")], [], "same id"),
        ([example("a")], [said("b", "yes")], "belongs to no example"),
        ([example("a")], [said("a", "yes"), said("a", "no")], "two predictions"),
        ([example("a"), example("b")], [said("a", "x"), said("b", "x", "other")], "several models"),
        ([VQAExample(id="a", image=b"", question="?")], [], "no answer"),
    ],
)
def test_what_cannot_be_scored_is_an_error(
    examples: list[VQAExample], predictions: list[Prediction], words: str
) -> None:
    with pytest.raises(EvaluationError, match=words):
        Evaluator({"exact": ExactMatch()}, progress=False).evaluate(examples, predictions)


def test_no_scorer_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="no scorer"):
        Evaluator({})


@pytest.mark.parametrize(
    ("scorers", "message"),
    [
        ([ExactMatch()], r"the scorers are \[ExactMatch\(.*\)\], without names. Pass scorers by name"),
        (ExactMatch(), "without names"),
        ({"exact": "ExactMatch"}, "the scorer 'exact' is 'ExactMatch', which cannot be called"),
    ],
)
def test_scorers_without_names_are_refused_with_the_form_that_is_right(scorers: Any, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        Evaluator(scorers)


def test_rows_of_one_image_or_group_belong_together(tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(b"same")
    (tmp_path / "two.png").write_bytes(b"same")
    examples = [
        VQAExample(id="a", image=tmp_path / "one.png", question="?", answers=("x",)),
        VQAExample(id="b", image=tmp_path / "two.png", question="?", answers=("x",)),
        VQAExample(id="c", image=tmp_path / "gone.png", question="?", answers=("x",)),
        example("d", group="patient 1"),
    ]
    rows = Evaluator({"exact": ExactMatch()}, progress=False).evaluate(examples, []).rows
    assert rows[0].group == rows[1].group
    assert rows[2].group == str(tmp_path / "gone.png")
    assert rows[3].group == "patient 1"


def test_what_every_request_would_meet_stops_the_run_and_keeps_what_was_scored() -> None:
    def scorer(answered: AnsweredExample) -> bool:
        if answered.example.id == "c":
            raise AuthenticationError("the key was refused")
        return True

    with pytest.raises(AuthenticationError) as caught:
        Evaluator({"own": scorer}, progress=False).evaluate(map(example, "abcd"), [said(n, "x") for n in "abcd"])
    partial = caught.value.partial
    assert isinstance(partial, Evaluation)
    assert [row.example_id for row in partial.rows] == ["a", "b"]


def test_the_progress_bar_counts_rows(capfd: pytest.CaptureFixture[str]) -> None:
    Evaluator({"exact": ExactMatch()}).evaluate(map(example, "ab"), [said("a", "x"), said("b", "yes")])
    assert "2/2" in capfd.readouterr().err


def test_rows_carry_what_slices_need() -> None:
    one = VQAExample(
        id="a", image=b"", question="Colour?", answers=("red",), question_type="colour", metadata={"site": "north"}
    )
    row = Evaluator({"exact": ExactMatch()}, progress=False).evaluate([one], [said("a", "Red")]).rows[0]
    assert isinstance(row, ScoredRow)
    assert (row.kind, row.question_type, row.metadata["site"], row.model) == ("open", "colour", "north", "m")


def test_goes_to_another_process_and_says_what_it_is() -> None:
    evaluator = Evaluator({"exact": ExactMatch()}, progress=False)
    again = pickle.loads(pickle.dumps(evaluator))  # noqa: S301 - our own bytes
    assert again.evaluate([example("a")], [said("a", "yes")]) == evaluator.evaluate([example("a")], [said("a", "yes")])
    assert repr(again).startswith("Evaluator({'exact': ExactMatch(")
