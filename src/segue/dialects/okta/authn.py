"""Primary authentication: a user name and a password become a session token, or a transaction of more steps."""

from dataclasses import dataclass, replace
from typing import Final

from segue.core.refusal import Refusal
from segue.dialects.okta.authn_calls import SUBJECT, AuthnCalls, Body, flag, read_body, text, trusted_device
from segue.dialects.okta.errors import ValidationFailed, limit_headers, write_error
from segue.dialects.okta.names import AUTHN
from segue.dialects.okta.transaction_shape import locked_out_object
from segue.signin.recovery import ACTIVATIONS
from segue.signin.steps import Wishes
from segue.signin.visit import Visit
from segue.web.message import Json, Request, Response
from segue.web.sign_in_limits import SignInLimits, check_standing
from segue.web.surface import Route

EVENT: Final = "authn.primary"
_NEEDED: Final = "A user name and a password are needed."


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a caller sent, once its form is right."""

    user_name: str
    password: str
    wishes: Wishes

    def __repr__(self) -> str:
        return "Credentials()"


@dataclass(frozen=True, slots=True)
class PrimaryAuthentication:
    calls: AuthnCalls
    limits: SignInLimits

    def routes(self) -> tuple[Route, ...]:
        """No limit at the edge: passwords are counted here, once it is known whose they are."""
        handler = self.authenticate
        return (Route(("POST",), AUTHN, handler, write_error, EVENT, cors="credentialed", body="json"),)

    async def authenticate(self, request: Request) -> Response:
        """200 with a transaction, mostly ``SUCCESS`` and a session token.

        An invalid API token is refused before the body is looked at (F6-03). A state token alone resumes its
        transaction.
        """
        visit = await self.calls.visit(request)
        body = read_body(request)
        token = text(body, "stateToken")
        if token is not None:
            return await self._resume(request, visit, body, token)
        if body.get("token") is not None:
            return await self._activate(visit, request, body)
        credentials = _read(visit, body)
        standing = await self.limits.take(replace(request, address=visit.circumstances.address), credentials.user_name)
        try:
            check_standing(standing)
            response: Response = await self._begin(request, visit, credentials)
        except Refusal as refusal:  # written here and not at the edge, so that it too says how the caller stands
            event_id = await self.calls.door.recorder.refuse(visit.circumstances, refusal, EVENT)
            response = write_error(request, refusal, event_id)
            if refusal.reason == "locked":
                response = Json(data=locked_out_object(request))
        if standing is None:
            return response
        later = () if standing.allowed else (("retry-after", str(standing.reset_s)),)
        return response.with_headers(*limit_headers(standing, request.now_at), *later)

    async def _begin(self, request: Request, visit: Visit, credentials: Credentials) -> Json:
        door = self.calls.door
        proved = await door.transactions.password(
            visit.org, credentials.user_name, credentials.password, visit.circumstances
        )
        outcome = await self.calls.steps.begin(visit, proved, credentials.wishes)
        return self.calls.answer(request, visit, outcome)

    async def _activate(self, visit: Visit, request: Request, body: Body) -> Json:
        """PASSWORD_RESET for somebody who has no password yet; a token that will not do is answered like a wrong
        password."""
        token, options = text(body, "token"), body.get("options") or {}
        if not isinstance(options, dict):
            raise ValidationFailed(SUBJECT, "options", "options: an object")
        more = flag(options, "multiOptionalFactorEnroll", within="options.")
        recovery = self.calls.steps.recovery
        try:
            outcome = await recovery.redeem(visit, token or "", enroll_more=more, purposes=ACTIVATIONS)
        except Refusal as refusal:
            if refusal.reason not in ("invalid_token", "recovery_link"):
                raise
            raise Refusal(
                "credentials", "The sign-in failed.", refusal.verdict, credential_id=refusal.credential_id
            ) from refusal
        return self.calls.answer(request, visit, outcome)

    async def _resume(self, request: Request, visit: Visit, body: Body, token: str) -> Json:
        """Where a transaction stands. None here waits for a user name, so a token that comes with one is refused."""
        steps = self.calls.steps
        if body.get("username") is not None or body.get("password") is not None:
            raise (await steps.refuse_password(visit, token))
        return self.calls.answer(request, visit, await steps.resume(visit, token))


def _read(visit: Visit, body: Body) -> Credentials:
    """The request's fields. What other clients send along and nothing here needs is left alone.

    ``audience`` only ever adds to what is asked of the user; an application's own requirement is judged when the token
    is redeemed there, so leaving it out weakens nothing.
    """
    user_name, password = body.get("username"), body.get("password")
    if not isinstance(user_name, str) or not isinstance(password, str) or not user_name or not password:
        raise ValidationFailed(SUBJECT, "credentials", _NEEDED)
    options = body.get("options")
    if options is None:
        options = {}
    if not isinstance(options, dict):
        raise ValidationFailed(SUBJECT, "options", "options: an object")
    text(body, "audience", longest=256)
    wishes = Wishes(
        relay_state=text(body, "relayState"),
        enroll_more=flag(options, "multiOptionalFactorEnroll", within="options."),
        warn=flag(options, "warnBeforePasswordExpired", within="options."),
        device=trusted_device(visit, body),
    )
    return Credentials(user_name, password, wishes)
