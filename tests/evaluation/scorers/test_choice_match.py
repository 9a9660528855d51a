from __future__ import annotations

import pytest

from vqaft.data import VQAExample
from vqaft.evaluation import AnsweredExample, ChoiceMatch, ScoreFailure

CHOICES = ("a cat", "a dog", "two dogs", "none")


def scored(answer: str, truth: str, choices: tuple[str, ...] | None = CHOICES) -> float | None:
    metadata = {} if choices is None else {"choices": choices}
    example = VQAExample(id="1", image=b"", question="?", answers=(truth,), metadata=metadata)
    score = ChoiceMatch()(AnsweredExample(example=example, answer=answer))
    return None if isinstance(score, ScoreFailure) else score.value


@pytest.mark.parametrize(
    "answer",
    [
        "B",
        "b",
        "(B)",
        "(b)",
        "B.",
        "B) a dog",
        "B: a dog",
        "Option B",
        "The answer is (B)",
        "Answer: B",
        "a dog",
        "A dog.",
        "I think it is a dog",
        "Reasoning: no cat.\nAnswer: B",
        "**B**",
        "B - a dog",
        "the dog",
        "\\boxed{B}",
    ],
)
def test_one_choice_in_many_forms(answer: str) -> None:
    assert scored(answer, "B") == 1
    assert scored(answer, "a dog") == 1


@pytest.mark.parametrize("answer", ["A", "C", "two dogs", "", "a cat or a dog", "E", "(A) or (B)", "I don't know"])
def test_another_choice_or_none(answer: str) -> None:
    assert scored(answer, "B") == 0


def test_without_choices_letters_decide() -> None:
    assert scored("(C)", "C", None) == 1
    assert scored("A dog", "C", None) == 0


def test_a_truth_that_is_no_choice_cannot_be_scored() -> None:
    assert scored("B", "a horse") is None
    assert scored("B", "E") is None
