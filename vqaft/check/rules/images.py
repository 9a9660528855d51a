"""Rules about images inside rows, and about those behind URLs."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from vqaft.check.parsed_row import CheckedImage, CheckedRow
from vqaft.check.rule import Found, ImageRule, RowRule, Severity
from vqaft.images import NO_IMAGES, shrunk_size, vision_of
from vqaft.providers import ProviderLimits

_MAX_PIXELS = 50_000_000
_LEAST_SIDE = 16
_MOST_SHAPE = 20
_LEAST_KEPT = 0.25


def not_base64(image: CheckedImage, _: ProviderLimits) -> str | None:
    """A data URL's data must be base64 by the letter."""
    wrong = image.kind == "data" and image.content is None
    return "the data is not valid base64" if wrong else None


def not_declared_base64(image: CheckedImage, _: ProviderLimits) -> str | None:
    """A data URL must say that its data is base64."""
    wrong = image.kind == "data" and not image.url.lower().endswith(";base64,")
    return f"the data URL begins {image.url[:40]!r}" if wrong else None


def empty(image: CheckedImage, _: ProviderLimits) -> str | None:
    """A data URL must hold data."""
    return "the image has no bytes" if image.content == b"" else None


def unknown(image: CheckedImage, _: ProviderLimits) -> str | None:
    """The bytes must be those of an image file."""
    wrong = image.content and (image.header is None or image.header.format in NO_IMAGES)
    return f"the bytes are no image ({_kind(image)})" if wrong else None


def _kind(image: CheckedImage) -> str:
    return image.header.format if image.header else "of no known kind"


def format_refused(image: CheckedImage, limits: ProviderLimits) -> str | None:
    """Every provider takes a few formats only; others are skipped in silence."""
    known = image.header is not None and image.header.format not in NO_IMAGES
    wrong = known and limits.image_formats is not None and _kind(image) not in limits.image_formats
    return f"{_kind(image)} is not taken by {limits.name}" if wrong else None


def mislabelled(image: CheckedImage, _: ProviderLimits) -> str | None:
    """What the data URL says must be what the bytes are."""
    said = image.media_type.removeprefix("image/").replace("jpg", "jpeg").removesuffix("+xml")
    wrong = image.header is not None and said != image.header.format
    return f"declared as {image.media_type or 'nothing'!r}, in truth {_kind(image)}" if wrong else None


def truncated(image: CheckedImage, _: ProviderLimits) -> str | None:
    """A file that lacks its end."""
    return "the file is cut off" if image.header is not None and not image.header.whole else None


def sizeless(image: CheckedImage, _: ProviderLimits) -> str | None:
    """A file whose header gives no size."""
    header = image.header
    wrong = header and header.format in {"jpeg", "png", "webp"} and not (header.width and header.height)
    return "the header gives no width and height" if wrong else None


def too_many_bytes(image: CheckedImage, limits: ProviderLimits) -> str | None:
    """A file over the provider's limit."""
    most = limits.max_image_bytes
    wrong = most is not None and image.content is not None and len(image.content) > most
    return f"{len(image.content or b'') / 1e6:.1f} MB, over {(most or 0) / 1e6:.0f} MB" if wrong else None


def color_mode(image: CheckedImage, limits: ProviderLimits) -> str | None:
    """Colors that the provider does not take; readers usually convert gray and palettes, but it is not promised."""
    mode = image.header.mode if image.header else None
    wrong = mode is not None and limits.image_modes is not None and mode not in limits.image_modes
    return f"the color mode is {mode}" if wrong else None


def animated(image: CheckedImage, _: ProviderLimits) -> str | None:
    """Of several pictures at most the first is seen."""
    return "the image is animated" if image.header is not None and image.header.animated else None


def turned(image: CheckedImage, _: ProviderLimits) -> str | None:
    """A turn that stands only in EXIF may be lost on the way."""
    return "EXIF says to turn the image" if image.header is not None and image.header.turned else None


def metadata(image: CheckedImage, _: ProviderLimits) -> str | None:
    """Metadata can hold places, names and serial numbers."""
    kinds = image.header.metadata if image.header is not None else ()
    return f"the file holds metadata ({', '.join(dict.fromkeys(kinds))})" if kinds else None


