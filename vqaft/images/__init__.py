"""Image loading, re-encoding and hashing: any source to a data URL that the providers accept."""

from vqaft.images.content_hash import content_of, file_state, image_sha256, local_source
from vqaft.images.documents import pages_of
from vqaft.images.encoder import EncodedImage, ImageEncoder
from vqaft.images.formats.container import ImageHeader
from vqaft.images.formats.read import NO_IMAGES, read_header, sniff
from vqaft.images.hamming import MAX_DISTANCE, closest_across, connected, near_groups, near_pairs, nearest_across
from vqaft.images.inspect import (
    CHAT_FORMATS,
    ImageSize,
    data_url_bytes,
    decode_data_url,
    inspect_data_url,
    inspect_image,
)
from vqaft.images.model_vision import (
    PATCHES,
    TILES_HIGH,
    TILES_LOW,
    PatchVision,
    TileVision,
    Vision,
    shrunk_size,
    vision_of,
)
from vqaft.images.perceptual_hash import NEAR_DISTANCE, perceptual_hash, picture_sketch, thumbnail
from vqaft.images.preview import make_preview
from vqaft.images.source import (
    ImageSource,
    InputLimits,
    check_source,
    describe_source,
    is_web_address,
    read_source,
    split_page,
)
from vqaft.images.transformed import MAX_TRANSFORMED, SKETCH_BYTES, TRANSFORMED_KINDS, transformed_pairs
from vqaft.images.web.remote_image import RemoteImage, WebFetcher

__all__ = [
    "CHAT_FORMATS",
    "MAX_DISTANCE",
    "MAX_TRANSFORMED",
    "NEAR_DISTANCE",
    "NO_IMAGES",
    "PATCHES",
    "SKETCH_BYTES",
    "TILES_HIGH",
    "TILES_LOW",
    "TRANSFORMED_KINDS",
    "EncodedImage",
    "ImageEncoder",
    "ImageHeader",
    "ImageSize",
    "ImageSource",
    "InputLimits",
    "PatchVision",
    "RemoteImage",
    "TileVision",
    "Vision",
    "WebFetcher",
    "check_source",
    "closest_across",
    "connected",
    "content_of",
    "data_url_bytes",
    "decode_data_url",
    "describe_source",
    "file_state",
    "image_sha256",
    "inspect_data_url",
    "inspect_image",
    "is_web_address",
    "local_source",
    "make_preview",
    "near_groups",
    "near_pairs",
    "nearest_across",
    "pages_of",
    "perceptual_hash",
    "picture_sketch",
    "read_header",
    "read_source",
    "shrunk_size",
    "sniff",
    "split_page",
    "thumbnail",
    "transformed_pairs",
    "vision_of",
]
