"""A split is a partition that keeps images whole, whatever the order."""

from __future__ import annotations

import random
from typing import Any

import pytest

from vqaft.data import DatasetSplitter, Split, VQAExample
from vqaft.errors import DataError, SplitError


def data(images: int, *, pairs: int = 3) -> list[VQAExample]:
    return [
        VQAExample(id=f"{image}-{pair}", image=f"picture {image}".encode(), question=f"{pair}?", answers=("yes",))
        for image in range(images)
        for pair in range(pairs)
    ]


def images(part: tuple[VQAExample, ...]) -> set[Any]:
    return {example.image for example in part}


def parts(split: Split) -> dict[str, str]:
    return {example.id: name for name in ("train", "validation", "test", "unused") for example in getattr(split, name)}


@pytest.mark.parametrize(("unit", "factor"), [("images", 1), ("pairs", 3)])
def test_counts(unit: Any, factor: int) -> None:
    split = DatasetSplitter(train=30 * factor, validation=10 * factor, test=20 * factor, unit=unit).split(data(60))
    assert [len(images(part)) for part in (split.train, split.validation, split.test)] == [30, 10, 20]


def test_order_does_not_matter() -> None:
    examples = data(300)
    shuffled = random.Random(0).sample(examples, len(examples))  # noqa: S311 - no secret
    assert parts(DatasetSplitter().split(examples)) == parts(DatasetSplitter().split(shuffled))


def test_same_split_on_every_machine() -> None:
    split = DatasetSplitter(train=3, validation=1, test=2).split(data(8, pairs=1))
    assert [example.id for example in split.test] == ["2-0", "4-0"]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"train": 70}, r"220 images are asked for \(70 \+ 50 \+ 100\), 60 are there"),
        ({"train": 0.9, "validation": 0.1, "test": 0.1}, "more than 1"),
        ({"train": 0, "validation": 0, "test": 0}, "no sizes"),
        ({"train": -1}, "no sizes"),
    ],
)
def test_refuses_sizes(sizes: dict[str, Any], message: str) -> None:
    with pytest.raises(SplitError, match=message):
        DatasetSplitter(**sizes).split(data(60))


def test_refuses_data() -> None:
    with pytest.raises(DataError, match="no examples"):
        DatasetSplitter().split([])
    with pytest.raises(DataError, match="two examples have this id"):
        DatasetSplitter().split(data(2) + data(2))
