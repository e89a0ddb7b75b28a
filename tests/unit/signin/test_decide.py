"""The pipeline on a real store: who gets in, who is asked, who is refused, and what is spent on the way."""

from dataclasses import replace

import pytest
from tests.unit.signin.conftest import TICKET_SLOT, World

from segue.core.assurance import Assurance, Proof
from segue.core.requirement import Requirement
from segue.core.user import User
from segue.handoff.redeem import PresentedTicket
from segue.signin.decide import decide
from segue.signin.request import Challenge, Proved, Refused, SignedIn
from segue.signin.sessions import KeepSession, Opening, OpenSession, RenewSession, current, open_session
from segue.stores import Guard


def proved_now(world: World) -> Assurance:
    return Assurance((Proof("password", "knowledge", ("pwd",), world.now_at),))


async def write(world: World, answer: SignedIn, **guard: object) -> bool:
    opening = Opening(
        answer.session,
        Guard(answer.user.id, answer.user.stamp, world.app.id, assigned=True, live_ids=answer.live_ids),
        (world.circumstances().event("session.open", user_id=answer.user.id), *answer.events),
    )
    return await open_session(world.store, world.org.id, opening)


async def signed_in_cookie(world: World, user: User) -> str:
    ticket = await world.ticket(user, proved_now(world))
    answer = await decide(world.request(ticket=ticket), world.store)
    assert isinstance(answer, SignedIn)
    assert isinstance(answer.session, OpenSession)
    assert await write(world, answer)
    return answer.session.bearer.text


async def find_session(world: World, cookie: str, domain: str = "id.example.com"):
    return await current(world.store, cookie, org=world.org, domain=domain, app_id=None, now_at=world.now_at)


async def test_without_anything_a_person_is_asked_and_a_passive_request_refused(world: World) -> None:
    answer = await decide(world.request(), world.store)
    assert isinstance(answer, Challenge)
    assert answer.missing == "sign_in"
    refused = await decide(world.request(passive=True), world.store)
    assert isinstance(refused, Refused)
    assert refused.refusal.reason == "login_required"


async def test_a_ticket_opens_a_session_once(world: World) -> None:
    ticket = await world.ticket(world.ann, proved_now(world))
    first = await decide(world.request(ticket=ticket, passive=True), world.store)
    assert isinstance(first, SignedIn)
    assert first.user.id == world.ann.id
    assert await write(world, first)
    again = await decide(world.request(ticket=ticket, passive=True), world.store)
    assert isinstance(again, Refused)
    assert again.refusal.reason == "ticket_not_usable"
    failure = again.refusal.verdict.failure
    assert failure is not None
    assert failure.name == "unspent"


@pytest.mark.parametrize("text", ["", "nonsense", "x" * 64, "20t" + "0" * 17 + "." + "0" * 43])
async def test_OT_13_every_bad_ticket_gets_one_answer(world: World, text: str) -> None:
    answer = await decide(world.request(ticket=PresentedTicket(TICKET_SLOT, text), passive=True), world.store)
    assert isinstance(answer, Refused)
    used = await world.ticket(world.ann, proved_now(world))
    await decide(world.request(ticket=used, passive=True), world.store)
    spent = await decide(world.request(ticket=used, passive=True), world.store)
    assert isinstance(spent, Refused)
    assert (answer.refusal.reason, answer.refusal.public) == (spent.refusal.reason, spent.refusal.public)


async def test_a_bad_ticket_leads_a_person_to_the_sign_in_page_even_with_a_session(world: World) -> None:
    cookie = await signed_in_cookie(world, world.ann)
    request = world.request(ticket=PresentedTicket(TICKET_SLOT, "nonsense"), session_cookie=cookie)
    answer = await decide(request, world.store)
    assert isinstance(answer, Challenge)
    assert answer.refusal is not None


async def test_a_session_is_used_again_and_only_at_its_domain(world: World) -> None:
    cookie = await signed_in_cookie(world, world.ann)
    answer = await decide(world.request(session_cookie=cookie, passive=True), world.store)
    assert isinstance(answer, SignedIn)
    assert isinstance(answer.session, KeepSession)
    assert await find_session(world, cookie, domain="other.example.com") is None


