"""Whether two addresses are one device, in all the ways an address can be written (ST-02 to ST-04)."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.core.application import DeviceBinding
from segue.policy.device_binding import BindingQuestion, check_binding


def passes(made: str, used: str, setting: DeviceBinding = "ip") -> bool:
    return check_binding(BindingQuestion(setting, made, used)).passed


@pytest.mark.parametrize(
    ("made", "used"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7", "::ffff:203.0.113.7"),
        ("2001:db8::1", "2001:0DB8:0:0::0001"),
    ],
)
def test_ST_03_one_address_in_two_spellings(made: str, used: str) -> None:
    assert passes(made, used)
    assert passes(used, made)


@pytest.mark.parametrize(
    ("made", "used"),
    [
        ("203.0.113.7", "203.0.113.8"),
        ("203.0.113.7", "2001:db8::1"),
        ("", ""),
        ("unknown", "unknown"),
        ("203.0.113.07", "203.0.113.07"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("203.0.113.7", "203.0.113.7, 203.0.113.7"),
    ],
)
def test_ST_02_what_is_no_address_or_another_one_is_another_device(made: str, used: str) -> None:
    assert not passes(made, used)


@given(st.text(max_size=60), st.text(max_size=60))
def test_ST_04_no_network_is_the_same_where_nobody_knows_networks(made: str, used: str) -> None:
    assert not passes(made, used, "asn")
    assert not passes(made, made, "asn")
    assert passes(made, used, "none")


@pytest.mark.parametrize("version", [4, 6])
@given(data=st.data())
def test_ST_02_addresses_are_compared_as_a_whole(version: Literal[4, 6], data: st.DataObject) -> None:
    made, used = data.draw(st.ip_addresses(v=version)), data.draw(st.ip_addresses(v=version))
    assert passes(str(made), str(made))
    assert passes(str(made), str(used)) == (made == used)
