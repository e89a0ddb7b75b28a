"""Moments and kinds in words."""

import pytest

from segue.console.words import counted, kind_of, moment
from segue.core.application import Application, Bookmark, OidcClient, SamlServiceProvider, WsFedRelyingParty

NOW = 1_800_000_000_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@pytest.mark.parametrize(
    ("at", "near"),
    [
        (NOW, "just now"),
        (NOW - 59_999, "just now"),
        (NOW + 1, "in a moment"),
        (NOW - MINUTE, "1 minute ago"),
        (NOW - 59 * MINUTE, "59 minutes ago"),
        (NOW + HOUR, "in 1 hour"),
        (NOW - 23 * HOUR, "23 hours ago"),
        (NOW + 6 * DAY, "in 6 days"),
        (NOW - 7 * DAY, "8 Jan 2027"),
    ],
)
def test_how_far_away_a_moment_is(at: int, near: str) -> None:
    told = moment(at, NOW)
    assert told is not None
    assert told["near"] == near


def test_a_moment_for_machines_and_for_people() -> None:
    assert moment(NOW, NOW) == {
        "iso": "2027-01-15T08:00:00Z",
        "text": "15 January 2027, 08:00:00 UTC",
        "near": "just now",
    }


@pytest.mark.parametrize("at", [None, 0])
def test_never_is_no_moment(at: int | None) -> None:
    assert moment(at, NOW) is None


def test_counting() -> None:
    assert [counted(count, "session") for count in (0, 1, 2)] == ["0 sessions", "1 session", "2 sessions"]
    assert counted(2, "secret is", "secrets are") == "2 secrets are"


def test_the_kind_of_an_application() -> None:
    def app(**protocol: object) -> Application:
        return Application("0oa", "00o", "app", "App", "exk", **protocol)  # type: ignore[arg-type]

    kinds = {
        "web": app(oidc=OidcClient("c")),
        "browser": app(oidc=OidcClient("c", authentication="none")),
        "native": app(oidc=OidcClient("c", authentication="none", native=True)),
        "saml": app(saml=SamlServiceProvider("e", ())),
        "wsfed": app(wsfed=WsFedRelyingParty("r", ())),
        "bookmark": app(bookmark=Bookmark("https://example.com")),
    }
    assert {kind: kind_of(one)[0] for kind, one in kinds.items()} == {kind: kind for kind in kinds}
