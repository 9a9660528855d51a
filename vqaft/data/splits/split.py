"""The parts of a dataset."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeInt

from vqaft.data.example import VQAExample
from vqaft.data.image_table import ImageTable
from vqaft.data.loaders.saved import save_examples
from vqaft.data.splits.allocation import PARTS
from vqaft.data.splits.audit import audit_splits
from vqaft.data.splits.placement import Placement
from vqaft.data.splits.report import SplitReport
from vqaft.durable import Trash
from vqaft.errors import DataError, SplitError
from vqaft.escape import visible
from vqaft.filesystem import require_local
from vqaft.images import NEAR_DISTANCE
from vqaft.notebook import card, note, table
from vqaft.typed import typed


@dataclass(frozen=True, kw_only=True)
@typed
class Split:
    """A dataset in parts that share no image.

    Attributes:
        train: What the model learns from.
        validation: What training is watched on.
        test: What the model is judged by; never shown to it.
        unused: What no part needed, and new images that hang together with old ones in two parts.
        placement: The part of every image, to be kept and given to the next split as `previous`.
        borrowed: How many groups went to a part that is not theirs by their own hash, because it had too few.
        names: The name of the group of each example that has one, by example id.
        distance: How many of 64 bits may differ between look-alikes; None if only contents were compared.
    """

    train: tuple[VQAExample, ...]
    validation: tuple[VQAExample, ...]
    test: tuple[VQAExample, ...]
    unused: tuple[VQAExample, ...] = ()
    placement: Placement = field(default=Placement(images={}, groups={}, looks={}), repr=False)
    borrowed: NonNegativeInt = 0
    names: Mapping[str, str] = field(default_factory=dict, hash=False, repr=False)
    distance: NonNegativeInt | None = NEAR_DISTANCE
    transformed: bool = False

    @classmethod
    def of(
        cls,
        examples: Sequence[VQAExample],
        parts: NDArray[np.int8],
        *,
        images: ImageTable,
        names: Sequence[str | None],
        borrowed: int,
        distance: int | None,
        transformed: bool = False,
    ) -> Split:
        """Deal examples out.

        Args:
            examples: The examples.
            parts: The number of each example's part.
            images: Their images.
            names: The name of each example's group, where it has one.
            borrowed: How many groups are not at home.
            distance: How many bits may differ between look-alikes.
            transformed: Whether transformed copies were looked for.
        """
        tuples = [
            tuple(examples[index] for index in np.flatnonzero(parts == number).tolist())
            for number in range(len(PARTS) + 1)
        ]
        placed = np.flatnonzero(parts < len(PARTS)).tolist()
        of_image = {image: PARTS[parts[index]] for index in placed for image in images.of_example(index)}
        placement = Placement(
            images={images.sha256[image]: part for image, part in of_image.items()},
            groups={name: PARTS[parts[index]] for index in placed if (name := names[index]) is not None},
            looks={images.sha256[image]: int(images.phash[image]) for image in of_image if images.visible[image]},
        )
        return cls(
            **dict(zip((*PARTS, "unused"), tuples, strict=True)),
            placement=placement,
            borrowed=borrowed,
            names={example.id: name for example, name in zip(examples, names, strict=True) if name is not None},
            distance=distance,
            transformed=transformed,
        )

    @cached_property
    def report(self) -> SplitReport:
        """The proof: sizes, groups, balance, look-alikes, the nearest pair across parts, answers never trained on.

        It is made from the parts as they are, by the same comparison as `audit_splits` makes.

        Raises:
            SplitError: If fewer than two parts hold anything.
        """
        parts = {name: examples for name in PARTS if (examples := getattr(self, name))}
        if len(parts) < 2:  # noqa: PLR2004 - a pair
            hint = "Use more images, or counts instead of fractions, which a few images cannot meet."
            raise SplitError(f"only {', '.join(parts) or 'no part'} holds anything", hint=hint)
        return audit_splits(
            parts,
            group_by=lambda example: self.names.get(example.id),
            distance=self.distance,
            transformed=self.transformed,
        )

    def save(self, folder: str | PathLike[str], *, images: str | PathLike[str] | None = None) -> Path:
        """Write the parts as `train.jsonl`, `validation.jsonl` and `test.jsonl`, and their placement.

        Read them again with `load_saved(folder / "train.jsonl")`; the next split of a larger dataset keeps to it with
        `previous=Placement.read(folder / "placement.json")`.

        Args:
            folder: Where to write; empty parts are left out. Files that an earlier split wrote for parts that are empty
                now are moved into a trash, since their images may be in other parts.
            images: The folder of the images, or its URL, if it is another.

        Returns:
            The folder.

        Raises:
            DataError: If a file stands in the place of an empty part, and no split wrote into this folder before.
            ImageError: If an image is missing.
        """
        target = require_local(folder, purpose="a folder of parts")
        placement = target / "placement.json"
        stale = [target / f"{name}.jsonl" for name in PARTS if not getattr(self, name)]
        _discard_stale([path for path in stale if path.exists()], is_ours=placement.exists())
        for name in PARTS:
            if examples := getattr(self, name):
                save_examples(target / f"{name}.jsonl", examples, images=images or target)
        self.placement.write(placement)
        return target

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name}={len(getattr(self, name))}" for name in (*PARTS, "unused"))
        return f"Split({sizes})"

    def _repr_html_(self) -> str:
        parts = {name: examples for name in (*PARTS, "unused") if (examples := getattr(self, name))}
        rows = [(name, len(examples), *_described(examples)) for name, examples in parts.items()]
        borrowed = [note(f"{self.borrowed} groups are not in the part that their own hash names")] * (self.borrowed > 0)
        return card([], [table(("part", "pairs", "types", "answers"), rows), *borrowed, note("split.report says more")])


def _described(examples: Sequence[VQAExample]) -> tuple[str, str]:
    """Return the most frequent types and answers in words."""
    types = Counter(example.question_type or "(none)" for example in examples)
    answers = Counter(example.answers[0].casefold() if example.answers else "(none)" for example in examples)
    return _most_frequent(types), _most_frequent(answers)


def _most_frequent(counts: Counter[str], most: int = 4) -> str:
    shown = [f"{visible(name, limit=30)} {count}" for name, count in counts.most_common(most)]
    return " · ".join([*shown, *([f"{len(counts) - most} more"] if len(counts) > most else [])])


_TRASH = ".vqaft-trash"
_PART_FILES = re.compile(r"(?:train|validation|test)\.jsonl")


def _discard_stale(paths: list[Path], *, is_ours: bool) -> None:
    """Move the files of an earlier split's parts away: their images may be in other parts now."""
    for path in paths:
        if not is_ours:
            hint = "Save to another folder, or remove the file."
            raise DataError("stands where this split has no part, and no split wrote it", path=path, hint=hint)
        Trash(path.parent / _TRASH, own_names=_PART_FILES).discard(path, now=int(time.time()))
