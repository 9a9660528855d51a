"""Contradictions and the answers there are."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tests.data.pictures import picture
from vqaft.data import VQAExample, answer_distribution, label_conflicts, load_easy_vqa, load_folder


def asked(name: str, image: bytes, answer: str, question: str = "What is it?") -> VQAExample:
    return VQAExample(id=name, image=image, question=question, answers=tuple(answer.split("|")), question_type="what")


def disc(color: str) -> bytes:
    image = Image.new("RGB", (64, 64), "white")
    ImageDraw.Draw(image).ellipse((10, 20, 40, 50), fill=color)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


CAT = asked("a", picture(1), "cat|feline")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (asked("b", picture(1), "dog"), True),
        (asked("b", picture(1), "dog", "what IS  it?"), True),
        (asked("b", picture(1, brightness=1.1), "dog"), False),
    ],
)
def test_a_conflict(other: VQAExample, same: bool) -> None:  # noqa: FBT001 - a table
    [conflict] = label_conflicts([CAT, other])
    assert (conflict.examples, conflict.same) == ((CAT, other), same)
    assert str(conflict) == "a and b: 'What is it?' is 'cat' and 'dog'"


@pytest.mark.parametrize(
    "other",
    [
        asked("b", picture(1), " CAT "),
        asked("b", picture(1), "feline"),
        asked("b", picture(1), "dog", "Who is it?"),
        asked("b", picture(2), "dog"),
        dataclasses.replace(CAT, id="b", answers=()),
    ],
)
def test_no_conflict(other: VQAExample) -> None:
    assert label_conflicts([CAT, other]) == ()


def test_other_colours_are_another_picture() -> None:
    assert label_conflicts([asked("a", disc("red"), "red"), asked("b", disc("blue"), "blue")]) == ()
    assert len(label_conflicts([asked("a", disc("red"), "red"), asked("b", disc("#ee0505"), "blue")])) == 1


def test_contents_alone_can_be_compared() -> None:
    examples = [asked("a", b"no image", "cat"), asked("b", b"no image", "dog")]
    assert len(label_conflicts(examples, distance=None)) == 1
    assert label_conflicts([]) == ()


def test_easy_vqa_has_no_conflict_in_one_file() -> None:
    conflicts = label_conflicts(load_easy_vqa("test"), distance=None)
    assert conflicts == ()


@pytest.mark.parametrize("folder", ["radiology", "receipts"])
def test_receipts_of_one_shop_and_scans_of_one_organ_are_no_conflict(shared: Path, folder: str) -> None:
    assert label_conflicts(load_folder(shared / "data" / folder)) == ()


def test_distribution() -> None:
    examples = [CAT, asked("b", b"", "Cat"), asked("c", b"", "dog"), dataclasses.replace(CAT, answers=())]
    found = answer_distribution(examples)
    assert found.types == {"what": {"cat": 2, "dog": 1}}
    assert found.pairs == 3
    assert found.majority == pytest.approx(2 / 3)
    assert "cat (66.7%)" in str(found)


def test_a_notebook_shows_text_as_text() -> None:
    assert "&lt;b&gt;" in answer_distribution([asked("a", b"", "<b>")])._repr_html_()


def test_distribution_of_nothing() -> None:
    found = answer_distribution([])
    assert (found.pairs, found.majority) == (0, 0.0)
    assert str(found)