def too_many_pixels(image: CheckedImage, _: ProviderLimits) -> str | None:
    """A small file can unpack into gigabytes."""
    width, height = _size(image)
    return f"{width} × {height} pixels" if width * height > _MAX_PIXELS else None


def wasteful(image: CheckedImage, limits: ProviderLimits) -> str | None:
    """Pixels that no model of the provider keeps are sent and stored for nothing; said where they are three of four."""
    width, height = _size(image)
    kept = _kept_size(width, height, limits.models, is_low=image.detail == "low")
    if kept is None or kept[0] * kept[1] > _LEAST_KEPT * width * height:
        return None
    return f"{width} × {height} pixels, of which {kept[0]} × {kept[1]} are looked at"


@lru_cache(maxsize=1 << 10)  # images of a file have few sizes
def _kept_size(width: int, height: int, models: tuple[str, ...], *, is_low: bool) -> tuple[int, int] | None:
    """Return what the most generous of the models looks at; None where that is not known."""
    visions = [vision_of(model, detail="low" if is_low else "high") for model in models]
    known = [vision for vision in visions if vision is not None]
    if not width or not height or not visions or len(known) < len(visions):
        return None
    return shrunk_size((width, height), max(vision.scale(width, height) for vision in known))


def tiny(image: CheckedImage, _: ProviderLimits) -> str | None:
    """Too small to show anything; often a thumbnail or a tracking pixel."""
    width, height = _size(image)
    return f"{width} × {height} pixels" if 0 < min(width, height) < _LEAST_SIDE else None


def narrow(image: CheckedImage, _: ProviderLimits) -> str | None:
    """After shrinking the long side, nothing of the short one is left."""
    width, height = _size(image)
    return f"{width} × {height} pixels" if max(width, height) > _MOST_SHAPE * min(width, height) > 0 else None


def _size(image: CheckedImage) -> tuple[int, int]:
    return (image.header.width or 0, image.header.height or 0) if image.header is not None else (0, 0)


