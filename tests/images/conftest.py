"""Pictures to encode, and files that carry secrets."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

SECRET = "Secret-Ward-7-Nurse-Ada"
Save = Callable[..., bytes]


def smooth(width: int, height: int, mode: str = "RGB") -> Image.Image:
    across = np.linspace(0, 255, width)[None, :].repeat(height, 0)
    down = np.linspace(0, 255, height)[:, None].repeat(width, 1)
    image = Image.fromarray(np.stack([across, down, (across + down) / 2], axis=-1).astype(np.uint8))
    if mode == "RGBA":
        image.putalpha(Image.fromarray(down.astype(np.uint8)))
        return image
    return image.convert(mode)


@pytest.fixture
def picture() -> Callable[..., Image.Image]:
    return smooth


@pytest.fixture
def saved() -> Save:
    def save(image: Image.Image, kind: str, **settings: Any) -> bytes:
        buffer = io.BytesIO()
        image.save(buffer, kind, **settings)
        return buffer.getvalue()

    return save


@pytest.fixture
def decoded() -> Callable[[bytes], Image.Image]:
    def decode(data: bytes) -> Image.Image:
        image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP"))
        image.load()
        return image

    return decode


def exif_with_secrets(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = SECRET
    exif[0x013B] = SECRET
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 29: "2031:01:02", 27: SECRET.encode()})
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\x00\x00\x00" + SECRET.encode()
    return exif


def srgb_profile() -> bytes:
    return bytes(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())


def jpeg_with_secrets(orientation: int = 1) -> bytes:
    """EXIF, GPS, XMP, a comment, maker and Photoshop blocks, a JFIF thumbnail, and bytes after the end."""
    buffer = io.BytesIO()
    xmp = f"<x:xmpmeta><dc:creator>{SECRET}</dc:creator></x:xmpmeta>".encode()
    smooth(64, 48).save(
        buffer,
        "JPEG",
        exif=exif_with_secrets(orientation),
        xmp=xmp,
        comment=SECRET.encode(),
        icc_profile=srgb_profile(),
    )
    data = buffer.getvalue()
    blocks = b"".join(
        bytes([0xFF, marker]) + (len(SECRET) + 2).to_bytes(2) + SECRET.encode() for marker in (0xED, 0xEF, 0xE4)
    )
    return data[:2] + blocks + data[2:] + SECRET.encode()


def png_with_secrets(orientation: int = 1, mode: str = "RGB") -> bytes:
    """EXIF, XMP, text plain and packed, a time, an unknown chunk, and bytes after the end."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", SECRET)
    info.add_text("Comment", SECRET, zip=True)
    info.add_itxt("XML:com.adobe.xmp", f"<x>{SECRET}</x>")
    info.add(b"vqAf", SECRET.encode(), after_idat=True)
    buffer = io.BytesIO()
    exif = exif_with_secrets(orientation)
    smooth(64, 48, mode).save(buffer, "PNG", pnginfo=info, exif=exif, dpi=(300, 300), icc_profile=srgb_profile())
    return buffer.getvalue() + SECRET.encode()


def webp_with_secrets(orientation: int = 1, mode: str = "RGB", *, lossless: bool = False) -> bytes:
    """EXIF, XMP, and bytes after the end."""
    buffer = io.BytesIO()
    smooth(64, 48, mode).save(
        buffer,
        "WEBP",
        exif=exif_with_secrets(orientation),
        xmp=f"<x>{SECRET}</x>".encode(),
        icc_profile=srgb_profile(),
        lossless=lossless,
    )
    return buffer.getvalue() + SECRET.encode()


SECRETIVE: dict[str, Callable[[int], bytes]] = {
    "jpeg": jpeg_with_secrets,
    "png": png_with_secrets,
    "png-alpha": lambda orientation: png_with_secrets(orientation, "RGBA"),
    "webp": webp_with_secrets,
    "webp-alpha": lambda orientation: webp_with_secrets(orientation, "RGBA"),
    "webp-lossless": lambda orientation: webp_with_secrets(orientation, lossless=True),
    "webp-lossless-alpha": lambda orientation: webp_with_secrets(orientation, "RGBA", lossless=True),
}


@pytest.fixture(params=sorted(SECRETIVE))
def secretive(request: pytest.FixtureRequest) -> Callable[[int], bytes]:
    return SECRETIVE[request.param]


@pytest.fixture
def secrets() -> tuple[bytes, ...]:
    """What may not be found in any output: the secret in several writings, and the marks of metadata."""
    text = SECRET.encode()
    return (
        text,
        text[:12],
        text.hex().encode(),
        SECRET.encode("utf-16-le"),
        zlib.compress(text)[2:-4],
        b"2031:01:02",
        b"Exif",
    )


@pytest.fixture
def srgb() -> bytes:
    return srgb_profile()
