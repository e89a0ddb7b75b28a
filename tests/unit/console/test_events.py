"""Which events somebody looks for, and how an event is told."""

from dataclasses import replace

import pytest

from segue.admin.log import Names
from segue.console.event_words import told
from segue.console.events import Wanted, _position, _trail, event_row
from segue.core.application import Application
from segue.core.user import User
from segue.core.verdict import Check, Tried, Verdict
from segue.events import Event

NOW = 1_800_000_000_000
ANN = User("00uAnn", "00o", "ann@example.com", "ann@example.com", profile={"firstName": "Ann", "lastName": "Lee"})
APP = Application("0oaShop", "00o", "shop", "The Shop", "exk")
NAMES = Names({ANN.id: ANN}, {APP.id: APP})
EVENT = Event("evt1", "00o", NOW, "session.open", user_id=ANN.id, app_id=APP.id)
REFUSED = replace(EVENT, type="sign_in.oidc", outcome="refused", reason="access_denied")


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(type="session"),
        Wanted(outcome="success"),
        Wanted(who="00uAnn"),
        Wanted(who="ANN@"),
        Wanted(who="ann lee"),
        Wanted(app="shop"),
        Wanted(app="0oaShop"),
        Wanted(type="open", outcome="success", who="lee", app="the"),
    ],
)
def test_what_fits(wanted: Wanted) -> None:
    assert wanted.fits(EVENT, NAMES)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(type="token"),
        Wanted(outcome="refused"),
        Wanted(who="bob"),
        Wanted(app="library"),
        Wanted(type="session", who="bob"),
    ],
)
def test_what_does_not_fit(wanted: Wanted) -> None:
    assert not wanted.fits(EVENT, NAMES)


def test_the_reason_of_a_refusal_is_found_too() -> None:
    assert Wanted(type="denied").fits(REFUSED, NAMES)


def test_who_did_it_is_found_as_well_as_whom_it_is_about() -> None:
    done = Event("evt2", "00o", NOW, "user.add", actor_id=ANN.id, user_id="00uGone")
    assert Wanted(who="ann").fits(done, NAMES)
    assert not Wanted(who="ann").fits(Event("evt3", "00o", NOW, "user.add"), NAMES)


def test_an_event_in_a_row() -> None:
    row = event_row(REFUSED, NAMES, NOW)
    assert (row["user"], row["user_address"]) == ("ann@example.com", "/console/users/00uAnn")
    assert (row["app"], row["app_address"]) == ("The Shop", "/console/apps/0oaShop")
    assert (row["outcome"], row["tone"], row["reason"]) == ("Refused", "bad", "access denied")
    # Whoever was removed since is told by their id, without a way there.
    gone = event_row(REFUSED, Names(), NOW)
    assert (gone["user"], gone["user_address"]) == ("00uAnn", "")


def test_a_type_without_words_is_told_by_its_name() -> None:
    assert told(EVENT) == "A session began"
    assert told(replace(EVENT, type="thing.unheard_of")) == "Thing: unheard of"


def test_the_trail_of_a_refusal() -> None:
    verdict = Verdict(
        (Check("assigned", passed=False, expected="assigned", seen="not", mend="Assign it."),),
        rule="built_in_access",
        tried=(Tried("Default", "Catch-all", matched=True),),
    )
    trail = _trail(REFUSED.refused("access_denied", verdict))
    assert trail is not None
    assert trail["rule"] == "built in access"
    assert trail["checks"] == [
        {"name": "assigned", "passed": False, "expected": "assigned", "seen": "not", "mend": "Assign it."}
    ]
    assert [one["rule"] for one in trail["tried"]] == ["Catch-all"]
    assert _trail(EVENT) is None


@pytest.mark.parametrize("text", ["", "x", "1", "1.", ".evtVbVkXRI0pxnQcYH5Z", "1.short", "-1.evtVbVkXRI0pxnQcYH5Z"])
def test_no_position_but_one_of_ours(text: str) -> None:
    assert _position(text) is None
    assert _position("17.evtVbVkXRI0pxnQcYH5Z") == (17, "evtVbVkXRI0pxnQcYH5Z")
