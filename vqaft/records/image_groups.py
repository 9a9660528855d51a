"""Examples of one image together, so that several images are encoded at once."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Iterator

from vqaft.data import VQAExample
from vqaft.errors import ImageError
from vqaft.records.encoded_once import image_key

_MOST = 64


def groups_by_image(examples: Iterable[VQAExample]) -> Iterator[tuple[VQAExample, ...]]:
    """Cut a stream of examples where the image changes, and after 64 of one image.

    Args:
        examples: Any examples; their order is kept.
    """
    for _, group in itertools.groupby(examples, key=_key):
        while chunk := tuple(itertools.islice(group, _MOST)):
            yield chunk


def _key(example: VQAExample) -> Hashable:
    try:
        return image_key(example.image)
    except ImageError:
        return example.id  # the error is raised when its turn comes, with the example's id
