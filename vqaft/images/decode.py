"""Decoder: an image file or pixels to an upright RGB or RGBA image of the wanted size, in one decode."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import TypeAlias

from PIL import ExifTags, Image

from vqaft.errors import ImageError, MissingExtraError
from vqaft.images.codec import GAP, Box, Codec, decode_fast, resolved_codec, shrink, shrink_array
from vqaft.images.color import is_srgb, to_rgb
from vqaft.images.formats.container import UPRIGHT, Container
from vqaft.images.formats.read import sniff
from vqaft.images.source import InputLimits

TRANSPOSE_BY_EXIF = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each value of EXIF's orientation tag (EXIF 2.32, tag 0x0112); 1 is upright."""


def open_image(data: bytes, accepted: InputLimits) -> Image.Image:
    """Open an image file of a known kind with the one decoder for it.

    Args:
        data: The file.
        accepted: The limits for its size.

    Returns:
        The image, at its first frame, as it is stored. For HEIC, decoded and upright.

    Raises:
        ImageError: If it is of no known kind, or has too many pixels.
        MissingExtraError: If it is HEIC, and pillow-heif is not installed.
        Exception: Whatever else pillow makes of a broken file.
    """
    kind = sniff(data)
    if kind is None or kind in {"PDF", "DICOM"}:
        what = (
            "is no image of a known kind" if kind is None else f"is {kind}, which is read from files of your own alone"
        )
        raise ImageError(what, hint="Known are JPEG, PNG, WEBP, GIF, BMP, TIFF, AVIF, HEIC, JPEG 2000 and PNM.")
    if kind == "HEIF":
        return _open_heif(data, accepted)
    Image.preinit()
    kind = "PPM" if kind == "PNM" else kind
    if kind not in Image.OPEN:
        import_module(f"PIL.{_PLUGINS[kind]}")
    factory, _ = Image.OPEN[kind]
    # Not Image.open: it warns of sizes that are checked here, and a warning may have been made an error.
    image = factory(io.BytesIO(data), "")
    accepted.check_size(*image.size)
    return image


_PLUGINS = {
    "AVIF": "AvifImagePlugin",
    "BMP": "BmpImagePlugin",
    "GIF": "GifImagePlugin",
    "JPEG": "JpegImagePlugin",
    "JPEG2000": "Jpeg2KImagePlugin",
    "PNG": "PngImagePlugin",
    "PPM": "PpmImagePlugin",
    "TIFF": "TiffImagePlugin",
    "WEBP": "WebPImagePlugin",
}


def _open_heif(data: bytes, accepted: InputLimits) -> Image.Image:
    try:
        import pillow_heif
    except ImportError as error:
        raise MissingExtraError("pillow-heif", extra="heif") from error
    # Not by registering a plugin: that would change what Image.open does in the caller's own code.
    file = pillow_heif.open_heif(io.BytesIO(data))
    if not len(file):
        raise ImageError("holds no picture")
    accepted.check_size(*file.size)
    image: Image.Image = file.to_pillow()
    # libheif has turned it already, whatever EXIF and XMP still say.
    image.info = {key: value for key, value in image.info.items() if key == "icc_profile"}
    return image


Size: TypeAlias = tuple[int, int]

_DRAFTED = {"JPEG", "MPO"}

_SIDEWAYS = {5, 6, 7, 8}


def decode_file(
    data: bytes,
    container: Container | None,
    accepted: InputLimits,
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
    image: Image.Image, accepted: InputLimits, *, target: Callable[[Size], Size], codec: Codec
) -> Image.Image:
    """Convert a PIL image as `decode_file` does a file; the image is not changed.

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
    """Return the wanted size before the image is turned, and how to turn it."""
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
    return pixels.transpose(TRANSPOSE_BY_EXIF[turn]) if turn in TRANSPOSE_BY_EXIF else pixels


def is_plain_jpeg(container: Container) -> bool:
    """Return whether nothing but its size can differ from what is wanted: an upright sRGB JPEG."""
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
    """Return the size to decode to at least, so that the last step of shrinking has pixels to choose from."""
    width, height = (min(math.ceil(want * GAP), full) for want, full in zip(wanted, whole, strict=True))
    return width, height
