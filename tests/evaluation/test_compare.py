from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vqaft.errors import EvaluationError, StateError
from vqaft.evaluation import (
    Comparison,
    Evaluation,
    Outcome,
    Score,
    ScoredRow,
    ScoreFailure,
    ScorerFacts,
    Verdict,
    compare,
)
from vqaft.inference import Failure

Make = Callable[..., Evaluation]
LABELS = {1.0: "Good", 0.5: "Fair", 0.0: "Bad"}


def paired(make: Make, won: int, lost: int, both: int, neither: int, **more: object) -> Comparison:
    base = [0.0] * won + [1.0] * (lost + both) + [0.0] * neither
    tuned = [1.0] * won + [0.0] * lost + [1.0] * both + [0.0] * neither
    return compare(make(base, model="base"), make(tuned, model="tuned"), **more)  # type: ignore[arg-type]


def test_the_cookbooks_closed_questions_show_no_difference(evaluation: Make) -> None:
    """172 against 167 of 190; even the kindest pairing, nothing lost, is no proof."""
    kindest = paired(evaluation, 5, 0, 167, 18).overall()
    assert kindest.base.value == pytest.approx(167 / 190)
    assert kindest.tuned.value == pytest.approx(172 / 190)
    assert kindest.difference.value == pytest.approx(5 / 190)
    assert kindest.test is not None
    assert (kindest.test.name, kindest.test.p_value, kindest.mcnemar_p) == ("exact McNemar", 0.0625, 0.0625)
    assert kindest.verdict is Verdict.NO_DIFFERENCE
    assert "no detectable difference" in kindest.words
    assert kindest.base.interval is not None
    assert kindest.base.interval.method == "Clopper-Pearson"


def test_a_real_gain_is_said_to_be_one(evaluation: Make) -> None:
    found = paired(evaluation, 80, 27, 109, 79)
    overall = found.overall("score")
    assert overall.verdict is Verdict.BETTER
    assert overall.difference.interval is not None
    assert 0 < overall.difference.interval.low < 53 / 295 < overall.difference.interval.high
    assert "the tuned model is better (+18.0 points on 295 examples" in found.verdict
    assert str(found).endswith(found.verdict)


def test_a_loss_is_said_to_be_one(evaluation: Make) -> None:
    assert paired(evaluation, 5, 60, 50, 50).overall().verdict is Verdict.WORSE


def test_flips(evaluation: Make) -> None:
    found = paired(evaluation, 3, 2, 5, 4)
    counts = {outcome: len(rows) for outcome, rows in found.flips().items()}
    assert counts == {
        Outcome.WON: 3,
        Outcome.LOST: 2,
        Outcome.BOTH_RIGHT: 5,
        Outcome.BOTH_WRONG: 4,
        Outcome.INCOMPLETE: 0,
    }
    assert (found.overall().won, found.overall().lost) == (3, 2)


