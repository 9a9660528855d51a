"""Pixels → a compliant data URL."""

from vqaft.images.encoded import EncodedImage
from vqaft.images.encoder import ImageEncoder
from vqaft.images.source import ImageSource

__all__ = ["EncodedImage", "ImageEncoder", "ImageSource"]
