"""Network zones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.zone import BadRange, Zone, read_range

OFFICE = Zone("nzo1", "00o1", "Office", ("192.0.2.0/24", "198.51.100.7-198.51.100.9", "203.0.113.5", "2001:db8::/32"))


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("192.0.2.0", True),
        ("192.0.2.255", True),
        ("192.0.3.0", False),
        ("198.51.100.6", False),
        ("198.51.100.7", True),
        ("198.51.100.9", True),
        ("198.51.100.10", False),
        ("203.0.113.5", True),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("", False),
        ("somewhere", False),
    ],
)
def test_what_is_inside(address: str, inside: bool) -> None:
    assert OFFICE.contains(address) == inside


def test_a_zone_that_is_not_active_holds_nobody() -> None:
    assert not Zone("nzo1", "00o1", "Office", ("0.0.0.0/0",), status="inactive").contains("192.0.2.1")


@pytest.mark.parametrize(
    "text",
    ["", "x", "192.0.2.1/24", "192.0.2.9-192.0.2.7", "192.0.2.1-2001:db8::1", "1.2.3.4-", "fe80::1%eth0", "1.2.3.4/33"],
)
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(BadRange):
        read_range(text)


@given(st.text(max_size=40))
def test_any_text_is_a_range_or_is_refused(text: str) -> None:
    try:
        first, last = read_range(text)
    except BadRange:
        return
    assert int(first) <= int(last)
    assert first.version == last.version
