"""The table of kinds and slots: what no row may leave out."""

from segue.dialects.okta import names
from segue.handoff.kinds import INTERCLIENT, KINDS, Slot

SLOTS = (*names.APP_SLOTS, *names.REDIRECT_LINK_SLOTS, names.SESSION_BODY_SLOT, *names.IMAGE_SLOTS)


def test_JC_every_kind_that_is_signed_has_a_type_of_its_own() -> None:
    types = [row.typ for row in KINDS.values() if row.typ]
    assert len(set(types)) == len(types)
    assert INTERCLIENT.typ not in ("", "JWT", "at+jwt", "dpop+jwt")


def test_OT_04_a_slot_is_for_bearer_values_or_for_signed_tokens() -> None:
    for slot in SLOTS:
        typed = {bool(KINDS[kind].typ) for kind in slot.kinds}
        assert typed == {slot.signed}, slot


def test_only_what_opens_no_session_is_told_to_the_application() -> None:
    for slot in SLOTS:
        assert slot.refuses == all(not KINDS[kind].opens_session for kind in slot.kinds), slot
    assert not Slot("mixed", frozenset({"session_token", "interclient"})).refuses


def test_the_life_of_what_is_handed_over_is_five_minutes() -> None:
    assert INTERCLIENT.life_ms == 300_000
    assert not INTERCLIENT.opens_session
