"""Images at web addresses: guarded download, or an address passed on to the provider."""

from vqaft.images.web.fetcher import WebFetcher
from vqaft.images.web.public_address import RemoteImage

__all__ = [
    "RemoteImage",
    "WebFetcher",
]
