"""An example is valid by construction, unchanging and cheap to pickle."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import pickle
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image

from tests.data.pictures import picture
from vqaft.data import Turn, VQAExample, question_kind
from vqaft.errors import DataError, ImageError

EXAMPLE = VQAExample(id="1", image="a.png", question="Is it red?", answers=("yes", "yep"), metadata={"book": 3})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": " "}, "the id is empty"),
        ({"question": "\n"}, "example '1': the question is empty"),
        ({"answers": ("yes", "")}, "example '1': an answer is empty"),
        ({"answers": "yes"}, "not a tuple"),
        ({"kind": "CLOSED "}, "kind is 'CLOSED ', not 'closed' or 'open'"),
    ],
)
def test_refuses_what_is_empty(change: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        dataclasses.replace(EXAMPLE, **change)  # type: ignore[arg-type]


def test_pickles() -> None:
    assert pickle.loads(pickle.dumps(EXAMPLE)) == EXAMPLE  # noqa: S301 - our own bytes


def test_what_examples_repeat_is_held_once_and_keeps_its_type() -> None:
    def made(text: type[str]) -> VQAExample:
        words = [text("".join(part)) for part in (["b", ".png"], ["Is it ", "red?"], ["ye", "s"])]
        return VQAExample(id="1", image=words[0], question=words[1], answers=(words[2],))

    np_example, one, other = made(np.str_), made(str), made(str)
    assert one == other == np_example
    assert one.question is other.question
    assert one.images is other.images
    assert one.answers is other.answers
    assert {type(one.question), type(one.answers[0])} == {str}
    assert type(np_example.question) is np.str_


def test_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        EXAMPLE.id = "2"  # type: ignore[misc]
    with pytest.raises(TypeError):
        EXAMPLE.metadata["book"] = 4  # type: ignore[index]


def test_the_first_answer_is_the_canonical_one() -> None:
    assert EXAMPLE.answer == "yes"
    with pytest.raises(DataError, match="no answer is known"):
        _ = dataclasses.replace(EXAMPLE, answers=()).answer


@pytest.mark.parametrize(("answer", "kind"), [("Yes", "closed"), (" no ", "closed"), ("none", "open"), ("2", "open")])
def test_kind(answer: str, kind: str) -> None:
    assert question_kind(dataclasses.replace(EXAMPLE, answers=(answer,))) == kind


FORMS: dict[str, Any] = {
    "path": Path("a.png"),
    "bytes": picture(1),
    "PIL": Image.new("RGB", (4, 4)),
    "array": np.zeros((4, 4, 3), dtype=np.uint8),
    "mapping": {"bytes": picture(1), "path": None},
    "file": io.BytesIO(picture(1)),
}


@pytest.mark.parametrize("form", FORMS)
def test_is_a_value_whatever_form_its_image_has(form: str) -> None:
    image = FORMS[form]
    metadata = {"scores": np.arange(3), "tags": ["a", np.float64(1)]}
    one, same = (VQAExample(id="1", image=image, question="?", metadata=metadata) for _ in range(2))
    assert one == same
    assert hash(one) == hash(same)
    assert one != dataclasses.replace(one, images=("other.png",))
    assert one != dataclasses.replace(one, metadata={"scores": np.arange(3) + 1})
    assert len({one, same}) == 1
    assert len(repr(one)) < 300


def test_a_question_may_show_several_images_and_follow_earlier_turns() -> None:
    earlier = [Turn(question="What is it?", answer="A cat.", n_images=1)]
    example = VQAExample(id="1", images=["a.png", "b.png", "c.png"], question="And these?", history=earlier)
    assert (example.image, example.n_question_images) == ("a.png", 2)
    assert example.history == tuple(earlier)
    assert pickle.loads(pickle.dumps(example)) == example  # noqa: S301 - our own bytes
    assert dataclasses.replace(example, question="Which?").images == example.images


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"id": 5}, "the id is 5, not a string"),
        ({"question": None}, "the question is None, not a string"),
        ({"answers": (3,)}, r"answers\[0\] is 3, not a string"),
        ({"answers": 3}, "answers is 3, not a tuple"),
        ({"answers": "x" * 5000}, r"\(5000 characters\), not a tuple"),
        ({"question_type": 1}, "question_type is 1, not a string"),
        ({"group": 1}, "group is 1, not a string"),
        ({"kind": [1]}, r"kind is \[1\]"),
        ({"metadata": 1}, "metadata is 1, not a mapping"),
        ({"history": "x"}, "history is 'x', not a tuple of turns"),
        ({"history": ["x"]}, "history holds 'x', not a Turn"),
        (
            {"history": [Turn(question="?", answer="!", n_images=2)]},
            "the history shows 2 images, but the example has 1",
        ),
    ],
)
def test_names_the_field_the_value_and_what_is_allowed(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        VQAExample(**{"id": "1", "image": "a.png", "question": "?", **fields})
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "there is no image"),
        ({"images": ()}, "there is no image"),
        ({"image": ""}, "the image is missing"),
        ({"image": 3}, "of type int, which holds no image"),
        ({"image": ["a.png"]}, "Use images="),
        ({"images": "a.png"}, "Use image="),
        ({"images": ("a.png", None)}, "of type NoneType"),
        ({"image": "a.png", "images": ("b.png", "c.png")}, "both image and several images"),
    ],
)
def test_refuses_what_holds_no_image(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ImageError, match=message):
        VQAExample(id="1", question="?", **fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"question": " "}, "the question of a turn is empty"),
        ({"answer": 1}, "the answer of a turn is 1"),
        ({"n_images": -1}, "n_images is -1"),
        ({"n_images": True}, "n_images is True"),
        ({"trained": 0}, "trained is 0"),
    ],
)
def test_turns_are_valid_too(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Turn(**{"question": "?", "answer": "!", **fields})


class Odd:
    """A value whose comparison and repr fail."""

    def __eq__(self, other: object) -> bool:
        raise ValueError

    def __repr__(self) -> str:
        raise RuntimeError

    __hash__ = None  # type: ignore[assignment]


ODD: list[Any] = [
    *(
        None,
        True,
        0,
        1.5,
        float("nan"),
        "",
        " ",
        "x",
        "\ud800",
        b"",
        b"x",
        [],
        [[]],
        {},
        {"a": 1},
        (1, 2),
        {1},
        int,
        3j,
    ),
    *(np.zeros((2, 2)), np.array(5), np.array([]), Image.new("L", (2, 2)), object(), Odd(), range(3), ..., lambda: 1),
]
NAMES = ("id", "image", "images", "question", "answers", "question_type", "kind", "group", "metadata", "history")


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(range(len(ODD))), max_size=3))
def test_no_value_of_any_type_raises_an_untyped_error(odd: dict[str, int]) -> None:
    fields: dict[str, Any] = {"id": "1", "image": "a.png", "question": "?"}
    fields |= {name: ODD[place] for name, place in odd.items()}
    with contextlib.suppress(DataError):
        example = VQAExample(**fields)
        assert example == example  # noqa: PLR0124 - whatever its values compare like
        assert isinstance(example == VQAExample(**fields), bool)
        assert isinstance(hash(example), int)
        assert len(repr(example)) < 1500


def test_names_of_metadata_are_text() -> None:
    with pytest.raises(DataError, match="the metadata has the name 1, not a string"):
        VQAExample(id="a", image="x.png", question="?", metadata={1: 2})  # type: ignore[dict-item]
