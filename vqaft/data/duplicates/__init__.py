"""Which images are the same, or nearly."""

from vqaft.data.duplicates.image_content import image_sha256
from vqaft.data.duplicates.image_table import ImageTable
from vqaft.data.duplicates.near_pairs import near_groups, near_pairs
from vqaft.data.duplicates.nearest import Nearest, nearest_across
from vqaft.data.duplicates.perceptual_hash import NEAR_DISTANCE, perceptual_hash
from vqaft.data.duplicates.same_picture import same_picture

__all__ = [
    "NEAR_DISTANCE",
    "ImageTable",
    "Nearest",
    "image_sha256",
    "near_groups",
    "near_pairs",
    "nearest_across",
    "perceptual_hash",
    "same_picture",
]
