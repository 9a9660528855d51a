"""What a splitter may be told, and what it makes of what it is not told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.data.pictures import example, picture
from vqaft.data import ClosedChoices, DatasetSplitter, TypeByText, audit_splits
from vqaft.errors import DataError, SplitError


@pytest.mark.parametrize(
    ("said", "sizes"),
    [
        ({}, (150, 50, 100)),
        ({"train": 20}, (20, 50, 100)),
        ({"train": 0.8, "test": 0.2}, (0.8, 0, 0.2)),
        ({"train": 0.8}, (0.8, 0, pytest.approx(0.2))),
        ({"test": 0.2}, (pytest.approx(0.8), 0, 0.2)),
        ({"train": 0.7, "validation": 0.1}, (0.7, 0.1, pytest.approx(0.2))),
        ({"train": 1.0}, (1.0, 0, 0.0)),
        ({"train": 0.5, "validation": 0, "test": 0.1}, (0.5, 0, 0.1)),
    ],
)
def test_sizes_that_are_not_said(said: dict[str, Any], sizes: tuple[float, ...]) -> None:
    found = DatasetSplitter(**said).sizes
    assert (found.train, found.validation, found.test) == sizes


def test_two_shares_split_everything() -> None:
    split = DatasetSplitter(train=0.8, test=0.2, near_duplicates=None).split(
        example(f"{n}", picture(n)) for n in range(40)
    )
    assert not split.validation
    assert not split.unused
    assert len(split.train) > len(split.test) > 0


@pytest.mark.parametrize(
    "sizes",
    [
        {"train": -1},
        {"train": "10"},
        {"train": True},
        {"test": float("nan")},
        {"test": float("inf")},
        {"train": 0, "validation": 0, "test": 0},
        {"train": 0.8, "test": 10},
        {"train": 0.8, "test": 0.3},
    ],
)
def test_sizes_that_make_no_sense_are_refused_at_once(sizes: dict[str, Any]) -> None:
    with pytest.raises(SplitError):
        DatasetSplitter(**sizes)


@pytest.mark.parametrize(
    "field",
    [
        {"unit": "rows"},
        {"group_by": 3},
        {"near_duplicates": -1},
        {"near_duplicates": 64},
        {"near_duplicates": True},
        {"stratify": "yes"},
        {"seed": 1.5},
    ],
)
def test_other_fields_are_named(field: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=next(iter(field))):
        DatasetSplitter(**field)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: DatasetSplitter().split(["a.png"]), "'a.png', not a VQAExample"),  # type: ignore[list-item]
        (lambda: audit_splits([[], []]), "parts is"),  # type: ignore[arg-type]
        (lambda: ClosedChoices("yes"), "choices is 'yes'"),
        (lambda: ClosedChoices([1, 2]), "choices is"),  # type: ignore[list-item]
        (lambda: TypeByText({"color": "What color?"}), "not a tuple of strings"),  # type: ignore[dict-item]
    ],
)
def test_the_commonest_slips_are_typed(call: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        call()
