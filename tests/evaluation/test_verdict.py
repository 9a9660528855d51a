from __future__ import annotations

from collections.abc import Callable

import pytest

from vqaft.evaluation import Evaluation, SliceComparison, Verdict, compare

Make = Callable[..., Evaluation]


def overall(make: Make, won: int, lost: int, same: int, margin: float | None) -> SliceComparison:
    base, tuned = [0.0] * won + [1.0] * lost, [1.0] * won + [0.0] * lost
    return compare(make(base + [1.0] * same), make(tuned + [1.0] * same), margin=margin).overall()


@pytest.mark.parametrize(
    ("won", "lost", "same", "margin", "verdict"),
    [
        (10, 10, 980, None, Verdict.NO_DIFFERENCE),
        (10, 10, 980, 0.02, Verdict.EQUIVALENT),
        (10, 10, 80, 0.02, Verdict.NO_DIFFERENCE),
        (20, 10, 70, 0.05, Verdict.NOT_WORSE),
        (80, 10, 10, 0.05, Verdict.BETTER),
        (10, 80, 10, 0.05, Verdict.WORSE),
        (0, 10, 1990, 0.02, Verdict.EQUIVALENT),  # a loss for sure, but one that was said not to matter
        (0, 0, 20, 0.01, Verdict.NO_DIFFERENCE),  # twenty equal answers prove no equivalence
    ],
)
def test_margins(evaluation: Make, won: int, lost: int, same: int, margin: float | None, verdict: Verdict) -> None:
    found = overall(evaluation, won, lost, same, margin)
    assert found.verdict is verdict
    assert (found.margin_interval is None) == (margin is None)


def test_words_name_the_margin(evaluation: Make) -> None:
    assert "as good, within 2.0 points" in overall(evaluation, 10, 10, 980, 0.02).words
    assert "not worse, within 5.0 points" in overall(evaluation, 20, 10, 70, 0.05).words
    assert "90 % interval" in overall(evaluation, 10, 10, 980, 0.02).words


def test_words_say_what_could_have_been_seen(evaluation: Make) -> None:
    words = overall(evaluation, 5, 3, 182, None).words
    assert words.startswith("no detectable difference (+1.1 points on 190 examples")
    assert "Even the gain of a perfect model would be missed" in words
    words = overall(evaluation, 33, 30, 127, None).words
    assert "points would be missed in more than one of five tests." in words
