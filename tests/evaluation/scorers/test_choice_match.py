"""Multiple choice: the letter that an answer chooses, or none."""

# ruff: noqa: RUF001 - answers in several scripts

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.data import VQAExample
from vqaft.evaluation import AnsweredExample, ChoiceMatch, ScoreFailure

CHOICES = ("a cat", "a dog", "two dogs", "none")


def scored(answer: str, truth: str, choices: tuple[str, ...] | None = CHOICES, first: int = 0) -> float | None:
    metadata = {} if choices is None else {"choices": choices}
    example = VQAExample(id="1", image=b"", question="?", answers=(truth,), metadata=metadata)
    score = ChoiceMatch(first_index=first)(AnsweredExample(example=example, answer=answer))
    return None if isinstance(score, ScoreFailure) else score.value


CHOOSING_B = [
    "B",
    "b",
    "(B)",
    "(b)",
    "[B]",
    "B.",
    "B) a dog",
    "B: a dog",
    "B - a dog",
    "**B**",
    "Option B",
    "option b",
    "The answer is (B)",
    "Answer: B",
    "Answer - B",
    "Answer: **B**",
    "So, the correct option is B.",
    "The correct choice: B",
    "My choice is B",
    "I choose B",
    "I am sure it is B.",
    "It's B",
    "Not A but B",
    "Option A is wrong, so B",
    "A is wrong. B",
    "I considered (A), but it is incorrect. Final answer: B.",
    "The answer is B. Note that A is a common distractor.",
    "B\nThe sky is blue.",
    "B\n\nBecause a dog is visible.",
    "Reasoning: no cat.\nAnswer: B",
    "\\boxed{B}",
    "\\boxed{\\text{B}}",
    "Final Answer: The final answer is $B$.",
    "<think>Option A is red.</think>B",
    "答案：B",
    "答えは B です",
    "Antwort: B",
    "Réponse : B",
    "Respuesta: B",
    "Ответ: B",
    "Ans: B",
    "B is the correct answer.",
    "A is incorrect. B is correct.",
    "选B",
    "答え：Ｂ",
    "La respuesta correcta es la B.",
    "答案选B。",
    "정답은 B입니다.",
    "I think the answer is B, not A.",
    "a dog",
    "A dog.",
    "the dog",
    "I think it is a dog",
    "Answer: a dog, not a cat",
    "A... no wait, B",
    "A. Actually, B.",
    "I'd say A. Wait, it's B.",
    "First A, but on reflection B",
    "Answer: A\nCorrection: B",
    "B, not A",
    "B (not A)",
    "B instead of A",
    "B rather than option A",
]
NOT_CHOOSING_B = [
    "A",
    "C",
    "two dogs",
    "",
    "a cat or a dog",
    "E",
    "(A) or (B)",
    "Answer: A, B",
    "I don't know",
    "Option B is wrong",
    "(B) is incorrect",
    "The answer is not B.",
    "Neither A nor B",
    "not a dog",
    "Be careful",
    "vitamin B12",
    "B... no wait, A",
    "B. Sorry, I mean A.",
    "A, not B",
    "A instead of B",
]


@pytest.mark.parametrize("answer", CHOOSING_B)
def test_one_choice_in_many_forms(answer: str) -> None:
    assert scored(answer, "B") == 1
    assert scored(answer, "a dog") == 1
    assert scored(answer, "1") == 1
    assert scored(answer, "2", first=1) == 1
    assert scored(answer, "A") == 0


@pytest.mark.parametrize("answer", NOT_CHOOSING_B)
def test_another_choice_or_none(answer: str) -> None:
    assert scored(answer, "B") == 0


@pytest.mark.parametrize("answer", ["Answer: A big dog is shown", "A man is standing there", "I think so", "A dog"])
def test_an_article_or_pronoun_is_no_letter(answer: str) -> None:
    assert scored(answer, "A", None) == 0
    assert scored(answer, "I", None) == 0


def test_without_choices_letters_decide() -> None:
    assert scored("(C)", "C", None) == 1
    assert scored("A dog", "C", None) == 0


def test_a_reference_that_is_no_choice_cannot_be_scored_and_says_what_is() -> None:
    example = VQAExample(id="1", image=b"", question="?", answers=("a horse",), metadata={"choices": CHOICES})
    failure = ChoiceMatch()(AnsweredExample(example=example, answer="B"))
    assert isinstance(failure, ScoreFailure)
    assert "'two dogs'" in failure.message
    assert scored("B", "E") is None
    assert scored("B", "7") is None


@given(
    st.sampled_from("ABCDE"),
    st.sampled_from("ABCDE"),
    st.sampled_from(["{}", "({})", "{}.", "Answer: {}", "Option {}"]),
)
def test_a_letter_is_right_if_it_is_the_letter(said: str, truth: str, form: str) -> None:
    assert scored(form.format(said), truth, None) == (said == truth)


@given(st.sampled_from("ABCD"), st.sampled_from(["Option {} is wrong", "({}) is incorrect", "It is not {}.", "not {}"]))
def test_a_letter_that_is_denied_is_never_chosen(letter: str, form: str) -> None:
    assert scored(form.format(letter), letter, None) == 0
