"""A ticket meets a session."""

import itertools

import pytest

from segue.policy.collision import resolve

SETTINGS = ("keep", "login_required", "ask", "end_and_prompt", "replace", "refuse")


@pytest.mark.parametrize(("session", "expected"), [(None, "none"), ("ann", "same_user")])
def test_no_session_or_the_same_user_needs_no_rule(session: str | None, expected: str) -> None:
    for passive in (True, False):
        outcome, verdict = resolve(
            ticket_user_id="ann", session_user_id=session, default="ask", application_setting=None, passive=passive
        )
        assert outcome == expected
        assert verdict.allowed


@pytest.mark.parametrize(
    ("default", "setting", "passive"), list(itertools.product(SETTINGS, (None, *SETTINGS), (True, False)))
)
def test_OT_15_another_users_session_is_never_the_ticket_users(default, setting, passive) -> None:
    outcome, verdict = resolve(
        ticket_user_id="ann", session_user_id="bob", default=default, application_setting=setting, passive=passive
    )
    assert outcome not in ("none", "same_user")
    if passive:
        assert outcome not in ("ask", "end_and_prompt"), "a page was asked for where none may be shown"
    elif setting is not None:
        assert outcome == setting
    else:
        assert outcome == default
    assert verdict.rule == f"other_user_{outcome}"


@pytest.mark.parametrize(("passive", "expected"), [(True, "login_required"), (False, "ask")])
@pytest.mark.parametrize("session", [None, "bob"])
def test_OT_15_an_application_may_always_ask(session: str | None, passive: bool, expected: str) -> None:
    outcome, _ = resolve(
        ticket_user_id="ann",
        session_user_id=session,
        default="replace",
        application_setting="ask_always",
        passive=passive,
    )
    assert outcome == expected
