"""The same question about the same picture, with different answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqaft.data.duplicates import NEAR_DISTANCE, ImageTable, same_picture
from vqaft.data.example import VQAExample
from vqaft.data.splits.groups import group_examples


@dataclass(frozen=True, kw_only=True)
class LabelConflict:
    """Two examples that cannot both be right.

    Attributes:
        examples: The two; no acceptable answer of one is acceptable in the other.
        same: Whether they show the same file; else two files of one picture.
    """

    examples: tuple[VQAExample, VQAExample]
    same: bool

    def __str__(self) -> str:
        one, other = self.examples
        return f"{one.id} and {other.id}: {one.question!r} is {one.answer!r} and {other.answer!r}"


def label_conflicts(
    examples: Iterable[VQAExample], *, distance: int | None = NEAR_DISTANCE
) -> tuple[LabelConflict, ...]:
    """Find examples that ask the same of the same picture, and answer differently.

    Questions and answers are compared without regard to case and blanks. Images that look alike are
    compared closely, so that a red and a blue copy of a shape, or two receipts of one shop, are no conflict.

    Args:
        examples: The examples; those without an answer do not count.
        distance: How many of 64 bits may differ between images that look alike; None to compare contents only.

    Returns:
        One conflict for each example that contradicts an earlier one, in the order of the input.

    Raises:
        ImageError: If an image cannot be read.
    """
    answered = [example for example in examples if example.answers]
    if not answered:
        return ()
    images = ImageTable.of(answered, looks=distance is not None)
    looks = group_examples(answered, images, by=lambda _: None, distance=distance).of_image[images.index]
    asked: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    found = []
    for index, example in enumerate(answered):
        earlier = asked[int(looks[index]), _plain(example.question)]
        conflict = _contradicted(answered, earlier, index, images.index)
        if conflict is not None:
            found.append(conflict)
        earlier.append(index)
    return tuple(found)


def _contradicted(
    examples: Sequence[VQAExample], earlier: Sequence[int], index: int, image: NDArray[np.int32]
) -> LabelConflict | None:
    example = examples[index]
    for other in earlier:
        same = bool(image[other] == image[index])
        if not _answers(examples[other]) & _answers(example) and (
            same or same_picture(examples[other].image, example.image)
        ):
            return LabelConflict(examples=(examples[other], example), same=same)
    return None


def _answers(example: VQAExample) -> set[str]:
    return {_plain(answer) for answer in example.answers}


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
