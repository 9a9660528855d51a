"""Images at web addresses, passed on to the provider or fetched here; and which addresses are public."""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network
from urllib.parse import urlsplit

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from vqaft.errors import ImageError
from vqaft.typed import typed

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
    """Return whether an address lies in the public internet.

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
@typed
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
    """Return whether a host may be public, judged by what a browser or a C library makes of its spelling.

    Full-width digits and dots are read as the plain ones, a last label that is a number makes an IPv4 address of any
    of its old forms (127.1, 0x7f.1, 0177.0.0.1, 2130706433), and a closing dot changes nothing.
    """
    plain = unicodedata.normalize("NFKC", host).translate(_DOTS).strip(".").lower()
    if not plain or any(character.isspace() or ord(character) < _PRINTABLE for character in plain):
        return False
    try:
        return is_public(ipaddress.ip_address(plain))
    except ValueError:
        pass
    last = plain.rpartition(".")[2]
    if _NUMBER.fullmatch(last):
        try:
            return is_public(IPv4Address(socket.inet_aton(plain)))
        except (OSError, UnicodeError):
            return False
    return "." in plain and last not in _PRIVATE_SUFFIXES


_DOTS = str.maketrans(dict.fromkeys("\u3002\uff0e\uff61", "."))
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_PRIVATE_SUFFIXES = frozenset({"localhost", "local", "internal", "localdomain", "lan", "home", "corp", "arpa", "onion"})
"""Top-level names that no public name server resolves (RFC 6761, RFC 6762, ICANN's list of collisions)."""

_PRINTABLE = 0x21


@dataclass(frozen=True, kw_only=True)
@typed
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

    max_bytes: PositiveInt = 20_000_000
    timeout_s: PositiveFloat = 20.0
    max_redirects: NonNegativeInt = 3

    def __call__(self, url: str) -> bytes:
        """Fetch the bytes behind a URL.

        Args:
            url: An http or https URL.

        Raises:
            ImageError: If they may not, or cannot, be fetched.
        """
        from vqaft.images.web.download import DownloadLimits, download, resolve

        limits = DownloadLimits(max_bytes=self.max_bytes, timeout_s=self.timeout_s, max_redirects=self.max_redirects)
        return download(url, limits, resolve=resolve, allow=is_public)
