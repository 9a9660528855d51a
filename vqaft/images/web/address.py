"""Which addresses a download may reach."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

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
