"""An image that the provider fetches itself."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from vqaft.errors import ImageError
from vqaft.images.web.address import is_public


@dataclass(frozen=True, kw_only=True)
class RemoteImage:
    """A public URL that goes into a record as it is; nothing is fetched and nothing is known of the image.

    Attributes:
        url: An http or https URL.

    Raises:
        ImageError: If no provider could fetch it: another scheme, no host, a password in it, or a private address.
    """

    url: str

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            host, secret = parts.hostname or "", parts.password or parts.username
        except ValueError as error:
            raise ImageError(f"is no URL ({error})", path=self.url) from error
        if parts.scheme not in {"http", "https"} or not host:
            raise ImageError("is no http or https URL", path=self.url)
        if secret:
            raise ImageError("is a URL with a user name or a password in it")
        if not _may_be_public(host):
            raise ImageError("is at an address that no provider can reach", path=self.url)


def _may_be_public(host: str) -> bool:
    try:
        return is_public(ipaddress.ip_address(host))
    except ValueError:
        return host.strip(".").lower() != "localhost" and "." in host
