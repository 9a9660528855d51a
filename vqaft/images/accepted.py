"""What may come in as an image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vqaft.errors import DataError, ImageError


@dataclass(frozen=True, kw_only=True)
class AcceptedImages:
    """The limits that an image must keep before it is decoded.

    Attributes:
        max_bytes: The largest file that is read.
        max_pixels: The most pixels (width × height) that are decoded; four bytes each are needed, twice for a moment.
        fetch: URL → the bytes behind it, e.g. a `WebFetcher`. None, the default, fetches nothing.
    """

    max_bytes: int = 100_000_000
    max_pixels: int = 50_000_000
    fetch: Callable[[str], bytes] | None = None

    def __post_init__(self) -> None:
        if self.max_bytes < 1 or self.max_pixels < 1:
            raise DataError("a limit for images is less than 1")

    def check_bytes(self, size_bytes: int) -> None:
        """Refuse a file that is empty or too large.

        Raises:
            ImageError: If it is.
        """
        if size_bytes == 0:
            raise ImageError("is empty")
        if size_bytes > self.max_bytes:
            raise ImageError(
                f"is larger than {self.max_bytes} bytes", hint="Allow more by AcceptedImages(max_bytes=…)."
            )

    def check_size(self, width: int, height: int) -> None:
        """Refuse a picture without pixels, or with too many.

        Raises:
            ImageError: If it is.
        """
        if width < 1 or height < 1:
            raise ImageError(f"has no pixels ({width} × {height})")
        if width * height > self.max_pixels:
            hint = "Allow more by AcceptedImages(max_pixels=…)."
            raise ImageError(f"has {width} × {height} pixels, more than {self.max_pixels}", hint=hint)
