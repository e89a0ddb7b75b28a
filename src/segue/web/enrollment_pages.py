"""The pages on which somebody sets up a factor: because a sign-in needs one, or from their own account.

Setting one up needs a sign-in of a moment ago (AU-13). A factor is stored when its first answer was right; until then
it lies in the waiting request alone, so one that is given up leaves nothing behind.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, cast

from segue.core.factor import FactorEnrollment, FactorType
from segue.core.refusal import Refusal
from segue.core.requirement import Requirement
from segue.core.verdict import Check, Verdict
from segue.signin import interaction as interactions
from segue.signin.decide import decide
from segue.signin.factors.factor import Offer
from segue.signin.factors.totp import qr_code
from segue.signin.pending_factor import PendingFactor
from segue.signin.request import Challenge, Proved
from segue.signin.second_factor import SecondFactors
from segue.web.factor_words import kind_of_factor, questions, way
from segue.web.frontchannel import FrontDoor
from segue.web.message import Page, Redirect, Response
from segue.web.second_factor_pages import STEP, Asking, SecondFactorPages, Trouble, answer_of, bad_step, common
from segue.web.sign_in_limits import check_standing

ENROLL_CHANNEL: Final = "factors"
"""The front channel of somebody who came to set up a factor."""
FRESH_MS: Final = 5 * 60_000

_EVENT: Final = "factor.enroll"
_SENT: Final = frozenset({"email", "sms", "call", "push"})
#: What is asked before a factor of that type can be set up, as names of fields.
_DETAILS: Final[Mapping[FactorType, tuple[str, ...]]] = {
    "sms": ("phone",),
    "call": ("phone",),
    "question": ("question", "answer"),
    "webauthn": ("name",),
}
_NONE_TO_ASK = "None of your factors can be used here now. Ask your administrator."
_NONE_TO_ENROLL = "This needs a second factor, and there is none that you can set up here. Ask your administrator."
_NOT_OFFERED = "This factor cannot be set up here."


@dataclass(frozen=True, slots=True)
class EnrollmentPages:
    """``pages`` ask for factors that are there; ``home_location`` is the path of somebody's own page."""

    pages: SecondFactorPages
    home_location: str

    @property
    def door(self) -> FrontDoor:
        return self.pages.door

    @property
    def second_factors(self) -> SecondFactors:
        return self.pages.second_factors

    async def show(self, asking: Asking) -> Response:
        """The factor that is being set up, or those to choose from. Raises Refusal ``factor_unavailable``."""
        self._check_allowed(asking)
        if _being_set_up(asking) is not None:
            return self._setup_page(asking)
        return await self._fresh_first(asking) or self._choice_page(asking)

    async def submit(self, asking: Asking) -> Response:
        """Takes a choice or a first answer. Raises Refusal ``malformed``, ``factor_unavailable``."""
        self._check_allowed(asking)
        match asking.request.form.get(STEP):
            case "choose":
                return self._choice_page(asking)
            case "enroll":
                return await self._fresh_first(asking) or await self._enroll(asking)
            case "activate" if _being_set_up(asking) is not None:
                return await self._activate(asking)
            case "resend" if _being_set_up(asking) is not None:
                return await self._resend(asking)
        raise bad_step()

    def _check_allowed(self, asking: Asking) -> None:
        """A sign-in that needs a factor may only set one up where there is none to be asked for."""
        if not _required(asking):
            return
        if not self.second_factors.may_enroll_instead(asking.context, asking.lacking):
            raise _unavailable(asking, _NONE_TO_ASK, seen="factors that cannot be used")
        if not self._offered(asking):
            raise _unavailable(asking, _NONE_TO_ENROLL, seen="none offered")

    def _offered(self, asking: Asking) -> list[FactorType]:
        """What can be set up now. Codes for the day all else is lost come after something that can be lost."""
        offered = self.second_factors.offered(asking.context, asking.lacking if _required(asking) else None)
        return [type for type in offered if type != "recovery_code" or not _required(asking)]

    async def _fresh_first(self, asking: Asking) -> Response | None:
        """The sign-in page, where the last proof is too old to set up a factor on its strength (AU-13)."""
        wanted = asking.waiting.request
        fresh_after_at = wanted.circumstances.now_at - FRESH_MS
        if asking.challenge.assurance.auth_time_at >= fresh_after_at:
            return None
        wanted = replace(wanted, requirement=wanted.requirement.stricter(Requirement(fresh_after_at=fresh_after_at)))
        answer = await decide(wanted, self.door.store, asking.challenge.proved)
        if not isinstance(answer, Challenge):
            return None
        await interactions.spend(self.door.store, asking.waiting)
        return await self.door.ask(asking.request, wanted, answer)

    async def _enroll(self, asking: Asking) -> Response:
        form = asking.request.form
        chosen = next((type for type in self._offered(asking) if type == form.get("type")), None)
        if chosen is None:
            raise _unavailable(asking, _NOT_OFFERED, seen=(form.get("type") or "")[:40])
        details = {name: value for name in _DETAILS.get(chosen, ()) if (value := form.get(name)) is not None}
        if chosen in _DETAILS and not details:
            return self._details_page(asking, chosen)
        context = replace(asking.context, transaction_id=asking.waiting.bearer.id)
        try:
            check_standing(await self.pages.limits.take(asking.request, asking.user.login))
            offer = await self.second_factors.enroll(context, chosen, details)
        except Refusal as refusal:
            trouble = await self._recorded(asking, refusal)
            if chosen in _DETAILS:
                return self._details_page(asking, chosen, trouble, details)
            return self._choice_page(asking, trouble)
        if offer.enrollment.active:
            return await self._active_at_once(asking, offer)
        pending = PendingFactor(offer.enrollment.id, context.transaction_id, offer.challenge, offer.enrollment)
        await interactions.spend(self.door.store, asking.waiting)
        return await self.door.ask(asking.request, asking.waiting.request, asking.challenge, pending=pending)

    async def _active_at_once(self, asking: Asking, offer: Offer) -> Response:
        """A factor that needs no first answer is there; where a sign-in needs it, it is asked for next."""
        request, waiting = asking.request, asking.waiting
        await self.second_factors.keep(asking.context, offer.enrollment)
        codes = offer.shown.get("codes")
        if codes:
            await interactions.spend(self.door.store, waiting)
            return self._codes_page(asking, codes, self.home_location)
        if not _required(asking):
            return await self.door.resume(request, waiting)
        await interactions.spend(self.door.store, waiting)
        return await self.door.ask(request, waiting.request, asking.challenge)

    async def _activate(self, asking: Asking) -> Response:
        enrollment, pending = cast("FactorEnrollment", _being_set_up(asking)), cast("PendingFactor", asking.pending)
        try:
            check_standing(await self.pages.limits.take(asking.request, asking.user.login))
            proved = await self.second_factors.activate(
                asking.context, enrollment, pending.challenge, answer_of(asking.request), before=asking.before
            )
        except Refusal as refusal:
            return self._setup_page(asking, await self._recorded(asking, refusal))
        # Who was handed over is signed in to one application and to nothing here: they find their codes on their page.
        handed_over = asking.waiting.handed_over is not None
        if handed_over or "recovery_code" not in self.second_factors.offered(asking.context):
            return await self.door.resume(asking.request, asking.waiting, proved)
        return await self._with_codes(asking, proved)

    async def _with_codes(self, asking: Asking, proved: Proved) -> Response:
        """Shows recovery codes to somebody who now has something to lose and had none.

        They are signed in before, so that no page that anybody may leave open holds a sign-in that is as good as done;
        the request goes on with their session.
        """
        request, waiting = asking.request, asking.waiting
        bare = replace(waiting.request, channel=ENROLL_CHANNEL, app=None, parameters={}, requirement=Requirement())
        signed_in = await self.door.resume(request, replace(waiting, request=bare), proved)
        home = f"{request.site.domain.base_url}{self.home_location}"
        if not isinstance(signed_in, Redirect) or signed_in.location != home:
            return signed_in
        offer = await self.second_factors.enroll(asking.context, "recovery_code", {})
        await self.second_factors.keep(asking.context, offer.enrollment)
        location, cookies = self.home_location, signed_in.cookies
        if _required(asking):
            challenge = Challenge("second_factor", user=asking.user)
            key, cookie = await self.door.park(request, waiting.request, challenge)
            location, cookies = self.door.page_location(request, key), (*cookies, cookie)
        return self._codes_page(asking, offer.shown["codes"], location).with_cookies(*cookies)

    async def _resend(self, asking: Asking) -> Response:
        enrollment = cast("FactorEnrollment", _being_set_up(asking))
        context = replace(asking.context, transaction_id=asking.waiting.bearer.id)
        try:
            asked = await self.second_factors.factors.ask(context, enrollment)
        except Refusal as refusal:
            return self._setup_page(asking, await self._recorded(asking, refusal))
        pending = PendingFactor(enrollment.id, context.transaction_id, asked.challenge, enrollment)
        await interactions.spend(self.door.store, asking.waiting)
        return await self.door.ask(asking.request, asking.waiting.request, asking.challenge, pending=pending)

    async def _recorded(self, asking: Asking, refusal: Refusal) -> Trouble:
        event_id = await self.door.recorder.refuse(asking.waiting.request.circumstances, refusal, _EVENT)
        return Trouble(refusal, event_id)

    def _choice_page(self, asking: Asking, trouble: Trouble | None = None) -> Page:
        kinds = [kind_of_factor(type) for type in self._offered(asking)]
        return self._page("factor_choice.html", asking, trouble, kinds=kinds)

    def _details_page(
        self,
        asking: Asking,
        type: FactorType,
        trouble: Trouble | None = None,
        details: Mapping[str, str] | None = None,
    ) -> Page:
        given = {name: (details or {}).get(name, "") for name in ("phone", "question", "name")}
        kind = kind_of_factor(type)
        return self._page("factor_details.html", asking, trouble, kind=kind, given=given, questions=questions())

    def _setup_page(self, asking: Asking, trouble: Trouble | None = None) -> Page:
        enrollment, pending = cast("FactorEnrollment", _being_set_up(asking)), cast("PendingFactor", asking.pending)
        shown = dict(self.second_factors.factors.show(asking.context, enrollment, pending.challenge))
        picture = qr_code(str(shown["uri"])) if enrollment.type == "totp" else b""
        return self._page(
            "factor_setup.html",
            asking,
            trouble,
            way=way(enrollment),
            shown=shown,
            picture=base64.b64encode(picture).decode(),
            secret=_grouped(str(shown.get("secret", ""))),
            sent=enrollment.type in _SENT,
            others=len(self._offered(asking)) > 1,
        )

    def _codes_page(self, asking: Asking, codes: object, location: str) -> Page:
        return self._page("recovery_codes.html", asking, None, codes=codes, location=location)

    def _page(self, template: str, asking: Asking, trouble: Trouble | None, **more: object) -> Page:
        context = {**common(asking, trouble), "required": _required(asking), **more}
        status = trouble.status if trouble else 200
        return Page(status=status, template=template, context=context, keeps_opener=True)


def _required(asking: Asking) -> bool:
    """Whether a sign-in needs the factor, or somebody came to set one up."""
    return asking.waiting.request.channel != ENROLL_CHANNEL


def _being_set_up(asking: Asking) -> FactorEnrollment | None:
    pending = asking.pending
    if pending is None or pending.enrollment is None or pending.enrollment.user_id != asking.user.id:
        return None
    return pending.enrollment


def _grouped(secret: str) -> str:
    """A secret in groups of four, as people type it."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def _unavailable(asking: Asking, sentence: str, *, seen: str) -> Refusal:
    check = Check("factor_available", passed=False, expected="a factor for this user", seen=seen, mend=sentence)
    return Refusal("factor_unavailable", sentence, Verdict((check,), rule="factor"), user_id=asking.user.id)
