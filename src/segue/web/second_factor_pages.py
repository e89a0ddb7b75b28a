"""The pages that ask for a second factor, at the address of the sign-in page and with the key of its waiting request.

Each works without JavaScript, but for security keys, which a browser hands out to scripts alone. What a page has to
remember (a sent code, the challenge of a security key) is parked in a new interaction and the old one is spent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from segue.core.assurance import Assurance
from segue.core.factor import FactorEnrollment
from segue.core.refusal import Refusal
from segue.core.user import Subject, User
from segue.core.verdict import Check, Verdict
from segue.signin import interaction as interactions
from segue.signin.factors.factor import FactorContext
from segue.signin.interaction import Interaction
from segue.signin.pending_factor import PendingFactor
from segue.signin.request import Challenge, Proved
from segue.signin.second_factor import Lacking, SecondFactors
from segue.web.error_page import STATUS
from segue.web.factor_words import way
from segue.web.frontchannel import FrontDoor
from segue.web.message import Page, Request, Response
from segue.web.sign_in_limits import SignInLimits, check_standing

STEP: Final = "step"
"""The hidden field of every form here; a form without it is that of a password."""
EVENT: Final = "sign_in.second_factor"

#: Those whose asking sends or makes something.
_ASKED: Final = frozenset({"email", "sms", "call", "push", "webauthn"})
_SENT: Final = frozenset({"email", "sms", "call"})
#: Refusals after which the same question cannot be answered any more.
_OVER: Final = frozenset({"factor_rejected", "factor_expired"})
_PUSH_REFRESH_S: Final = 3
_DAY_S: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class Asking:
    """A waiting request that needs a second factor: what it lacks, whose it is, and in which words it said no."""

    request: Request
    waiting: Interaction
    challenge: Challenge
    context: FactorContext

    @property
    def user(self) -> User:
        return self.context.user

    @property
    def before(self) -> Proved:
        """What was proved in this flow; a session's own assurance is added when the sign-in is decided."""
        return self.challenge.proved or Proved(Subject(self.user), Assurance())

    @property
    def pending(self) -> PendingFactor | None:
        return self.waiting.pending

    @property
    def lacking(self) -> Lacking:
        wanted = self.waiting.request
        now_at = wanted.circumstances.now_at
        return Lacking(self.challenge.requirement, self.challenge.assurance, now_at, wanted.waiting_since_at or now_at)

    def enrollment(self, factor_id: str) -> FactorEnrollment | None:
        return next((one for one in self.context.enrollments if one.id == factor_id), None)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong with the last answer, for the page that asks again."""

    refusal: Refusal
    event_id: str

    @property
    def status(self) -> int:
        return status_of(self.refusal)


@dataclass(frozen=True, slots=True)
class SecondFactorPages:
    door: FrontDoor
    second_factors: SecondFactors
    limits: SignInLimits

    async def asking(self, request: Request, waiting: Interaction, challenge: Challenge, user: User) -> Asking:
        transaction_id = waiting.pending.transaction_id if waiting.pending else waiting.bearer.id
        wanted = waiting.request
        context = await self.second_factors.context(
            wanted.org, wanted.domain, user, wanted.circumstances, transaction_id
        )
        strict = replace(context, user_verified=challenge.requirement.wants_user_verified)
        return Asking(request, waiting, challenge, strict)

    def ways(self, asking: Asking) -> tuple[FactorEnrollment, ...]:
        """The factors of the user that would do."""
        return self.second_factors.helpful(asking.context, asking.lacking)

    async def show(self, asking: Asking, ways: tuple[FactorEnrollment, ...]) -> Response:
        """The page of the factor that was asked for, or of the best one, which is asked for now."""
        pending = asking.pending
        chosen = next((one for one in ways if pending is not None and one.id == pending.factor_id), None)
        if chosen is None:
            return await self._ask(asking, ways[0])
        if chosen.type == "push":
            return await self._verify(asking, chosen)
        return self._page(asking, chosen)

    async def submit(self, asking: Asking, ways: tuple[FactorEnrollment, ...]) -> Response:
        """Takes an answer, or the choice of another factor. Raises Refusal ``malformed``, ``interaction_gone``."""
        form, pending = asking.request.form, asking.pending
        named = form.get("factor") or (pending.factor_id if pending else "")
        chosen = next((one for one in ways if one.id == named), None)
        match form.get(STEP):
            case "verify" if chosen is not None:
                return await self._verify(asking, chosen)
            case "ask" if chosen is not None:
                return await self._ask(asking, chosen)
            case "choose":
                return self._choice(asking, ways)
            case "restart" if asking.challenge.proved is not None and asking.waiting.handed_over is None:
                return await self._restart(asking)
        raise bad_step()

    async def _ask(self, asking: Asking, enrollment: FactorEnrollment) -> Response:
        context = replace(asking.context, transaction_id=asking.waiting.bearer.id)
        try:
            asked = await self.second_factors.factors.ask(context, enrollment)
        except Refusal as refusal:
            trouble = await self._recorded(asking, refusal)
            return self._page(asking, enrollment, trouble=trouble, unasked=True)
        if not asked.challenge and asking.pending is None and asking.request.method == "GET":
            return self._page(asking, enrollment)
        pending = PendingFactor(enrollment.id, context.transaction_id, asked.challenge)
        await interactions.spend(self.door.store, asking.waiting)
        return await self.door.ask(asking.request, asking.waiting.request, asking.challenge, pending=pending)

    async def _verify(self, asking: Asking, enrollment: FactorEnrollment) -> Response:
        request, waiting = asking.request, asking.waiting
        pending = waiting.pending if waiting.pending and waiting.pending.factor_id == enrollment.id else None
        try:
            if request.method == "POST":
                check_standing(await self.limits.take(request, asking.user.login))
            proved, _ = await self.second_factors.verify(
                asking.context,
                enrollment,
                pending.challenge if pending else {},
                answer_of(request),
                before=asking.before,
            )
        except Refusal as refusal:
            if refusal.reason == "factor_waiting":
                return self._page(asking, enrollment)
            unasked = refusal.reason in _OVER and enrollment.type in _ASKED
            return self._page(asking, enrollment, trouble=await self._recorded(asking, refusal), unasked=unasked)
        remember = request.form.get("remember") == "yes"
        try:
            return await self.door.resume(request, waiting, replace(proved, remember=remember))
        except Refusal as refusal:
            if refusal.reason != "factor_replayed":
                raise
            return await self._again(asking, enrollment, refusal)

    async def _again(self, asking: Asking, enrollment: FactorEnrollment, refusal: Refusal) -> Response:
        """Another request used the same answer first, and this one is spent: the page once more, under a new key."""
        trouble = await self._recorded(asking, refusal)
        key, cookie = await self.door.park(asking.request, asking.waiting.request, asking.challenge)
        action = self.door.page_location(asking.request, key)
        return self._page(asking, enrollment, trouble=trouble, unasked=True, action=action).with_cookies(cookie)

    async def _restart(self, asking: Asking) -> Response:
        """Somebody else signs in: what was proved so far is forgotten."""
        await interactions.spend(self.door.store, asking.waiting)
        wanted = replace(asking.waiting.request, login_hint="")
        return await self.door.ask(asking.request, wanted, Challenge("sign_in"))

    async def _recorded(self, asking: Asking, refusal: Refusal) -> Trouble:
        event_id = await self.door.recorder.refuse(asking.waiting.request.circumstances, refusal, EVENT)
        return Trouble(refusal, event_id)

    def _choice(self, asking: Asking, ways: tuple[FactorEnrollment, ...]) -> Page:
        ways_of_all = [way(one, asking.context.enrollments) for one in ways]
        context = {**common(asking), "ways": ways_of_all}
        return Page(template="second_factor_choice.html", context=context, keeps_opener=True)

    def _page(
        self,
        asking: Asking,
        enrollment: FactorEnrollment,
        *,
        trouble: Trouble | None = None,
        unasked: bool = False,
        action: str = "",
    ) -> Page:
        """``unasked``: what was asked before is no longer open."""
        factors, pending = self.second_factors.factors, None if unasked else asking.pending
        challenge = pending.challenge if pending is not None and pending.factor_id == enrollment.id else {}
        asked = bool(challenge) or enrollment.type not in _ASKED
        shown = factors.show(asking.context, enrollment, challenge) if asked else {}
        live = asked and trouble is None
        context = {
            **common(asking, trouble, action),
            "way": way(enrollment, asking.context.enrollments),
            "shown": shown,
            "asked": asked,
            "sent": enrollment.type in _SENT,
            "refresh_s": _PUSH_REFRESH_S if enrollment.type == "push" and live else 0,
            "others": len(self.ways(asking)) > 1,
            "remember": _span(asking.waiting.request.org.settings.remember_device_s),
            "other_user": asking.challenge.proved is not None and asking.waiting.handed_over is None,
        }
        status = trouble.status if trouble else 200
        return Page(status=status, template="second_factor.html", context=context, keeps_opener=True)


def common(asking: Asking, trouble: Trouble | None = None, action: str = "") -> dict[str, object]:
    """What every page here shows. ``action`` is where its forms go, where that is not its own address."""
    app = asking.waiting.request.app
    return {
        "app_label": app.label if app else "",
        "user": {"name": asking.user.display_name, "login": asking.user.login},
        "error": trouble.refusal.public if trouble else "",
        "event_id": trouble.event_id if trouble else "",
        "action": action,
        "cancels": asking.waiting.handed_over is not None,
    }


def answer_of(request: Request) -> Mapping[str, str]:
    """What the user entered, as factors name it."""
    names = {"passcode": "code", "answer": "answer"} | {name: name for name in KEY_FIELDS}
    return {name: value for field, name in names.items() if (value := request.form.get(field)) is not None}


KEY_FIELDS: Final = ("client_data", "authenticator_data", "signature", "attestation")
"""The hidden fields that a security key's script fills in."""


def status_of(refusal: Refusal) -> int:
    if refusal.reason in ("factor_throttled", "factor_locked"):
        return 429
    if refusal.reason == "factor_unavailable":
        return 503
    return STATUS.get(refusal.reason, 401 if refusal.reason != "factor_setup" else 400)


def bad_step() -> Refusal:
    check = Check("step", passed=False, expected="a button of the page", mend="Use the buttons of the page.")
    return Refusal("malformed", "Use the buttons of the page.", Verdict((check,), rule="second_factor_page"))


def _span(seconds: int) -> str:
    """A span of time in words; empty for none."""
    if not seconds:
        return ""
    for size, one, many in ((_DAY_S, "day", "days"), (3600, "hour", "hours"), (60, "minute", "minutes")):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {one if count == 1 else many}"
    return "a minute"
