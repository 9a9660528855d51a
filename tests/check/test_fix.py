"""What is fixed, what is left, and that the rest stays byte for byte."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from vqaft.check import check_file, fix_file
from vqaft.errors import DataError


def picture(number: int) -> bytes:
    stream = io.BytesIO()
    Image.linear_gradient("L").resize((64, 64 + number)).convert("RGB").save(stream, "JPEG")
    return stream.getvalue()


def row(number: int, **changes: Any) -> dict[str, Any]:
    url = "data:image/jpeg;base64," + base64.b64encode(picture(number)).decode()
    content = [{"type": "text", "text": f"{number}?"}, {"type": "image_url", "image_url": {"url": url}}]
    return {"messages": [{"role": "user", "content": content}, {"role": "assistant", "content": "yes"}], **changes}


def with_answer(number: int, answer: str) -> dict[str, Any]:
    made = row(number)
    made["messages"][1]["content"] = answer
    return made


def with_part(number: int, **changes: Any) -> dict[str, Any]:
    made = row(number)
    made["messages"][0]["content"][1].update(changes)
    return made


URL = row(3)["messages"][0]["content"][1]["image_url"]["url"]
SOUND = [json.dumps(row(number)).encode() for number in range(10, 20)]
CASES: dict[str, bytes] = {
    "structure.unknown-key": json.dumps(row(1, id=7)).encode(),
    "text.edges": json.dumps(with_answer(2, " yes ")).encode(),
    "text.invisible": json.dumps(with_answer(2, "y\u200bes")).encode(),
    "text.not-composed": json.dumps(with_answer(2, "cafe\u0301")).encode(),
    "images.mislabelled": json.dumps(with_part(3, image_url={"url": URL.replace("jpeg", "png")})).encode(),
    "structure.image-url-type": json.dumps(with_part(3, image_url=URL)).encode(),
    "structure.image-url-key": json.dumps(with_part(3, image_url={"url": URL, "alt": "a"})).encode(),
    "structure.part-key": json.dumps(with_part(3, alt="a")).encode(),
    "line.blank": b"   ",
    "line.byte-order-mark": b"\xef\xbb\xbf" + json.dumps(row(4)).encode(),
    "rows.duplicate": SOUND[0],
    "file.carriage-returns": json.dumps(row(5)).encode() + b"\r",
}


@pytest.mark.parametrize("code", CASES)
def test_what_is_safe_is_fixed_and_listed(code: str, tmp_path: Path) -> None:
    path, fixed = tmp_path / "train.jsonl", tmp_path / "fixed.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in [*SOUND, CASES[code]]))
    assert code in check_file(path).counts
    report = fix_file(path, fixed)
    assert {done.code for done in report.fixes} == {code}
    assert [done.line for done in report.fixes] == [11]
    assert check_file(fixed).problems == ()
    assert fixed.read_bytes().startswith(b"\n".join(SOUND))
    assert code in str(report)


def test_a_sound_file_comes_out_as_it_was(tmp_path: Path) -> None:
    path, fixed = tmp_path / "train.jsonl", tmp_path / "fixed.jsonl"
    path.write_bytes(b"\n".join(SOUND) + b"\n")
    assert fix_file(path, fixed).fixes == ()
    assert fixed.read_bytes() == path.read_bytes()


def test_what_cannot_be_fixed_is_kept_for_the_check(tmp_path: Path) -> None:
    path, fixed = tmp_path / "train.jsonl", tmp_path / "fixed.jsonl"
    broken = [b"{", b"[]", b'{"messages": 3, "x": 1}', json.dumps(with_answer(1, "")).encode()]
    path.write_bytes(b"\n".join([*SOUND, *broken]) + b"\n")
    fix_file(path, fixed)
    assert check_file(fixed).counts == check_file(path).counts


def test_the_source_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(SOUND[0])
    with pytest.raises(DataError, match="replace its source"):
        fix_file(path, tmp_path / "." / "train.jsonl")
