"""What becomes of a request's head before anything else looks at it."""

from ipaddress import ip_network

import pytest

from segue.core.assurance import Device
from segue.core.org import Domain, Org
from segue.web.message import Site
from segue.web.reading import Head, new_request

SITE = Site(Org("00o1", "One"), Domain("id.example.com", "00o1", "okta"))
PROXY, STRANGER = "10.0.0.1", "203.0.113.9"
LAPTOP = Device("LAPTOP-7", managed=True)


@pytest.mark.parametrize(
    ("peer", "setting", "device"),
    [(PROXY, "x-device", LAPTOP), (PROXY, "", None), (PROXY, "x-other", None), (STRANGER, "x-device", None)],
)
def test_ST_02_a_device_comes_from_the_header_that_the_operator_named(
    peer: str, setting: str, device: Device | None
) -> None:
    headers = {"x-device": "id=LAPTOP-7; managed", "x-forwarded-for": "198.51.100.7"}
    head = Head("GET", "/", b"", headers, peer, ambiguous=False, too_large=False)
    trusted = (ip_network("10.0.0.0/8"),)
    request = new_request(head, SITE, now_at=1, request_id="req1", trusted=trusted, device_header=setting)
    assert request.device == device
    assert request.address == ("198.51.100.7" if peer == PROXY else STRANGER)
