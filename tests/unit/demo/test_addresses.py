import pytest

from segue.demo.addresses import MAX_FIRST_PORT, Addresses


def test_the_addresses_everybody_knows() -> None:
    known = Addresses()
    assert known.idp == "http://localhost:8080"
    assert known.foreign_login == "http://127.0.0.1:9100"
    assert [known.login, known.web, known.saml, known.spa, known.playground, known.wsfed] == [
        f"http://localhost:{port}" for port in range(9101, 9107)
    ]


def test_all_move_together() -> None:
    moved = Addresses(port=18080, tls=True)
    assert moved.idp == "https://localhost:18080"
    assert moved.foreign_login == "https://127.0.0.1:19100"
    assert moved.playground == "https://localhost:19105"
    assert {listener.port for listener in moved.listeners} == {18080, *range(19100, 19107)}


@pytest.mark.parametrize(("port", "tls", "idp"), [(80, False, "http://localhost"), (443, True, "https://localhost")])
def test_a_port_that_the_scheme_implies_is_left_out_as_browsers_do(port: int, tls: bool, idp: str) -> None:
    assert Addresses(port=port, tls=tls).idp == idp


def test_every_address_has_its_listener_and_no_port_is_used_twice() -> None:
    addresses = Addresses(MAX_FIRST_PORT)
    assert len(addresses.all) == len(set(addresses.all)) == len(addresses.listeners)
    assert max(listener.port for listener in addresses.listeners) == 65535


@pytest.mark.parametrize("port", [0, -1, MAX_FIRST_PORT + 1, 65535])
def test_ports_that_leave_no_room(port: int) -> None:
    with pytest.raises(ValueError, match="from 1 to"):
        Addresses(port)
