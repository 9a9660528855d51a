"""Made-up pictures with a shape to compare."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from vqaft.data import VQAExample


def picture(seed: int, *, brightness: float = 1.0) -> bytes:
    """Draw soft blobs; seeds below 1,000 look different, and 10 % more light stays within 4 bits for all of them."""
    rough = np.random.default_rng(seed).uniform(40, 200, (6, 6)).astype(np.uint8)
    smooth = Image.fromarray(rough).resize((64, 64), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    smooth.point([min(255, int(level * brightness)) for level in range(256)]).save(file, "PNG")
    return file.getvalue()


def example(name: str, image: bytes, *, group: str | None = None, answer: str = "yes") -> VQAExample:
    return VQAExample(id=name, image=image, question=f"What about {name}?", answers=(answer,), group=group)
