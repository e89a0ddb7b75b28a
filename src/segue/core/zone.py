"""Network zones: named sets of addresses that rules speak of."""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal

Address = IPv4Address | IPv6Address


class BadRange(ValueError):
    """A text that names no range of addresses. The message is a whole sentence."""


@dataclass(frozen=True, slots=True)
class Zone:
    """Addresses in the form of a network (``192.0.2.0/24``), a range (``192.0.2.7-192.0.2.9``) or a single address.

    Nobody signs in from a zone that ``blocks``, whatever the policies say. Times are epoch ms.
    """

    id: str
    org_id: str
    name: str
    ranges: tuple[str, ...]
    blocks: bool = False
    status: Literal["active", "inactive"] = "active"
    created_at: int = 0
    updated_at: int = 0

    @property
    def active(self) -> bool:
        return self.status == "active"

    def contains(self, address: str) -> bool:
        """Whether an active zone holds the address. One that is not known ("") is in no zone."""
        try:
            seen = ip_address(address)
        except ValueError:
            return False
        return self.active and any(first <= int(seen) <= last for first, last in _bounds(self.ranges, seen.version))


def read_range(text: str) -> tuple[Address, Address]:
    """The first and the last address of a range. Raises BadRange."""
    if "%" in text:
        raise BadRange(f"{text[:64]} names an interface of a machine.")
    first, dash, last = text.partition("-")
    try:
        if dash:
            low, high = ip_address(first.strip()), ip_address(last.strip())
        else:
            network = ip_network(text.strip())
            low, high = network[0], network[-1]
    except ValueError:
        raise BadRange(f"{text[:64]} is no network (192.0.2.0/24), range (192.0.2.7-192.0.2.9) or address.") from None
    if low.version != high.version or int(low) > int(high):
        raise BadRange(f"{text[:64]} does not go from a lower address to a higher one of the same kind.")
    return low, high


@lru_cache(maxsize=1024)
def _bounds(ranges: tuple[str, ...], version: int) -> tuple[tuple[int, int], ...]:
    read = (read_range(text) for text in ranges)
    return tuple((int(first), int(last)) for first, last in read if first.version == version)
