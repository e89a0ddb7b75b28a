"""The client's address comes from the peer, and from headers only behind a proxy the operator trusts."""

from ipaddress import ip_network

import pytest

from segue.core.assurance import Device
from segue.web.client_address import client_address, client_device

PROXIES = (ip_network("10.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize("header", [None, "1.2.3.4", "1.2.3.4, 5.6.7.8", "garbage", "", "::1", "1.2.3.4" * 500])
def test_ST_02_an_untrusted_peer_is_the_client_whatever_it_says(header: str | None) -> None:
    assert client_address("203.0.113.9", header, PROXIES) == "203.0.113.9"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("1.1.1.1, 198.51.100.7", "198.51.100.7"),
        ("198.51.100.7, 10.1.1.1", "198.51.100.7"),
        ("10.9.9.9, 10.1.1.1", "10.9.9.9"),
        ("unknown", ""),
        ("1.1.1.1, evil", ""),
        ("", ""),
        ("198.51.100.7:443", ""),
        (", ".join(["10.0.0.1"] * 17), ""),
    ],
)
def test_ST_02_behind_a_trusted_proxy_the_first_untrusted_hop_from_the_right_counts(header: str, expected: str) -> None:
    assert client_address("10.0.0.1", header, PROXIES) == expected


@pytest.mark.parametrize(
    ("peer", "expected"),
    [("::ffff:203.0.113.9", "203.0.113.9"), ("fe80::1%eth0", ""), ("2001:DB8::0:1", "2001:db8::1"), ("010.0.0.1", "")],
)
def test_ST_03_addresses_have_one_form(peer: str, expected: str) -> None:
    assert client_address(peer, None, PROXIES) == expected


@pytest.mark.parametrize(
    ("header", "device"),
    [
        ("id=LAPTOP-7; managed", Device("LAPTOP-7", managed=True)),
        ("id=LAPTOP-7;managed", Device("LAPTOP-7", managed=True)),
        ("id=LAPTOP-7", Device("LAPTOP-7")),
        ("managed", Device("", managed=True)),
        (" managed ", Device("", managed=True)),
        (None, None),
        ("", None),
        ("id=", None),
        (";managed", None),
        ("managed; id=x", None),
        ("id=a b; managed", None),
        ("id=x; managed; root", None),
        ("id=x managed", None),
        ("id=" + "x" * 129, None),
    ],
)
def test_ST_02_a_device_is_what_a_trusted_proxy_says(header: str | None, device: Device | None) -> None:
    assert client_device("10.0.0.1", header, PROXIES) == device
    assert client_device("203.0.113.9", header, PROXIES) is None
    assert client_device("10.0.0.1", header, ()) is None
