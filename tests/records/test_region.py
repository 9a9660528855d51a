"""Boxes of an example's metadata are drawn on its image, or the image is cropped to them."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vqaft.chat import ChatRecord
from vqaft.data import VQAExample
from vqaft.errors import DataError, ImageError
from vqaft.images import ImageEncoder
from vqaft.records import BoxRegion, MessageBuilder


def saved(kind: str = "PNG", **settings: Any) -> bytes:
    image = Image.new("RGB", (200, 100), "white")
    image.paste((0, 0, 255), (40, 20, 80, 60))
    stream = io.BytesIO()
    image.save(stream, kind, **settings)
    return stream.getvalue()


BOXED = VQAExample(
    id="1", image=saved(), question="What is in the box?", answers=("blue",), metadata={"box": [40, 20, 80, 60]}
)


def shown(row: ChatRecord, place: int = 0) -> np.ndarray[Any, Any]:
    parts = json.loads(row.to_json())["messages"][0]["content"]
    url = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"][place]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB"))


@pytest.mark.parametrize(
    ("region", "box"),
    [
        (BoxRegion(how="crop"), [40, 20, 80, 60]),
        (BoxRegion(how="crop", corners="xywh"), (40, 20, 40, 40)),
        (BoxRegion(how="crop", unit="fraction"), [0.2, 0.2, 0.4, 0.6]),
        (BoxRegion(how="crop", unit="thousandths"), np.array([200, 200, 400, 600])),
    ],
)
def test_crops(region: BoxRegion, box: Any) -> None:
    pixels = shown(MessageBuilder(region=region).record(replace(BOXED, metadata={"box": box})))
    assert pixels.shape == (40, 40, 3)
    assert (pixels == (0, 0, 255)).all()


def test_a_crop_may_have_a_margin_and_ends_at_the_edge() -> None:
    pixels = shown(MessageBuilder(region=BoxRegion(how="crop", margin=1.0)).record(BOXED))
    assert pixels.shape == (100, 120, 3)


def test_draws_one_box_or_several() -> None:
    several = replace(BOXED, metadata={"box": [[40, 20, 80, 60], [100, 10, 150, 90]]})
    for example, corners in ((BOXED, [(20, 40)]), (several, [(20, 40), (10, 100)])):
        pixels = shown(MessageBuilder(region=BoxRegion(color=(0, 255, 0))).record(example))
        assert pixels.shape == (100, 200, 3)
        assert all(tuple(pixels[corner]) == (0, 255, 0) for corner in corners)
        assert tuple(pixels[40, 60]) == (0, 0, 255)


def test_examples_without_a_box_pass_through() -> None:
    builder = MessageBuilder(region=BoxRegion(how="crop"))
    for metadata in ({}, {"box": None}):
        row = builder.record(replace(BOXED, metadata=metadata))
        assert row == MessageBuilder().record(replace(BOXED, metadata=metadata))


def test_only_the_image_that_is_meant_is_edited_and_requests_match_rows() -> None:
    builder = MessageBuilder(region=BoxRegion(how="crop", image=1))
    pair = replace(BOXED, images=(saved(), saved()))
    row = builder.record(pair)
    assert [shown(row, place).shape[:2] for place in (0, 1)] == [(100, 200), (40, 40)]
    assert builder.request(pair) == row.messages[:-1]
    assert [each.to_json() for each in builder.records([pair, pair])] == [row.to_json()] * 2


def test_the_format_and_the_turn_of_a_photograph_are_kept() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = replace(BOXED, images=(saved("JPEG", exif=exif, quality=95),), metadata={"box": [40, 40, 80, 80]})
    builder = MessageBuilder(region=BoxRegion(how="crop"), encoder=ImageEncoder(max_side=20))
    row = builder.record(turned)
    assert b"data:image/jpeg" in row.to_json()
    pixels = shown(row)
    assert pixels.shape == (20, 20, 3)
    assert np.abs(pixels[10, 10].astype(int) - (0, 0, 255)).max() < 20


def test_several_boxes_are_several_images() -> None:
    builder = MessageBuilder(region=BoxRegion(how="crop"))
    other = replace(BOXED, id="2", metadata={"box": [0, 0, 10, 10]})
    first, second = builder.records([BOXED, other])
    assert shown(first).shape != shown(second).shape
    with pytest.raises(DataError, match="other images"):
        builder.conversation([BOXED, other])
    assert builder.settings()["region"]["how"] == "crop"


@pytest.mark.parametrize("box", [[1, 2, 3], "1,2,3,4", [1, 2, 3, None], {"x": 1}, [[1, 2, 3, 4], [1, 2, 3, 4]], 5, []])
def test_what_is_no_box_is_refused(box: Any) -> None:
    with pytest.raises(DataError, match=r"example '1': box is .*, not four numbers"):
        MessageBuilder(region=BoxRegion(how="crop")).record(replace(BOXED, metadata={"box": box}))


def test_a_box_outside_the_image_is_refused() -> None:
    with pytest.raises(ImageError, match=r"example '1': .*lies outside it"):
        MessageBuilder(region=BoxRegion()).record(replace(BOXED, metadata={"box": [300, 0, 400, 10]}))
    with pytest.raises(ImageError, match="nothing is fetched"):
        MessageBuilder(region=BoxRegion()).record(replace(BOXED, images=("https://example.org/a.png",)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"column": ""},
        {"how": "blur"},
        {"unit": "cm"},
        {"corners": "cxcywh"},
        {"image": -1},
        {"color": (300, 0, 0)},
        {"margin": -1},
    ],
)
def test_regions_are_valid_by_construction(wrong: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=next(iter(wrong))):
        BoxRegion(**wrong)
