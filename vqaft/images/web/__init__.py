"""Images at web addresses: guarded download, or an address passed on to the provider."""

from vqaft.images.web.remote_image import RemoteImage, WebFetcher

__all__ = [
    "RemoteImage",
    "WebFetcher",
]
