"""Every way in, on both databases: one winner, no second life, nobody else's, nobody's who is gone (I1 to I5)."""

from collections import Counter

import pytest
from tests.attacks.http_racers import PROCESSES, Shot, race
from tests.attacks.ways_in import WAYS, Way, went_in
from tests.http_client import cookies_of
from tests.installation import Person
from tests.okta_steps import cookie_token, image_token, is_signed_in, session_token
from tests.server import Server, Site

TOKENS = 25
KINDS = {"session_token": session_token, "cookie_token": cookie_token, "image_token": image_token}

pytestmark = pytest.mark.parametrize("name", WAYS)


def ticket(site: Site, way: Way, person: Person | str = "ann") -> str:
    """A ticket of the kind that this way takes, got over HTTP."""
    return str(KINDS[way.kind](site, person))


def newcomer(server: Server, name: str, suffix: str, *, assigned: bool = True) -> Person:
    """Somebody new, whom every application of the six ways was assigned."""
    way = WAYS[name]
    login = (
        f"{suffix}-{name.replace(' ', '-')}-{'pg' if 'postgres' in server.settings.database else 'lite'}@example.com"
    )
    person = server.inside(lambda org: org.add_person(login, exempt=True))
    app = way.app
    if app is not None and assigned:
        server.inside(lambda org: org.assign(app(server.site), person.id))
    return person


def test_OT_01_one_of_many_at_once_gets_in(crowded: Server, name: str) -> None:
    site, way = crowded.site, WAYS[name]
    person = newcomer(crowded, name, "race")
    tokens = [ticket(site, way, person) for _ in range(TOKENS)]
    answers = race(site.authority, [Shot("GET", way.address(site, token)) for token in tokens])

    assert all(len(shot) == PROCESSES for shot in answers)
    assert Counter(answer.status for shot in answers for answer in shot if answer.status >= 500) == {}
    for shot in answers:
        cookies = [cookie for answer in shot for cookie in answer.cookies if cookie.startswith("sid=")]
        assert len(cookies) == 1
        if way.kind != "image_token":
            assert sum(way.went_in(site, answer.status, answer.location, answer.body) for answer in shot) == 1
    idents = [token.partition(".")[0] for token in tokens]
    redeemed = Counter(
        ident
        for (ident,) in crowded.rows(
            "SELECT credential_id FROM events WHERE type = 'ticket.redeem' AND outcome = 'success'"
        )
    )
    assert [redeemed[ident] for ident in idents] == [1] * TOKENS
    sessions = crowded.rows("SELECT id FROM credentials WHERE kind = 'session' AND user_id = $1", person.id)
    assert len(sessions) == TOKENS


def test_I1_a_ticket_is_good_once(crowded: Server, name: str) -> None:
    site, way = crowded.site, WAYS[name]
    token = ticket(site, way)
    first = site.browser()
    assert went_in(site, way, first.get(way.address(site, token)))
    assert is_signed_in(first) == "ann@example.com"
    first.get("/login/signout")
    for browser in (first, site.browser()):
        assert not went_in(site, way, browser.get(way.address(site, token)))
        assert is_signed_in(browser) == ""


def test_I2_a_ticket_has_its_time(crowded: Server, name: str) -> None:
    site, way = crowded.site, WAYS[name]
    token = ticket(site, way)
    crowded.execute("UPDATE credentials SET expires_at = issued_at + 1 WHERE id = $1", token.partition(".")[0])
    browser = site.browser()
    assert not went_in(site, way, browser.get(way.address(site, token)))
    assert is_signed_in(browser) == ""


def test_I2_a_ticket_belongs_to_its_org(crowded: Server, name: str) -> None:
    site, twin, way = crowded.site, crowded.twin, WAYS[name]
    token = ticket(twin, way)
    browser = site.browser()
    assert not went_in(site, way, browser.get(way.address(site, token)))
    assert is_signed_in(browser) == ""
    assert went_in(twin, way, twin.browser().get(way.address(twin, token)))


def test_I2_a_ticket_is_of_its_kind(crowded: Server, name: str) -> None:
    site, way = crowded.site, WAYS[name]
    taken = {"image_token"} if way.kind == "image_token" else {"session_token", "cookie_token"}
    for kind, make in KINDS.items():
        token = make(site)
        browser = site.browser()
        assert went_in(site, way, browser.get(way.address(site, token))) == (kind in taken), kind
        if kind not in taken:  # it was not burnt where it does not belong
            other = WAYS["redirect link" if kind != "image_token" else "image"]
            assert went_in(site, other, site.browser().get(other.address(site, token)))


@pytest.mark.parametrize("status", ["suspended", "deprovisioned"])
def test_I4_a_ticket_of_somebody_who_is_gone(crowded: Server, name: str, status: str) -> None:
    site, way = crowded.site, WAYS[name]
    person = newcomer(crowded, name, status)
    token = ticket(site, way, person)
    crowded.inside(lambda org: org.set_status(person.id, status))  # type: ignore[arg-type]
    browser = site.browser()
    assert not went_in(site, way, browser.get(way.address(site, token)))
    crowded.inside(lambda org: org.set_status(person.id, "active"))
    assert not went_in(site, way, browser.get(way.address(site, token)))
    assert is_signed_in(browser) == ""


def test_I4_a_ticket_from_before_a_new_password(crowded: Server, name: str) -> None:
    site, way = crowded.site, WAYS[name]
    person = newcomer(crowded, name, "changed")
    token = ticket(site, way, person)
    crowded.inside(lambda org: org.set_password(person.id, f"{person.password}-2"))
    browser = site.browser()
    assert not went_in(site, way, browser.get(way.address(site, token)))
    assert is_signed_in(browser) == ""


def test_I3_a_ticket_of_somebody_who_was_not_assigned(crowded: Server, name: str) -> None:
    site, way = crowded.site, WAYS[name]
    person = newcomer(crowded, name, "stranger", assigned=False)
    browser = site.browser()
    response = browser.get(way.address(site, ticket(site, way, person)))
    if way.app is None:
        assert went_in(site, way, response)
        return
    assert not went_in(site, way, response)
    assert "sid" not in [cookie.name for cookie in cookies_of(response)]
    label = {"saml": "SAML assigned", "ws-federation": "WS-Fed assigned", "embed link": "Wiki"}.get(name, "assigned")
    page = browser.follow(response)
    assert label not in response.text + page.text
    if "code=" not in response.headers.get("location", "") and "error=" not in response.headers.get("location", ""):
        assert page.status_code == 403
        assert str(page.url).endswith("/login/refused"), "no spent ticket stays in the address"
        assert "not assigned" in page.text


def test_I5_an_answer_goes_to_no_place_that_was_sent_along(crowded: Server, name: str) -> None:
    """What a stranger puts into the address changes nothing about where the answer goes."""
    site, way = crowded.site, WAYS[name]
    evil = "https://evil.example/x"
    names = ("RelayState", "target", "url", "next", "returnTo", "fromURI", "iss", "target_link_uri", "fromHome")
    more = "&".join(f"{name}={evil}" for name in names)
    response = site.browser().get(f"{way.address(site, ticket(site, way))}&{more}")
    assert went_in(site, way, response)
    assert "evil.example" not in response.headers.get("location", "")
    assert 'action="https://evil' not in response.text
