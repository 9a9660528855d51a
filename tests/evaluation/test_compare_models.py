"""Several models, pair by pair, with one correction for all pairs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vqaft.errors import EvaluationError
from vqaft.evaluation import Evaluation, Score, ScoredRow, ScorerFacts, Verdict, compare, compare_models


def evaluation(model: str, right: Callable[[int], bool | None], n: int = 80) -> Evaluation:
    """An evaluation of n examples on n images; None leaves an example without an answer."""
    rows = [
        ScoredRow(
            example_id=f"{place}",
            group=f"image {place}",
            kind="open",
            question="?",
            answers=("a",),
            model=model,
            answer=None if right(place) is None else "a",
            scores={} if right(place) is None else {"exact": Score(value=float(bool(right(place))))},
        )
        for place in range(n)
    ]
    return Evaluation(model=model, scorers={"exact": ScorerFacts(description="exact")}, rows=tuple(rows))


MODELS = {
    "base": evaluation("small", lambda place: place % 2 == 0),
    "tuned": evaluation("ft:small", lambda place: place % 5 > 0),
    "teacher": evaluation("large", lambda place: None if place < 3 else place % 8 > 0),
}


def test_every_pair_is_compared_and_corrected() -> None:
    found = compare_models(MODELS, resamples=200)
    assert [(pair.first, pair.second) for pair in found.pairs] == [
        ("base", "tuned"),
        ("base", "teacher"),
        ("tuned", "teacher"),
    ]
    alone = [compare(MODELS[pair.first], MODELS[pair.second], resamples=200).overall() for pair in found.pairs]
    raw = sorted(part.test.p_value for part in alone if part.test)
    least = min(pair.test.p_adjusted for pair in found.pairs if pair.test)
    assert least == pytest.approx(3 * raw[0])
    for pair, part in zip(found.pairs, alone, strict=True):
        assert (pair.n, pair.won, pair.lost, pair.difference) == (part.n, part.won, part.lost, part.difference)
        assert pair.test is not None
        assert part.test is not None
        assert pair.test.p_adjusted >= part.test.p_value
    assert [pair.verdict for pair in found.pairs] == [Verdict.BETTER, Verdict.BETTER, Verdict.NO_DIFFERENCE]
    assert found.means["teacher"].failed == 3
    assert found.means["base"].mean.value == 0.5
    assert found.main.base_model == "small"
    assert set(found.others) == {"teacher"}
    assert found.others["teacher"]["5"].answer == "a"


def test_it_shows_itself() -> None:
    found = compare_models(MODELS, resamples=50)
    assert "tuned − base" in str(found)
    assert str(found) == repr(found)
    assert "50.0 %" in str(found)
    assert "corrected for 3 pairs (Holm)" in found._repr_html_()
    assert "<b>" not in compare_models({"<b>": MODELS["base"], "t": MODELS["tuned"]}, resamples=20)._repr_html_()


def test_a_verdict_rests_on_the_corrected_p() -> None:
    close = {f"m{place}": evaluation(f"m{place}", lambda row: row % 2 == 0) for place in range(6)}
    close["last"] = evaluation("last", lambda row: row % 2 == 0 or row < 12)  # six more, p = 0.031 alone
    (alone,) = compare_models({"m0": close["m0"], "last": close["last"]}, resamples=200).pairs
    assert alone.verdict is Verdict.BETTER
    assert {pair.verdict for pair in compare_models(close, resamples=50).pairs} == {Verdict.NO_DIFFERENCE}


@given(st.lists(st.booleans(), min_size=3, max_size=12))
@settings(max_examples=20)
def test_two_models_are_the_plain_comparison(outcomes: list[bool]) -> None:
    base = evaluation("b", lambda _: True, len(outcomes))
    tuned = evaluation("t", lambda place: outcomes[place], len(outcomes))
    (pair,) = compare_models({"b": base, "t": tuned}, resamples=20).pairs
    plain = compare(base, tuned, resamples=20).overall()
    assert (pair.difference, pair.test, pair.verdict) == (plain.difference, plain.test, plain.verdict)


def test_one_model_is_refused() -> None:
    with pytest.raises(EvaluationError, match="1 evaluations cannot be compared"):
        compare_models({"base": MODELS["base"]})
    with pytest.raises(EvaluationError, match="no scorer 'taste'"):
        compare_models(MODELS, scorer="taste", resamples=10)
