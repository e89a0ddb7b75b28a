"""Which addresses an org may be told to use: https anywhere, plain http on this machine alone."""

from collections.abc import Collection
from ipaddress import ip_address
from typing import Literal

from segue.admin.change import invalid
from segue.core.org import Domain
from segue.core.url import BadUrl, WebUrl, parse_origin, parse_web_url


def is_loopback(host: str, also: Collection[str] = ()) -> bool:
    """Whether ``host`` (an IPv6 address with or without brackets) is this machine; ``also`` names more that are."""
    name = host.lower().strip("[]")
    if name == "localhost" or name in also:
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def check_address(field: str, text: str, *, local_names: Collection[str] = ()) -> WebUrl:
    """An https address, or an http one on this machine. Raises Refusal."""
    try:
        url = parse_web_url(text)
    except BadUrl as error:
        raise invalid(field, f"The {field} cannot be used: {error}.", seen=text[:256]) from None
    if url.scheme == "http" and not is_loopback(url.host, local_names):
        raise invalid(field, f"The {field} uses https (plain http is for this machine only).", seen=text[:256])
    return url


def read_domain(base_url: str, *, org_id: str, dialect: str, local_names: Collection[str] = ()) -> Domain:
    """The domain at ``base_url`` (``https://id.example.com``). Raises Refusal.

    The port stays part of the authority where it is not the scheme's own: the domain is what clients call it (ED-01).
    """
    try:
        origin = parse_origin(base_url.removesuffix("/"))
    except BadUrl as error:
        raise invalid("domain", f"The domain cannot be used: {error}.", seen=base_url[:256]) from None
    url = check_address("domain", origin, local_names=local_names)
    scheme: Literal["https", "http"] = "http" if url.scheme == "http" else "https"
    return Domain(authority=origin.removeprefix(f"{scheme}://"), org_id=org_id, dialect=dialect, scheme=scheme)
