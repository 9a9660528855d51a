from __future__ import annotations

import pytest

from vqaft.evaluation import final_answer


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
