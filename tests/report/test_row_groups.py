"""Which rows a report shows: all that fit, and of more the changes first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.data import VQAExample
from vqaft.errors import DataError
from vqaft.evaluation import Comparison, Evaluator, ExactMatch, Outcome, compare
from vqaft.inference import Prediction, Predictions
from vqaft.report import PageBudget, render_report
from vqaft.report.row_groups import RowGroup, group_rows


def comparison(outcomes: list[int]) -> Comparison:
    """Two runs whose rows are right (bit 1: base, bit 2: tuned) as told."""
    examples = [VQAExample(id=str(n), image=b"%d" % n, question="?", answers=("yes",)) for n in range(len(outcomes))]

    def answered(bit: int) -> Predictions:
        words = ["yes" if outcome & bit else "no" for outcome in outcomes]
        return Predictions(Prediction(example_id=str(n), model=f"m{bit}", answer=word) for n, word in enumerate(words))

    evaluator = Evaluator({"exact": ExactMatch()}, progress=False)
    return compare(*(evaluator.evaluate(examples, answered(bit)) for bit in (1, 2)), resamples=100)


def shown(groups: tuple[RowGroup, ...]) -> dict[Outcome, int]:
    return {group.outcome: len(group.rows) for group in groups}


@given(st.lists(st.integers(0, 3), min_size=2, max_size=60), st.integers(1, 70))
def test_the_bound_holds_and_nothing_is_invented(outcomes: list[int], most: int) -> None:
    both = comparison(outcomes)
    groups = group_rows(both, max_rows=most)
    rows = [row.example_id for group in groups for row in group.rows]
    assert len(rows) == len(set(rows)) <= most
    assert sum(group.total for group in groups) == len(outcomes)
    if len(outcomes) <= most:
        assert len(rows) == len(outcomes)
    else:
        assert len(rows) >= min(most, len(outcomes)) - 4  # shares are whole numbers


def test_changes_come_before_what_stayed() -> None:
    groups = group_rows(comparison([2] * 30 + [1] * 10 + [3] * 200 + [0] * 200), max_rows=100)
    assert shown(groups) == {Outcome.WON: 30, Outcome.LOST: 10, Outcome.BOTH_WRONG: 30, Outcome.BOTH_RIGHT: 30}
    groups = group_rows(comparison([2] * 300 + [1] * 10 + [3] * 100), max_rows=100)
    assert shown(groups) == {Outcome.WON: 70, Outcome.LOST: 10, Outcome.BOTH_RIGHT: 20}


def test_the_page_says_what_it_leaves_out() -> None:
    page = render_report(comparison([2] * 30 + [3] * 70), budget=PageBudget(max_rows=20))
    assert "shows 20 of 100 rows" in page
    assert page.count('<div class="row"') == 20
    assert "shows" not in render_report(comparison([2] * 3)).split('<h2 id="examples"')[1].split("<form")[0]


@pytest.mark.parametrize("name", ["max_rows", "total_bytes", "max_side", "max_workers"])
def test_a_budget_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(DataError, match=name):
        PageBudget(**{name: 0})
