"""Images at web addresses: fetched where that is allowed, or left to the provider."""

from vqaft.images.web.fetcher import WebFetcher
from vqaft.images.web.remote import RemoteImage

__all__ = ["RemoteImage", "WebFetcher"]
