"""The client's address comes from the peer, and from headers only behind a proxy the operator trusts."""

from ipaddress import ip_network

import pytest

from segue.web.client_address import client_address

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
