"""Users with factors, and what a client of the Authentication API does with them."""

import re
from dataclasses import dataclass, replace

import pyotp
from tests.unit.dialects.okta.conftest import BASE, PASSWORD, Answer, Browser, House, ident

from segue.core.factor import FactorEnrollment, FactorType
from segue.core.org import Group
from segue.core.user import User
from segue.signin.factors.factor import FactorContext, Offer

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

    def last_code(self) -> str:
        """The code in what was sent last; a call says it digit by digit."""
        newest = max(self.house.outbox.glob("*.*"), key=lambda path: path.name)
        return re.findall(r"\b\d{6}\b", newest.read_text().replace(", ", ""))[-1]
