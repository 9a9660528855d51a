"""Which addresses a download may reach."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address lies in the open internet.

    Not public are private, loopback, link-local (with the metadata services of clouds), shared, multicast, reserved and
    unspecified addresses; and IPv6 addresses that carry an IPv4 address, which a router may unpack.

    Args:
        address: Where a connection would go.
    """
    if isinstance(address, IPv6Address) and _carries_ipv4(address):
        return False
    never = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not never and not address.is_private


def _carries_ipv4(address: IPv6Address) -> bool:
    tunnelled = address.ipv4_mapped or address.sixtofour or address.teredo
    compatible = int(address) >> 32 == 0
    return bool(tunnelled) or compatible or address.is_site_local or any(address in net for net in _NAT64)
