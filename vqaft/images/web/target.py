"""A web address → the one network address that a download connects to."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

import httpx

from vqaft.errors import ImageError

Address: TypeAlias = IPv4Address | IPv6Address
Resolve: TypeAlias = Callable[[str, int], list[Address]]
Allow: TypeAlias = Callable[[Address], bool]

_PORTS = {"http": 80, "https": 443}


def resolve(host: str, port: int) -> list[Address]:
    """Ask the system for the addresses of a host.

    Args:
        host: A name, or an address in any spelling that the system understands.
        port: The port.

    Raises:
        ImageError: If there are none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ImageError(f"has a host without an address ({error})") from error
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def checked_address(url: httpx.URL, *, resolve: Resolve, allow: Allow) -> Address:
    """Check where a URL leads, and give the address to connect to.

    The name is resolved once and the connection goes to the address that was checked, so a name that leads elsewhere a
    moment later (DNS rebinding) changes nothing.

    Args:
        url: The URL.
        resolve: Host and port → addresses.
        allow: Whether an address may be reached.

    Returns:
        The first address of the host.

    Raises:
        ImageError: If the URL is not plain http(s), or any address of its host may not be reached.
    """
    if url.scheme not in _PORTS or not url.host:
        raise ImageError("is no http or https address")
    if url.userinfo:
        raise ImageError("holds a user name or a password")
    addresses = resolve(url.host, url.port or _PORTS[url.scheme])
    if not addresses or not all(map(allow, addresses)):
        raise ImageError("leads to an address that is not public")
    return addresses[0]
