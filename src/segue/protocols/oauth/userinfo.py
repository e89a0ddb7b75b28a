"""Userinfo (OIDC Core 5.3): what an access token's scopes say about its user, now."""

from dataclasses import dataclass

from segue.core.org import AuthorizationServer
from segue.core.verdict import Check
from segue.policy.scopes import OPENID
from segue.protocols.oauth.bound_tokens import BoundTokens, Presented, read_header
from segue.protocols.oauth.errors import refusal
from segue.protocols.oauth.profile import OAuthProfile
from segue.protocols.oauth.server_rules import ServerRules
from segue.tokens.claims import claims_for
from segue.web.message import Json, Request, Response


@dataclass(frozen=True, slots=True)
class Userinfo:
    """The endpoint."""

    tokens: BoundTokens
    profile: OAuthProfile
    rules: ServerRules

    async def __call__(self, request: Request, server: AuthorizationServer) -> Response:
        live = await self.tokens.check(request, server, _read_token(request))
        user, scopes, app_id = live.user, live.scopes, live.app.id
        if user is None:
            text = "The access token is not about a user."
            check = Check("token_user", passed=False, expected="a user", seen="an application", mend=text)
            raise refusal("invalid_token", text, check, app_id=app_id)
        if OPENID not in scopes:
            text = "The access token does not have the scope openid."
            check = Check("scope_openid", passed=False, expected=OPENID, seen=" ".join(scopes), mend=text)
            raise refusal("insufficient_scope", text, check, user_id=user.id, app_id=app_id)
        claims = claims_for(user, scopes, self.profile.claims_of_scopes)
        own = await self.rules.identity_claims(server, live.app, user, scopes)
        return Json(data={"sub": self.profile.subject(user), **claims, **own}, app_id=app_id)


def _read_token(request: Request) -> Presented:
    """The token from the header or the form, one of them (RFC 6750 2). Never from a query: addresses are logged."""
    from_header, from_form = read_header(request), request.form.get("access_token") or ""
    if request.headers.get("authorization") and from_form:
        text = "Send the access token in the header or in the form, not in both."
        raise refusal("invalid_request", text, Check("one_token", passed=False, seen="two", mend=text))
    if from_header is not None:
        return from_header
    if from_form:
        return Presented(from_form, "Bearer")
    text = "Send an access token."
    raise refusal("invalid_token", text, Check("token_presented", passed=False, seen="none", mend=text))
