"""The easy-vqa data set as it stands on PyPI."""

from __future__ import annotations

import collections
import sys
from pathlib import Path
from typing import Any

import pytest

from vqaft.data import load_easy_vqa
from vqaft.errors import DataError, MissingExtraError

SHAPES = {"circle", "rectangle", "triangle"}


@pytest.mark.parametrize(("part", "count"), [("train", 38575), ("test", 9673)])
def test_types_agree_with_the_answers(part: Any, count: int) -> None:
    examples = load_easy_vqa(part)
    assert len({example.id for example in examples}) == count
    answers = collections.defaultdict(set)
    for example in examples:
        answers[example.question_type].add(example.answer)
    assert answers.keys() == {"yes/no", "color", "shape"}
    assert answers["yes/no"] == {"yes", "no"}
    assert answers["shape"] == SHAPES
    assert not answers["color"] & (SHAPES | {"yes", "no"})
    assert Path(str(examples[-1].image)).is_file()


def test_the_package_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "easy_vqa", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'vqaft\[easy-vqa\]'"):
        load_easy_vqa()


def test_there_are_two_parts() -> None:
    part: Any = "validation"
    with pytest.raises(DataError, match="not one of 'train', 'test'"):
        load_easy_vqa(part)
