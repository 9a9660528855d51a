"""Clusters of examples: those that share a group or any image are not independent."""

from __future__ import annotations

from collections.abc import Iterable

from vqaft.data import VQAExample
from vqaft.errors import ImageError
from vqaft.images import ImageSource, describe_source, image_sha256


def example_groups(examples: Iterable[VQAExample]) -> list[str]:
    """Name the cluster of each example: examples that share a group or any image are not independent.

    Clusters are connected components: what shares an image with a member belongs to it. An image that cannot be read is
    named by where it should be: the model had nothing to look at either, and the row is still counted.

    Args:
        examples: All examples that are compared with each other.

    Returns:
        For each example the first group in its cluster, else the first image by content.
    """
    parents: dict[tuple[bool, str], tuple[bool, str]] = {}

    def root(key: tuple[bool, str]) -> tuple[bool, str]:
        while (parent := parents.setdefault(key, key)) != key:
            parents[key] = parents[parent]
            key = parent
        return key

    firsts = []
    for example in examples:
        keys = _cluster_keys(example)
        firsts.append(parents[root(keys[0])])  # the key that all rows of the cluster share
        for key in keys[1:]:
            least, other = sorted((root(keys[0]), root(key)))
            parents[other] = least
    return [root(first)[1] for first in firsts]


def _cluster_keys(example: VQAExample) -> list[tuple[bool, str]]:
    """Return what connects an example with others; groups sort before images."""
    images = [(True, _content(image)) for image in example.images]
    return images if example.group is None else [(False, example.group), *images]


def _content(image: ImageSource) -> str:
    try:
        return image_sha256(image)
    except ImageError:
        return describe_source(image)
