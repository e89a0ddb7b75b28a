"""``segue org``: settings shown and changed."""

import pytest
from tests.unit.cli.commands import Segue, failed

pytestmark = pytest.mark.usefixtures("workshop")


def values(segue: Segue) -> dict[str, str]:
    lines = segue("org", "show").stdout.splitlines()[2:]
    return {words[0]: words[1] if len(words) > 1 else "" for words in map(str.split, lines)}


def test_settings_are_shown_and_changed(segue: Segue) -> None:
    before = values(segue)
    assert (before["session_image"], before["lockout_attempts"], before["password_rules.min_length"]) == (
        "off",
        "10",
        "8",
    )
    wanted = ("session_image=on", "lockout_attempts=5", "gateways=192.0.2.0/24, 198.51.100.1")
    done = segue("org", "set", *wanted, "password_rules.min_length=12")
    assert done.stdout.splitlines() == [
        "session_image is on now.",
        "lockout_attempts is 5 now.",
        "gateways is 192.0.2.0/24,198.51.100.1 now.",
        "password_rules.min_length is 12 now.",
    ]
    changed = {"session_image": "on", "lockout_attempts": "5", "gateways": "192.0.2.0/24,198.51.100.1"}
    assert values(segue) == {**before, **changed, "password_rules.min_length": "12"}


def test_what_cannot_be_set_changes_nothing(segue: Segue) -> None:
    before = values(segue)
    failed(segue("org", "set", "session_image=on", "colour=blue"), "There is no setting colour")
    failed(segue("org", "set", "landing_links=a,b"), "There is no setting landing_links")
    failed(segue("org", "set", "session_image"), "write name=value")
    failed(segue("org", "set", "session_image=yes"), "is on or off")
    failed(segue("org", "set", "lockout_attempts=many"), "is a number")
    failed(segue("org", "set", "lockout_attempts=0"), "lockout_attempts")
    failed(segue("org", "set", "password_rules.min_length=65"), "from 8 to 64")
    failed(segue("org", "set", "remember_device_s=99999999"), "remember_device_s")
    failed(segue("org", "set", "factors=totp,telepathy"), "telepathy")
    failed(segue("org", "set", "gateways=0.0.0.0/0"), "no gateway")
    assert values(segue) == before
