"""Builders, encoders and writers are valid by construction, and the commonest slips are typed errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.records.pictures import example, picture
from vqaft.chat import ChatRecord
from vqaft.check import check_file, check_records
from vqaft.data import VQAExample
from vqaft.errors import DataError, ImageError, RecordError
from vqaft.images import ImageEncoder
from vqaft.records import MessageBuilder, write_jsonl


@pytest.mark.parametrize(
    "wrong",
    [
        {"system": {"role": "system"}},
        {"encoder": "fast"},
        {"few_shot": [("q", "a")]},
        {"few_shot": example(1)},
        {"detail": "medium"},
        {"question_template": None},
        {"image_first": "yes"},
        {"format_answer": "upper"},
        {"text_as": "text"},
    ],
)
def test_builders(wrong: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=next(iter(wrong))):
        MessageBuilder(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": "gif"},
        {"format": ["png"]},
        {"quality": 0},
        {"quality": "high"},
        {"max_side": 0},
        {"max_side": 1.5},
        {"vision": "gpt-4o"},
        {"max_bytes": -1},
        {"background": (999, 0, 0)},
        {"background": "white"},
        {"pass_through": 1},
        {"codec": "nonsense"},
        {"accepted": None},
    ],
)
def test_encoders(wrong: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=next(iter(wrong))):
        ImageEncoder(**wrong)


def test_examples_are_no_rows(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"VQAExample.* is not a training row. Build rows first") as caught:
        write_jsonl(tmp_path / "train.jsonl", [example(1)])  # type: ignore[list-item]
    assert len(str(caught.value)) < 300
    assert not (tmp_path / "train.jsonl").exists()


def test_strings_are_no_examples_and_no_limits(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"examples\[0\] is 'a', not a VQAExample"):
        list(MessageBuilder().records(["a"]))  # type: ignore[list-item]
    with pytest.raises(DataError, match="'a' is not a VQAExample"):
        MessageBuilder().record("a")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="'a' is not a VQAExample"):
        MessageBuilder().request("a")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="limits is 'openai'"):
        check_file(tmp_path / "train.jsonl", limits="openai")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="limits is 'openai'"):
        check_records([], limits="openai")  # type: ignore[arg-type]


def broken(tmp_path: Path) -> list[VQAExample]:
    files = []
    for number in range(6):
        file = tmp_path / f"{number}.png"
        file.write_bytes(b"no image" if number in {1, 4} else picture(number))
        files.append(VQAExample(id=str(number), image=str(file), question="q", answers=("a",)))
    return files


@pytest.mark.parametrize("workers", [1, 3])
def test_all_examples_that_cannot_be_used_are_listed(tmp_path: Path, workers: int) -> None:
    rows = MessageBuilder().records(broken(tmp_path), max_workers=workers)
    made: list[ChatRecord] = []
    with pytest.raises(ImageError) as caught:
        made.extend(rows)
    assert [row.example_ids for row in made] == [("0",)]
    assert str(caught.value).startswith("2 of 6 examples cannot be used:")
    assert [f"example '{number}'" in problem for number, problem in zip((1, 4), caught.value.problems, strict=True)]
    assert "4.png" in caught.value.problems[1]


def test_examples_that_cannot_be_used_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = list(MessageBuilder().records(broken(tmp_path), on_error="skip"))
    assert [row.example_ids[0] for row in rows] == ["0", "2", "3", "5"]
    assert "2 of 6 examples were left out" in caplog.text
    with pytest.raises(DataError, match="on_error is 'ignore'"):
        MessageBuilder().records([], on_error="ignore")  # type: ignore[arg-type]
