"""What people use today, side by side: what leaks, what balance, what time.

Run it with `python benchmarks/splits_compared.py`. VQA-RAD, a fifth for the test, means over seeds. `leak` is the share
of test images that training has too, or something that looks like them. The imbalance of a stratum is the total
variation distance between the test set and the whole, in points. scikit-learn splits by the image's path here, which
is right for VQA-RAD, where no two files are the same; it would not see a copied or resized file (second table: every
third image is there a second time, saved smaller).
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import time
import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeAlias

import numpy as np
from PIL import Image

from benchmarks.splits_data import vqa_rad
from vqaft.data import DatasetSplitter, VQAExample, audit_splits, question_kind

Examples: TypeAlias = Sequence[VQAExample]
Way: TypeAlias = Callable[[Examples, int], tuple[Examples, Examples]]


def by_row(examples: Examples, seed: int) -> tuple[Examples, Examples]:
    """Split rows at random: `datasets.Dataset.train_test_split`."""
    import datasets

    rows = datasets.Dataset.from_dict({"row": list(range(len(examples)))})
    parts = rows.train_test_split(test_size=0.2, seed=seed)
    return [examples[row] for row in parts["train"]["row"]], [examples[row] for row in parts["test"]["row"]]


def by_sklearn(kind: str, stratum: Callable[[VQAExample], Hashable] = question_kind) -> Way:
    """Split by the image's name with scikit-learn."""

    def split(examples: Examples, seed: int) -> tuple[Examples, Examples]:
        from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold

        maker: Any = (
            GroupShuffleSplit(1, test_size=0.2, random_state=seed)
            if kind == "shuffle"
            else StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        )
        names = [str(example.metadata["name"]) for example in examples]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # strata smaller than the number of folds
            train, test = next(maker.split(names, [str(stratum(example)) for example in examples], names))
        return [examples[row] for row in train], [examples[row] for row in test]

    return split


def by_vqaft(**settings: Any) -> Way:
    """Split by what the images show."""

    def split(examples: Examples, seed: int) -> tuple[Examples, Examples]:
        found = DatasetSplitter(train=0.8, validation=0.0, test=0.2, seed=seed, **settings).split(examples)
        return found.train, found.test

    return split


WAYS: dict[str, Way] = {
    "datasets.train_test_split": by_row,
    "GroupShuffleSplit": by_sklearn("shuffle"),
    "StratifiedGroupKFold, kind": by_sklearn("fold"),
    "StratifiedGroupKFold, type and answer": by_sklearn("fold", lambda each: (each.question_type, each.answer)),
    "vqaft, each image by its own hash": by_vqaft(),
    "vqaft, stratify=True": by_vqaft(stratify=True),
}


def imbalance(test: Examples, everything: Examples, stratum: Callable[[VQAExample], Hashable]) -> float:
    """Give the total variation distance between test and whole, in points."""
    shares = [Counter(map(stratum, examples)) for examples in (test, everything)]
    total = [sum(share.values()) for share in shares]
    return 50 * sum(abs(shares[0][key] / total[0] - shares[1][key] / total[1]) for key in shares[1])


def with_copies(examples: Examples) -> list[VQAExample]:
    """Add a smaller copy of every third image, under another name."""
    names = sorted({str(example.metadata["name"]) for example in examples})
    copied = set(names[::3])
    copies: dict[str, bytes] = {}
    result = list(examples)
    for example in examples:
        name = str(example.metadata["name"])
        if name in copied:
            if name not in copies:
                with Image.open(str(example.image)) as image:
                    file = io.BytesIO()
                    image.convert("RGB").resize((image.width // 2, image.height // 2)).save(file, "JPEG", quality=80)
                copies[name] = file.getvalue()
            metadata = {**example.metadata, "name": f"copy of {name}"}
            result.append(
                dataclasses.replace(example, id=f"copy-{example.id}", images=(copies[name],), metadata=metadata)
            )
    return result


def table(title: str, examples: Examples, *, seeds: int) -> None:
    """Print one row for each way."""
    print(f"\n{title}\n{'':38} leak    images  pairs       imbalance: kind  type  answer  seconds")
    for name, way in WAYS.items():
        rows = []
        for seed in range(seeds):
            start = time.perf_counter()
            train, test = way(examples, seed)
            seconds = time.perf_counter() - start
            overlap = audit_splits({"train": train, "test": test}).overlap("train", "test")
            strata = (question_kind, lambda each: each.question_type, lambda each: each.answer.casefold())
            uneven = [imbalance(test, examples, stratum) for stratum in strata]
            rows.append(
                [100 * (overlap.same + overlap.alike) / overlap.images, overlap.images, len(test), *uneven, seconds]
            )
        mean, spread = np.mean(rows, axis=0), np.std(rows, axis=0)
        print(
            f"{name:38} {mean[0]:5.1f} % {mean[1]:6.0f} {mean[2]:6.0f} ± {spread[2]:<3.0f} "
            f"{mean[3]:15.1f} {mean[4]:5.1f} {mean[5]:7.1f} {np.median([row[-1] for row in rows]):8.2f}"
        )


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    examples = [
        dataclasses.replace(example, metadata={**example.metadata, "name": str(example.image)})
        for part in vqa_rad().values()
        for example in part
    ]
    table("VQA-RAD", examples, seeds=arguments.seeds)
    table("VQA-RAD with copies", with_copies(examples), seeds=arguments.seeds)


if __name__ == "__main__":
    main()
