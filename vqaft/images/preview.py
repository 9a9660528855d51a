"""Small copies of images for pages and notebooks: pixels alone, and nothing is fetched."""

from __future__ import annotations

from vqaft.errors import ImageError
from vqaft.images.encoder import EncodedImage, ImageEncoder
from vqaft.images.source import ImageSource, describe_source, is_web_address
from vqaft.typed import typed_call

PREVIEW_SIDE = 240
"""Longest side of a preview in pixels."""

PREVIEW_BYTES = 100_000
"""The largest preview file; detail is given up before it grows larger."""


@typed_call
def make_preview(image: ImageSource, *, max_side: int = PREVIEW_SIDE, max_bytes: int = PREVIEW_BYTES) -> EncodedImage:
    """Return a small copy of an image, decoded and encoded again, so that nothing but pixels reaches a page.

    Args:
        image: The image.
        max_side: The longest side in pixels.
        max_bytes: The largest file.

    Raises:
        ImageError: If it cannot be read, or lies at a web address: nothing is fetched.
        MissingExtraError: If it is of a format whose extra is not installed.
    """
    if is_web_address(image):
        raise ImageError("lies at a web address, which is not fetched to be shown", path=describe_source(image))
    encoder = ImageEncoder(format="webp", quality=75, max_side=max_side, max_bytes=max_bytes, pass_through=False)
    return encoder.encode(image)
