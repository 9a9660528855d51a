"""A box in an example's metadata: drawn on the image that a row or a request shows, or cropped to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from PIL import Image, ImageDraw

from vqaft.data import VQAExample
from vqaft.errors import DataError, ImageError, shown
from vqaft.typed import typed

How: TypeAlias = Literal["draw", "crop"]
Unit: TypeAlias = Literal["pixels", "fraction", "thousandths"]
Corners: TypeAlias = Literal["xyxy", "xywh"]

_SCALES: dict[Unit, float] = {"pixels": 0, "fraction": 1, "thousandths": 1000}
_LINE = 200  # the side of an image over the width of a drawn line
_NUMBERS = 4


@dataclass(frozen=True, kw_only=True)
class BoxEdit:
    """What is done to one image; hashable, so that an edited image is encoded once.

    Attributes:
        boxes: Left, upper, right and lower, in the unit.
        how: Whether the boxes are drawn, or the image is cropped to the only one.
        unit: What the numbers count.
        color: Of drawn lines: red, green, blue.
        margin: How much more than the box a crop shows on each side, as a share of the box.
    """

    boxes: tuple[tuple[float, float, float, float], ...]
    how: How
    unit: Unit
    color: tuple[int, int, int]
    margin: float

    def __call__(self, image: Image.Image) -> Image.Image:
        """Return the edited image; the given one is not changed.

        Args:
            image: Upright, of mode RGB or RGBA.

        Raises:
            ImageError: If a box lies outside the image.
        """
        boxes = [self._within(box, image.size) for box in self.boxes]
        if self.how == "crop":
            return image.crop(boxes[0])
        edited = image.copy()
        draw = ImageDraw.Draw(edited)
        for box in boxes:
            width = max(1, round(max(image.size) / _LINE))
            draw.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), outline=self.color, width=width)
        return edited

    def _within(self, box: tuple[float, float, float, float], size: tuple[int, int]) -> tuple[int, int, int, int]:
        scale = _SCALES[self.unit]
        factors = [side / scale if scale else 1.0 for side in size] * 2
        left, upper, right, lower = (number * factor for number, factor in zip(box, factors, strict=True))
        more = self.margin if self.how == "crop" else 0.0
        across, down = (right - left) * more, (lower - upper) * more
        least = (max(0, math.floor(left - across)), max(0, math.floor(upper - down)))
        most = (min(size[0], math.ceil(right + across)), min(size[1], math.ceil(lower + down)))
        if least[0] >= most[0] or least[1] >= most[1]:
            raise ImageError(f"has {size[0]} × {size[1]} pixels, and the box {box} ({self.unit}) lies outside it")
        return *least, *most


@dataclass(frozen=True, kw_only=True)
@typed
class BoxRegion:
    """Where an example's box is and what is done with it: `MessageBuilder(region=BoxRegion(how="crop"))`.

    Attributes:
        column: The metadata column with the box: four numbers, or a list of boxes to draw. Examples where it is missing
            or None are shown whole.
        how: Whether boxes are drawn on the image, or the image is cropped to the box.
        unit: What the numbers count: pixels of the upright image, fractions of its sides, or thousandths of them.
        corners: Whether the numbers are two corners, or a corner with width and height.
        image: Which image of the example the box is on, counted from 0.
        color: Of drawn lines: red, green, blue.
        margin: How much more than the box a crop shows on each side, as a share of the box.

    Raises:
        DataError: If a field has the wrong type or value.
    """

    column: str = "box"
    how: How = "draw"
    unit: Unit = "pixels"
    corners: Corners = "xyxy"
    image: int = 0
    color: tuple[int, int, int] = (255, 0, 0)
    margin: float = 0.0

    def __post_init__(self) -> None:
        column: object = self.column
        color: object = self.color
        image: object = self.image
        three = isinstance(color, tuple) and len(color) == 3 and all(part in range(256) for part in color)  # noqa: PLR2004
        for name, fits, wanted in (
            ("column", isinstance(column, str) and bool(column), "the name of a column"),
            ("how", self.how in get_args(How), "'draw' or 'crop'"),
            ("unit", self.unit in get_args(Unit), "'pixels', 'fraction' or 'thousandths'"),
            ("corners", self.corners in get_args(Corners), "'xyxy' or 'xywh'"),
            ("image", isinstance(image, int) and image >= 0, "an integer of at least 0"),
            ("color", three, "red, green and blue from 0 to 255"),
            ("margin", _is_number(self.margin) and self.margin >= 0, "a number of at least 0"),
        ):
            if not fits:
                raise DataError(f"{name} is {shown(getattr(self, name))}, not {wanted}")

    def edit_of(self, example: VQAExample, place: int) -> BoxEdit | None:
        """Return what is done to one image of an example; None for nothing.

        Args:
            example: The example.
            place: Which of its images, counted from 0.

        Raises:
            DataError: If the metadata column holds no box, or several where the image is cropped.
        """
        value = example.metadata.get(self.column)
        if value is None or place != self.image:
            return None
        boxes = _boxes(value)
        if not boxes or not all(map(_is_box, boxes)) or (self.how == "crop" and len(boxes) > 1):
            wanted = "four numbers" if self.how == "crop" else "four numbers, or a list of boxes"
            raise DataError(f"{self.column} is {shown(value)}, not {wanted}", example_id=example.id)
        corners = tuple(self._corners([float(number) for number in box]) for box in boxes)
        return BoxEdit(boxes=corners, how=self.how, unit=self.unit, color=self.color, margin=self.margin)

    def _corners(self, box: Sequence[float]) -> tuple[float, float, float, float]:
        left, upper, third, fourth = box
        return (left, upper, left + third, upper + fourth) if self.corners == "xywh" else (left, upper, third, fourth)


def _boxes(value: Any) -> list[Any]:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, list | tuple) or not value:
        return []
    return [value] if not isinstance(value[0], list | tuple) else [*value]


def _is_box(box: Any) -> bool:
    return isinstance(box, list | tuple) and len(box) == _NUMBERS and all(map(_is_number, box))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
