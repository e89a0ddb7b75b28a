import pytest

from segue.demo.claims import explained
from segue.demo.times import distance, readable

NOW = 1_795_170_000


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "now"),
        (0.4, "now"),
        (1, "in 1 second"),
        (-59, "59 seconds ago"),
        (60, "in 1 minute"),
        (3599, "in 59 minutes"),
        (-3600, "1 hour ago"),
        (7200, "in 2 hours"),
        (-172_800, "2 days ago"),
    ],
)
def test_distances(seconds: float, words: str) -> None:
    assert distance(seconds) == words


def test_a_time() -> None:
    assert readable(NOW + 300, NOW) == "2026-11-20 10:25:00 UTC (in 5 minutes)"


@pytest.mark.parametrize("value", [1e30, -1e30, float("inf"), float("nan")])
def test_a_time_that_no_calendar_has(value: float) -> None:
    assert readable(value, NOW) == str(value)


def test_claims_keep_their_order_and_are_explained() -> None:
    claims = explained(
        {"exp": NOW + 60, "aud": ["a", "b"], "email_verified": False, "mine": {"x": 1}, "iat": True}, NOW
    )
    assert [(claim.name, claim.value) for claim in claims] == [
        ("exp", "2026-11-20 10:21:00 UTC (in 1 minute)"),
        ("aud", "a, b"),
        ("email_verified", "false"),
        ("mine", "{'x': 1}"),
        ("iat", "true"),
    ]
    assert claims[0].meaning == "not valid any more from then on"
    assert claims[3].meaning == ""
