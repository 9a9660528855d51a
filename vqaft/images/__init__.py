"""Pixels → a compliant data URL."""

from vqaft.images.accepted import AcceptedImages
from vqaft.images.encoded import EncodedImage
from vqaft.images.encoder import ImageEncoder
from vqaft.images.source import ImageSource, is_web_address
from vqaft.images.vision import PATCHES, TILES_HIGH, TILES_LOW, PatchVision, TileVision, Vision, shrunk_size, vision_of
from vqaft.images.web import RemoteImage, WebFetcher

__all__ = [
    "PATCHES",
    "TILES_HIGH",
    "TILES_LOW",
    "AcceptedImages",
    "EncodedImage",
    "ImageEncoder",
    "ImageSource",
    "PatchVision",
    "RemoteImage",
    "TileVision",
    "Vision",
    "WebFetcher",
    "is_web_address",
    "shrunk_size",
    "vision_of",
]
