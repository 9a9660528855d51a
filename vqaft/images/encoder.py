"""Any image → a compliant data URL."""

from __future__ import annotations

from dataclasses import dataclass

from vqaft.images.encoded import EncodedImage
from vqaft.images.source import ImageSource


@dataclass(frozen=True, kw_only=True)
class ImageEncoder:
    """Turns images into what the providers accept."""

    def encode(self, source: ImageSource) -> EncodedImage:
        """Encode one image.

        Args:
            source: The image, in any of the forms of `ImageSource`.

        Returns:
            The compliant image.

        Raises:
            ImageError: If the image is missing, unreadable or unsafe.
        """
        raise NotImplementedError
