"""Counts, fractions, groups, and what is refused."""

from __future__ import annotations

import collections
import pickle
import random
from pathlib import Path
from typing import Any

import pytest

from tests.data import pictures
from vqaft.data import Columns, DatasetSplitter, Placement, Split, VQAExample, load_folder, question_kind
from vqaft.errors import DataError, ImageError, SplitError

PARTS = ("train", "validation", "test", "unused")


def data(images: int, *, pairs: int = 3, group: int = 0) -> list[VQAExample]:
    return [
        VQAExample(
            id=f"{image}-{pair}",
            image=f"picture {image}".encode(),
            question=f"{pair}?",
            answers=("yes",),
            metadata={"patient": image // group if group else None},
        )
        for image in range(images)
        for pair in range(pairs)
    ]


def splitter(**settings: Any) -> DatasetSplitter:
    """Give a splitter that does not look at the images, which are no images here."""
    return DatasetSplitter(**{"near_duplicates": None, **settings})


def images(part: tuple[VQAExample, ...]) -> set[Any]:
    return {example.image for example in part}


def parts(split: Split) -> dict[str, str]:
    return {example.id: name for name in PARTS for example in getattr(split, name)}


@pytest.mark.parametrize("stratify", [True, False])
@pytest.mark.parametrize(("unit", "factor"), [("images", 1), ("pairs", 3)])
@pytest.mark.parametrize("there", [60, 61, 200])
def test_counts_are_exact(unit: Any, factor: int, there: int, *, stratify: bool) -> None:
    sizes = {"train": 30 * factor, "validation": 10 * factor, "test": 20 * factor}
    split = splitter(**sizes, unit=unit, stratify=stratify).split(data(there))
    assert [len(images(getattr(split, part))) for part in PARTS] == [30, 10, 20, there - 60]


@pytest.mark.parametrize(("unit", "factor"), [("images", 1), ("pairs", 3)])
def test_stratified_fractions_are_exact(unit: Any, factor: int) -> None:
    split = splitter(train=0.7, validation=0.1, test=0.1, unit=unit, stratify=True).split(data(200))
    assert [len(getattr(split, part)) for part in PARTS] == [420, 60, 60, 60]


def test_fractions_go_by_chance() -> None:
    split = splitter(train=0.7, validation=0.1, test=0.2).split(data(1000, pairs=1))
    assert [len(getattr(split, part)) for part in PARTS] == pytest.approx([700, 100, 200, 0], abs=30)
    assert not split.unused


def test_order_does_not_matter() -> None:
    examples = data(300)
    shuffled = random.Random(0).sample(examples, len(examples))  # noqa: S311 - no secret
    assert parts(splitter().split(examples)) == parts(splitter().split(shuffled))


def test_same_split_on_every_machine() -> None:
    split = splitter(train=3, validation=1, test=2).split(data(8, pairs=1))
    assert [example.id for example in split.test] == ["4-0", "7-0"]


def test_another_seed_is_another_split() -> None:
    assert parts(splitter(seed=1).split(data(400))) != parts(splitter(seed=2).split(data(400)))


@pytest.mark.parametrize(
    "by", ["patient", lambda example: str(example.metadata["patient"])], ids=["column", "function"]
)
def test_groups_stay_together(by: Any) -> None:
    split = splitter(train=100, validation=40, test=60, group_by=by).split(data(200, group=4))
    where = collections.defaultdict(set)
    for name in PARTS:
        for example in getattr(split, name):
            where[example.metadata["patient"]].add(name)
    assert len(where) == 50
    assert all(len(names) == 1 for names in where.values())


def test_an_image_in_two_groups_joins_them() -> None:
    examples = [
        VQAExample(id=f"{number}", image=f"{number // 2}".encode(), question="?", group=f"{(number + 1) // 2}")
        for number in range(100)
    ]  # every group shares an image with the next: all hang together
    split = splitter(train=0.5, validation=0.0, test=0.5).split(examples)
    assert sorted(len(getattr(split, part)) for part in PARTS) == [0, 0, 0, 100]


def test_strata_are_in_balance(shared: Path) -> None:
    examples = list(load_folder(shared / "data" / "radiology", columns=Columns(question_type="question_type")))
    split = splitter(train=0.8, validation=0.0, test=0.2, stratify=True).split(examples)

    def share(part: Any, what: Any) -> float:
        return float(sum(map(what, part)) / len(part))

    for what in (
        lambda example: question_kind(example) == "closed",
        lambda example: example.question_type == "open",
        lambda example: example.answer.casefold() == "yes",
    ):
        assert share(split.test, what) == pytest.approx(share(examples, what), abs=0.02)


def test_the_column_to_group_by_must_be_there() -> None:
    with pytest.raises(DataError, match="no metadata 'doctor' to group by; there is 'patient'"):
        splitter(group_by="doctor").split(data(3))


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"train": 70}, r"220 images are asked for \(70 \+ 50 \+ 100\), 60 are there"),
        ({"train": 70, "unit": "pairs"}, r"220 pairs are asked for .*, 180 are there"),
        ({"train": 0.9, "validation": 0.1, "test": 0.1}, "make 1.1, more than 1"),
        ({"train": 0, "validation": 0, "test": 0}, "no sizes"),
        ({"train": -1}, "no sizes"),
        ({"train": 0.5, "test": 3}, "mix counts and fractions"),
    ],
)
def test_refuses_sizes(sizes: dict[str, Any], message: str) -> None:
    with pytest.raises(SplitError, match=message):
        splitter(**sizes).split(data(60))


