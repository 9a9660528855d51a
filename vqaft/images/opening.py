"""The bytes of an image file → an opened image, its size checked before a pixel is decoded."""

from __future__ import annotations

import io
from importlib import import_module

from PIL import Image

from vqaft.errors import ImageError, MissingExtraError
from vqaft.images.accepted import AcceptedImages
from vqaft.images.sniff import sniff


def open_image(data: bytes, accepted: AcceptedImages) -> Image.Image:
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
    if kind is None:
        raise ImageError(
            "is no image of a known kind", hint="Known are JPEG, PNG, WEBP, GIF, BMP, TIFF, AVIF and HEIC."
        )
    if kind == "HEIF":
        return _open_heif(data, accepted)
    Image.preinit()
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
    "PNG": "PngImagePlugin",
    "TIFF": "TiffImagePlugin",
    "WEBP": "WebPImagePlugin",
}


def _open_heif(data: bytes, accepted: AcceptedImages) -> Image.Image:
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
