"""Each image is read once, and problems name the example."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.data.pictures import example, picture
from vqaft.data import ImageTable, VQAExample
from vqaft.errors import ImageError


def test_distinct_by_content(tmp_path: Path) -> None:
    for name, seed in (("a.png", 1), ("b.png", 2), ("copy.png", 1)):
        (tmp_path / name).write_bytes(picture(seed))
    sources = [str(tmp_path / name) for name in ("a.png", "b.png", "a.png", "copy.png")]
    examples = [VQAExample(id=f"{number}", image=image, question="?") for number, image in enumerate(sources)]
    table = ImageTable.of([*examples, example("bytes", picture(2))])
    assert table.first.tolist() == [0, 1, 0, 0, 1]
    assert len(table) == 2
    assert table.visible.all()


@pytest.mark.parametrize("looks", [True, False])
def test_a_missing_image_names_the_example(*, looks: bool) -> None:
    with pytest.raises(ImageError, match=r"nowhere\.png: example 'x': the image cannot be read"):
        ImageTable.of([VQAExample(id="x", image="nowhere.png", question="?")], looks=looks)


def test_an_unreadable_image_names_the_example(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(picture(1)[:200])
    table = ImageTable.of([VQAExample(id="x", image=path, question="?")], looks=False)
    assert not table.visible.any()
    with pytest.raises(ImageError, match=r"a\.png: example 'x': cannot be read"):
        ImageTable.of([VQAExample(id="x", image=str(path), question="?")])


@pytest.mark.parametrize("max_workers", [1, 8])
def test_rows_that_hold_equal_bytes_are_hashed_once(max_workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[int] = []
    sha256 = hashlib.sha256

    def counted(content: bytes = b"", **more: Any) -> Any:
        hashed.append(len(content))
        return sha256(content, **more)

    monkeypatch.setattr(hashlib, "sha256", counted)
    data = picture(1)
    rows = [{"bytes": bytes(bytearray(data)), "path": None} for _ in range(40)]
    examples = [VQAExample(id=str(n), image=row, question="?") for n, row in enumerate(rows)]
    table = ImageTable.of(examples, max_workers=max_workers)
    assert len(table) == 1
    assert table.sha256 == (sha256(data).hexdigest(),)
    assert hashed == [len(data)]
