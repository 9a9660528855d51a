"""A file in memory and a Python object hold the same bytes."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from PIL import Image

from vqaft.images.codec import save_pillow


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_bytes_do_not_depend_on_the_system(
    kind: str, picture: Callable[..., Image.Image], saved: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = picture(300, 200)
    expected = saved(image, kind, quality=80)
    assert save_pillow(image, kind, quality=80) == expected

    def forbidden(*_: object) -> int:
        raise PermissionError("by a sandbox")

    monkeypatch.setattr(os, "memfd_create", forbidden, raising=False)
    assert save_pillow(image, kind, quality=80) == expected
    monkeypatch.delattr(os, "memfd_create")
    assert save_pillow(image, kind, quality=80) == expected


def test_no_file_stays_open(picture: Callable[..., Image.Image]) -> None:
    if not os.path.isdir("/proc/self/fd"):  # noqa: PTH112 - a folder of the kernel
        pytest.skip("this system does not list open files")
    save_pillow(picture(20, 10), "PNG")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - as above
    for _ in range(20):
        save_pillow(picture(20, 10), "PNG")
    with pytest.raises(OSError, match="cannot write"):
        save_pillow(Image.new("F", (8, 8)), "PNG")
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - as above
