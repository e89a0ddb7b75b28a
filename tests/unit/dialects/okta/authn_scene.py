"""Users with factors, and what a client of the Authentication API does with them."""

import email
import email.policy
import re
from dataclasses import dataclass, replace

import pyotp
from tests.unit.dialects.okta.conftest import BASE, PASSWORD, Answer, Browser, House, ident

from segue.core.credential import NewCredential
from segue.core.factor import FactorEnrollment, FactorType
from segue.core.org import Group
from segue.core.secret import new_bearer, partition_of
from segue.core.user import RoleAssignment, User
from segue.signin.factors.factor import FactorContext, Offer
from segue.stores import Commit

AUTHN = "/api/v1/authn"
ALL_FACTORS: tuple[FactorType, ...] = (
    "totp",
    "webauthn",
    "push",
    "email",
    "sms",
    "call",
    "question",
    "recovery_code",
)
CANCEL = {"href": f"{BASE}{AUTHN}/cancel", "hints": {"allow": ["POST"]}}
PREVIOUS = {"href": f"{BASE}{AUTHN}/previous", "hints": {"allow": ["POST"]}}


def post_link(path: str) -> dict[str, object]:
    return {"href": f"{BASE}{AUTHN}/{path}", "hints": {"allow": ["POST"]}}


def error(answer: Answer, status: int, code: str) -> dict:
    """The error body, after its shape and code were checked."""
    assert answer.status == status, answer.text
    body = answer.json
    assert list(body) == ["errorCode", "errorSummary", "errorLink", "errorId", "errorCauses"]
    assert body["errorCode"] == body["errorLink"] == code, body
    return body


@dataclass
class Scene:
    """Ann has to prove a second factor. ``browser`` is hers."""

    house: House
    browser: Browser

    async def ask_for_second_factors(self, *users: User) -> None:
        """Puts users into a group that is always asked, and offers every factor there is."""
        house = self.house
        group = Group(ident("00g"), house.org.id, "Careful people")
        await house.store.put_group(group, house.where().event("group.create"))
        for user in users or (house.ann,):
            event = house.where().event("group.add", user_id=user.id)
            await house.store.add_member(house.org.id, group.id, user.id, event)
        await house.configure(second_factor_groups=(group.id,), factors=ALL_FACTORS)

    async def enrolled(
        self, type: FactorType, user: User | None = None, provider: str | None = None, **details: str
    ) -> tuple[FactorEnrollment, Offer]:
        """An active factor of a user, as if it had been set up long ago; only what is hard to do by hand is skipped."""
        house, user = self.house, user or self.house.ann
        context = FactorContext(house.org, house.domain, user, house.where(), "00transaction")
        offer = await house.factors.enroll(context, type, provider, details)
        active = replace(offer.enrollment, status="active")
        await house.store.put_factor(active, house.where().event("factor.enroll", user_id=user.id))
        if type in ("email", "sms", "call"):
            self.house.clock.ahead_ms += 10_000
            await house.store.clear_attempts(house.org.id, f"sent:{type}:{user.id}:resend")
        return active, offer

    async def post(self, path: str, body: dict[str, object], **headers: str) -> Answer:
        return await self.browser.post_json(f"{AUTHN}{path}", body, **headers)

    async def authn(self, login: str = "ann@example.com", password: str = PASSWORD, **more: object) -> dict:
        answer = await self.post("", {"username": login, "password": password, **more})
        assert answer.status == 200, answer.text
        return answer.json

    async def follow(self, link: dict, token: str, **body: object) -> Answer:
        """What a client does with a link that the server gave it."""
        assert link["hints"]["allow"] == ["POST"]
        return await self.browser.post_json(link["href"], {"stateToken": token, **body})

    def code(self, offer: Offer) -> str:
        """The code of an authenticator app now."""
        return pyotp.TOTP(str(offer.shown["secret"])).at(self.house.clock.now_at() // 1000)

    async def change_user(self, **changes: object) -> User:
        """Changes Ann as an administrator would; the stamp stays, so that her sessions go on."""
        house = self.house
        user = await house.store.user(house.org.id, house.ann.id)
        assert user is not None
        changed = replace(user, **changes)
        event = house.where().event("user.update", user_id=user.id)
        assert await house.store.update_user(changed, expected_stamp=user.stamp, event=event)
        house.ann = changed
        return changed

    async def last_mail(self) -> str:
        """The text of the mail sent last, once everything that follows an answer is done; "" where there is none."""
        await self.house.steps.recovery.errands.finish()
        mails = sorted(self.house.outbox.glob("*.eml"))
        if not mails:
            return ""
        message = email.message_from_bytes(mails[-1].read_bytes(), policy=email.policy.default)
        return message.get_content()

    def last_code(self) -> str:
        """The code in what was sent last; a call says it digit by digit."""
        newest = max(self.house.outbox.glob("*.*"), key=lambda path: path.name)
        return re.findall(r"\b\d{6}\b", newest.read_text().replace(", ", ""))[-1]


async def api_token(house: House) -> str:
    """The header of a trusted caller."""
    where = house.where()
    bearer = new_bearer("00T", partition_of(house.bob.id), where.now_at, where.source.random)
    token = NewCredential(
        org_id=house.org.id,
        id=bearer.id,
        kind="api_token",
        digest=bearer.digest,
        life_ms=3_600_000,
        user_id=house.bob.id,
        user_stamp=1,
    )
    event = where.event("api_token.mint")
    assert await house.store.commit(Commit(house.org.id, partition_of(house.bob.id), (event,), credentials=(token,)))
    role = RoleAssignment(house.org.id, house.bob.id, "owner", where.now_at)
    await house.store.assign_role(role, where.event("role.assign"))
    return f"SSWS {bearer.text}"
