"""The hand-off form offers every outcome that an application can have: one it lacked would be lost when it is saved."""

from typing import get_args

import pytest

from segue.console.app_forms import WHEN_OTHER_USER, read_when_other_user
from segue.core.application import WhenOtherUser
from segue.core.strict import Params


def test_OT_15_every_outcome_can_be_kept() -> None:
    assert {name for name, _ in WHEN_OTHER_USER} == {"", *get_args(WhenOtherUser)}


@pytest.mark.parametrize("outcome", get_args(WhenOtherUser))
def test_what_was_chosen_is_read(outcome: str) -> None:
    assert read_when_other_user(Params((("when_other_user", outcome),))) == outcome
