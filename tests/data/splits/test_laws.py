"""What holds for every split of any data."""

from __future__ import annotations

import collections
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.pictures import example, picture
from vqaft.data import DatasetSplitter, Split, VQAExample
from vqaft.errors import SplitError

PARTS = ("train", "validation", "test", "unused")
SIZES: list[dict[str, Any]] = [
    {"train": 0.6, "validation": 0.2, "test": 0.2},
    {"train": 0.5, "validation": 0.0, "test": 0.2},
    {"train": 0.5, "validation": 0.2, "test": 0.2, "stratify": True},
    {"train": 5, "validation": 2, "test": 3},
    {"train": 5, "validation": 2, "test": 3, "stratify": False},
    {"train": 8, "validation": 0, "test": 4, "unit": "pairs"},
]
ANSWERS = st.sampled_from(["yes", "no", "left", "right"])


@st.composite
def data_sets(draw: st.DrawFn, *, least: int = 12) -> list[VQAExample]:
    images = draw(st.lists(st.integers(0, 10**6), unique=True, min_size=least, max_size=30))
    return [
        example(f"{image}-{pair}", f"picture {image}".encode(), group=group, answer=draw(ANSWERS))
        for image in images
        for group in [draw(st.none() | st.sampled_from("abc"))]
        for pair in range(draw(st.integers(1, 3)))
    ]


def place(split: Split) -> dict[str, str]:
    return {each.id: name for name in PARTS for each in getattr(split, name)}


def split_if_possible(sizes: dict[str, Any], examples: list[VQAExample], **more: Any) -> Split | None:
    try:
        return DatasetSplitter(**sizes, near_duplicates=None).split(examples, **more)
    except SplitError:
        return None  # groups of several images do not always fit the counts


@settings(deadline=None)  # the first call imports scipy
@given(data_sets(), st.sampled_from(SIZES), st.randoms())
def test_a_partition_with_whole_groups_in_any_order(examples: list[VQAExample], sizes: Any, chance: Any) -> None:
    split = split_if_possible(sizes, examples)
    shuffled = chance.sample(examples, len(examples))
    again = split_if_possible(sizes, shuffled)
    assert (split is None) == (again is None)
    if split is None or again is None:
        return
    where = place(split)
    assert where == place(again)
    assert len(where) == len(examples)
    together = collections.defaultdict(set)
    for each in examples:
        together[each.image].add(where[each.id])
        together[each.group or each.id].add(where[each.id])
    assert all(len(names) == 1 for names in together.values())


@settings(deadline=None)  # the first call imports scipy
@given(data_sets(least=1), data_sets(least=1))
def test_with_fractions_adding_examples_moves_no_old_one(old: list[VQAExample], new: list[VQAExample]) -> None:
    known = {each.image for each in old}
    more = old + [each for each in new if each.image not in known]
    splitter = DatasetSplitter(**SIZES[0], near_duplicates=None)
    before, after = place(splitter.split(old)), place(splitter.split(more))
    assert {name: after[name] for name in before} == before


@settings(deadline=None)  # the first call imports scipy
@given(data_sets(), data_sets(least=1), st.sampled_from(SIZES[3:5]))
def test_with_counts_no_old_one_changes_its_part(old: list[VQAExample], new: list[VQAExample], sizes: Any) -> None:
    known = {each.image for each in old}
    before = split_if_possible(sizes, old)
    after = split_if_possible(sizes, old + [each for each in new if each.image not in known])
    if before is None or after is None or before.borrowed or after.borrowed:
        return
    then = place(after)
    assert all({name, then[key]} & {"unused"} or name == then[key] for key, name in place(before).items())


@settings(deadline=None)  # the first call imports scipy
@given(data_sets(), data_sets(least=1), st.sampled_from(SIZES), st.sampled_from(SIZES), st.integers(0, 99))
def test_with_an_earlier_placement_nothing_moves(
    old: list[VQAExample], new: list[VQAExample], sizes: Any, others: Any, seed: int
) -> None:
    before = split_if_possible(sizes, old)
    if before is None:
        return
    known = {each.image for each in old}
    more = old + [each for each in new if each.image not in known]
    after = split_if_possible({**others, "seed": seed}, more, previous=before.placement)
    if after is None:
        return
    then = place(after)
    assert all(then[key] == name for key, name in place(before).items() if name != "unused")


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 999), unique=True, min_size=4, max_size=8), st.sampled_from(SIZES[:3]))
def test_images_that_look_alike_stay_together(seeds: list[int], sizes: Any) -> None:
    examples = [
        example(f"{seed} {brightness}", picture(seed, brightness=brightness))
        for seed in seeds
        for brightness in (1.0, 1.1)
    ]
    where = place(DatasetSplitter(**sizes).split(examples))
    assert all(where[f"{seed} 1.0"] == where[f"{seed} 1.1"] for seed in seeds)
