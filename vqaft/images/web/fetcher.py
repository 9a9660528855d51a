"""Images at web addresses, where they are wanted."""

from __future__ import annotations

from dataclasses import dataclass

from vqaft.errors import DataError


@dataclass(frozen=True, kw_only=True)
class WebFetcher:
    """Fetches images from public web addresses: `InputLimits(fetch=WebFetcher())`.

    Only http and https, only addresses in the open internet (checked where the connection really goes, at every
    redirect), without proxies, cookies or credentials of the environment.

    Attributes:
        max_bytes: The largest file.
        timeout_s: The most seconds for one image, redirects included.
        max_redirects: How many redirects are followed.

    Raises:
        DataError: If a limit is out of its range.
    """

    max_bytes: int = 20_000_000
    timeout_s: float = 20.0
    max_redirects: int = 3

    def __post_init__(self) -> None:
        if self.max_bytes < 1 or self.timeout_s <= 0 or self.max_redirects < 0:
            raise DataError("a limit for downloads is out of its range")

    def __call__(self, url: str) -> bytes:
        """Fetch the bytes behind a URL.

        Args:
            url: An http or https URL.

        Raises:
            ImageError: If they may not, or cannot, be fetched.
        """
        from vqaft.images.web.download import DownloadLimits, download, resolve
        from vqaft.images.web.public_address import is_public

        limits = DownloadLimits(max_bytes=self.max_bytes, timeout_s=self.timeout_s, max_redirects=self.max_redirects)
        return download(url, limits, resolve=resolve, allow=is_public)
