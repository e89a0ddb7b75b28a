"""Calls in any order, with right evidence and wrong, against a model of what was proved: AU-01.

The model knows nothing of statuses. It notes for every line of transactions what its user truly showed, and the end of
a transaction is legal only where that was enough.
"""

import asyncio
import re
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule, run_state_machine_as_test
from tests.unit.signin.steps_scene import DAY_MS, PASSWORD, Place, a_place

from segue.core.assurance import PASSWORD as PASSWORD_FACTOR
from segue.core.refusal import Refusal
from segue.core.user import User
from segue.signin.passwords import PasswordHasher
from segue.signin.progress import Completed, Outcome, Transaction
from segue.storage import open_store
from segue.storage.migrate import upgrade
from segue.stores import Store

_Result = TypeVar("_Result")
ORDINARY = {"wrong_state", "invalid_token", "credentials"}
OF_FACTORS = ORDINARY | {"factor_answer", "factor_replayed", "factor_expired", "factor_unknown", "factor_setup"}


@dataclass
class Person:
    user: User
    password: str
    seed: str = ""
    totp: str = ""
    email: str = ""
    question: bool = False
    expired: bool = False


@dataclass
class Line:
    """A sign-in: one transaction, or several where a new password made one follow another."""

    person: Person
    password: bool = False
    second: bool = False
    mailed: bool = False
    answered: bool = False
    new_password: bool = False
    must_change: bool = False
    recovering: bool = False
    asked: bool = False
    pending_seed: str = ""
    pending_id: str = ""
    over: bool = False


