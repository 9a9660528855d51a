"""Closed or open, from the data."""

from __future__ import annotations

from pathlib import Path

import pytest

from vqaft.data import ClosedChoices, Columns, FewValues, VQAExample, load_folder, question_kind, with_kinds
from vqaft.errors import DataError


def asked(question: str, answer: str, question_type: str | None = None) -> VQAExample:
    return VQAExample(
        id=question + answer, image="a", question=question, answers=(answer,), question_type=question_type
    )


@pytest.mark.parametrize(("answer", "kind"), [("left", "closed"), ("LEFT", "closed"), ("up", "open"), ("yes", "open")])
def test_a_fixed_list(answer: str, kind: str) -> None:
    assert ClosedChoices(["Left", "right "])(asked("?", answer)) == kind


def test_few_values() -> None:
    data = [asked("Side?", side, "side") for side in ("left", "Left", "right")]
    data += [asked("Name?", name) for name in ("a", "b", "c")]
    data += [asked("Constant?", "x")]
    rule = FewValues.of(data, at_most=2)
    assert [rule(each) for each in data] == ["closed"] * 3 + ["open"] * 4
    assert rule(asked("Other side?", "above", "side")) == "closed"


def test_a_rule_sets_what_everything_goes_by() -> None:
    left, up = with_kinds([asked("?", "left"), asked("?", "up")], ClosedChoices(["left", "right"]))
    assert (question_kind(left), question_kind(up)) == ("closed", "open")
    assert question_kind(asked("?", "left")) == "open"
    [unanswered] = with_kinds([VQAExample(id="1", image="a", question="?")], lambda _: "closed")
    assert question_kind(unanswered) == "closed"


def test_a_choice_is_between_two() -> None:
    with pytest.raises(DataError, match="between 2"):
        FewValues.of([], at_most=1)


def test_vqa_rad_has_closed_questions_that_are_neither_yes_nor_no(shared: Path) -> None:
    examples = list(load_folder(shared / "data" / "radiology", columns=Columns(question_type="question_type")))
    closed = [example for example in examples if example.question_type == "closed"]
    by_answer = sum(question_kind(example) == "closed" for example in closed)
    assert (len(closed), by_answer) == (1299, 1193)
