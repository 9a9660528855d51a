from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.chat import SystemMessage, TextPart, UserMessage
from vqaft.engines import JUDGE_MODEL, ChatTurn, SimilarityJudge
from vqaft.engines.similarity_judge import find_comparison, level_of, similarity

LEVELS = ["Very Similar", "Mostly Similar", "Somewhat Similar", "Incorrect"]
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "level": {"type": "string", "enum": LEVELS}},
    "required": ["reason", "level"],
    "additionalProperties": False,
}


def ask(reference: str, candidate: str, schema: dict[str, Any] | None = SCHEMA) -> str:
    rows = json.dumps({"question": "Who?", "reference": reference, "candidate": candidate})
    content = (TextPart(text=f"Levels {{best first}} are given. Compare:\n{rows}\nThank you."),)
    turn = ChatTurn(messages=(SystemMessage(content="You rate."), UserMessage(content=content)), response_schema=schema)
    return SimilarityJudge().answer(turn).text


@pytest.mark.parametrize(
    ("reference", "candidate", "level"),
    [
        ("Right lung", "right lung.", "Very Similar"),
        ("The right lung", "right lung", "Very Similar"),
        ("Jane Austen", "Jane Austin", "Mostly Similar"),
        ("John le Carré", "le Carré", "Mostly Similar"),
        ("the right upper lobe", "right lung", "Somewhat Similar"),
        ("yes", "no", "Incorrect"),
        ("1.50", "1.60", "Incorrect"),
        ("1.5", "15", "Incorrect"),
        ("chest", "", "Incorrect"),
    ],
)
def test_levels(reference: str, candidate: str, level: str) -> None:
    value = json.loads(ask(reference, candidate))
    assert value["level"] == level
    assert repr(candidate) in value["reason"]


def test_without_a_schema_it_answers_in_words() -> None:
    assert ask("red", "red", None).startswith("String similarity 1.00")


def test_without_an_object_it_says_so_within_the_schema() -> None:
    turn = ChatTurn(messages=(UserMessage(content="Hello {you}"),), response_schema=SCHEMA)
    value = json.loads(SimilarityJudge().answer(turn).text)
    assert value["reason"].startswith("No JSON object")
    assert value["level"] in LEVELS


def test_the_last_object_counts() -> None:
    text = '{"reference": "a", "candidate": "b"} then {"x": {"reference": 1}} {"reference": "c", "candidate": "d"}'
    comparison = find_comparison(text)
    assert comparison is not None
    assert (comparison.question, comparison.references, comparison.candidate) == ("", ("c",), "d")


@pytest.mark.parametrize(
    ("levels", "score", "level"),
    [
        (["yes", "no"], 1.0, "yes"),
        (["yes", "no"], 0.99, "no"),
        (["a", "b", "c"], 0.5, "b"),
        (["a", "b", "c"], 0.49, "c"),
        (["a", "b", "c", "d", "e"], 0.3, "d"),
        (["only"], 0.0, "only"),
    ],
)
def test_other_numbers_of_levels_part_the_range_evenly(levels: list[str], score: float, level: str) -> None:
    assert level_of(score, levels) == level


def test_the_name_says_what_it_is() -> None:
    assert "not-an-llm" in JUDGE_MODEL


@given(st.text(), st.text())
def test_similarity_is_symmetric_and_between_0_and_1(first: str, second: str) -> None:
    assert 0 <= similarity(first, second) == similarity(second, first) <= 1


@given(st.text())
def test_a_text_equals_itself(text: str) -> None:
    assert similarity(text, text.upper().lower()) == 1.0 or text.casefold() != text.upper().lower().casefold()
    assert similarity(text, f" {text} !") == 1.0
