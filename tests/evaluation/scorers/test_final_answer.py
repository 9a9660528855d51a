from __future__ import annotations

import time

import pytest

from vqaft.data import VQAExample
from vqaft.evaluation import AnsweredExample, ChoiceMatch, DateMatch, LenientMatch, Numeric, TimeMatch, final_answer
from vqaft.inference import outcome_of_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("red", "red"),
        ("Reasoning: there are letters.\nConclusion: Yes", "Yes"),
        ("**Final Answer:** 42 boats", "42 boats"),
        ("I looked. The answer is blue.", "blue."),
        ("Therefore, the final answer is: blue", "blue"),
        ("Answer: no\nAnswer: yes", "yes"),
        ("so \\boxed{17} it is. Answer: 3", "17"),
        ("<answer>a cat</answer>", "a cat"),
        ("It answers nothing: no answer in sight", "It answers nothing: no answer in sight"),
        ("Answer:", "Answer:"),
        ("<answer>one</answer> then <ANSWER>two</ANSWER>", "two"),
        ("<answer>never closed", "<answer>never closed"),
        ("İİ <answer>x</answer>", "x"),
        ("</answer><answer>", "</answer><answer>"),
        (f"{'word ' * 30}. So, the final answer is: 7", "7"),
        (f"{'word ' * 30}the real answer is hidden", f"{'word ' * 30}the real answer is hidden"),
        ("Answer: Yes\nBecause it is so.", "Yes"),
    ],
)
def test_cases(text: str, expected: str) -> None:
    assert final_answer(text) == expected


@pytest.mark.parametrize(
    "filler", ["*", " ", "\n", "* _ # ", "answer: ", "\\boxed{", "<answer>", "\ntherefore ", "</answer>"]
)
def test_long_and_hostile_answers_take_time_in_proportion(filler: str) -> None:
    """A pattern that goes back and forth would take hours here."""
    assert final_answer(filler * (1_000_000 // len(filler)) + "\nFinal answer: 7") == "7"


@pytest.mark.parametrize(
    "filler", ["1,", "1 ", "a, ", "\n", "$", "(A) ", "not ", "12/", "one hundred ", "{", "犬", "1:", "- "]
)
def test_scorers_take_time_in_proportion_too(filler: str) -> None:
    answer = filler * (10_000 // len(filler)) + " red"
    example = VQAExample(id="1", image=b"x", question="What color is 1?", answers=("red", "5", "1:30", "犬"))
    start = time.thread_time()
    for scorer in (LenientMatch(), Numeric(), ChoiceMatch(), DateMatch(), TimeMatch()):
        scorer(AnsweredExample(example=example, answer=answer))
    outcome_of_text(answer)
    assert time.thread_time() - start < 5
