"""Which network addresses belong to the public internet, and to nobody's inside."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_NAT64 = ip_network("64:ff9b::/96")
"""Names of IPv4 addresses in networks that speak IPv6 alone (RFC 6052)."""
_IPV4_BITS = 0xFFFF_FFFF


def is_public(address: str) -> bool:
    """Tell whether a packet to the address leaves for the public internet. Raises ValueError for no address."""
    found = ip_address(address.partition("%")[0])
    meant = found if isinstance(found, IPv4Address) else _inside(found) or found
    return meant.is_global and not meant.is_multicast


def _inside(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address stands for."""
    if address in _NAT64:
        return IPv4Address(int(address) & _IPV4_BITS)
    return address.ipv4_mapped or address.sixtofour
