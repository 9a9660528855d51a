"""Text read in images by rapidocr, where that extra is installed; each image once, whoever asks."""

from __future__ import annotations

import importlib.util
import logging
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from PIL import Image

from vqaft.durable import write_atomically
from vqaft.engines.embedded.lines import Line
from vqaft.engines.embedded.pictures import Picture

THREADS = 2
LEAST_SIDE = 100
"""Images with a shorter side than this many pixels are not read: they hold no line of text."""


class Reader:
    """Reads text, and keeps what it read by the content of the image.

    Without the extra it finds no text, and keeps nothing. Safe to call from several threads; one image is read at a
    time, for reading uses all threads it may.

    Args:
        folder: Where readings are kept; None keeps them in memory only.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._known: dict[str, tuple[Line, ...]] = {}
        self._lock = threading.Lock()
        self._engine: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        return Reader, (self._folder,)  # another process reads for itself, and shares what is kept in the folder

    def read(self, picture: Picture) -> tuple[Line, ...]:
        """Read the lines of text in an image.

        Args:
            picture: The image.

        Returns:
            The lines, in no promised order; none without the extra, in small images, and in images without text.

        Raises:
            ImageError: If the image cannot be decoded.
        """
        if picture.key not in self._known and not self._load(picture.key):
            if min(picture.size()) < LEAST_SIDE or not self.can_read():
                return ()
            with self._lock:
                if picture.key not in self._known:
                    self._keep(picture.key, self._read(picture.open()))
        return self._known[picture.key]

    @staticmethod
    def can_read() -> bool:
        """Whether the extra is installed."""
        return all(importlib.util.find_spec(name) for name in ("rapidocr", "onnxruntime"))

    def _read(self, image: Image.Image) -> tuple[Line, ...]:
        if self._engine is None:
            self._engine = _engine()
        result = self._engine(np.asarray(image)[:, :, ::-1])  # it expects BGR
        if result.txts is None:
            return ()
        return tuple(_line(text, box) for text, box in zip(result.txts, result.boxes, strict=True) if text.strip())

    def _path(self, key: str) -> Path | None:
        return None if self._folder is None else self._folder / key[:2] / f"{key}.json"

    def _load(self, key: str) -> bool:
        path = self._path(key)
        if path is None or not path.is_file():
            return False
        try:
            self._known[key] = tuple(Line(**line) for line in orjson.loads(path.read_bytes()))
        except (ValueError, TypeError):  # damaged by another program: read the image again
            return False
        return True

    def _keep(self, key: str, lines: tuple[Line, ...]) -> None:
        self._known[key] = lines
        path = self._path(key)
        if path is not None:
            write_atomically(path, orjson.dumps([asdict(line) for line in lines]))


def _engine() -> Any:
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
