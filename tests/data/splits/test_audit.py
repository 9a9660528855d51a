"""What a split shares is found, and said."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from tests.data.pictures import example, picture
from vqaft.data import Columns, DatasetSplitter, Split, VQAExample, audit_splits, load_folder
from vqaft.errors import DataError

TRAIN = [example(f"{seed}", picture(seed)) for seed in range(8)]
TEST = [example(f"{seed}", picture(seed)) for seed in range(100, 105)]


def radiology(shared: Path) -> list[VQAExample]:
    columns = Columns(id="id", question_type="question_type", metadata=("official_split",))
    return list(load_folder(shared / "data" / "radiology", columns=columns))


def test_vqa_rad_trains_on_202_of_its_203_test_images(shared: Path) -> None:
    examples = radiology(shared)
    report = audit_splits(
        {name: [each for each in examples if each.metadata["official_split"] == name] for name in ("train", "test")}
    )
    overlap = report.overlap("train", "test")
    assert (overlap.same, overlap.images) == (202, 203)
    assert "LEAK 202 of the 203 images of test are in train too" in str(report)
    assert len(report.leaks) == 202
    assert not report.ok


def test_our_split_of_vqa_rad_does_not(shared: Path) -> None:
    report = DatasetSplitter().split(radiology(shared)).report
    assert report.ok
    assert [part.images for part in report.parts] == [150, 50, 100]
    assert "LEAK" not in str(report)
    assert "no two different files look alike" in str(report)


def test_nothing_shared() -> None:
    report = audit_splits({"train": TRAIN, "test": TEST})
    assert report.ok
    [overlap] = report.overlaps
    assert (overlap.nearest, overlap.none_within) == (None, 16)
    assert "none is within 16 of 64 bits" in str(overlap)


def test_the_same_image_in_another_file_and_one_that_looks_alike(tmp_path: Path) -> None:
    copy = tmp_path / "copy.png"
    copy.write_bytes(picture(2))
    same = dataclasses.replace(example("same", b""), images=(str(copy),))
    alike = example("alike", picture(3, brightness=1.1))
    report = audit_splits({"train": TRAIN, "validation": [same, *TEST], "test": [alike]})
    to_validation, to_test = report.overlap("train", "validation"), report.overlap("train", "test")
    assert (to_validation.same, to_validation.alike) == (1, 0)
    assert (to_test.same, to_test.alike) == (0, 1)
    assert [(leak.examples[0].id, leak.examples[1].id, leak.same) for leak in report.leaks] == [
        ("2", "same", True),
        ("3", "alike", False),
    ]
    assert report.overlap("validation", "test").leaks == ()
    assert (report.near_duplicate_groups, report.near_duplicate_images) == (1, 2)
    assert "and 1 more look like one there" in str(report)
    assert "2 different files look alike, in 1 group" in str(report)


def mirrored(data: bytes) -> bytes:
    buffer = io.BytesIO()
    ImageOps.mirror(Image.open(io.BytesIO(data))).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_mirrored_copy_is_found_where_it_is_looked_for() -> None:
    parts = {"train": TRAIN, "test": [*TEST, example("mirrored", mirrored(picture(3)))]}
    without = audit_splits(parts)
    assert without.ok
    assert "not looked for: crops of up to a tenth, mirror images" in str(without)
    report = audit_splits(parts, transformed=True)
    assert not report.ok
    [leak] = report.leaks
    assert (leak.examples[0].id, leak.examples[1].id, leak.transformed) == ("3", "mirrored", True)
    assert report.overlaps[0].transformed == 1
    assert "mirror" not in report.not_looked_for
    assert "screenshots" not in report.not_looked_for


def test_transformed_copies_stay_together() -> None:
    examples = [*TRAIN, *(example(f"mirror {seed}", mirrored(picture(seed))) for seed in range(8))]
    split = DatasetSplitter(train=8, validation=0, test=8, transformed=True).split(examples)
    assert split.report.ok
    assert split.report.transformed
    for number in range(8):
        assert len({name for name, part in split_ids(split).items() if str(number) in part}) == 1


def split_ids(split: Split) -> dict[str, set[str]]:
    return {name: {each.id.removeprefix("mirror ") for each in getattr(split, name)} for name in ("train", "test")}


def test_contents_alone_can_be_compared() -> None:
    files = [example("a", b"no image"), example("b", b"nor this")]
    report = audit_splits({"train": files, "test": [dataclasses.replace(files[0], id="c")]}, distance=None)
    [overlap] = report.overlaps
    assert (overlap.same, overlap.alike, overlap.nearest) == (1, 0, None)
    assert report.near_duplicate_groups == 0
    assert "the pictures were not compared" in str(report)
    clean = audit_splits({"train": files[:1], "test": files[1:]}, distance=None)
    assert "ok" not in str(clean).split()
    assert "not looked for: files saved again or resized" in str(clean)


def test_images_that_have_no_look_are_not_called_different() -> None:
    """Of a web address only the address is compared."""
    web = dataclasses.replace(example("web", b""), images=("https://example.org/a.png",))
    report = audit_splits({"train": TRAIN, "test": [*TEST, web]})
    assert (report.ok, report.by_content) == (True, 1)
    assert "look-alikes of 1 image at web addresses or of one color" in report.not_looked_for
    assert report.look_alikes.endswith("among those compared")
    assert "ok  " not in str(report)
    assert "nothing found where compared: 0 of" in str(report)


def test_named_groups_in_two_parts() -> None:
    train = [dataclasses.replace(each, group="patient 7") for each in TRAIN]
    test = [dataclasses.replace(TEST[0], group="patient 7"), *TEST[1:]]
    report = audit_splits({"train": train, "test": test})
    assert report.overlap("train", "test").groups == ("patient 7",)
    assert report.parts[0].groups == 1
    assert not report.ok
    assert "LEAK" in str(report)


def test_unseen_answers_and_balance() -> None:
    test = [
        dataclasses.replace(each, answers=(answer,))
        for each, answer in zip(TEST, ["left", "LEFT", "yes", "Yes", "no"], strict=True)
    ]
    report = audit_splits({"train": TRAIN, "test": test})
    assert report.unseen_answers == {"test": {"left": 2, "no": 1}}
    assert report.parts[1].kinds == {"open": 2, "closed": 3}
    assert report.parts[1].closed == 0.6
    assert "60.0% of pairs" in str(report)


def test_examples_without_answers() -> None:
    report = audit_splits({"train": [dataclasses.replace(each, answers=()) for each in TRAIN], "test": TEST})
    assert report.parts[0].closed is None
    unanswered = [dataclasses.replace(each, answers=()) for each in TRAIN]
    assert len(DatasetSplitter(train=2, validation=0, test=2).split(unanswered).train) == 2


def test_the_report_of_a_split_goes_by_its_groups() -> None:
    examples = [dataclasses.replace(each, metadata={"shop": each.id[-1]}) for each in TRAIN + TEST]
    report = DatasetSplitter(train=0.5, validation=0.0, test=0.5, group_by="shop").split(examples).report
    assert report.ok
    assert sum(part.groups for part in report.parts) == 8


@pytest.mark.parametrize(
    ("parts", "message"), [({"train": TRAIN}, "not two parts"), ({"train": TRAIN, "test": []}, "part 'test' is empty")]
)
def test_refuses(parts: dict[str, list[VQAExample]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        audit_splits(parts)


def test_a_notebook_shows_text_as_text() -> None:
    report = audit_splits({"<b>": TRAIN, "test": TEST})
    assert "&lt;b&gt;" in report._repr_html_()


def test_no_such_overlap() -> None:
    with pytest.raises(KeyError):
        audit_splits({"train": TRAIN, "test": TEST}).overlap("test", "train")


def test_the_nearest_pair_is_none_of_the_leaks() -> None:
    alike = example("alike", picture(3, brightness=1.1))
    [overlap] = audit_splits({"train": TRAIN, "test": [alike, *TEST]}).overlaps
    assert (overlap.alike, overlap.nearest) == (1, None)
    brighter = example("brighter", picture(3, brightness=1.6))
    [beyond] = audit_splits({"train": TRAIN, "test": [alike, brighter, *TEST]}).overlaps
    assert beyond.alike == 1
    assert beyond.nearest is not None
    assert (beyond.nearest.distance, beyond.nearest.examples[1]) == (8, brighter)
    [alone] = audit_splits({"train": TRAIN, "test": [alike]}).overlaps
    assert (alone.nearest, alone.none_within) == (None, None)