class Model(RuleBasedStateMachine):
    tokens = Bundle("tokens")
    links = Bundle("links")
    ends = 0
    recovered = 0

    def __init__(self, runner: asyncio.Runner, store: Store, hasher: PasswordHasher, outbox: Path) -> None:
        super().__init__()
        self.runner, self.store, self.hasher, self.outbox = runner, store, hasher, outbox
        self.lines: dict[str, Line] = {}
        self.mailed: dict[str, tuple[Person, str]] = {}

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return self.runner.run(work)

    @initialize()
    def arrive(self) -> None:
        place: Place = self.run(a_place(self.store, self.hasher, self.outbox))
        self.place, self.steps = place, place.steps
        ann = Person(self.run(place.user()), PASSWORD, question=True)
        ann.totp, ann.seed = self.app_of(ann)
        self.run(place.enrolled(ann.user, "question", question="first_concert", answer="The Quiet Ones"))
        long_ago = place.now_at - 100 * DAY_MS
        new = Person(self.run(place.user(password_changed_at=long_ago)), PASSWORD, expired=True)
        plain = Person(self.run(place.user(careful=False, password_temporary=True)), PASSWORD, expired=True)
        plain.totp, plain.seed = self.app_of(plain)
        self.people = [ann, new, plain]

    def app_of(self, person: Person) -> tuple[str, str]:
        factor, seed = self.run(self.place.enrolled(person.user, "totp"))
        return factor.id, seed

    # --- ways in ---

    @rule(target=tokens, who=st.integers(0, 2), right=st.sampled_from([True, True, True, False]), more=st.booleans())
    def begin(self, who: int, right: bool, more: bool) -> Any:
        person = self.people[who]
        password = person.password if right else "somebody else's"
        outcome = self.tried(
            self.place.begin(person.user, password, enroll_more=more), {"credentials"}, fails=not right
        )
        if outcome is None:
            return multiple()
        line = Line(person, password=True, must_change=person.expired)
        return self.follow(line, outcome)

    @rule(target=links, who=st.integers(0, 2), purpose=st.sampled_from(["reset_password", "unlock"]))
    def ask_for_a_mail(self, who: int, purpose: Any) -> str:
        person = self.people[who]
        work = self.steps.recovery.by_mail(self.place.visit(), person.user.login, purpose, None, page="/go/{token}")
        self.run(work)
        self.run(self.steps.recovery.errands.finish())
        (token,) = re.findall(r"/go/(\S+)", self.place.last_sent())
        self.mailed[token] = (person, purpose)
        return str(token)

    @rule(target=tokens, link=links)
    def open_the_mail(self, link: str) -> Any:
        person, purpose = self.mailed[link]
        reasons = ORDINARY | {"recovery_link"}
        outcome = self.tried(self.steps.recovery.redeem(self.place.visit(), link), reasons)
        if outcome is None:
            return multiple()
        self.mailed[link] = (person, "spent")
        assert purpose != "spent", "a link worked twice"
        line = Line(person, mailed=True, recovering=True, asked=person.question)
        if isinstance(outcome, Completed):
            assert purpose == "unlock"
            assert outcome.ticket is None
            assert not person.question
            return multiple()
        return self.follow(line, outcome)

    @rule(target=tokens, who=st.integers(0, 2))
    def recover(self, who: int) -> Any:
        """Both at once, which chance brings together too seldom."""
        return self.open_the_mail(self.ask_for_a_mail(who, "reset_password"))

    # --- factors ---

    @rule(token=tokens, factor=st.sampled_from(["totp", "email", "stranger's"]))
    def ask(self, token: str, factor: str) -> None:
        line = self.lines[token]
        self.tried(self.steps.verification.ask(self.place.visit(), token, self.factor_id(line, factor)), OF_FACTORS)

    @rule(
        target=tokens,
        token=tokens,
        factor=st.sampled_from(["totp", "totp", "email", "stranger's"]),
        right=st.sampled_from([True, True, False]),
    )
    def verify(self, token: str, factor: str, right: bool) -> Any:
        line = self.lines[token]
        self.place.now_at += 31_000  # a code of an app is good once
        code = self.place.code(line.person.seed) if factor == "totp" and line.person.seed else self.place.last_code()
        if not right:
            code = f"{(int(code) + 5) % 10**6:06}"
        work = self.steps.verification.verify(
            self.place.visit(), token, self.factor_id(line, factor), {"code": code, "answer": "The Quiet Ones"}
        )
        outcome = self.tried(work, OF_FACTORS, fails=not right or factor == "stranger's")
        if outcome is None:
            return multiple()
        assert line.password or line.new_password
        line.second = True
        return self.follow(line, outcome, token)

    @rule(token=tokens, type=st.sampled_from(["totp", "email", "question"]))
    def enroll(self, token: str, type: Any) -> None:
        line = self.lines[token]
        details = {"question": "first_pet", "answer": "Gundula"} if type == "question" else {}
        work = self.steps.enrolment.enroll(self.place.visit(), token, type, None, details)
        outcome = self.tried(work, OF_FACTORS)
        if outcome is None:
            return
        # Whoever has a factor proves it before another one is set up.
        assert line.second or not line.person.totp
        if isinstance(outcome, Transaction):
            line.pending_seed = str(outcome.shown.get("secret", ""))
            line.pending_id = outcome.state.factor_id
        if type == "question":
            line.person.question = True
        self.follow(line, outcome, token)

    @rule(target=tokens, token=tokens, right=st.sampled_from([True, True, False]))
    def activate(self, token: str, right: bool) -> Any:
        line = self.lines[token]
        self.place.now_at += 31_000
        code = self.place.code(line.pending_seed) if line.pending_seed else self.place.last_code()
        if not right:
            code = f"{(int(code) + 5) % 10**6:06}"
        ident = line.pending_id or self.factor_id(line, "totp")
        work = self.steps.enrolment.activate(self.place.visit(), token, ident, {"code": code})
        outcome = self.tried(work, OF_FACTORS, fails=not right)
        if outcome is None:
            return multiple()
        if line.pending_seed and not line.person.totp:
            line.person.totp, line.person.seed = line.pending_id, line.pending_seed
        elif not line.person.email:
            line.person.email = line.pending_id
        line.second = True
        return self.follow(line, outcome, token)

    # --- passwords ---

    @rule(target=tokens, token=tokens, right=st.sampled_from([True, True, False]), revoke=st.booleans())
    def change_password(self, token: str, right: bool, revoke: bool) -> Any:
        line = self.lines[token]
        old = line.person.password if right else "somebody else's"
        new = f"plums and pears {self.place.now_at} walls"
        self.place.now_at += 1_000
        work = self.steps.passwords.change(self.place.visit(), token, old, new, revoke=revoke)
        outcome = self.tried(work, ORDINARY | {"password_kept"}, fails=not right)
        if outcome is None:
            return multiple()
        return self.password_is_new(line, new, outcome, token)

    @rule(target=tokens, token=tokens)
    def reset_password(self, token: str) -> Any:
        line = self.lines[token]
        new = f"apples and pears {self.place.now_at} walls"
        self.place.now_at += 1_000
        outcome = self.tried(self.steps.passwords.reset(self.place.visit(), token, new), ORDINARY)
        if outcome is None:
            return multiple()
        assert line.mailed
        assert line.answered or not line.asked
        return self.password_is_new(line, new, outcome, token)

    @rule(target=tokens, token=tokens, right=st.booleans())
    def answer(self, token: str, right: bool) -> Any:
        line = self.lines[token]
        first = line.person is self.people[0]
        given = ("The Quiet Ones" if first else "Gundula") if right else "nobody"
        work = self.steps.recovery.answer(self.place.visit(), token, given)
        outcome = self.tried(work, ORDINARY | {"recovery_answer"}, fails=not right)
        if outcome is None:
            return multiple()
        assert line.mailed
        line.answered = True
        if isinstance(outcome, Completed):
            assert outcome.ticket is None
            line.over = True
            return multiple()
        return self.follow(line, outcome, token)

    @rule(target=tokens, token=tokens)
    def go_on(self, token: str) -> Any:
        """What a user does who wants to get in. Chance alone finds the end too seldom."""
        at = self.tried(self.steps.introspect(self.place.visit(), token), ORDINARY)
        if at is None:
            return multiple()
        match at.state.status:
            case "factor_required" | "factor_challenge":
                factor = "totp" if self.lines[token].person.totp else "email"
                if factor == "email":
                    self.ask(token, factor)
                return self.verify(token, factor, right=True)
            case "factor_enroll":
                self.enroll(token, "totp")
                return self.activate(token, right=True)
            case "factor_activate":
                return self.activate(token, right=True)
            case "password_expired" | "password_warn":
                return self.change_password(token, right=True, revoke=False)
            case "password_reset":
                return self.reset_password(token)
            case "recovery":
                return self.answer(token, right=True)
        raise AssertionError(at.state.status)

    # --- moving about ---

    @rule(target=tokens, token=tokens, how=st.sampled_from(["previous", "skip", "resume", "introspect", "cancel"]))
    def move(self, token: str, how: str) -> Any:
        line = self.lines[token]
        work = getattr(self.steps, how)(self.place.visit(), token)
        outcome = self.tried(work, ORDINARY)
        if outcome is None:
            return multiple()
        if how == "cancel":
            line.over = True
            return multiple()
        return self.follow(line, outcome, token)

    @rule(token=tokens, at_once=st.integers(2, 4))
    def answer_at_once(self, token: str, at_once: int) -> None:
        """Of right answers in parallel one at most is taken."""
        line = self.lines[token]
        if not line.person.seed:
            return
        self.place.now_at += 31_000
        code, visit = self.place.code(line.person.seed), self.place.visit()

        async def all_at_once() -> list[object]:
            calls = [
                self.steps.verification.verify(visit, token, line.person.totp, {"code": code}) for _ in range(at_once)
            ]
            return list(await asyncio.gather(*calls, return_exceptions=True))

        answers = self.run(all_at_once())
        right = [one for one in answers if isinstance(one, Transaction | Completed)]
        assert len(right) <= 1
        assert all(isinstance(one, Refusal) and one.reason in OF_FACTORS for one in answers if one not in right)
        for outcome in right:
            line.second = True
            self.follow(line, outcome, token)

    # --- what has to hold ---

    def follow(self, line: Line, outcome: Outcome, token: str = "") -> Any:
        """Goes on with a line; its end has to be legal."""
        if token:
            assert not line.over, "a transaction that was over went on"
        if isinstance(outcome, Transaction):
            assert not outcome.bearer.id.startswith(("01", "02."))
            text = outcome.bearer.text
            self.lines[text] = line
            return multiple() if text == token else text
        line.over = True
        type(self).ends += 1
        type(self).recovered += line.recovering
        person = line.person
        assert outcome.user.id == person.user.id
        assert line.password or line.new_password
        assert line.new_password or not line.must_change
        if person is not self.people[2] or (line.recovering and (person.totp or person.email)):
            assert line.second, "a second factor was left out"
        proved = {proof.factor for proof in outcome.assurance.proofs}
        assert PASSWORD_FACTOR in proved
        assert (len(proved) > 1) is line.second
        assert outcome.ticket is not None
        return multiple()

    def password_is_new(self, line: Line, new: str, outcome: Outcome, token: str) -> Any:
        line.person.password, line.person.expired = new, False
        line.new_password, line.must_change = True, False
        for other, its_line in self.lines.items():
            if its_line.person is line.person and (its_line is not line or other == token):
                its_line.over |= its_line is not line
        return self.follow(line, outcome)

    def factor_id(self, line: Line, factor: str) -> str:
        known = {"totp": line.person.totp, "email": line.person.email}
        return known.get(factor) or self.people[0].totp if factor != "stranger's" else self.stranger(line)

    def stranger(self, line: Line) -> str:
        others = [one.totp for one in self.people if one is not line.person and one.totp]
        return others[0] if others else "fac00000000000000000"

    def tried(self, work: Coroutine[Any, Any, _Result], reasons: set[str], *, fails: bool = False) -> _Result | None:
        """What came of it, None where it was refused: for a reason that fits, and always where it had to be."""
        outcome = None
        try:
            outcome = self.run(work)
        except Refusal as refusal:
            why = refusal
        assert outcome is None or not fails, "wrong evidence was taken"
        assert outcome is not None or why.reason in reasons, why
        return outcome


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'segue.db'}"
    return str(request.getfixturevalue("fresh_database")())


def test_AU_01_no_order_of_calls_leaves_a_step_out(url: str, tmp_path: Path, quick_hasher: PasswordHasher) -> None:
    upgrade(url)
    Model.ends = Model.recovered = 0
    with asyncio.Runner() as runner:
        store = open_store(url, epoch=1)
        runner.run(store.open())
        try:
            run_state_machine_as_test(  # type: ignore[no-untyped-call]
                lambda: Model(runner, store, quick_hasher, tmp_path / "out"),
                settings=settings(max_examples=40, stateful_step_count=40),
            )
        finally:
            runner.run(store.close())
    assert Model.ends > 10, "the search has to reach the end of sign-ins to say anything of them"
    assert Model.recovered > 0, "and that of a recovery"