async def test_OT_16_more_assurance_means_a_new_cookie_value_and_the_old_one_is_dead(world: World) -> None:
    cookie = await signed_in_cookie(world, world.ann)
    ticket = await world.ticket(world.ann, proved_now(world))
    answer = await decide(world.request(ticket=ticket, session_cookie=cookie), world.store)
    assert isinstance(answer, SignedIn)
    assert isinstance(answer.session, RenewSession)
    assert await write(world, answer)
    assert await find_session(world, cookie) is None
    renewed = await find_session(world, answer.session.bearer.text)
    assert renewed is not None
    assert renewed.credential.id == cookie.split(".")[0]


async def test_OT_15_a_ticket_of_another_user_never_answers_for_the_session(world: World) -> None:
    cookie = await signed_in_cookie(world, world.bob)
    for passive in (True, False):
        ticket = await world.ticket(world.ann, proved_now(world))
        answer = await decide(world.request(ticket=ticket, session_cookie=cookie, passive=passive), world.store)
        if passive:
            assert isinstance(answer, Refused)
            assert answer.refusal.reason == "login_required"
        else:
            assert isinstance(answer, Challenge)
            assert answer.confirm is not None
            assert answer.confirm.subject.user.id == world.ann.id
        spent = await decide(world.request(ticket=ticket, passive=True), world.store)
        assert isinstance(spent, Refused), "the ticket is spent whatever the answer was"
    assert await find_session(world, cookie) is not None


@pytest.mark.parametrize("passive", [True, False])
@pytest.mark.parametrize("session_of", ["nobody", "ann", "bob"])
async def test_OT_15_a_ticket_waits_for_a_session_that_was_kept_back(world: World, passive, session_of) -> None:
    """A browser sends a form of another site without its cookies: the ticket is spent, and meets the session later."""
    ticket = await world.ticket(world.ann, proved_now(world))
    answer = await decide(world.request(ticket=ticket, passive=passive, session_withheld=True), world.store)
    assert isinstance(answer, Challenge)
    assert answer.confirm is not None
    assert answer.confirm.unmet == "session_token"
    again = await decide(world.request(ticket=ticket, passive=True), world.store)
    assert isinstance(again, Refused)

    users = {"ann": world.ann, "bob": world.bob}
    cookie = await signed_in_cookie(world, users[session_of]) if session_of in users else None
    met = await decide(world.request(session_cookie=cookie, passive=passive), world.store, answer.confirm)
    if session_of != "bob":
        assert isinstance(met, SignedIn)
        assert met.user.id == world.ann.id
        assert isinstance(met.session, RenewSession if session_of == "ann" else OpenSession)
    elif passive:
        assert isinstance(met, Refused)
        assert met.refusal.reason == "login_required"
    else:
        assert isinstance(met, Challenge)
        assert met.confirm is not None
        assert met.confirm.unmet is None, "from here on the user is asked"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [("replace", SignedIn), ("refuse", Refused), ("keep", Refused), ("end_and_prompt", Challenge), ("ask", Challenge)],
)
async def test_an_application_may_choose_what_a_collision_does(world: World, setting, expected) -> None:
    cookie = await signed_in_cookie(world, world.bob)
    ticket = await world.ticket(world.ann, proved_now(world))
    app = replace(world.app, when_other_user=setting)
    answer = await decide(world.request(app=app, ticket=ticket, session_cookie=cookie), world.store)
    assert isinstance(answer, expected)
    if isinstance(answer, SignedIn):
        assert isinstance(answer.session, OpenSession)
        assert answer.session.ends == cookie.split(".")[0]


async def test_F1_05_a_ticket_does_not_make_an_old_sign_in_fresh(world: World) -> None:
    old = Assurance((Proof("password", "knowledge", ("pwd",), world.now_at - 120_000),))
    for requirement in (Requirement(max_age_s=60), Requirement(fresh_after_at=world.now_at)):
        ticket = await world.ticket(world.ann, old)
        answer = await decide(world.request(ticket=ticket, requirement=requirement), world.store)
        assert isinstance(answer, Challenge)
        assert answer.missing == "fresh_sign_in"
        passive = await world.ticket(world.ann, old)
        refused = await decide(world.request(ticket=passive, requirement=requirement, passive=True), world.store)
        assert isinstance(refused, Refused)
        assert refused.refusal.reason == "login_required"


