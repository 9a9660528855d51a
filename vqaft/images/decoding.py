"""The bytes of an image file, or pixels → an upright RGB or RGBA image of the wanted size. One decode."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

from PIL import ExifTags, Image

from vqaft.images.accepted import AcceptedImages
from vqaft.images.codec import Codec, resolved_codec
from vqaft.images.colour import is_srgb
from vqaft.images.containers import Container
from vqaft.images.containers.orientation import UPRIGHT
from vqaft.images.jpeg import decode_fast
from vqaft.images.modes import to_rgb
from vqaft.images.opening import open_image
from vqaft.images.shrinking import GAP, Box, shrink, shrink_array
from vqaft.images.turns import TURNS

Size: TypeAlias = tuple[int, int]

_DRAFTED = {"JPEG", "MPO"}
_SIDEWAYS = {5, 6, 7, 8}


def decode_file(
    data: bytes,
    container: Container | None,
    accepted: AcceptedImages,
    *,
    target: Callable[[Size], Size],
    codec: Codec,
) -> Image.Image:
    """Decode the first picture of a file.

    Args:
        data: The file.
        container: What is known of it, where it is a JPEG, PNG or WEBP.
        accepted: The limits.
        target: Upright width and height → the wanted ones, never larger.
        codec: Who decodes JPEG, and shrinks.

    Returns:
        An RGB or RGBA image without metadata.

    Raises:
        ImageError: If it is of no known kind, or too large.
        Exception: Whatever pillow makes of a broken file.
    """
    if container is not None:
        accepted.check_size(container.width, container.height)
        quick = _decoded_fast(container, target) if resolved_codec(codec) == "fast" else None
        if quick is not None:
            return quick
    image = open_image(data, accepted)
    if image.format not in _DRAFTED:
        image.load()  # TIFF is turned by loading it
    wanted, turn = _plan(image, target)
    drafted = image.draft(None, _ample(wanted, image.size))
    return _shaped(image, wanted, turn, codec=codec, box=drafted[1] if drafted else None)


def decode_image(
    image: Image.Image, accepted: AcceptedImages, *, target: Callable[[Size], Size], codec: Codec
) -> Image.Image:
    """Make of a PIL image what `decode_file` makes of a file; the image is not changed.

    Args:
        image: The image, of any mode.
        accepted: The limits.
        target: As for `decode_file`.
        codec: Who shrinks.

    Raises:
        ImageError: If it is too large.
        Exception: Whatever pillow makes of an image whose file is broken.
    """
    accepted.check_size(*image.size)
    own = image.copy()
    wanted, turn = _plan(own, target)
    return _shaped(own, wanted, turn, codec=codec)


def _plan(image: Image.Image, target: Callable[[Size], Size]) -> tuple[Size, int]:
    """Give the wanted size before the image is turned, and how to turn it."""
    turn = 1
    with suppress(Exception):  # EXIF may be broken in any way; then the image is upright
        turn = int(image.getexif().get(ExifTags.Base.Orientation, 1))
    if turn not in _SIDEWAYS:
        return target(image.size), turn
    height, width = target((image.height, image.width))
    return (width, height), turn


def _shaped(image: Image.Image, wanted: Size, turn: int, *, codec: Codec, box: Box | None = None) -> Image.Image:
    profile = image.info.get("icc_profile")
    whole = to_rgb(image, profile if isinstance(profile, bytes) else None)
    pixels = shrink(whole, wanted, codec=codec, box=box)
    return pixels.transpose(TURNS[turn]) if turn in TURNS else pixels


def is_plain_jpeg(container: Container) -> bool:
    """Tell whether nothing but its size can differ from what is wanted: an upright sRGB JPEG."""
    if container.format != "jpeg" or not container.compliant or container.orientation != UPRIGHT:
        return False
    return container.profile is None or is_srgb(container.profile)


def _decoded_fast(container: Container, target: Callable[[Size], Size]) -> Image.Image | None:
    if not is_plain_jpeg(container):
        return None
    size = (container.width, container.height)
    wanted = target(size)
    pixels = decode_fast(container.data, size, at_least=_ample(wanted, size))
    if pixels is None or wanted == size:
        return None if pixels is None else Image.fromarray(pixels)
    divisor = round(size[0] / pixels.shape[1])
    if not any(side % divisor for side in size):
        return shrink_array(pixels, wanted)
    # Scaled decoding rounds up to whole pixels; the picture takes less.
    return shrink(Image.fromarray(pixels), wanted, codec="fast", box=(0, 0, size[0] / divisor, size[1] / divisor))


def _ample(wanted: Size, whole: Size) -> Size:
    """Give the size to decode to at least, so that the last step of shrinking has pixels to choose from."""
    width, height = (min(math.ceil(want * GAP), full) for want, full in zip(wanted, whole, strict=True))
    return width, height
