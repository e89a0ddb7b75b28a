"""Recovery and unlocking over the Authentication API.

A public caller is told the same of every user name; a trusted one (with an API token) gets the recovery token itself
and is told of users that are not there.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

from segue.core.refusal import Refusal
from segue.dialects.okta.authn_calls import AuthnCalls, Body, flag, needed, read_body, state_token, text
from segue.dialects.okta.errors import ValidationFailed, limit_headers, write_error
from segue.dialects.okta.names import (
    RECOVER_PASSWORD,
    RECOVER_UNLOCK,
    RECOVERY_ANSWER,
    RECOVERY_RESEND,
    RECOVERY_TOKEN,
    RECOVERY_VERIFY,
    RESET_PAGE,
    UNLOCK_PAGE,
)
from segue.dialects.okta.transaction_shape import mailed_object, recovery_by_token_object
from segue.signin.recovery import Channel
from segue.signin.state import Purpose
from segue.signin.visit import Visit
from segue.web.message import Json, Request, Response
from segue.web.return_address import ReturnAddresses
from segue.web.sign_in_limits import SignInLimits, check_standing
from segue.web.surface import Route

_EVENT: Final = "authn.recovery"
_PAGES: Final[dict[Purpose, str]] = {"reset_password": RESET_PAGE, "unlock": UNLOCK_PAGE}
_CHANNELS: Final[dict[str, Channel]] = {"SMS": "sms", "CALL": "call"}
_TYPES: Final = "factorType: EMAIL, SMS or CALL"


@dataclass(frozen=True, slots=True)
class AuthnRecovery:
    calls: AuthnCalls
    limits: SignInLimits
    addresses: ReturnAddresses

    def routes(self) -> tuple[Route, ...]:
        route = self.calls.route
        return (
            route(RECOVER_PASSWORD, self.password, _EVENT),
            route(RECOVER_UNLOCK, self.unlock, _EVENT),
            route(RECOVERY_TOKEN, self.redeem, _EVENT),
            route(RECOVERY_ANSWER, self.answer, _EVENT),
            route(RECOVERY_VERIFY, self.verify, _EVENT),
            route(RECOVERY_RESEND, self.resend, _EVENT),
        )

    async def password(self, request: Request) -> Response:
        return await self._begin(request, "reset_password")

    async def unlock(self, request: Request) -> Response:
        return await self._begin(request, "unlock")

    async def redeem(self, request: Request) -> Response:
        """RECOVERY where the user has a question to answer, else the step after it."""
        visit, body = await self.calls.visit(request), read_body(request)
        options = body.get("options")
        if options is not None and not isinstance(options, dict):
            raise ValidationFailed("authRequest", "options", "options: an object")
        more = flag(options or {}, "multiOptionalFactorEnroll", within="options.")
        outcome = await self.calls.steps.recovery.redeem(visit, needed(body, "recoveryToken"), enroll_more=more)
        return self.calls.answer(request, visit, outcome)

    async def answer(self, request: Request) -> Response:
        visit, body = await self.calls.visit(request), read_body(request)
        outcome = await self.calls.steps.recovery.answer(visit, state_token(body), needed(body, "answer"))
        return self.calls.answer(request, visit, outcome)

    async def verify(self, request: Request) -> Response:
        visit, body = await self.calls.visit(request), read_body(request)
        channel, code = _channel(request.path_params["type"]), needed(body, "passCode")
        outcome = await self.calls.steps.recovery.verify(visit, state_token(body), channel, code)
        return self.calls.answer(request, visit, outcome)

    async def resend(self, request: Request) -> Response:
        visit, body = await self.calls.visit(request), read_body(request)
        channel = _channel(request.path_params["type"])
        at = await self.calls.steps.recovery.resend(visit, state_token(body), channel)
        return self.calls.answer(request, visit, at)

    async def _begin(self, request: Request, purpose: Purpose) -> Response:
        """Counted like a password, by address and by the name as it was typed (AU-03)."""
        visit, body = await self.calls.visit(request), read_body(request)
        user_name = needed(body, "username")
        standing = await self.limits.take(replace(request, address=visit.circumstances.address), user_name)
        try:
            check_standing(standing)
            response: Response = await self._begun(request, visit, body, user_name, purpose)
        except Refusal as refusal:  # written here and not at the edge, so that it too says how the caller stands
            event_id = await self.calls.door.recorder.refuse(visit.circumstances, refusal, _EVENT)
            response = write_error(request, refusal, event_id)
        return response.with_headers(*limit_headers(standing, request.now_at)) if standing else response

    async def _begun(self, request: Request, visit: Visit, body: Body, user_name: str, purpose: Purpose) -> Response:
        relay_state, recovery = await self._relay_state(request, body), self.calls.steps.recovery
        factor_type = _factor_type(visit, body)
        if factor_type is None:
            handed = await recovery.by_hand(visit, user_name, purpose, relay_state)
            await self.calls.check_reach(request, handed.user)
            return Json(
                data=recovery_by_token_object(
                    request, handed.user, purpose, handed.token.text, handed.expires_at, relay_state
                )
            )
        if factor_type == "EMAIL":
            await recovery.by_mail(visit, user_name, purpose, relay_state, page=_PAGES[purpose])
            return Json(data=mailed_object(purpose, relay_state))
        at = await recovery.by_code(visit, user_name, purpose, _CHANNELS[factor_type], relay_state)
        return self.calls.answer(request, visit, at)

    async def _relay_state(self, request: Request, body: Body) -> str | None:
        """A page of ours leads there in the end, so it is an address that is allowed (AU-12). Raises
        ValidationFailed."""
        relay_state = text(body, "relayState")
        if relay_state:
            try:
                await self.addresses.absolute(request.site, relay_state)
            except Refusal as refusal:
                raise ValidationFailed("authRequest", "relayState", f"relayState: {refusal.public}") from refusal
        return relay_state


def _factor_type(visit: Visit, body: Body) -> Literal["EMAIL", "SMS", "CALL"] | None:
    """How the user is to be reached; None where a trusted caller reaches them itself."""
    match (text(body, "factorType") or "").upper():
        case "" if visit.trusted_by:
            return None
        case ("EMAIL" | "SMS" | "CALL") as named:
            return named
    raise ValidationFailed("authRequest", "factorType", _TYPES)


def _channel(name: str) -> Channel:
    channel = _CHANNELS.get(name.upper())
    if channel is None:
        raise ValidationFailed("authRequest", "factorType", _TYPES)
    return channel
