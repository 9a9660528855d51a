"""Rules that cost more than a look at the header: every pixel, a detector, the web. None is used unless it is added."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image, ImageStat

from vqaft.check.parsed_row import CheckedImage
from vqaft.check.rule import ImageRule
from vqaft.errors import ImageError
from vqaft.images import NO_IMAGES, ImageEncoder, WebFetcher, read_header
from vqaft.providers import ProviderLimits

_DECODER = ImageEncoder(codec="pillow")  # the fast codec forgives a file that ends too soon
_FLAT = 1.0  # gray levels


def unreadable_pixels() -> ImageRule:
    """Return the rule that decodes every image: some 80 MB of base64 a second and core.

    Returns:
        The rule "images.pixels".
    """
    remedy = "Get the file again, or leave the row out."
    return ImageRule(code="images.pixels", severity="error", remedy=remedy, find=_unreadable)


def blank_pixels() -> ImageRule:
    """Return the rule that finds images of one color; it decodes every image.

    Returns:
        The rule "images.blank".
    """
    remedy = "Look whether it is the image that was meant."
    return ImageRule(code="images.blank", severity="warning", remedy=remedy, find=_blank)


def likely_skipped(detector: Callable[[Image.Image], str | None]) -> ImageRule:
    """Return the rule that finds images which providers leave out without saying so: faces, people, CAPTCHAs.

    vqaft brings no detector: give one, e.g. a face detector of OpenCV.

    Args:
        detector: An RGB picture → what it shows ("2 faces"), or None; called from several threads at once.

    Returns:
        The rule "images.likely-skipped".
    """

    def find(image: CheckedImage, limits: ProviderLimits) -> str | None:
        if _unreadable(image, limits) is not None or not _decodable(image):
            return None
        said = detector(_opened(image).convert("RGB"))
        return f"the image shows {said}" if said else None

    remedy = "Expect that the provider leaves the row out, and says nothing."
    return ImageRule(code="images.likely-skipped", severity="warning", remedy=remedy, find=find)


def unreachable_url(fetch: Callable[[str], bytes] | None = None) -> ImageRule:
    """Return the rule that asks whether web addresses give an image, each once.

    Args:
        fetch: URL → the bytes behind it, or an ImageError; by default a `WebFetcher`, which goes to public addresses
            only.

    Returns:
        The rule "urls.unreachable".
    """
    fetcher = fetch or WebFetcher()

    def find(image: CheckedImage, _: ProviderLimits) -> str | None:
        if image.kind != "web":
            return None
        try:
            header = read_header(fetcher(image.url))
        except ImageError as error:
            return f"the URL gives no image: {error.message}"
        wrong = header is None or header.format in NO_IMAGES
        return "the URL gives something that is no image" if wrong else None

    remedy = "Put the image inside: providers fetch as a machine, without cookies."
    return ImageRule(code="urls.unreachable", severity="error", remedy=remedy, find=find)


def _decodable(image: CheckedImage) -> bool:
    header = image.header
    known = bool(image.content and header and header.format in {"jpeg", "png", "webp"})
    return known and _pixels(image) <= _DECODER.accepted.max_pixels


def _pixels(image: CheckedImage) -> int:
    header = image.header
    return (header.width or 0) * (header.height or 0) if header else 0


def _opened(image: CheckedImage) -> Image.Image:
    return _DECODER.decode(image.content or b"")


def _unreadable(image: CheckedImage, _: ProviderLimits) -> str | None:
    if not _decodable(image):
        return None  # other rules speak of these
    try:
        _opened(image)
    except ImageError as error:
        return f"the pixels cannot be read: the image {error.message}"
    return None


def _blank(image: CheckedImage, limits: ProviderLimits) -> str | None:
    if not _decodable(image) or _unreadable(image, limits) is not None:
        return None
    deviation = max(ImageStat.Stat(_opened(image).convert("RGB")).stddev)
    return "the image is of one color" if deviation < _FLAT else None
