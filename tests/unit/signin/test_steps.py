"""The steps of a sign-in, in no vendor's words: their order, their end, and who may take them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.signin.steps_scene import DAY_MS, PASSWORD, Place, a_place

from segue.core.assurance import from_data
from segue.core.refusal import Refusal
from segue.core.secret import read_bearer
from segue.signin.factors.registry import Factors
from segue.signin.passwords import PasswordHasher
from segue.signin.progress import LIFE_MS, LONGEST_MS, Completed, Transaction
from segue.signin.state import State, read_state, state_data
from segue.storage import open_store
from segue.storage.migrate import upgrade


@pytest.fixture
async def place(tmp_path: Path, quick_hasher: PasswordHasher) -> AsyncIterator[Place]:
    url = f"sqlite:///{tmp_path / 'segue.db'}"
    upgrade(url)
    store = open_store(url, epoch=1)
    await store.open()
    yield await a_place(store, quick_hasher, tmp_path / "out")
    await store.close()


async def refused(work: Any, reason: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await work
    assert caught.value.reason == reason, caught.value
    return caught.value


def waiting(outcome: object) -> Transaction:
    assert isinstance(outcome, Transaction)
    return outcome


async def test_a_user_who_is_asked_for_nothing_more_is_done_at_once(place: Place) -> None:
    user = await place.user(careful=False)
    done = await place.begin(user)
    assert isinstance(done, Completed)
    assert done.ticket is not None
    found = await place.store.find(
        place.org.id, done.ticket.bearer.id, done.ticket.bearer.digest, frozenset({"session_token"})
    )
    assert found is not None
    assert from_data(found.credential.data["assurance"]) == done.assurance


async def test_the_order_is_factor_password_and_the_end(place: Place) -> None:
    user = await place.user(password_changed_at=place.now_at - 100 * DAY_MS)
    factor, seed = await place.enrolled(user, "totp")
    at = waiting(await place.begin(user, enroll_more=True))
    assert at.state.status == "factor_required"
    token = at.bearer.text
    expired = await place.steps.verification.verify(place.visit(), token, factor.id, {"code": place.code(seed)})
    assert waiting(expired).state.status == "password_expired"
    done = await place.steps.passwords.change(place.visit(), token, PASSWORD, "plums grow on the wall")
    assert isinstance(done, Completed)
    assert set(done.assurance.amr) == {"pwd", "otp", "mfa"}


async def test_a_transaction_of_a_page_ends_without_a_ticket(place: Place) -> None:
    user = await place.user()
    factor, seed = await place.enrolled(user, "totp")
    at = waiting(await place.begin(user, ticket=False))
    done = await place.steps.verification.verify(place.visit(), at.bearer.text, factor.id, {"code": place.code(seed)})
    assert isinstance(done, Completed)
    assert done.ticket is None
    assert done.assurance.amr == ("pwd", "otp", "mfa")


async def test_a_transaction_takes_an_hour_at_most(place: Place) -> None:
    """Sliding along for ever would make the password of this morning good tonight."""
    user = await place.user()
    await place.enrolled(user, "totp")
    token = waiting(await place.begin(user)).bearer.text
    place.now_at += LONGEST_MS
    assert (await place.steps.resume(place.visit(), token)).expires_at == place.now_at + LIFE_MS
    place.now_at += 1
    await refused(place.steps.resume(place.visit(), token), "invalid_token")


async def test_AU_02_another_domain_or_org_knows_no_such_transaction(place: Place, tmp_path: Path) -> None:
    user = await place.user()
    await place.enrolled(user, "totp")
    token = waiting(await place.begin(user)).bearer.text
    other = await a_place(place.store, place.hasher, tmp_path / "other")
    await refused(other.steps.introspect(other.visit(), token), "invalid_token")
    elsewhere = replace(place.visit(), domain=replace(place.domain, authority="other.example.com"))
    await refused(place.steps.introspect(elsewhere, token), "invalid_token")
    bearer = read_bearer(token)
    assert bearer is not None
    await refused(place.steps.introspect(place.visit(), f"{bearer.id}.{'0' * 43}"), "invalid_token")
    assert (await place.steps.introspect(place.visit(), token)).state.status == "factor_required"


async def test_a_user_who_changed_ends_their_transactions(place: Place) -> None:
    user = await place.user()
    await place.enrolled(user, "totp")
    token = waiting(await place.begin(user)).bearer.text
    event = place.where().event("user.suspend", user_id=user.id)
    assert await place.store.update_user(replace(user, stamp=2), expected_stamp=1, event=event)
    await refused(place.steps.introspect(place.visit(), token), "invalid_token")


async def test_factors_that_do_not_work_do_not_open_enrolment(place: Place) -> None:
    """Otherwise the password alone would do whenever a provider is out of order."""
    user = await place.user()
    await place.enrolled(user, "email")
    gone: dict[Any, Any] = {type: one for type, one in place.steps.factors.factors.items() if type != "email"}
    second = replace(place.steps.progress.second, factors=Factors(gone))
    broken = replace(place.steps, progress=replace(place.steps.progress, second=second))
    place.steps = replace(place.steps, progress=broken.progress)
    await refused(place.begin(user), "factor_unavailable")


async def test_an_answer_belongs_to_the_step_it_was_asked_for(place: Place) -> None:
    """Asked again, the old code is worth nothing; asked in one transaction, it is no answer in another."""
    user = await place.user()
    factor, _ = await place.enrolled(user, "email")
    first = waiting(await place.begin(user)).bearer.text
    second = waiting(await place.begin(user)).bearer.text
    verification, visit = place.steps.verification, place.visit()
    await verification.ask(visit, first, factor.id)
    code = place.last_code()
    await verification.ask(visit, second, factor.id)
    await refused(verification.verify(visit, second, factor.id, {"code": code}), "factor_answer")
    await place.steps.previous(visit, first)
    await refused(verification.verify(visit, first, factor.id, {"code": code}), "factor_expired")


def test_a_state_survives_being_kept() -> None:
    state = State(
        status="factor_challenge",
        began_at=1,
        relay_state="/x",
        enroll_more=True,
        device="d",
        skipped=("password_warn",),
        factor_id="fac1",
        challenge={"code": "sealed"},
        tries=2,
        result="waiting",
    )
    assert read_state(state_data(state)) == state
    assert read_state({**state_data(state), "of_a_newer_release": 1}) == state
    assert "sealed" not in repr(state)


def test_leaving_a_step_drops_its_evidence() -> None:
    asked = State("factor_required", began_at=1).asking("factor_challenge", "fac1", {"code": "x"}, "waiting")
    assert asked.challenge_for("fac1") == {"code": "x"}
    assert asked.challenge_for("fac2") == {}
    left = replace(asked, tries=3).at("factor_required")
    assert (left.factor_id, left.challenge, left.tries, left.result) == ("", {}, 0, "")


async def test_what_an_errand_does_wrong_is_logged(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ValueError("no mail today")

    errands = place.steps.recovery.errands
    errands.start(fail(), "a mail")
    await errands.finish()
    assert "no mail today" in caplog.text


async def test_a_factor_set_up_elsewhere_is_asked_for_first(place: Place) -> None:
    """Somebody with the password alone waits at the enrolment until the user has a factor: then it is too late."""
    user = await place.user()
    patient = waiting(await place.begin(user)).bearer.text
    started = waiting(await place.begin(user)).bearer.text
    enrolment, visit = place.steps.enrolment, place.visit()
    begun = waiting(await enrolment.enroll(visit, started, "totp", None, {}))
    later = waiting(await place.begin(user)).bearer.text
    await enrolment.enroll(visit, later, "email", None, {})
    code = place.last_code()
    answer = {"code": place.code(str(begun.shown["secret"]))}
    assert isinstance(await enrolment.activate(visit, started, begun.state.factor_id, answer), Completed)
    await refused(enrolment.enroll(visit, patient, "email", None, {}), "wrong_state")
    assert (await place.steps.introspect(visit, patient)).state.status == "factor_required"
    overtaken = await place.steps.introspect(visit, later)
    await refused(enrolment.activate(visit, later, overtaken.state.factor_id, {"code": code}), "wrong_state")
    assert [one.type for one in await place.store.factors(place.org.id, user.id) if one.active] == ["totp"]
