from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pybase64
import pytest
from PIL import Image, ImageDraw

COLOURS = {"mauve": (200, 120, 220), "ochre": (200, 120, 30), "cyan": (0, 200, 220)}


class Discs:
    """Rows about discs in three paints, two questions an image; no two images are the same."""

    paints = tuple(COLOURS)

    @staticmethod
    def user(text: str, url: str | None = None) -> dict[str, Any]:
        parts: list[dict[str, Any]] = [{"type": "text", "text": text}]
        return {"role": "user", "content": parts + ([{"type": "image_url", "image_url": {"url": url}}] if url else [])}

    @staticmethod
    def url(paint: str, *, at: tuple[int, int] = (30, 20), radius: int = 9) -> str:
        image = Image.new("RGB", (64, 48), (245, 245, 240))
        x, y = at
        ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=COLOURS[paint])
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        return "data:image/png;base64," + pybase64.b64encode_as_string(buffer.getvalue())

    def rows(self, count: int, *, shift: int = 0) -> list[list[dict[str, Any]]]:
        rows = []
        for number in range(count):
            paint, other = self.paints[number % 3], self.paints[(number + 1 + number // 3 % 2) % 3]
            at = 12 + (7 * number + shift) % 40, 12 + (5 * number + shift) % 24
            url = self.url(paint, at=at, radius=6 + (number + shift) % 5)
            asked = other if number % 2 else paint
            said = "yes" if asked == paint else "no"
            rows.append([self.user("Which paint?", url), {"role": "assistant", "content": paint}])
            rows.append([self.user(f"Is it painted {asked}?", url), {"role": "assistant", "content": said}])
        return rows

    @staticmethod
    def write(path: Path, rows: Sequence[Sequence[dict[str, Any]]]) -> Path:
        path.write_bytes(b"".join(orjson.dumps({"messages": row}) + b"\n" for row in rows))
        return path


@pytest.fixture(scope="session")
def discs() -> Discs:
    return Discs()
