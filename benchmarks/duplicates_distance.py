"""Why 4 bits: how far copies of real images move, and how near different images come.

Run it with `python benchmarks/duplicates_distance.py`; it needs the developers' shared data. The first table says what
share of images stays within so many bits when it is saved again; the second how many pairs of different files are as
near as that. The third compares copies and look-alikes closely, as `same_picture` does.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from vqaft.data.image_table import correlation
from vqaft.images import ImageSource, perceptual_hash, thumbnail

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
BITS = (0, 2, 4, 6, 8, 10)

CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "quality 40": lambda image: image,
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS),
    "20 % brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "20 % less contrast": lambda image: ImageEnhance.Contrast(image).enhance(0.8),
    "1 % cut off each side": lambda image: _cut(image, 0.01),
    "turned by 1 degree": lambda image: image.rotate(1, Image.Resampling.BICUBIC),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
}


def _cut(image: Image.Image, share: float) -> Image.Image:
    across, down = int(image.width * share), int(image.height * share)
    return image.crop((across, down, image.width - across, image.height - down))


def changed(file: Path, change: str) -> bytes:
    """Change an image and save it as JPEG."""
    target = io.BytesIO()
    with Image.open(file) as image:
        CHANGES[change](image.convert("RGB")).save(target, "JPEG", quality=40 if change == "quality 40" else 90)
    return target.getvalue()


def hashes(sources: Sequence[ImageSource]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Hash images that are not flat."""
    return np.array([perceptual_hash(source) for source in sources], dtype=np.uint64)


def close(one: ImageSource, other: ImageSource) -> float:
    """Correlate two images in colour at 128 × 128."""
    first, second = (thumbnail(source, mode="RGB", side=128) for source in (one, other))
    assert first is not None  # noqa: S101 - both are local
    assert second is not None  # noqa: S101
    return correlation(first, second)


def study(folder: str) -> None:
    """Print the tables of one dataset."""
    files = sorted((SHARED / folder / "images").iterdir())
    own = hashes([str(file) for file in files])
    print(f"\n{folder}: share of 120 images within so many bits of their changed copy, and correlation with it")
    print(f"{'':24}" + "".join(f"{bits:>7}" for bits in BITS) + "  least  5 %")
    for change in CHANGES:
        copies = [changed(file, change) for file in files[:120]]
        bits = np.bitwise_count(own[:120] ^ hashes(copies))
        shares = "".join(f"{100 * (bits <= limit).mean():6.0f}%" for limit in BITS)
        likeness = [close(str(file), copy) for file, copy in zip(files, copies, strict=False)]
        print(f"{change:24}{shares}  {min(likeness):.2f}  {np.quantile(likeness, 0.05):.2f}")
    apart = np.bitwise_count(own[:, None] ^ own[None, :])
    row, column = np.triu_indices(len(files), 1)
    pairs = apart[row, column]
    print(f"{'different files':24}" + "".join(f"{int((pairs <= limit).sum()):7}" for limit in BITS) + " pairs")
    near = np.flatnonzero(pairs <= 6)  # noqa: PLR2004 - a little beyond the limit
    likeness = [close(str(files[row[pair]]), str(files[column[pair]])) for pair in near]
    if likeness:
        print(f"different files within 6 bits correlate by {min(likeness):.2f} to {max(likeness):.2f}")


if __name__ == "__main__":
    study("radiology")
    study("receipts")
