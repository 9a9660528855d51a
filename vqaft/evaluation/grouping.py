"""Which examples share their luck."""

from __future__ import annotations

from vqaft.data import VQAExample, image_sha256
from vqaft.errors import ImageError
from vqaft.images.source import describe_source


def example_group(example: VQAExample) -> str:
    """Name what an example shares its luck with: its group where it has one, else its image by content.

    An image that cannot be read is named by where it should be: the model had nothing to look at either, and the row
    is still counted.

    Args:
        example: The example.
    """
    if example.group is not None:
        return example.group
    try:
        return image_sha256(example.image)
    except ImageError:
        return describe_source(example.image)
