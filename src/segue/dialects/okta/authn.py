"""Primary authentication: a user name and a password become a session token."""

from dataclasses import dataclass
from typing import Final

from segue.core.refusal import Refusal
from segue.core.secret import partition_of
from segue.core.strict import JsonValue, read_json_object
from segue.core.verdict import Check, Verdict
from segue.dialects.okta.api_tokens import presented_api_token
from segue.dialects.okta.errors import ValidationFailed, limit_headers, write_error
from segue.dialects.okta.names import AUTHN
from segue.dialects.okta.shapes import timestamp, user_in_transaction
from segue.handoff.kinds import SESSION_TOKEN
from segue.handoff.mint import Minted, mint
from segue.signin.request import Proved
from segue.stores import Commit, Guard
from segue.web.frontchannel import FrontDoor
from segue.web.message import Json, Request, Response
from segue.web.sign_in_limits import SignInLimits, check_standing
from segue.web.surface import Route

EVENT: Final = "authn.primary"
_SUBJECT: Final = "authRequest"
_LONGEST_RELAY_STATE: Final = 2048
_LONGEST_DEVICE_TOKEN: Final = 32
_FLAGS: Final = ("multiOptionalFactorEnroll", "warnBeforePasswordExpired")
_NEEDED: Final = "A user name and a password are needed."


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a caller sent, once its form is right."""

    user_name: str
    password: str
    relay_state: str | None

    def __repr__(self) -> str:
        return "Credentials()"


@dataclass(frozen=True, slots=True)
class PrimaryAuthentication:
    door: FrontDoor
    limits: SignInLimits

    def routes(self) -> tuple[Route, ...]:
        """No limit at the edge: passwords are counted here, once it is known whose they are."""
        handler = self.authenticate
        return (Route(("POST",), AUTHN, handler, write_error, EVENT, cors="credentialed", body="json"),)

    async def authenticate(self, request: Request) -> Response:
        """200 ``SUCCESS`` with a session token. An invalid API token is refused before the body is looked at (F6-03);
        a valid one changes nothing yet."""
        await presented_api_token(self.door.store, request)
        credentials = _read(read_json_object(request.body))
        standing = await self.limits.take(request, credentials.user_name)
        try:
            check_standing(standing)
            response: Response = await self._answer(request, credentials)
        except Refusal as refusal:  # written here and not at the edge, so that it too says how the caller stands
            event_id = await self.door.recorder.refuse(self.door.circumstances(request), refusal, EVENT)
            response = write_error(request, refusal, event_id)
        if standing is None:
            return response
        later = () if standing.allowed else (("retry-after", str(standing.reset_s)),)
        return response.with_headers(*limit_headers(standing, request.now_at), *later)

    async def _answer(self, request: Request, credentials: Credentials) -> Json:
        where = self.door.circumstances(request)
        org = request.site.org
        proved = await self.door.transactions.password(org, credentials.user_name, credentials.password, where)
        minted = await self._mint(request, proved)
        relay_state = {} if credentials.relay_state is None else {"relayState": credentials.relay_state}
        body = {
            "expiresAt": timestamp(minted.expires_at),
            "status": "SUCCESS",
            **relay_state,
            "sessionToken": minted.bearer.text,
            "_embedded": {"user": user_in_transaction(proved.subject.user)},
        }
        return Json(data=body)

    async def _mint(self, request: Request, proved: Proved) -> Minted:
        """The token, written together with the sign-in, if the user is still who the password was checked for."""
        where, user = self.door.circumstances(request), proved.subject.user
        minted = mint(
            SESSION_TOKEN,
            user=user,
            assurance=proved.assurance,
            domain=where.domain,
            source=where.source,
            now_at=where.now_at,
        )
        event = where.event(
            "ticket.mint", user_id=user.id, credential_id=minted.bearer.id, detail={"kind": SESSION_TOKEN.kind}
        )
        commit = Commit(
            org_id=user.org_id,
            partition=partition_of(user.id),
            events=(*proved.events, event),
            guard=Guard(user.id, user.stamp),
            credentials=(minted.credential,),
        )
        if await self.door.store.commit(commit):
            return minted
        # The same answer as for a wrong password: whoever asks may not learn that something about the user changed.
        check = Check("unchanged", passed=False, expected="the user as the password was checked", seen="changed since")
        raise Refusal("credentials", "The sign-in failed.", Verdict((check,), rule="write_guard"), user_id=user.id)


def _read(body: dict[str, JsonValue]) -> Credentials:
    """The request's fields. What other clients send along and nothing here needs is left alone.

    ``audience`` only ever adds to what is asked of the user; an application's own requirement is judged when the token
    is redeemed there, so leaving it out weakens nothing. ``context`` is for trusted callers and is ignored (AU-11).
    """
    if body.get("stateToken") is not None:
        raise _invalid_token("no state token was given out")
    if body.get("token") is not None:
        raise _failed("no activation token was given out")
    user_name, password = body.get("username"), body.get("password")
    if not isinstance(user_name, str) or not isinstance(password, str) or not user_name or not password:
        raise ValidationFailed(_SUBJECT, "credentials", _NEEDED)
    _check_options(body.get("options"))
    _check_context(body.get("context"))
    _text(body, "audience", 256)
    return Credentials(user_name, password, _text(body, "relayState", _LONGEST_RELAY_STATE))


def _text(body: dict[str, JsonValue], name: str, longest: int) -> str | None:
    value = body.get(name)
    if value is None or (isinstance(value, str) and len(value) <= longest):
        return value
    raise ValidationFailed(_SUBJECT, name, f"{name}: a text of at most {longest} characters")


def _check_options(options: JsonValue) -> None:
    """Both flags are about states that come after a password (expiry, enrolment); no org here has them yet."""
    if options is None:
        return
    if not isinstance(options, dict):
        raise ValidationFailed(_SUBJECT, "options", "options: an object")
    for name in _FLAGS:
        if not isinstance(options.get(name, False), bool):
            raise ValidationFailed(_SUBJECT, name, f"options.{name}: true or false")


def _check_context(context: JsonValue) -> None:
    if context is None:
        return
    if not isinstance(context, dict):
        raise ValidationFailed(_SUBJECT, "context", "context: an object")
    device = context.get("deviceToken")
    if device is not None and not (isinstance(device, str) and len(device) <= _LONGEST_DEVICE_TOKEN):
        expected = f"context.deviceToken: a text of at most {_LONGEST_DEVICE_TOKEN} characters"
        raise ValidationFailed(_SUBJECT, "deviceToken", expected)


def _invalid_token(seen: str) -> Refusal:
    check = Check("state_token", passed=False, seen=seen, mend="Start with a user name and a password.")
    return Refusal("invalid_token", "The state token is not valid.", Verdict((check,), rule="authn"))


def _failed(seen: str) -> Refusal:
    check = Check("activation_token", passed=False, seen=seen, mend="Sign in with a user name and a password.")
    return Refusal("credentials", "The sign-in failed.", Verdict((check,), rule="authn"))
