"""Examples that share any image are one group, whatever else they show."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from tests.data.pictures import picture
from vqaft.data import (
    DatasetSplitter,
    ImageTable,
    Turn,
    VQAExample,
    audit_splits,
    label_conflicts,
    load_saved,
    power,
    save_examples,
)


def shows(name: str, *seeds: int, answer: str = "yes", question: str = "?") -> VQAExample:
    images = tuple(picture(seed) for seed in seeds)
    return VQAExample(id=name, images=images, question=question, answers=(answer,))


def test_a_table_knows_all_images_of_an_example() -> None:
    table = ImageTable.of([shows("a", 1, 2), shows("b", 3), shows("c", 2, 1)])
    assert len(table) == 3
    assert [table.of_example(number) for number in range(3)] == [(0, 1), (2,), (1, 0)]
    assert table.first.tolist() == [0, 2, 1]
    assert table.owner.tolist() == [0, 0, 1, 2, 2]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sets(st.integers(0, 30), min_size=1, max_size=3), min_size=12, max_size=40), st.integers(0, 99))
def test_no_image_is_in_two_parts(shown: list[set[int]], seed: int) -> None:
    examples = [shows(f"e{number}", *sorted(seeds)) for number, seeds in enumerate(shown)]
    splitter = DatasetSplitter(train=0.5, validation=0.0, test=0.5, near_duplicates=None, seed=seed)
    split = splitter.split(examples)
    sides = [{image for example in part for image in example.images} for part in (split.train, split.test)]
    assert not sides[0] & sides[1]
    assert len(split.train) + len(split.test) == len(examples)
    assert {example.id for example in splitter.split(examples[::-1]).test} == {example.id for example in split.test}


def test_an_example_that_joins_two_old_parts_goes_to_neither() -> None:
    examples = [shows(f"e{seed}", seed) for seed in range(12)]
    splitter = DatasetSplitter(train=0.5, validation=0.0, test=0.5, near_duplicates=None)
    split = splitter.split(examples)
    trained, tested = (int(part[0].id[1:]) for part in (split.train, split.test))
    other = int(split.train[1].id[1:])
    grown = splitter.split(
        [*examples, shows("both", trained, tested), shows("new", other, 50), shows("old", trained)],
        previous=split.placement,
    )
    assert [example.id for example in grown.unused] == ["both"]
    assert {"new", "old"} <= {example.id for example in grown.train}
    assert {example.id for example in split.test} == {example.id for example in grown.test}


def test_an_audit_finds_a_shared_second_image_and_names_it() -> None:
    report = audit_splits({"train": [shows("a", 1, 2), shows("b", 3)], "test": [shows("c", 4, 5, 2)]})
    assert not report.ok
    [leak] = report.leaks
    assert [example.id for example in leak.examples] == ["a", "c"]
    assert leak.images == (1, 2)
    assert (report.parts[0].images, report.parts[1].images) == (3, 3)


def test_the_same_pair_with_different_answers_is_a_conflict() -> None:
    examples = [shows("a", 1, 2), shows("b", 1, 2, answer="no"), shows("c", 2, 1, answer="no"), shows("d", 1)]
    [conflict] = label_conflicts(examples)
    assert [example.id for example in conflict.examples] == ["a", "b"]
    follow_up = dataclasses.replace(examples[1], history=(Turn(question="Is it so?", answer="No."),))
    assert not label_conflicts([examples[0], follow_up])


def test_clusters_are_connected_components() -> None:
    found = power([shows("a", 1, 2), shows("b", 2, 3), shows("c", 3), shows("d", 9)])
    assert (found.pairs, found.clusters) == (4, 2)


def test_several_images_and_turns_are_saved(tmp_path: Path) -> None:
    example = dataclasses.replace(
        shows("a", 1, 2, 3), history=(Turn(question="First?", answer="One.", n_images=2, trained=False),)
    )
    [again] = load_saved(save_examples(tmp_path / "x.jsonl", [example]))
    assert [Path(str(image)).read_bytes() for image in again.images] == list(example.images)
    assert dataclasses.replace(again, images=example.images) == example


def test_look_groups_join_images_that_look_alike() -> None:
    table = ImageTable.of([shows("a", 1, 2), shows("b", 1)])
    assert table.look_groups(None).tolist() == [0, 1]
    near = dataclasses.replace(table, phash=np.array([5, 4], dtype=np.uint64))
    assert near.look_groups(1).tolist() == [0, 0]