def test_groups_can_be_too_large() -> None:
    with pytest.raises(SplitError, match=r"train lacks 30 images.*the largest has 60"):
        splitter(train=30, validation=0, test=0, group_by=lambda _: "one").split(data(60))


def test_refuses_data() -> None:
    with pytest.raises(DataError, match="no examples"):
        splitter().split([])
    with pytest.raises(DataError, match="example '0-0': two examples have this id"):
        splitter().split(data(2) + data(2))
    with pytest.raises(ImageError, match=r"example '0-0': is no image.*near_duplicates=None"):
        DatasetSplitter().split(data(400))


def test_shows_its_sizes() -> None:
    split = splitter(train=3, validation=1, test=2).split(data(8, pairs=1))
    assert repr(split) == "Split(train=3, validation=1, test=2, unused=2)"


def test_a_placement_survives_the_disk(tmp_path: Path) -> None:
    split = splitter(train=4, validation=2, test=4, group_by="patient").split(data(16, group=2))
    assert Placement.read(split.placement.write(tmp_path / "placement.json")) == split.placement


def test_a_split_pickles() -> None:
    examples = [pictures.example(str(number), pictures.picture(number)) for number in range(12)]
    split = DatasetSplitter(train=0.6, validation=0.2, test=0.2).split(examples)
    again = pickle.loads(pickle.dumps(split))  # noqa: S301 - our own
    assert (again, again.placement) == (split, split.placement)


def test_a_part_that_is_empty_now_leaves_no_file_of_an_earlier_split(tmp_path: Path) -> None:
    examples = [pictures.example(str(number), pictures.picture(number)) for number in range(12)]
    DatasetSplitter(train=6, validation=2, test=4).split(examples).save(tmp_path / "split")
    DatasetSplitter(train=8, validation=0, test=4).split(examples).save(tmp_path / "split")
    assert not (tmp_path / "split" / "validation.jsonl").exists()
    assert list((tmp_path / "split" / ".vqaft-trash").iterdir())


def test_a_file_that_no_split_wrote_is_not_moved(tmp_path: Path) -> None:
    examples = [pictures.example(str(number), pictures.picture(number)) for number in range(12)]
    (tmp_path / "validation.jsonl").write_text("mine")
    with pytest.raises(DataError, match="no split wrote it"):
        DatasetSplitter(train=8, validation=0, test=4).split(examples).save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["validation.jsonl"]


def test_a_report_of_one_part_says_so() -> None:
    examples = [pictures.example(str(number), pictures.picture(number)) for number in range(3)]
    split = DatasetSplitter(train=3, validation=0, test=0).split(examples)
    with pytest.raises(SplitError, match="only train holds anything"):
        split.report  # noqa: B018 - it is computed when it is asked for