async def test_F3_01_an_unassigned_user_is_refused_by_every_way_in(world: World) -> None:
    gone = world.circumstances().event("application.unassign", user_id=world.ann.id)
    ticket = await world.ticket(world.ann, proved_now(world))
    assert await world.store.unassign(world.org.id, world.app.id, world.ann.id, gone)
    by_ticket = await decide(world.request(ticket=ticket), world.store)
    user = await world.store.user(world.org.id, world.ann.id)
    assert user is not None
    proof = await world.transactions.password(
        world.org, world.ann.login, "a long enough password", world.circumstances()
    )
    by_password = await decide(world.request(), world.store, proof)
    for answer in (by_ticket, by_password):
        assert isinstance(answer, Refused)
        assert answer.refusal.reason == "access_denied"
        assert answer.refusal.user_id == world.ann.id


async def test_OT_14_what_changes_between_decision_and_write_stops_the_write(world: World) -> None:
    async def suspend() -> None:
        changed = replace(world.ann, status="suspended", stamp=world.ann.stamp + 1)
        event = world.circumstances().event("user.suspend", user_id=world.ann.id)
        assert await world.store.update_user(changed, expected_stamp=world.ann.stamp, event=event)

    ticket = await world.ticket(world.ann, proved_now(world))
    answer = await decide(world.request(ticket=ticket), world.store)
    assert isinstance(answer, SignedIn)
    await suspend()
    assert not await write(world, answer)
    assert isinstance(answer.session, OpenSession)
    assert await find_session(world, answer.session.bearer.text) is None


async def test_an_assignment_taken_away_in_between_stops_the_write(world: World) -> None:
    ticket = await world.ticket(world.ann, proved_now(world))
    answer = await decide(world.request(ticket=ticket), world.store)
    assert isinstance(answer, SignedIn)
    gone = world.circumstances().event("application.unassign", user_id=world.ann.id)
    assert await world.store.unassign(world.org.id, world.app.id, world.ann.id, gone)
    assert not await write(world, answer)


async def test_a_proof_by_another_person_opens_their_own_session(world: World) -> None:
    cookie = await signed_in_cookie(world, world.bob)
    proof = await world.transactions.password(
        world.org, world.ann.login, "a long enough password", world.circumstances()
    )
    answer = await decide(world.request(session_cookie=cookie), world.store, proof)
    assert isinstance(answer, SignedIn)
    assert answer.user.id == world.ann.id
    assert isinstance(answer.session, OpenSession)
    assert answer.session.ends == cookie.split(".")[0]


async def test_a_missing_second_factor_is_asked_for_and_what_was_proved_is_kept(world: World) -> None:
    app = replace(world.app, requirement=Requirement(factors=2))
    ticket = await world.ticket(world.ann, proved_now(world))
    answer = await decide(world.request(app=app, ticket=ticket), world.store)
    assert isinstance(answer, Challenge)
    assert answer.missing == "second_factor"
    assert answer.proved is not None
    assert answer.proved.assurance.amr == ("pwd",)
    code = Proof("totp", "possession", ("otp",), world.now_at)
    proved = replace(answer.proved, assurance=answer.proved.assurance.merged(Assurance((code,))))
    done = await decide(world.request(app=app), world.store, proved)
    assert isinstance(done, SignedIn)
    assert done.assurance.amr == ("pwd", "otp", "mfa")


async def test_a_missing_second_factor_is_refused_where_no_page_may_be_shown(world: World) -> None:
    app = replace(world.app, requirement=Requirement(factors=2))
    ticket = await world.ticket(world.ann, proved_now(world))
    answer = await decide(world.request(app=app, ticket=ticket, passive=True), world.store)
    assert isinstance(answer, Refused)
    assert answer.refusal.reason == "assurance_not_met"


async def test_a_stale_stamp_in_a_proof_fails_the_write(world: World) -> None:
    proof = await world.transactions.password(
        world.org, world.ann.login, "a long enough password", world.circumstances()
    )
    changed = replace(world.ann, password_hash=None, stamp=world.ann.stamp + 1)
    event = world.circumstances().event("user.password", user_id=world.ann.id)
    assert await world.store.update_user(changed, expected_stamp=world.ann.stamp, event=event)
    answer = await decide(world.request(), world.store, Proved(proof.subject, proof.assurance))
    assert isinstance(answer, SignedIn)
    assert not await write(world, answer)
