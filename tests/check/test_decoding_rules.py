"""Rules that are added: pixels, a detector, the web."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

from PIL import Image

from vqaft.check import RULES, blank_pixels, check_file, likely_skipped, unreachable_url, unreadable_pixels
from vqaft.check.rule import ImageRule
from vqaft.errors import ImageError


def picture(color: str | None = None) -> bytes:
    image = Image.linear_gradient("L").convert("RGB") if color is None else Image.new("RGB", (64, 64), color)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def codes(folder: Path, rule: ImageRule, *urls: str) -> list[int | None]:
    path = folder / "train.jsonl"
    rows = [
        [
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "?"}],
            },
            {"role": "assistant", "content": "yes"},
        ]
        for url in urls
    ]
    path.write_text("".join(json.dumps({"messages": messages}) + "\n" for messages in rows))
    report = check_file(path, rules=(*RULES, rule), max_workers=2)
    return [problem.line for problem in report.problems if problem.code == rule.code]


def inside(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


def test_pixels_that_cannot_be_read_are_found(tmp_path: Path) -> None:
    sound = picture()
    middle = len(sound) // 2
    broken = sound[:middle] + b"\xff" * 20 + sound[middle + 20 :]
    assert codes(tmp_path, unreadable_pixels(), inside(sound), inside(broken)) == [2]


def test_images_of_one_colour_are_found(tmp_path: Path) -> None:
    assert codes(tmp_path, blank_pixels(), inside(picture("teal")), inside(picture())) == [1]


def test_a_detector_sees_each_image_once(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    def detector(image: Image.Image) -> str | None:
        seen.append(image.size)
        return "2 faces" if image.size == (64, 64) else None

    urls = [inside(picture("teal")), inside(picture()), inside(picture("teal")), "https://example.com/a.png"]
    path = tmp_path / "one"
    path.mkdir()
    assert codes(path, likely_skipped(detector), *urls) == [1, 3]
    assert set(seen) == {(64, 64), (256, 256)}


def test_web_addresses_are_asked(tmp_path: Path) -> None:
    def fetch(url: str) -> bytes:
        if url.endswith("c.png"):
            raise ImageError("answers with 403")
        return picture() if url.endswith("a.png") else b"<html>"

    urls = [f"https://example.com/{name}.png" for name in "abc"]
    assert codes(tmp_path, unreachable_url(fetch), *urls, inside(picture())) == [2, 3]


def test_private_addresses_are_not_asked(tmp_path: Path) -> None:
    assert codes(tmp_path, unreachable_url(), "http://127.0.0.1:9/a.png") == [1]
