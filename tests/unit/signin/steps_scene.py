"""An org that asks for second factors, its users, and the steps they take."""

import email
import email.policy
import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyotp

from segue.admin.passwords import check_password
from segue.core.clock import Source
from segue.core.factor import FactorEnrollment, FactorType
from segue.core.org import Domain, Group, Org, OrgSettings, PasswordRules
from segue.core.sealing import Sealer
from segue.core.secret import new_id, random_partition
from segue.core.user import User
from segue.events import Circumstances
from segue.outbound.folder import Folder
from segue.outbound.mail import FolderMail
from segue.outbound.messages import FolderMessages
from segue.signin.factors.factor import FactorContext
from segue.signin.factors.registry import build_factors
from segue.signin.known_browsers import KnownBrowsers
from segue.signin.passwords import PasswordHasher
from segue.signin.progress import Outcome
from segue.signin.steps import Steps, Wishes, build_steps
from segue.signin.transaction import Transactions
from segue.signin.visit import Visit
from segue.stores import Store

PASSWORD = "a long enough password"
DAY_MS = 24 * 3_600_000
FACTORS: tuple[FactorType, ...] = ("totp", "email", "question", "recovery_code")


def ident(prefix: str) -> str:
    return new_id(prefix, random_partition(os.urandom), 1_790_000_000_000, os.urandom)


@dataclass
class Place:
    """``now_at`` may be moved by a test: it is the time of requests, not the database's."""

    store: Store
    org: Org
    domain: Domain
    group: Group
    steps: Steps
    hasher: PasswordHasher
    outbox: Path
    password_hash: str
    now_at: int
    source: Source = field(default_factory=Source)

    def where(self) -> Circumstances:
        return Circumstances(self.org.id, self.now_at, self.source, domain=self.domain.authority, address="192.0.2.1")

    def visit(self) -> Visit:
        return Visit(self.org, self.domain, self.where())

    async def user(self, *, careful: bool = True, **changes: object) -> User:
        """A new user whom no limit holds up; ``careful`` ones are asked for a second factor."""
        key = ident("00u")
        login = f"{key.lower()}@example.com"
        user = User(
            key,
            self.org.id,
            login,
            login,
            password_hash=self.password_hash,
            password_changed_at=self.now_at - DAY_MS,
            limits_exempt=True,
        )
        user = replace(user, **changes)  # type: ignore[arg-type]
        await self.store.add_user(user, self.where().event("user.create", user_id=user.id))
        if careful:
            event = self.where().event("group.add", user_id=user.id)
            await self.store.add_member(self.org.id, self.group.id, user.id, event)
        return user

    async def enrolled(self, user: User, type: FactorType, **details: str) -> tuple[FactorEnrollment, str]:
        """An active factor, and the seed of an authenticator app."""
        context = FactorContext(self.org, self.domain, user, self.where(), "00transaction")
        offer = await self.steps.factors.enroll(context, type, None, details)
        active = replace(offer.enrollment, status="active")
        await self.store.put_factor(active, self.where().event("factor.enroll", user_id=user.id))
        return active, str(offer.shown.get("secret", ""))

    async def begin(self, user: User, password: str = PASSWORD, **wishes: Any) -> Outcome:
        proved = await self.steps.passwords.transactions.password(self.org, user.login, password, self.where())
        return await self.steps.begin(self.visit(), proved, Wishes(**wishes))

    def code(self, seed: str) -> str:
        return pyotp.TOTP(seed).at(self.now_at // 1000)

    def last_sent(self) -> str:
        """The mail that was sent last."""
        newest = max(self.outbox.glob("*.eml"), key=lambda path: path.name, default=None)
        if newest is None:
            return ""
        message = email.message_from_bytes(newest.read_bytes(), policy=email.policy.default)
        return str(message.get_content())

    def last_code(self) -> str:
        found = re.findall(r"\b\d{6}\b", self.last_sent())
        return found[-1] if found else "000000"


async def a_place(store: Store, hasher: PasswordHasher, outbox: Path, **settings: object) -> Place:
    """An org of its own on an open store."""
    source = Source()
    org_id = ident("00o")
    group = Group(ident("00g"), org_id, "Careful people")
    wanted = {
        "second_factor_groups": (group.id,),
        "factors": FACTORS,
        "password_rules": PasswordRules(expire_days=90, warn_days=5),
        **settings,
    }
    org = Org(org_id, "Test", settings=OrgSettings(**wanted))  # type: ignore[arg-type]
    domain = Domain(f"{org_id.lower()}.example.com", org.id, "test")
    where = Circumstances(org.id, source.now_at(), source)
    await store.put_org(org, where.event("org.create"))
    await store.put_domain(domain, where.event("domain.create"))
    await store.put_group(group, where.event("group.create"))
    folder = Folder(outbox, source)
    mail = FolderMail(folder, "Segue <segue@id.example.com>")
    factors = build_factors(
        sealer=Sealer(bytes(range(32))), hasher=hasher, attempts=store, mail=mail, messages=FolderMessages(folder)
    )
    transactions = Transactions(store, store, hasher, KnownBrowsers(store))
    steps = build_steps(store, factors, transactions, check_password=check_password, mail=mail)
    password_hash = await hasher.hash(PASSWORD.encode())
    return Place(store, org, domain, group, steps, hasher, outbox, password_hash, source.now_at())
