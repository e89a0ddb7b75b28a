"""Which network addresses the fetcher may connect to: those of the public internet alone (SS-01)."""

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

# All of IPv6 that was ever given out (RFC 4291 section 2.4); what lies outside are local addresses, multicast, and the
# forms that carry an IPv4 address inside, behind which a network of ours may stand (mapped, compatible, NAT64).
_UNICAST: Final = IPv6Network("2000::/3")
# What interpreters of different ages disagree about, or all take for public.
_REFUSED_V4: Final = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments, RFC 6890
    IPv4Network("192.88.99.0/24"),  # relays of 6to4, RFC 7526
    IPv4Network("168.63.129.16/32"),  # answers the machines of one cloud with what they may do there
)
_REFUSED_V6: Final = (
    IPv6Network("2001::/23"),  # protocol assignments, Teredo among them, RFC 6890
    IPv6Network("2002::/16"),  # 6to4: an IPv4 address inside, RFC 3056
    IPv6Network("3fff::/20"),  # documentation, RFC 9637
)


def is_public(text: str) -> bool:
    """Whether ``text`` is an address of the public internet. False for anything that is no plain address."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, IPv6Address):
        return address.scope_id is None and address in _UNICAST and not any(address in one for one in _REFUSED_V6)
    return not any(address in one for one in _REFUSED_V4)
