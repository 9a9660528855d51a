"""One data set → train, validation and test, with no image in two of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from vqaft.data.example import VQAExample
from vqaft.data.image_content import image_sha256
from vqaft.data.split import Split
from vqaft.errors import DataError, SplitError

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, kw_only=True)
class DatasetSplitter:
    """Splits by image content, the same on every machine and in whatever order the examples come.

    Attributes:
        train: How much to train on: a count, or a fraction of the data as a float up to 1.0.
        validation: How much to watch training on; 0 for none.
        test: How much to judge by; 0 for none.
        unit: What a count counts: images, or pairs of image and question. Images are kept whole either way.
        seed: Another seed, another split.
    """

    train: int | float = 150
    validation: int | float = 50
    test: int | float = 100
    unit: Literal["images", "pairs"] = "images"
    seed: int = 42

    def split(self, examples: Iterable[VQAExample]) -> Split:
        """Split a data set.

        Args:
            examples: The data set; ids must differ.

        Returns:
            The parts; within a part, examples come in the order of the input.

        Raises:
            DataError: If there are no examples, or two with the same id.
            SplitError: If the data are too few for the counts.
        """
        everything = tuple(examples)
        _check(everything)
        groups: dict[str, list[int]] = {}
        for index, example in enumerate(everything):
            groups.setdefault(example.group or image_sha256(example.image), []).append(index)
        homes = self._assign({key: 1 if self.unit == "images" else len(rows) for key, rows in groups.items()})
        chosen = {index: homes[key] for key, rows in groups.items() for index in rows}
        part = {
            name: tuple(everything[index] for index in range(len(everything)) if chosen[index] == name)
            for name in (*PARTS, "unused")
        }
        return Split(**part)

    def _assign(self, weights: dict[str, int]) -> dict[str, str]:
        sizes = {"test": self.test, "validation": self.validation, "train": self.train}
        if any(size < 0 for size in sizes.values()) or not any(sizes.values()):
            raise SplitError(f"the sizes {sizes} are no sizes", hint="Give counts, or fractions up to 1.0 in all.")
        scale = sum(sizes.values())
        by_fraction = any(isinstance(size, float) for size in sizes.values())
        if by_fraction and scale > 1 + 1e-9:
            raise SplitError(f"the fractions {sizes} make {scale:g}, more than 1")
        bounds = list(accumulate(size / (max(scale, 1) if by_fraction else scale) for size in sizes.values()))
        ranks = {key: self._hash(key) for key in weights}
        homes = {
            key: next((name for name, bound in zip(sizes, bounds, strict=True) if rank < bound), "unused")
            for key, rank in ranks.items()
        }
        return homes if by_fraction else self._fill(weights, ranks, homes, {k: int(v) for k, v in sizes.items()})

    def _hash(self, key: str) -> float:
        digest = hashlib.blake2b(key.encode(), key=str(self.seed).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64

    def _fill(
        self, weights: dict[str, int], ranks: dict[str, float], homes: dict[str, str], sizes: dict[str, int]
    ) -> dict[str, str]:
        there, asked = sum(weights.values()), sum(sizes.values())
        if asked > there:
            asked_for = f"{asked} {self.unit} are asked for ({self.train} + {self.validation} + {self.test})"
            raise SplitError(
                f"{asked_for}, {there} are there",
                hint="Ask for less, or give fractions such as train=0.7, validation=0.1, test=0.2.",
            )
        result = dict.fromkeys(weights, "unused")
        room = dict(sizes)
        order = sorted(weights, key=lambda key: (ranks[key], key))
        # First every group at home, then what is left where there is still room.
        for at_home in (True, False):
            for key in order:
                for name in sizes:
                    if result[key] == "unused" and weights[key] <= room[name] and (homes[key] == name or not at_home):
                        result[key] = name
                        room[name] -= weights[key]
        return result


def _check(examples: tuple[VQAExample, ...]) -> None:
    if not examples:
        raise DataError("there are no examples to split")
    seen: set[str] = set()
    for example in examples:
        if example.id in seen:
            raise DataError("two examples have this id", example_id=example.id, hint="Give a prefix when loading.")
        seen.add(example.id)
