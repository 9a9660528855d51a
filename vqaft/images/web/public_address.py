"""Which addresses a download may reach.

An image that the provider fetches itself.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network
from urllib.parse import urlsplit

from vqaft.errors import ImageError

# What Python's `is_global` lets pass in one release or another, and what only looks public.
# https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry
_NEVER = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # protocol assignments; a cloud's metadata service lies there
            "192.88.99.0/24",  # relays of 6to4
            "168.63.129.16/32",  # the platform service that every machine in Azure sees
            "64:ff9b::/96",  # NAT64
            "64:ff9b:1::/48",  # NAT64, local
            "2001::/23",  # protocol assignments, Teredo among them
            "3fff::/20",  # documentation
        ),
    )
)


_GLOBAL_UNICAST = ip_network("2000::/3")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address lies in the open internet.

    Not public are private, loopback, link-local (with the metadata services of clouds), shared, multicast, reserved and
    unspecified addresses; and IPv6 addresses that carry an IPv4 address, which a router may unpack.

    Args:
        address: Where a connection would go.
    """
    if isinstance(address, IPv6Address) and (address not in _GLOBAL_UNICAST or address.sixtofour):
        return False
    never = address.is_multicast or address.is_reserved or any(address in network for network in _NEVER)
    return address.is_global and not never and not address.is_private


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
