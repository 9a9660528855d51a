from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from vqaft.errors import EvaluationError
from vqaft.evaluation import Evaluation, compare, correct_difference

Make = Callable[..., Evaluation]


def test_a_judge_that_favours_the_tuned_model_is_corrected(evaluation: Make) -> None:
    rng = np.random.default_rng(4)
    true_base, true_tuned = (rng.integers(0, 2, size=600).astype(float) for _ in range(2))
    kind = np.where(rng.random(600) < 0.3, 1.0, true_tuned)  # the judge calls some of tuned's wrong answers right
    comparison = compare(evaluation(true_base.tolist()), evaluation(kind.tolist()))
    human = {str(place): (true_base[place], true_tuned[place]) for place in range(150)}
    found = correct_difference(comparison, human)
    true = float((true_tuned - true_base).mean())
    assert (found.n, found.labeled) == (600, 150)
    assert found.judged.interval is not None
    assert found.human.interval is not None
    assert found.corrected.interval is not None
    assert true not in found.judged.interval
    assert true in found.corrected.interval
    assert (
        found.corrected.interval.high - found.corrected.interval.low
        < found.human.interval.high - found.human.interval.low
    )
    assert "150 labeled by people" in str(found)


def test_too_few_or_unknown_labels_are_an_error(evaluation: Make) -> None:
    comparison = compare(evaluation([1.0, 0.0, None]), evaluation([1.0, 1.0, 1.0]))
    with pytest.raises(EvaluationError, match="at least two"):
        correct_difference(comparison, {"0": (1.0, 1.0), "2": (1.0, 1.0)})
    with pytest.raises(EvaluationError, match="not compared"):
        correct_difference(comparison, {"9": (1.0, 1.0)})