def test_questions_of_one_image_are_not_independent(evaluation: Make) -> None:
    """The same figures, once from 120 images and once from 12 whose questions all go the same way."""
    base, tuned = [0.0] * 40 + [1.0] * 80, [1.0] * 40 + [0.0] * 20 + [1.0] * 60
    groups = [str(place // 10) for place in range(120)]
    alone = compare(evaluation(base), evaluation(tuned)).overall()
    together = compare(evaluation(base, groups), evaluation(tuned, groups)).overall()
    assert alone.verdict is Verdict.BETTER
    assert together.verdict is Verdict.NO_DIFFERENCE
    assert together.clusters == 12
    assert together.test is not None
    assert together.test.name == "sign flip of images"
    assert together.mcnemar_p == alone.mcnemar_p
    assert together.detectable is None  # twelve images are too few to tell
    assert alone.detectable is not None
    assert together.informative == 6


def test_missing_answers_are_counted_and_bounded(evaluation: Make) -> None:
    base = evaluation([1.0, None, 0.0, 0.0, 1.0])
    tuned = evaluation([1.0, 1.0, None, 1.0, 1.0])
    overall = compare(base, tuned).overall()
    assert overall.n == 3
    assert (overall.missing.base_missing, overall.missing.tuned_missing) == (1, 1)
    assert overall.difference.value == pytest.approx(1 / 3)
    assert overall.missing.worst.value == pytest.approx((0 + 0 + 0 + 1 + 0) / 5)
    assert overall.missing.best.value == pytest.approx((0 + 1 + 1 + 1 + 0) / 5)
    assert overall.counted_wrong.n == 3
    assert overall.counted_wrong.difference.value == pytest.approx(1 / 3)


def refusing(share: float, n: int, *, seed: int) -> list[float | None]:
    """Scores of a model that is right on 7 of 10 and refuses this share of what it would get wrong."""
    rng = np.random.default_rng(seed)
    return [1.0 if rng.random() < 0.7 else None if rng.random() < share else 0.0 for _ in range(n)]


def test_refusing_what_would_be_wrong_is_no_gain(evaluation: Make) -> None:
    """Two models of equal skill, one refusing what it would miss: the headline says that missing answers matter."""
    base, tuned = refusing(0.0, 300, seed=1), refusing(0.8, 300, seed=2)
    failure = Failure(kind="refused", message="I cannot help with that.")
    withheld = evaluation(tuned)
    rows = tuple(row if row.answer else replace(row, failure=failure) for row in withheld.rows)
    overall = compare(evaluation(base), replace(withheld, rows=rows), slice_by=None).overall()
    assert overall.verdict is Verdict.BETTER
    assert "but the missing answers could turn this (" in overall.words
    assert "with missing answers counted as wrong" in overall.words
    counted = overall.counted_wrong
    assert counted.n == 300
    assert counted.tuned.value == pytest.approx(sum(value or 0 for value in tuned) / 300)
    assert counted.difference.interval is not None
    assert 0.0 in counted.difference.interval
    worst = overall.missing.worst
    assert worst.interval is not None
    assert worst.interval.low < (worst.value or 0) < (overall.missing.best.value or 0)


def test_missing_answers_that_could_turn_the_result_are_warned_of(evaluation: Make) -> None:
    base = [0.0] * 30 + [1.0] * 30 + [1.0] * 40
    tuned: list[float | None] = [*[1.0] * 30, *[1.0] * 30, *[None] * 40]
    found = compare(evaluation(base), evaluation(tuned))
    assert found.overall().verdict is Verdict.BETTER
    assert any("could turn the result" in caveat for caveat in found.caveats)
    assert found.caveats[0] in str(found)


def test_examples_of_one_side_only_are_missing_on_the_other(evaluation: Make) -> None:
    base, tuned = evaluation([1.0, 0.0, 1.0]), evaluation([1.0, 1.0])
    found = compare(base, tuned)
    assert len(found.rows) == 3
    assert found.rows[2].tuned.status == "missing"
    assert found.overall().missing.tuned_missing == 1


def test_nothing_paired_is_nothing_to_compare(evaluation: Make) -> None:
    overall = compare(evaluation([1.0, None]), evaluation([None, 1.0])).overall()
    assert overall.verdict is Verdict.NO_DATA
    assert overall.difference.value is None
    assert "nothing to compare" in overall.words


@pytest.mark.parametrize(
    ("scorers", "words"),
    [
        ({"other": ScorerFacts(description="score")}, "different scorers"),
        ({"score": ScorerFacts(description="another rule")}, "not the same"),
    ],
)
def test_two_rules_are_an_error(evaluation: Make, scorers: dict[str, ScorerFacts], words: str) -> None:
    base = evaluation([1.0])
    with pytest.raises(EvaluationError, match=words):
        compare(base, replace(base, scorers=scorers))


def test_other_data_are_an_error(evaluation: Make) -> None:
    base = evaluation([1.0])
    row = replace(base.rows[0], answers=("something else",))
    with pytest.raises(EvaluationError, match=r"'0'.*differ"):
        compare(base, replace(base, rows=(row,)))
    with pytest.raises(EvaluationError, match="no example in common"):
        compare(base, replace(base, rows=(replace(row, example_id="9"),)))


def test_slices_are_corrected_for_one_another(evaluation: Make) -> None:
    kinds = ["closed"] * 40 + ["open"] * 40
    base, tuned = [0.0] * 80, [1.0] * 6 + [0.0] * 34 + [1.0] * 7 + [0.0] * 33
    found = compare(evaluation(base, kinds=kinds), evaluation(tuned, kinds=kinds))
    overall, closed, opened = found.of()
    assert [part.value for part in found.of()] == ["all", "closed", "open"]  # no row has a question type
    assert overall.test is not None
    assert closed.test is not None
    assert opened.test is not None
    assert overall.test.p_adjusted == overall.test.p_value
    assert (closed.test.p_value, opened.test.p_value) == (2 / 2**6, 2 / 2**7)
    assert (closed.test.p_adjusted, opened.test.p_adjusted) == (2 / 2**6, 4 / 2**7)


def test_slices_of_the_same_rows_are_one_test(evaluation: Make) -> None:
    kinds = ["closed"] * 40 + ["open"] * 40
    base, tuned = [0.0] * 80, [1.0] * 6 + [0.0] * 34 + [1.0] * 7 + [0.0] * 33

    def again(row: ScoredRow) -> str:
        return f"again {row.kind}"

    found = compare(evaluation(base, kinds=kinds), evaluation(tuned, kinds=kinds), slice_by=["kind", again]).of()
    adjusted = [part.test.p_adjusted for part in found if part.test]
    assert adjusted[1:] == [2 / 2**6, 4 / 2**7, 2 / 2**6, 4 / 2**7]


def test_slicing_by_a_function(evaluation: Make) -> None:
    def half(row: ScoredRow) -> str:
        return "first" if int(row.example_id) < 2 else "second"

    found = compare(evaluation([0.0] * 4), evaluation([1.0, 1, 0, 0]), slice_by=half)
    assert [(part.slice_by, part.value, part.difference.value) for part in found.of()] == [
        ("all", "all", 0.5),
        ("half", "first", 1.0),
        ("half", "second", 0.0),
    ]


def test_ratings_are_counted_best_first(evaluation: Make) -> None:
    base = evaluation([1.0, 0.0, 0.0, None], labels=LABELS)
    tuned = evaluation([1.0, 0.5, 0.0, 1.0], labels=LABELS)
    (ratings,) = compare(base, tuned).ratings
    assert ratings.levels == ("Good", "Fair", "Bad")
    assert (ratings.base, ratings.tuned) == ((1, 0, 2), (1, 1, 1))
    assert "Fair" in str(compare(base, tuned))
    assert "Fair" in compare(base, tuned)._repr_html_()


def test_an_unknown_scorer_is_an_error(evaluation: Make) -> None:
    with pytest.raises(EvaluationError, match="no scorer 'other'"):
        paired(evaluation, 1, 1, 1, 1).overall("other")


def test_frame_has_a_row_a_slice(evaluation: Make) -> None:
    frame = paired(evaluation, 5, 0, 167, 18, slice_by=None).to_pandas()
    assert len(frame) == 1
    assert frame.loc[0, "p_value"] == 0.0625
    assert frame.loc[0, "base_low"] < frame.loc[0, "base"] < frame.loc[0, "base_high"]


def test_pickles(evaluation: Make) -> None:
    found = paired(evaluation, 3, 2, 5, 4)
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - our own bytes


def test_hostile_names_stay_text(evaluation: Make) -> None:
    base = evaluation([1.0, 0.0], model="<script>", kinds=["closed", "open"])
    page = compare(base, base)._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_few_images_are_warned_of(evaluation: Make) -> None:
    assert "which gain would be missed" in paired(evaluation, 2, 1, 1, 2).caveats[0]
    assert "too few for any difference" in paired(evaluation, 5, 0, 0, 0).caveats[0]
    assert paired(evaluation, 20, 10, 10, 10).caveats == ()
    groups = [*map(str, range(40)), *["one"] * 20]
    assert "unreliable" in compare(evaluation([0.0] * 60, groups), evaluation([1.0] * 60, groups)).caveats[-1]


@settings(deadline=None)
@given(
    values=st.lists(
        st.tuples(st.none() | st.sampled_from([0.0, 1 / 3, 1.0]), st.none() | st.sampled_from([0.0, 1 / 3, 1.0])),
        min_size=1,
        max_size=25,
    )
)
def test_figures_equal_a_naive_recomputation(evaluation: Make, values: list[tuple[float | None, float | None]]) -> None:
    base, tuned = (evaluation([pair[side] for pair in values]) for side in (0, 1))
    overall = compare(base, tuned, resamples=200).overall()
    both = [(old, new) for old, new in values if old is not None and new is not None]
    assert overall.n == len(both)
    if both:
        assert overall.difference.value == pytest.approx(float(np.mean([new - old for old, new in both])))
        assert overall.base.value == pytest.approx(float(np.mean([old for old, _ in both])))
        assert (overall.missing.worst.value or 0) - 1e-12 <= (overall.missing.best.value or 0)


@settings(deadline=None)
@given(values=st.lists(st.sampled_from([0.0, 1.0]), min_size=2, max_size=25), other=st.integers(0, 2**32 - 1))
def test_swapping_the_models_turns_the_signs(evaluation: Make, values: list[float], other: int) -> None:
    tuned = np.random.default_rng(other).integers(0, 2, size=len(values)).astype(float).tolist()
    one = compare(evaluation(values), evaluation(tuned), resamples=500).overall()
    two = compare(evaluation(tuned), evaluation(values), resamples=500).overall()
    assert one.test is not None
    assert two.test is not None
    assert one.test.p_value == two.test.p_value
    assert one.difference.value == pytest.approx(-(two.difference.value or 0.0))
    assert (one.won, one.lost) == (two.lost, two.won)


def test_scorers_that_disagree_are_warned_of(evaluation: Make) -> None:
    def both(values: list[float]) -> Evaluation:
        one = evaluation(values)
        rows = tuple(
            replace(row, scores={"score": row.scores["score"], "flat": Score(value=1.0)}, question_type="t")
            for row in one.rows
        )
        return replace(one, scorers={**one.scorers, "flat": ScorerFacts(description="flat")}, rows=rows)

    found = compare(both([0.0] * 40), both([1.0] * 40))
    assert found.overall("score").verdict is Verdict.BETTER
    assert found.overall("flat").verdict is Verdict.NO_DIFFERENCE
    assert any("disagree" in caveat for caveat in found.caveats)
    assert any("2 scorers were compared" in caveat for caveat in found.caveats)
    assert (found.rows[0].question_type, found.rows[0].kind) == ("t", "open")


def test_several_scorers_are_corrected_for_one_another(evaluation: Make) -> None:
    def scored(values: list[float], names: tuple[str, ...]) -> Evaluation:
        one = evaluation(values)
        rows = tuple(replace(row, scores=dict.fromkeys(names, row.scores["score"])) for row in one.rows)
        return replace(one, scorers={name: ScorerFacts(description=name) for name in names}, rows=rows)

    base, tuned = [0.0] * 6 + [1.0] * 60, [1.0] * 66
    alone, among = (
        compare(scored(base, names), scored(tuned, names), slice_by=None).overall()
        for names in (("a",), ("a", "b", "c", "d"))
    )
    assert alone.verdict is Verdict.BETTER
    assert among.verdict is Verdict.NO_DIFFERENCE
    assert alone.test is not None
    assert among.test is not None
    assert among.test.p_adjusted == pytest.approx(4 * alone.test.p_adjusted)


def test_a_scorer_that_fails_on_everything_says_why(evaluation: Make) -> None:
    failing = ScoreFailure(kind="ZeroDivisionError", message="division by zero")
    one = evaluation([1.0, 0.0])
    broken = replace(one, rows=tuple(replace(row, scores={"score": failing}) for row in one.rows))
    assert any("ZeroDivisionError: division by zero" in caveat for caveat in compare(broken, broken).caveats)


@pytest.mark.parametrize(
    "setting", [{"confidence": 95.0}, {"confidence": 0.0}, {"margin": 2.0}, {"margin": 0.0}, {"resamples": 0}]
)
def test_settings_out_of_range_are_refused(evaluation: Make, setting: dict[str, float]) -> None:
    with pytest.raises(EvaluationError, match=next(iter(setting))):
        compare(evaluation([1.0]), evaluation([1.0]), **setting)  # type: ignore[arg-type]


def test_a_comparison_comes_back_as_it_was(evaluation: Make, tmp_path: Path) -> None:
    base, tuned = evaluation([1.0, 0.0, None, 0.5], ["a", "a", "b", "c"]), evaluation([1.0, 1.0, 0.0, 1.0])
    failure = ScoreFailure(kind="no number", message="holds no number")
    odd = replace(tuned.rows[2], scores={"score": failure}, metadata={"site": ["north", 3]})
    base = replace(base, rows=(*base.rows[:2], replace(base.rows[2], metadata=odd.metadata), base.rows[3]))
    found = compare(base, replace(tuned, rows=(*tuned.rows[:2], odd, tuned.rows[3])), margin=0.1, resamples=200)
    again = Comparison.read(found.write(tmp_path / "comparison.json"))
    assert again.slices == found.slices
    assert again.to_dict() == found.to_dict()
    assert again.to_json() == found.to_json() == (tmp_path / "comparison.json").read_text(encoding="ascii")
    assert str(again) == str(found)
    assert [row.tuned.scores for row in again.rows] == [row.tuned.scores for row in found.rows]


@pytest.mark.parametrize("text", ["", "{}", '{"format": "vqaft.comparison", "version": 1}', "[]"])
def test_what_is_not_a_comparison_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.json").write_text(text, encoding="utf-8")
    with pytest.raises(StateError, match="not"):
        Comparison.read(tmp_path / "odd.json")


def test_a_column_that_no_row_has_is_no_slice(evaluation: Make) -> None:
    one = evaluation([1.0, 0.0])
    with pytest.raises(EvaluationError, match="slice_by is 'modalty', a column that no row has"):
        compare(one, one, slice_by="modalty")
