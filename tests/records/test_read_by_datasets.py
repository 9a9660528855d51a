"""Hugging Face datasets reads every answer of a training file back as the same string."""

from __future__ import annotations

from pathlib import Path

import datasets
import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings

from tests.records.pictures import picture
from vqaft.data import VQAExample
from vqaft.records import MessageBuilder, TextForm, write_jsonl

HARD = ["9.00", "007", "true", "null", "NaN", "None", "2018-12-25", '"quoted"', "[1]", '{"a": 1}', "1e5", "-0", "N/A"]
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(str.strip)


def read_back(folder: Path, answers: list[str], form: TextForm) -> list[object]:
    builder = MessageBuilder(system="Answer as printed.", text_as=form)
    image = picture(1)
    examples = [
        VQAExample(id=f"{number}", image=image, question="What is the total?", answers=(answer,))
        for number, answer in enumerate(answers)
    ]
    write_jsonl(folder / "train.jsonl", builder.records(examples))
    found = datasets.load_dataset(
        "json", data_files=str(folder / "train.jsonl"), split="train", cache_dir=str(folder / "cache")
    )
    contents = [row["messages"][-1]["content"] for row in found]
    return [content[0]["text"] if isinstance(content, list) else content for content in contents]


@settings(max_examples=8, deadline=None)
@given(st.lists(st.sampled_from(HARD) | st.from_regex(r"[0-9.,:-]{1,12}", fullmatch=True) | TEXT, min_size=1))
@example(HARD)
def test_every_answer_comes_back(tmp_path_factory: pytest.TempPathFactory, answers: list[str]) -> None:
    answers = [answer for answer in answers if answer.strip()] or ["x"]
    assert read_back(tmp_path_factory.mktemp("rows"), answers, "parts") == answers


def test_strings_beside_lists_do_not(tmp_path: Path) -> None:
    assert read_back(tmp_path, ["9.00", "007"], "string") != ["9.00", "007"]
