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
        ("Answer: Yes\nBecause it is so.", "Yes"),
    ],
)
def test_cases(text: str, expected: str) -> None:
    assert final_answer(text) == expected