def outside_user(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """Images may stand in messages of the user alone."""
    return [
        Found(image.place, f"an image in a message of the {image.role or 'nameless'}")
        for image in row.images
        if image.role != "user"
    ]


def too_many(row: CheckedRow, limits: ProviderLimits) -> Iterable[Found]:
    """Rows with more images than the provider takes."""
    if limits.max_images_per_row is not None and len(row.images) > limits.max_images_per_row:
        yield Found("messages", f"{len(row.images)} images, over {limits.max_images_per_row}")


def shown_twice(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """The same image twice in a row: paid twice, and an answer given away where the first is a few-shot example."""
    if len(row.images) < 2:  # noqa: PLR2004 - one and the same again
        return
    seen: set[object] = set()
    for image in row.images:
        if image.key in seen:
            yield Found(image.place, "this image stands in the row before")
        seen.add(image.key)


def _rule(code: str, severity: Severity, find: Any, remedy: str) -> ImageRule:
    return ImageRule(code=f"images.{code}", severity=severity, remedy=remedy, find=find)


def _row_rule(code: str, severity: Severity, find: Any, remedy: str, *, by_shape: bool = True) -> RowRule:
    return RowRule(code=f"images.{code}", severity=severity, remedy=remedy, find=find, by_shape=by_shape)


_ENCODE = "Encode it with ImageEncoder."
IMAGE_RULES: tuple[ImageRule | RowRule, ...] = (
    _rule("not-base64", "error", not_base64, "Use standard base64 with padding, without line breaks."),
    _rule("not-declared-base64", "error", not_declared_base64, 'Begin with "data:image/…;base64,".'),
    _rule("empty", "error", empty, "Take the row out, or find its image."),
    _rule("unknown", "error", unknown, "Look at what was downloaded: it is often an error page."),
    _rule("format", "error", format_refused, _ENCODE),
    _rule("mislabelled", "error", mislabelled, "Declare what the bytes are; fix_file does."),
    _rule("truncated", "error", truncated, "Get the whole file again."),
    _rule("no-size", "error", sizeless, "The file is broken: get it again."),
    _rule("too-large", "error", too_many_bytes, "Encode it with ImageEncoder(max_side=…)."),
    _rule("mode", "warning", color_mode, "Convert to RGB or RGBA: ImageEncoder does."),
    _rule("animated", "error", animated, "Keep the frame that matters."),
    _rule("turned", "warning", turned, "Turn the pixels: ImageEncoder does."),
    _rule("metadata", "warning", metadata, "Strip it before it leaves the house: ImageEncoder does."),
    _rule("too-many-pixels", "error", too_many_pixels, "Shrink it, if it is no attack."),
    _rule("wasteful", "note", wasteful, "Shrink it by ImageEncoder(vision=vision_of(model, detail=…))."),
    _rule("tiny", "warning", tiny, "Look whether it is the image that was meant."),
    _rule("narrow", "warning", narrow, "Crop it, or cut it into several."),
    _row_rule("outside-user", "error", outside_user, "Put images into user messages."),
    _row_rule("too-many", "error", too_many, "Show fewer, e.g. fewer few-shot examples."),
    _row_rule("shown-twice", "warning", shown_twice, "Show every image once.", by_shape=False),
)
"""Rules about image files inside rows."""

_LONGEST = 8000


def file_url(image: CheckedImage, _: ProviderLimits) -> str | None:
    """A file of this machine that the provider cannot open."""
    return "the URL is a file of this machine" if image.kind == "file" else None


def other_scheme(image: CheckedImage, _: ProviderLimits) -> str | None:
    """Neither data nor web: often a path, or base64 without its beginning."""
    return f"{image.url[:40]!r} is no data or web URL" if image.kind == "other" and image.url.strip() else None


def web_refused(image: CheckedImage, limits: ProviderLimits) -> str | None:
    """Some providers fetch nothing."""
    wrong = image.kind == "web" and limits.web_urls is False
    return f"{limits.name} takes data URLs only" if wrong else None


def private_host(image: CheckedImage, _: ProviderLimits) -> str | None:
    """An address that only this network knows."""
    if image.kind != "web":
        return None
    host = _host(image)
    if host in {"", "localhost"} or host.endswith((".local", ".internal", ".localhost")):
        return f"the host {host!r} is not public"
    try:
        return None if ipaddress.ip_address(host).is_global else f"the address {host} is not public"
    except ValueError:
        return None


def _host(image: CheckedImage) -> str:
    try:
        return (urlsplit(image.url).hostname or "").casefold()
    except ValueError:
        return ""


def unencrypted(image: CheckedImage, _: ProviderLimits) -> str | None:
    """Over plain HTTP anybody between can swap the image."""
    return "the URL is plain http" if image.kind == "web" and image.url[:5].lower() == "http:" else None


def credentials(image: CheckedImage, _: ProviderLimits) -> str | None:
    """Keys in a URL end up in a training file."""
    signed = any(word in image.url.lower() for word in ("signature=", "sig=", "token=", "x-amz-", "password="))
    wrong = image.kind == "web" and (signed or "@" in image.url.split("/", 3)[2])
    return "the URL holds a key or a signature" if wrong else None


def unwritten(image: CheckedImage, _: ProviderLimits) -> str | None:
    """Blanks, and lengths that servers refuse."""
    wrong = image.kind == "web" and (any(sign.isspace() for sign in image.url) or len(image.url) > _LONGEST)
    return "the URL holds blanks, or is too long" if wrong else None


def _url_rule(code: str, severity: Severity, judge: Any, remedy: str) -> ImageRule:
    return ImageRule(code=f"urls.{code}", severity=severity, remedy=remedy, find=judge)


_INLINE = "Build the row from the file: MessageBuilder puts it inside."
URL_RULES = (
    _url_rule("file", "error", file_url, _INLINE),
    _url_rule("scheme", "error", other_scheme, _INLINE),
    _url_rule("web-refused", "error", web_refused, _INLINE),
    _url_rule("private", "error", private_host, _INLINE),
    _url_rule("plain-http", "warning", unencrypted, "Use https, or put the image inside."),
    _url_rule(
        "credentials",
        "warning",
        credentials,
        "It may have expired by then, and is no secret any more: put the image inside.",
    ),
    _url_rule("malformed", "error", unwritten, "Write %20 for a blank."),
)
"""Rules about images that are somewhere else."""
