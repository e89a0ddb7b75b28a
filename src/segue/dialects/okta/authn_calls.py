"""What every call of the Authentication API has in common: who calls, which transaction, and how it is answered."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Final

from segue.admin.change import Change
from segue.admin.roles import check_reach
from segue.core.secret import digest
from segue.core.strict import JsonValue, read_json_object
from segue.core.user import User
from segue.dialects.okta.api_tokens import actor_of_token, required_api_token, trusted_api_token
from segue.dialects.okta.errors import ValidationFailed, write_error
from segue.dialects.okta.names import LIMIT_API
from segue.dialects.okta.transaction_shape import outcome_object
from segue.signin.progress import Outcome
from segue.signin.steps import Steps
from segue.signin.visit import Visit
from segue.web.client_address import client_address
from segue.web.cookies import read_device, write_device
from segue.web.frontchannel import FrontDoor
from segue.web.message import Json, Request, SetCookie
from segue.web.surface import Handler, Route

SUBJECT: Final = "authRequest"
LONGEST_TEXT: Final = 2048
_LONGEST_DEVICE_TOKEN: Final = 32
_LONGEST_ANSWER: Final = 24 * 1024

Body = Mapping[str, JsonValue]

# Whoever may call in the name of people could as well set their passwords.
_TRUSTED_CALLERS: Final = "users.manage"


@dataclass(frozen=True, slots=True)
class AuthnCalls:
    """``steps`` moves transactions; the answer to every call is where its transaction then stands."""

    door: FrontDoor
    steps: Steps

    def route(self, path: str, handler: Handler, event: str) -> Route:
        return Route(("POST",), path, handler, write_error, event, cors="credentialed", body="json", limit=LIMIT_API)

    async def visit(self, request: Request) -> Visit:
        """Where the call arrives, and from whom. Raises Refusal ``invalid_token`` for an API token that is none.

        The address is the one that X-Forwarded-For names only where a trusted caller says so from a gateway of the
        org (AU-11).
        """
        api_token = await trusted_api_token(self.door.store, request, _TRUSTED_CALLERS)
        circumstances, names = self.door.circumstances(request), self.door.cookies[request.site.domain.dialect]
        if api_token:
            circumstances = replace(circumstances, address=_forwarded_address(request))
        return Visit(
            org=request.site.org,
            domain=request.site.domain,
            circumstances=circumstances,
            device="" if api_token else read_device(request, names) or "",
            trusted_by=api_token.credential.id if api_token else "",
        )

    async def check_reach(self, request: Request, user: User) -> None:
        """Whether the trusted caller may act on an account: who holds a recovery token can be that user (MG-02). Raises
        Refusal ``forbidden``."""
        token = await required_api_token(self.door.store, request)
        actor = await actor_of_token(self.door.store, request, token)
        await check_reach(self.door.store, user.id, Change(self.door.circumstances(request), actor.id, actor))

    def remembering(self, request: Request, visit: Visit) -> tuple[Visit, tuple[SetCookie, ...]]:
        """The visit with a device to remember, and the cookies that keep it where a browser has none yet. A trusted
        caller named the device at the beginning; its answers set no cookies."""
        if visit.trusted_by or not visit.org.settings.remember_device_s:
            return visit, ()
        names = self.door.cookies[request.site.domain.dialect]
        secret, cookies = write_device(request, names, visit.circumstances)
        return replace(visit, device=secret), cookies

    def answer(self, request: Request, visit: Visit, outcome: Outcome) -> Json:
        return Json(data=outcome_object(request, self.steps, visit, outcome))


def _forwarded_address(request: Request) -> str:
    gateways = [ip_network(text) for text in request.site.org.settings.gateways]
    return client_address(request.address, request.headers.get("x-forwarded-for"), gateways)


def read_body(request: Request) -> Body:
    return read_json_object(request.body)


def state_token(body: Body) -> str:
    """The state token of a request's body. Raises ValidationFailed."""
    token = text(body, "stateToken")
    if token is None:
        raise ValidationFailed(SUBJECT, "stateToken", "stateToken: needed")
    return token


def text(body: Body, name: str, *, longest: int = LONGEST_TEXT, subject: str = SUBJECT, within: str = "") -> str | None:
    """A member that may be left out, of the object ``within``. Raises ValidationFailed where it is no text, or too long
    a one."""
    value = body.get(name)
    if value is None or (isinstance(value, str) and len(value) <= longest):
        return value
    raise ValidationFailed(subject, name, f"{within}{name}: a text of at most {longest} characters")


def needed(body: Body, name: str, *, longest: int = LONGEST_TEXT, subject: str = SUBJECT) -> str:
    value = text(body, name, longest=longest, subject=subject)
    if not value:
        raise ValidationFailed(subject, name, f"{name}: needed")
    return value


def flag(body: Body, name: str, *, within: str = "") -> bool:
    """A member that is true or false, false where it is left out. Raises ValidationFailed."""
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise ValidationFailed(SUBJECT, name, f"{within}{name}: true or false")
    return value


def query_flag(request: Request, name: str) -> bool:
    """The same in the query. Raises ValidationFailed."""
    value = request.query.get(name) or "false"
    if value not in ("true", "false"):
        raise ValidationFailed(SUBJECT, name, f"{name}: true or false")
    return value == "true"


def factor_answer(body: Body) -> dict[str, str]:
    """What a user answered to a factor, under the names that factors have for it; empty where nothing was.

    An empty text is no answer: the vendor's widget asks for a code by mail with ``"passCode": ""``.
    """
    found = {ours: text(body, theirs, longest=_LONGEST_ANSWER) for theirs, ours in _ANSWERS.items()}
    return {name: value for name, value in found.items() if value}


_ANSWERS: Final = {
    "passCode": "code",
    "answer": "answer",
    "clientData": "client_data",
    "signatureData": "signature",
    "authenticatorData": "authenticator_data",
    "attestation": "attestation",
}


def trusted_device(visit: Visit, body: Body) -> str:
    """The device that a trusted caller names; from anybody else it is ignored (AU-11). Raises ValidationFailed.

    No cookie can have a semicolon in its value, so no browser can claim to be a device that was named like this.
    """
    context = body.get("context")
    if context is None:
        return ""
    if not isinstance(context, dict):
        raise ValidationFailed(SUBJECT, "context", "context: an object")
    device = text(context, "deviceToken", longest=_LONGEST_DEVICE_TOKEN, within="context.")
    return f"named;{digest(device).hex()}" if device and visit.trusted_by else ""
