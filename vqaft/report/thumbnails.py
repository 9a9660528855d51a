"""Pictures small enough for a report."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pybase64
from PIL import Image

from vqaft.data import VQAExample
from vqaft.errors import ImageError
from vqaft.images import EncodedImage, ImageEncoder, ImageSource, image_sha256, is_web_address
from vqaft.parallel import ordered_map
from vqaft.report.row_groups import PageBudget

SIDES = (80, 112, 160, 224, 320, 448, 640, 896)
QUALITY = 80
EFFORT = 2
"""Of 0 to 6; more takes twice the time for a twentieth of the size."""
BASE64_GROWTH = 4 / 3
LEAST_BYTES_PER_PIXEL = 0.02
"""Photographs take ten times as much; a picture that could not take its share with so little is not tried larger."""


@dataclass(frozen=True, kw_only=True)
class Thumbnail:
    """One distinct image, encoded again for the report.

    Attributes:
        data_url: The picture as a `data:` URL.
        width: Its width in pixels.
        height: Its height in pixels.
    """

    data_url: str = field(repr=False)
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """The pictures of a report, each once.

    Attributes:
        pictures: The distinct pictures.
        place: The positions of an example's pictures, in its order, by example id.
        problems: Why an example lacks a picture, by example id.
    """

    pictures: tuple[Thumbnail, ...] = ()
    place: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)

    def of(self, example_id: str) -> tuple[Thumbnail, ...]:
        """Return the pictures of an example, in its order; those that could not be made are left out.

        Args:
            example_id: The example.
        """
        return tuple(self.pictures[place] for place in self.place.get(example_id, ()))

    @property
    def size_bytes(self) -> int:
        """Room that the pictures take as they are written."""
        return sum(len(picture.data_url) for picture in self.pictures)


def make_gallery(examples: Iterable[VQAExample], *, budget: PageBudget | None = None) -> Gallery:
    """Create the thumbnails of examples, each distinct image once.

    Every picture is decoded and encoded again, so that nothing but pixels reaches the report. Nothing is fetched: an
    image at a web address is a problem, as is one that cannot be read, and neither is an error.

    Args:
        examples: Whose pictures.
        budget: How much room they may take.
    """
    room = budget or PageBudget()
    keys = {example.id: [(_key(image), image) for image in example.images] for example in examples}
    distinct = {key: image for each in reversed(keys.values()) for key, image in each if isinstance(key, str)}
    share = room.total_bytes / max(1, len(distinct))
    made = ordered_map(lambda image: _picture(image, room, share), distinct.values(), max_workers=room.max_workers)
    found = dict(zip(distinct, made, strict=True))
    of_example = {
        name: [key if isinstance(key, ImageError) else found[key] for key, _ in each] for name, each in keys.items()
    }
    pictures = dict.fromkeys(one for each in of_example.values() for one in each if isinstance(one, Thumbnail))
    order = {picture: place for place, picture in enumerate(pictures)}
    places = {
        name: tuple(order[one] for one in each if isinstance(one, Thumbnail)) for name, each in of_example.items()
    }
    return Gallery(
        pictures=tuple(order),
        place={name: place for name, place in places.items() if place},
        problems={name: str(one) for name, each in of_example.items() for one in each if isinstance(one, ImageError)},
    )


def _key(image: ImageSource) -> str | ImageError:
    if is_web_address(image):
        return ImageError("the image is at a web address, and a report fetches nothing")
    try:
        return image_sha256(image)
    except ImageError as error:
        return error


def _picture(image: ImageSource, budget: PageBudget, share: float) -> Thumbnail | ImageError:
    max_side = min(budget.max_side, max(SIDES[0], math.isqrt(int(share / LEAST_BYTES_PER_PIXEL))))
    try:
        safe = ImageEncoder(max_side=max_side).encode(image)
    except ImageError as error:
        return error
    return _fitted(safe, max_side, share)


def _fitted(safe: EncodedImage, max_side: int, share: float) -> Thumbnail:
    opened = Image.open(io.BytesIO(safe.data), formats=("JPEG", "PNG", "WEBP"))
    transparent = opened.mode in {"RGBA", "LA", "PA"} or "transparency" in opened.info
    image = opened.convert("RGBA" if transparent else "RGB")
    least, *larger = (*(side for side in SIDES if side < min(max_side, max(image.size))), max_side)
    data, shown = _webp(image, least)
    for side in larger:  # from the smallest: it costs the least, and is all that the room of many pictures allows
        more, size = _webp(image, side)
        if len(more) * BASE64_GROWTH > share:
            break
        data, shown = more, size
    url = "data:image/webp;base64," + pybase64.b64encode(data).decode("ascii")
    return Thumbnail(data_url=url, width=shown[0], height=shown[1])


def _webp(image: Image.Image, side: int) -> tuple[bytes, tuple[int, int]]:
    small = image.copy()
    small.thumbnail((side, side))
    buffer = io.BytesIO()
    # Metadata that pillow would carry over from the image's own is named, so that none is.
    small.save(buffer, "WEBP", quality=QUALITY, method=EFFORT, exif=b"", icc_profile=b"", xmp=b"")
    return buffer.getvalue(), small.size
