"""What the console keeps in the browser is worth something there, at that address and in that session alone."""

from dataclasses import replace

from segue.console.seals import Notice, Seals
from segue.core.credential import Credential
from segue.core.org import Domain, Org
from segue.core.sealing import Sealer
from segue.stores import Found
from segue.web.message import Request, SetCookie, Site

NOW = 1_800_000_000_000
MINUTE = 60_000
SEALS = Seals(Sealer(bytes(range(32))))
SESSION = Found(Credential("00o1", "102VbVkXRI0pxnQcYH5Z", "session", NOW, NOW + 1), None)
SITE = Site(Org("00o1", "Org"), Domain("id.example.com", "00o1", "dialect"))


def request(*cookies: SetCookie, at: int = NOW, address: str = "192.0.2.1") -> Request:
    held = {cookie.name: (cookie.value,) for cookie in cookies if cookie.value is not None}
    return Request("GET", SITE, "/console", at, "req", address=address, cookies=held)


def test_CO_03_a_browser_is_known_for_half_an_hour_of_rest() -> None:
    (kept,) = SEALS.presence(request(), SESSION)
    assert kept.name == "__Host-segue-console"
    assert SEALS.is_present(request(kept, at=NOW + 29 * MINUTE), SESSION)
    assert not SEALS.is_present(request(kept, at=NOW + 30 * MINUTE), SESSION)
    assert not SEALS.is_present(request(kept, at=NOW - 1), SESSION)


def test_CO_03_not_at_another_address_nor_with_another_session() -> None:
    (kept,) = SEALS.presence(request(), SESSION)
    other = Found(replace(SESSION.credential, id="102VbVkXRI0pxnQcYH5Y"), None)
    foreign = Found(replace(SESSION.credential, org_id="00o2"), None)
    assert not SEALS.is_present(request(kept, address="192.0.2.2"), SESSION)
    assert not SEALS.is_present(request(kept), other)
    assert not SEALS.is_present(request(kept), foreign)
    assert not Seals(Sealer(bytes(32))).is_present(request(kept), SESSION)


def test_a_cookie_is_made_anew_once_a_minute() -> None:
    (kept,) = SEALS.presence(request(), SESSION)
    assert SEALS.presence(request(kept, at=NOW + MINUTE - 1), SESSION) == ()
    assert len(SEALS.presence(request(kept, at=NOW + MINUTE), SESSION)) == 1


def test_a_notice_is_read_as_it_was_kept_and_forgotten() -> None:
    notice = Notice("It was done.", {"client secret": "s3cret"})
    kept = SEALS.keep(request(), SESSION, notice)
    assert SEALS.notice(request(kept), SESSION) == notice
    assert "s3cret" not in (kept.value or "")
    assert "s3cret" not in repr(notice)
    assert SEALS.notice(request(kept, at=NOW + 5 * MINUTE), SESSION) is None
    (gone,) = SEALS.forget(request(kept))
    assert (gone.name, gone.value) == (kept.name, None)
    assert SEALS.forget(request()) == ()


def test_what_does_not_open_is_nothing() -> None:
    (presence,) = SEALS.presence(request(), SESSION)
    notice = SEALS.keep(request(), SESSION, Notice("text"))
    for value in ("", "x", "A" * 5000, "é", (notice.value or "")[:-3] + "AAA"):
        assert SEALS.notice(request(replace(notice, value=value)), SESSION) is None
        assert not SEALS.is_present(request(replace(presence, value=value)), SESSION)
    # Each is good for its own purpose alone.
    assert SEALS.notice(request(replace(notice, value=presence.value)), SESSION) is None
    assert not SEALS.is_present(request(replace(presence, value=notice.value)), SESSION)
