"""Images and examples that tests make up, the same in every run."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from vqaft.data import VQAExample


def picture(seed: int = 0, *, size: tuple[int, int] = (64, 48), kind: str = "JPEG", **saved: Any) -> bytes:
    blobs = np.random.default_rng(seed).integers(0, 255, (5, 6, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(blobs).resize(size, Image.Resampling.BICUBIC).save(stream, kind, **saved)
    return stream.getvalue()


def example(number: int, *, image: Any = None, question: str = "", answer: str = "yes", **more: Any) -> VQAExample:
    shown = picture(number) if image is None else image
    return VQAExample(id=f"e{number}", image=shown, question=question or f"Q{number}?", answers=(answer,), **more)
