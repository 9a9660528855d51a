"""Lines of text in images, recognized by rapidocr where the extra `ocr` is installed; each image once."""

from __future__ import annotations

import importlib.util
import logging
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from PIL import Image

from vqaft.durable import write_atomically
from vqaft.engines.embedded.inputs import Picture
from vqaft.serialization import read_as

THREADS = 2
MIN_SIDE = 100
"""Images with a shorter side than this many pixels are not read: they hold no line of text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of text and its bounding box, in pixels from the upper left corner of the image."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """Height of the box, at least one pixel."""
        return max(self.bottom - self.top, 1.0)

    @property
    def middle(self) -> float:
        """Vertical middle of the box."""
        return (self.top + self.bottom) / 2


class TextRecognizer:
    """Recognizes text, and caches the lines by the content of the image.

    Without the extra it finds no text, and caches nothing. Thread-safe; one image is recognized at a time, because
    the recognizer uses all threads it may.

    Args:
        cache_folder: Where lines are cached, a JSON file an image; None caches them in memory only.
    """

    def __init__(self, cache_folder: Path | None = None) -> None:
        self._folder = cache_folder
        self._known: dict[str, tuple[Line, ...]] = {}
        self._lock = threading.Lock()
        self._engine: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        return TextRecognizer, (self._folder,)  # the lock and the recognizer do not pickle; the folder is shared

    def read(self, picture: Picture | None) -> tuple[Line, ...]:
        """Return the lines of text in an image, in no promised order.

        Args:
            picture: The image; None has no text.

        Raises:
            ImageError: If the image cannot be decoded.
        """
        if picture is None:
            return ()
        if picture.key not in self._known:
            with self._lock:
                return self._find(picture)
        return self._known[picture.key]

    def _find(self, picture: Picture) -> tuple[Line, ...]:
        key = picture.key
        path = None if self._folder is None else self._folder / key[:2] / f"{key}.json"
        lines = self._known.get(key, None if path is None else _cached(path))
        if lines is None:
            if not may_hold_text(picture) or not self.is_available():
                return ()
            lines = self._recognize(picture.open())
            if path is not None:
                write_atomically(path, orjson.dumps([asdict(line) for line in lines]))
        self._known[key] = lines
        return lines

    @staticmethod
    def is_available() -> bool:
        """Return whether the extra is installed."""
        return all(importlib.util.find_spec(name) for name in ("rapidocr", "onnxruntime"))

    def _recognize(self, image: Image.Image) -> tuple[Line, ...]:
        if self._engine is None:
            self._engine = _load_engine()
        result = self._engine(np.asarray(image)[:, :, ::-1])  # it expects BGR
        if result.txts is None:
            return ()
        return tuple(_line(text, box) for text, box in zip(result.txts, result.boxes, strict=True) if text.strip())


def _cached(path: Path) -> tuple[Line, ...] | None:
    try:
        return read_as(tuple[Line, ...], path.read_bytes())
    except (OSError, ValueError):  # not there, or damaged by another program: recognize the image again
        return None


def may_hold_text(picture: Picture) -> bool:
    """Return whether an image is large enough to be read."""
    return min(picture.size) >= MIN_SIDE


def _load_engine() -> Any:
    from rapidocr import RapidOCR

    engine = RapidOCR(
        params={
            "Global.log_level": "critical",
            "EngineConfig.onnxruntime.intra_op_num_threads": THREADS,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)  # the parameter does not reach every part of it
    return engine


def _line(text: str, box: Any) -> Line:
    across, down = np.asarray(box, dtype=float).T
    left, top, right, bottom = (round(float(v), 1) for v in (across.min(), down.min(), across.max(), down.max()))
    return Line(text=text.strip(), left=left, top=top, right=right, bottom=bottom)
