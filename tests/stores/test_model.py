"""Any sequence of minting, spending, revoking, renewing and changing the user, against a model of a few lines."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from tests.stores.databases import TestDatabase
from tests.stores.scene import MINUTE_MS, Minted, Scene, a_scene

from segue.core.credential import Kind
from segue.stores import Store

_Result = TypeVar("_Result")
KINDS: list[Kind] = ["session", "session_token", "authorization_code", "state_token"]


@dataclass
class Known:
    """What the model knows of one credential."""

    minted: Minted
    stamp: int
    spent: bool = False
    generation: int = 0


class Model(RuleBasedStateMachine):
    """The store may never differ from: spent at most once, and only while nothing above was revoked or changed."""

    credentials = Bundle("credentials")

    def __init__(self, runner: asyncio.Runner, store: Store, database: TestDatabase) -> None:
        super().__init__()
        self.runner, self.store, self.database = runner, store, database
        self.known: dict[str, Known] = {}
        self.revoked: set[str] = set()
        self.stamp, self.active = 1, True
        self.recorded = 3

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return self.runner.run(work)

    @initialize()
    def begin(self) -> None:
        self.scene: Scene = self.run(a_scene(self.store, self.database))

    def alive(self, ident: str) -> bool:
        one = self.known[ident]
        above = {*one.minted.new.bind_path, ident}
        return not one.spent and self.active and one.stamp == self.stamp and not above & self.revoked

    @rule(target=credentials, kind=st.sampled_from(KINDS), stale=st.booleans())
    def mint(self, kind: Kind, stale: bool) -> str:
        minted = self.scene.new(kind, idle_ms=MINUTE_MS, user_stamp=self.stamp - stale)
        assert self.run(self.store.commit(self.scene.writing(minted)))
        self.recorded += 1
        self.known[minted.id] = Known(minted, self.stamp - stale)
        return minted.id

    @rule(target=credentials, parent=credentials, kind=st.sampled_from(KINDS), guarded=st.booleans())
    def mint_below(self, parent: str, kind: Kind, guarded: bool) -> str:
        path = self.known[parent].minted.path[-8:]
        minted = self.scene.new(kind, idle_ms=MINUTE_MS, bind_path=path, user_stamp=self.stamp)
        guard = replace(self.scene.guard, user_stamp=self.stamp, live_ids=path) if guarded else None
        expected = not guarded or (self.active and not set(path) & self.revoked)
        assert self.run(self.store.commit(self.scene.writing(minted, guard=guard))) is expected
        if not expected:
            return parent
        self.recorded += 1
        self.known[minted.id] = Known(minted, self.stamp)
        return minted.id

    @rule(ident=credentials, wrong=st.sampled_from(["", "", "", "kind", "digest", "org"]), at_once=st.integers(1, 3))
    def claim(self, ident: str, wrong: str, at_once: int) -> None:
        one = self.known[ident]
        changes: dict[str, dict[str, object]] = {
            "kind": {"kinds": frozenset({"api_token"})},
            "digest": {"digest": bytes(32)},
            "org": {"org_id": "another"},
        }
        claims = [self.scene.claim(one.minted, **changes.get(wrong, {})) for _ in range(at_once)]
        expected = not wrong and self.alive(ident)

        async def all_at_once() -> list[object]:
            return list(await asyncio.gather(*(self.store.claim(claim) for claim in claims)))

        answers = [answer for answer in self.run(all_at_once()) if answer is not None]
        assert len(answers) == expected
        one.spent |= expected
        self.recorded += expected

    @rule(ident=credentials)
    def find(self, ident: str) -> None:
        found = self.run(self.scene.find(self.known[ident].minted))
        assert (found is not None) is self.alive(ident)

    @rule(ident=credentials)
    def revoke(self, ident: str) -> None:
        self.run(self.scene.revoke(self.known[ident].minted))
        self.recorded += 1
        self.revoked.add(ident)

    @rule(ident=credentials)
    def renew(self, ident: str) -> None:
        one = self.known[ident]
        fresh = self.scene.new("session")
        renewal = self.scene.renewing(one.minted, new_digest=fresh.digest)
        expected = one.minted.new.kind == "session" and self.alive(ident)
        assert self.run(self.store.commit(self.scene.writing(renewal=renewal))) is expected
        if expected:
            self.recorded += 1
            one.minted = replace(one.minted, new=replace(one.minted.new, digest=fresh.digest))

    @rule(ident=credentials, behind=st.integers(-1, 1), at_once=st.integers(1, 3))
    def advance(self, ident: str, behind: int, at_once: int) -> None:
        one = self.known[ident]
        step = self.scene.advancing(one.minted, from_generation=one.generation - behind)
        expected = behind == 0 and self.alive(ident)
        commits = [self.scene.writing(advance=step) for _ in range(at_once)]

        async def all_at_once() -> list[bool]:
            return list(await asyncio.gather(*(self.store.commit(commit) for commit in commits)))

        assert self.run(all_at_once()).count(True) == expected
        one.generation += expected
        self.recorded += expected

    @rule(new_stamp=st.booleans(), active=st.booleans())
    def change_user(self, new_stamp: bool, active: bool) -> None:
        user = replace(self.scene.user, stamp=self.stamp + new_stamp, status="active" if active else "suspended")
        changed = self.store.update_user(user, expected_stamp=self.stamp, event=self.scene.event())
        assert self.run(changed)
        self.recorded += 1
        self.stamp, self.active = user.stamp, active

    def teardown(self) -> None:
        """Every change had its event, and nothing else had one."""
        if hasattr(self, "scene"):
            assert len(self.run(self.scene.events())) == self.recorded


def test_OT_01_the_store_agrees_with_the_model(database: TestDatabase) -> None:
    with asyncio.Runner() as runner:
        store = database.store()
        runner.run(store.open())
        try:
            run_state_machine_as_test(  # type: ignore[no-untyped-call]
                lambda: Model(runner, store, database), settings=settings(max_examples=25, stateful_step_count=25)
            )
        finally:
            runner.run(store.close())
