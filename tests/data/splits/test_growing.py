"""An earlier placement is kept, whatever new images look like."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.pictures import example, picture
from vqaft.data import DatasetSplitter, Placement
from vqaft.errors import StateError

SEEDS = range(40)
OLD = [example(f"{seed}", picture(seed)) for seed in SEEDS]
SPLITTER = DatasetSplitter(train=0.5, validation=0.2, test=0.3)


def test_a_new_image_joins_the_old_one_that_it_looks_like() -> None:
    first = SPLITTER.split(OLD)
    new = [example(f"{seed} again", picture(seed, brightness=1.1)) for seed in SEEDS]
    second = DatasetSplitter(train=0.5, validation=0.2, test=0.3, seed=7).split(OLD + new, previous=first.placement)
    for name in ("train", "validation", "test"):
        before, after = ({each.id for each in getattr(split, name)} for split in (first, second))
        assert after == before | {f"{name} again" for name in before}


def test_it_joins_even_if_the_old_image_is_gone() -> None:
    first = SPLITTER.split(OLD)
    new = [example(f"{each.id} again", picture(int(each.id), brightness=1.1)) for each in first.test]
    second = DatasetSplitter(train=0.9, validation=0.0, test=0.1).split(new, previous=first.placement)
    assert len(second.test) == len(new)


def test_a_new_image_that_hangs_together_with_two_parts_goes_to_neither() -> None:
    first = SPLITTER.split(OLD)
    torn = example("torn", picture(int(first.train[0].id), brightness=1.1), group="case")
    other = example("other", picture(int(first.test[0].id), brightness=1.1), group="case")
    second = SPLITTER.split([*OLD, torn, other], previous=first.placement)
    assert {each.id for each in second.unused} == {"torn", "other"}


@pytest.mark.parametrize("content", [b"", b"[]", b'{"format": "other"}', b'{"format": "vqaft placement 1"}'])
def test_refuses_what_is_no_placement(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "p.json").write_bytes(content)
    with pytest.raises(StateError, match=r"p\.json"):
        Placement.read(tmp_path / "p.json")
