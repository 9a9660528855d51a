"""Encoder: any image to a compliant file and its data URL; every failure is one error that names the image."""

from __future__ import annotations

import errno
import hashlib
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from functools import cached_property
from os import PathLike
from typing import Any, Literal, get_args

import PIL
import pybase64
from PIL import Image
from pydantic import PositiveInt

from vqaft.durable import MACHINE_ERRNOS, state_error
from vqaft.errors import DataError, ImageError, MissingExtraError, StateError, shown
from vqaft.images.codec import Codec, FileWriter, codec_version, encode_again, resolved_codec, shrink
from vqaft.images.color import is_srgb
from vqaft.images.decode import Size, decode_file, decode_image, is_plain_jpeg
from vqaft.images.documents import page_of, read_image
from vqaft.images.formats.container import UPRIGHT, Container, OutputFormat
from vqaft.images.formats.png import is_whole_png
from vqaft.images.formats.read import read_container, sniff
from vqaft.images.model_vision import Vision, shrunk_size
from vqaft.images.source import ImageSource, InputLimits, describe_source, is_web_address, read_source
from vqaft.notebook import card, note, picture
from vqaft.typed import typed

_SHOWN_SIDE = 480
"""Longest side of an image in a notebook, in pixels."""


@dataclass(frozen=True, kw_only=True)
@typed
class EncodedImage:
    """A compliant image file with the facts that records need.

    Attributes:
        data: The bytes of the image file.
        mime: Its type, e.g. `image/jpeg`.
        width: Width in pixels, as shown.
        height: Height in pixels, as shown.
    """

    data: bytes = field(repr=False)
    mime: str
    width: PositiveInt
    height: PositiveInt

    @property
    def size_bytes(self) -> int:
        """Length of the image file in bytes."""
        return len(self.data)

    @cached_property
    def sha256(self) -> str:
        """Hash of the image file, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def data_url_bytes(self) -> bytes:
        """The `data:` URL in ASCII bytes; it holds no character that JSON escapes."""
        return b"data:" + self.mime.encode() + b";base64," + pybase64.b64encode(self.data)

    @cached_property
    def data_url(self) -> str:
        """The `data:` URL as text."""
        return self.data_url_bytes.decode("ascii")

    def _repr_html_(self) -> str:
        shown = ImageEncoder(format="webp", quality=75, max_side=_SHOWN_SIDE, pass_through=False).encode(self.data)
        size = f"{self.mime}, {self.width} × {self.height} pixels, {self.size_bytes:,} bytes"
        return card([picture(shown.data_url, alt=size, width=shown.width)], [note(size)])


# Photographs, as cameras and telephones make them.
_PHOTOGRAPHS = {"JPEG", "MPO", "HEIF", "AVIF"}


def chosen_format(wanted: Literal["auto"] | OutputFormat, came_as: str | None) -> OutputFormat:
    """Settle "auto".

    Args:
        wanted: What the encoder is set to.
        came_as: Pillow's name of the format that the image came in; None for pixels.
    """
    if wanted != "auto":
        return wanted
    if came_as in _PHOTOGRAPHS:
        return "jpeg"
    return "webp" if came_as == "WEBP" else "png"


@contextmanager
def image_failures(source: ImageSource) -> Iterator[None]:
    """Turn whatever goes wrong with an image into an `ImageError` that names the image.

    Decoders fail with OSError, ValueError, TypeError, SyntaxError, RuntimeError, NotImplementedError, MemoryError,
    EOFError, IndexError, struct.error, bombs and warnings made errors; a list of them would never be complete.

    Args:
        source: The image, as the caller gave it.

    Raises:
        ImageError: In place of any other exception.
        MissingExtraError: As it came.
        StateError: If the machine is at its limits (open files, memory, disk), which says nothing about the image.
    """
    try:
        yield
    except (MissingExtraError, StateError):
        raise
    except ImageError as error:
        error.path = error.path or describe_source(source)
        raise
    except Exception as error:
        if isinstance(error, MemoryError):
            error = OSError(errno.ENOMEM, "out of memory")
        if isinstance(error, OSError) and error.errno in MACHINE_ERRNOS:
            raise state_error(error, describe_source(source), doing="cannot be read") from error
        reason = str(error) or type(error).__name__
        raise ImageError(f"cannot be read ({reason})", path=describe_source(source)) from error


_BEST = 100


@dataclass(frozen=True, kw_only=True)
class ImageEncoder:
    """Turns images into what the providers accept: upright, sRGB, RGB or RGBA, without metadata.

    A file that already complies is passed through: its metadata is cut out, its pixels are not touched, and the same
    bytes stand in the record. Any other image is decoded once and encoded. The same image and settings give the same
    bytes, and what was encoded once passes through ever after.

    Attributes:
        format: "jpeg", "png" or "webp". "auto" keeps these three, makes JPEG of HEIC and AVIF, and PNG of the rest.
        quality: Of JPEG and WEBP where they are encoded, 1 to 100.
        max_side: The longest side in pixels; larger images are shrunk, none is enlarged.
        vision: What the model keeps of an image, by `vision_of(model)`; pixels beyond it are not sent.
        max_bytes: The largest file. One that is larger loses quality first, then pixels; at "auto", PNG first becomes
            JPEG or, with transparency, WEBP.
        background: What transparent pixels are laid on where JPEG is asked for, as red, green, blue. White by default.
        pass_through: False encodes compliant JPEG and WEBP files too: smaller files at a lower quality, and slower.
        codec: Who decodes, shrinks and encodes; see `Codec`.
        accepted: The limits of what may come in, and whether web addresses are fetched.

    Raises:
        DataError: If a setting is out of its range.
    """

    format: Literal["auto"] | OutputFormat = "auto"
    quality: int = 85
    max_side: int | None = None
    vision: Vision | None = None
    max_bytes: int = 10_000_000
    background: tuple[int, int, int] = (255, 255, 255)
    pass_through: bool = True
    codec: Codec = "auto"
    accepted: InputLimits = field(default_factory=InputLimits)

    def __post_init__(self) -> None:
        at_least_1 = "an integer of at least 1"
        for name, fits, wanted in (
            ("format", self.format in ("auto", *get_args(OutputFormat)), "'auto', 'jpeg', 'png' or 'webp'"),
            ("quality", _is_within(self.quality, 1, _BEST), "an integer from 1 to 100"),
            ("max_side", self.max_side is None or _is_within(self.max_side, 1), f"{at_least_1}, or None"),
            ("vision", self.vision is None or isinstance(self.vision, Vision), "what vision_of(model) gives, or None"),
            ("max_bytes", _is_within(self.max_bytes, 1), at_least_1),
            ("background", _is_color(self.background), "red, green and blue from 0 to 255"),
            ("pass_through", isinstance(self.pass_through, bool), "True or False"),
            ("codec", self.codec in get_args(Codec), "'auto', 'pillow' or 'fast'"),
            ("accepted", isinstance(self.accepted, InputLimits), "an InputLimits"),
        ):
            if not fits:
                raise DataError(f"{name} is {shown(getattr(self, name))}, not {wanted}")

    def encode(self, source: ImageSource) -> EncodedImage:
        """Encode one image.

        Args:
            source: The image, in any of the forms of `ImageSource`.

        Returns:
            The compliant image.

        Raises:
            ImageError: If the image is missing, unreadable or unsafe; it names the source.
            MissingExtraError: If it is HEIC, or the fast codec is asked for, and the extra is not installed.
        """
        with image_failures(source):
            found = read_image(source, self.accepted)
            if isinstance(found, Image.Image):
                pixels = decode_image(found, self.accepted, target=self._target, codec=self.codec)
                return self._written(pixels, chosen_format(self.format, found.format))
            container = read_container(found)
            ready = None if container is None else self._without_pixels(container) or self._encoded_again(container)
            if ready is not None:
                return ready
            pixels = decode_file(found, container, self.accepted, target=self._target, codec=self.codec)
            return self._written(pixels, chosen_format(self.format, sniff(found)))

    def decode(self, source: ImageSource) -> Image.Image:
        """Decode one image as `encode` does before it writes a file: upright, sRGB, shrunk, without metadata.

        Args:
            source: The image, in any of the forms of `ImageSource`.

        Returns:
            An RGB or RGBA image.

        Raises:
            ImageError: If the image is missing, unreadable or unsafe; it names the source.
            MissingExtraError: As for `encode`.
        """
        with image_failures(source):
            found = read_image(source, self.accepted)
            if isinstance(found, Image.Image):
                return decode_image(found, self.accepted, target=self._target, codec=self.codec)
            return decode_file(found, read_container(found), self.accepted, target=self._target, codec=self.codec)

    def encode_edited(self, source: ImageSource, edit: Callable[[Image.Image], Image.Image]) -> EncodedImage:
        """Encode an image whose pixels are edited first, e.g. cropped; it is always decoded.

        Args:
            source: The image, in any of the forms of `ImageSource`.
            edit: Upright RGB or RGBA pixels of the full size → pixels of one of these modes.

        Raises:
            ImageError: If the image is missing, unreadable or unsafe, or the edit fails; it names the source.
            MissingExtraError: As for `encode`.
        """
        with image_failures(source):
            found = read_image(source, self.accepted)
            if isinstance(found, Image.Image):
                came_as, pixels = found.format, decode_image(found, self.accepted, target=_same, codec=self.codec)
            else:
                container = read_container(found)
                came_as = sniff(found)
                pixels = decode_file(found, container, self.accepted, target=_same, codec=self.codec)
            edited = edit(pixels)
            fewer = shrink(edited, self._target(edited.size), codec=self.codec)
            return self._written(fewer, chosen_format(self.format, came_as))

    def passed_through(self, source: ImageSource) -> EncodedImage | None:
        """Return an image that complies already, at the speed of memory: no pixel is decoded, nothing is fetched.

        Args:
            source: The image; only paths, data URLs and bytes are looked at.

        Returns:
            What `encode` gives; None where that takes more, or fails.
        """
        own = type(self).encode is ImageEncoder.encode  # a subclass that encodes otherwise sees every image
        if not own or not isinstance(source, str | PathLike | bytes) or is_web_address(source):
            return None
        if page_of(source) is not None:
            return None
        with suppress(ImageError), image_failures(source):
            found = read_source(source, self.accepted)
            container = read_container(found) if isinstance(found, bytes) else None
            return None if container is None else self._without_pixels(container)
        return None

    def describe(self) -> dict[str, Any]:
        """Return all that decides the bytes of an encoded image, ready for JSON: the settings and the libraries."""
        settings = asdict(self)
        settings["dpi"] = settings.pop("accepted")["dpi"]
        return settings | {"codec": codec_version(self.codec), "pillow": PIL.__version__}

    def _target(self, size: Size) -> Size:
        """Return the size that an upright image is shrunk to."""
        scale = Fraction(1) if self.vision is None else self.vision.scale(*size)
        if self.max_side is not None:
            scale = min(scale, Fraction(self.max_side, max(size)))
        return shrunk_size(size, scale)

    def _without_pixels(self, container: Container) -> EncodedImage | None:
        """Pass a file through that complies, once its metadata is cut out."""
        size = (container.width, container.height)
        self.accepted.check_size(*size)
        complies = (
            container.compliant
            and container.orientation == UPRIGHT
            and (self.pass_through or container.format == "png")
            and self.format in {"auto", container.format}
            and len(container.data) <= self.max_bytes
            and self._target(size) == size
            and (container.profile is None or is_srgb(container.profile))
            and (container.format != "png" or is_whole_png(container))
        )
        return _encoded(container.data, container.format, size) if complies else None

    def _encoded_again(self, container: Container) -> EncodedImage | None:
        """Re-encode JPEG as JPEG directly, if neither size nor colors change."""
        size = (container.width, container.height)
        direct = is_plain_jpeg(container) and self.format in {"auto", "jpeg"} and self._target(size) == size
        if not direct or resolved_codec(self.codec) == "pillow":
            return None
        data = encode_again(container.data, quality=self.quality)
        return None if data is None or len(data) > self.max_bytes else _encoded(data, "jpeg", size)

    def _written(self, pixels: Image.Image, kind: OutputFormat) -> EncodedImage:
        writer = FileWriter(format=kind, quality=self.quality, background=self.background, codec=self.codec)
        if kind == "png" and self.format == "auto":
            data = writer.write(pixels, self.quality)
            if len(data) <= self.max_bytes:
                return _encoded(data, kind, pixels.size)
            smaller: OutputFormat = "webp" if pixels.mode == "RGBA" else "jpeg"
            return self._written(pixels, smaller)
        data, size = writer.write_within(pixels, self.max_bytes)
        return _encoded(data, kind, size)


def _same(size: Size) -> Size:
    return size


def _is_within(value: object, least: int, most: float = math.inf) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_color(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 3 and all(_is_within(part, 0, 255) for part in value)  # noqa: PLR2004


def _encoded(data: bytes, kind: OutputFormat, size: Size) -> EncodedImage:
    return EncodedImage(data=data, mime=f"image/{kind}", width=size[0], height=size[1])
