"""The client's address and device: the peer's, unless the peer is a proxy that the operator trusts."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from segue.core.assurance import Device

Network = IPv4Network | IPv6Network
_MOST_HOPS: Final = 16
_DEVICE: Final = re.compile(r"(?=.)(?:id=(?P<id>[A-Za-z0-9._:@-]{1,128}))?(?:(?:(?<=.);\s*)?(?P<managed>managed))?")


def client_device(peer: str, asserted: str | None, trusted: Sequence[Network]) -> Device | None:
    """The device that a trusted proxy asserts, as ``id=LAPTOP-7; managed``; None where it asserts none.

    What somebody else says, or what is written in another way, is no device, so that a rule about it fails closed.
    """
    address = _parse(peer)
    if asserted is None or address is None or not _is_trusted(address, trusted):
        return None
    found = _DEVICE.fullmatch(asserted.strip())
    return Device(found["id"] or "", managed=found["managed"] is not None) if found else None


def client_address(peer: str, forwarded_for: str | None, trusted: Sequence[Network]) -> str:
    """The address in canonical form, or "" where it is not known.

    ``X-Forwarded-For`` counts only where ``peer`` is trusted; it is walked from the right to the first hop that is not
    a trusted proxy. What cannot be parsed makes the address unknown, so that a check on it fails closed (ST-02, ST-03).
    """
    address = _parse(peer)
    if address is None or forwarded_for is None or not _is_trusted(address, trusted):
        return str(address) if address else ""
    hops = forwarded_for.split(",")
    if len(hops) > _MOST_HOPS:
        return ""
    for hop in reversed(hops):
        address = _parse(hop.strip())
        if address is None:
            return ""
        if not _is_trusted(address, trusted):
            break
    return str(address)


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None
        return address.ipv4_mapped or address
    return address


def _is_trusted(address: IPv4Address | IPv6Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted if network.version == address.version)
