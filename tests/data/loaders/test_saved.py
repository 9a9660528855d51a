"""What is saved comes back as it was."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.data.pictures import example, picture
from vqaft.data import DatasetSplitter, Placement, VQAExample, load_easy_vqa, load_saved, save_examples
from vqaft.errors import DataError, ImageError
from vqaft.images import image_sha256

EXAMPLE = VQAExample(
    id="1",
    image="https://example.org/a.png",
    question="Où?",
    answers=("a", "b", "b"),
    question_type="where",
    group="patient 7",
    metadata={"organ": "HEAD", "n": 3, "list": [1, 2]},
)

ROW: dict[str, Any] = {
    "id": "1",
    "question": "?",
    "answers": [],
    "question_type": None,
    "kind": None,
    "group": None,
    "metadata": {},
}

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)


@settings(max_examples=25, deadline=None)  # each is written to the disk and synced
@given(
    st.lists(
        st.builds(
            VQAExample,
            id=TEXT,
            image=st.just("https://example.org/a.png"),
            question=TEXT,
            answers=st.lists(TEXT).map(tuple),
            question_type=st.none() | TEXT,
            kind=st.sampled_from(["closed", "open", None]),
            group=st.none() | TEXT,
            metadata=st.dictionaries(TEXT, st.none() | st.booleans() | TEXT | st.lists(TEXT)),
        ),
        min_size=1,
        unique_by=lambda example: example.id,
    )
)
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, examples: list[VQAExample]) -> None:
    path = tmp_path_factory.mktemp("saved") / "x.jsonl"
    assert list(load_saved(save_examples(path, examples))) == examples


def test_round_trip(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(picture(1))
    examples = [EXAMPLE, dataclasses.replace(EXAMPLE, id="2", images=(str(tmp_path / "in" / "a.png"),), answers=())]
    assert list(load_saved(save_examples(tmp_path / "x.jsonl", examples))) == examples
    assert not (tmp_path / "images").exists()


@pytest.mark.parametrize(
    "image",
    [
        picture(1),
        io.BytesIO(picture(1)),
        {"bytes": picture(1), "path": None},
        Image.open(io.BytesIO(picture(1))),
        np.asarray(Image.open(io.BytesIO(picture(1)))),
    ],
    ids=["bytes", "file", "dict", "PIL", "array"],
)
def test_images_without_a_file_are_copied(tmp_path: Path, image: Any) -> None:
    examples = [dataclasses.replace(EXAMPLE, id=name, images=(image,)) for name in "ab"]
    first, second = load_saved(save_examples(tmp_path / "x.jsonl", examples))
    assert first.image == second.image
    assert len(list((tmp_path / "images").iterdir())) == 1
    with Image.open(str(first.image)) as opened:
        levels = np.asarray(opened.convert("L"))
    assert np.array_equal(levels, np.asarray(Image.open(io.BytesIO(picture(1)))))


def test_images_of_elsewhere_are_copied(tmp_path: Path) -> None:
    examples = load_easy_vqa("test")[:20]
    again = list(load_saved(save_examples(tmp_path / "x.jsonl", examples)))
    assert [image_sha256(each.image) for each in again] == [image_sha256(each.image) for each in examples]
    assert [dataclasses.replace(each, images=("any.png",)) for each in again] == [
        dataclasses.replace(each, images=("any.png",)) for each in examples
    ]


def test_a_split_is_saved_and_grown(tmp_path: Path) -> None:
    examples = [example(f"{seed}", picture(seed)) for seed in range(30)]
    splitter = DatasetSplitter(train=15, validation=0, test=5)
    split = splitter.split(examples)
    folder = split.save(tmp_path / "parts")
    assert sorted(path.name for path in folder.iterdir()) == ["images", "placement.json", "test.jsonl", "train.jsonl"]
    test = list(load_saved(folder / "test.jsonl"))
    assert [each.id for each in test] == [each.id for each in split.test]
    grown = DatasetSplitter(train=20, validation=0, test=8).split(
        examples, previous=Placement.read(folder / "placement.json")
    )
    assert {each.id for each in split.test} < {each.id for each in grown.test}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there are no rows"),
        ('{"id": "1"}', r"x\.jsonl:1: no 'question', 'answers'.*'image'; there is 'id'"),
        (json.dumps({**ROW, "image": "../a.png"}), r"x\.jsonl:1: .*leads out"),
    ],
)
def test_refuses(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        list(load_saved(tmp_path / "x.jsonl"))


def test_bytes_that_are_no_image_are_kept(tmp_path: Path) -> None:
    [found] = load_saved(save_examples(tmp_path / "x.jsonl", [dataclasses.replace(EXAMPLE, images=(b"no image",))]))
    assert Path(str(found.image)).read_bytes() == b"no image"


def test_refuses_a_missing_image(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="example '1'"):
        save_examples(tmp_path / "data" / "x.jsonl", [dataclasses.replace(EXAMPLE, images=(str(tmp_path / "no.png"),))])
    assert not (tmp_path / "data" / "x.jsonl").exists()


@pytest.mark.parametrize("values", [{"question": "half a \ud83d"}, {"metadata": {"n": 2**70}}])
def test_what_json_does_not_hold_is_refused_with_the_example(values: dict[str, Any], tmp_path: Path) -> None:
    odd = VQAExample(**{"id": "e1", "image": "https://example.org/a.png", "question": "?", **values})
    with pytest.raises(DataError, match="example 'e1': JSON does not hold it"):
        save_examples(tmp_path / "saved.jsonl", [odd])
    assert list(tmp_path.iterdir()) == []


def test_numbers_of_numpy_are_saved_as_numbers(tmp_path: Path) -> None:
    metadata = {"count": np.int64(3), "box": np.array([1, 2])}
    saved = VQAExample(id="e1", image="https://example.org/a.png", question="?", metadata=metadata)
    save_examples(tmp_path / "saved.jsonl", [saved])
    (found,) = load_saved(tmp_path / "saved.jsonl")
    assert dict(found.metadata) == {"count": 3, "box": [1, 2]}
