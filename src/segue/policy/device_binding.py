"""Is this the device that a ticket was made on, as far as its address says?"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from segue.core.application import DeviceBinding
from segue.core.verdict import Check

_MEND = "Open the browser on the network that the application used, or choose another device binding."
_NO_NETWORKS = "Choose the device binding ip or none: there is no database that says which network an address is of."


@dataclass(frozen=True, slots=True)
class BindingQuestion:
    """Addresses as text: of the caller that the ticket was given to, and of the browser that uses it."""

    setting: DeviceBinding
    made_at_address: str
    used_at_address: str


def check_binding(question: BindingQuestion) -> Check:
    """Fails closed: an address that cannot be read is no address, and one of no known network is of another network
    (ST-02 to ST-04)."""
    match question.setting:
        case "none":
            return Check("device_binding", passed=True, seen="not asked for")
        case "ip":
            made, used = _canonical(question.made_at_address), _canonical(question.used_at_address)
            same = made is not None and made == used
            return Check("device_binding", same, str(made or "a known address"), str(used or "unknown"), _MEND)
        case "asn":
            return Check("device_binding", False, "the same network", "no database of networks", _NO_NETWORKS)


def _canonical(text: str) -> IPv4Address | IPv6Address | None:
    """An address in its one form: IPv4 that came as IPv6 is IPv4, and an address with a zone is of no use."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None
        return address.ipv4_mapped or address
    return address
