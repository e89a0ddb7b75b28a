"""Userinfo (OIDC Core 5.3): what an access token's scopes say about its user, now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from segue.core.credential import Credential
from segue.core.org import AuthorizationServer
from segue.core.refusal import Refusal
from segue.core.strict import JsonValue
from segue.core.user import User
from segue.core.verdict import Check
from segue.policy.scopes import OPENID
from segue.protocols.oauth.errors import refusal
from segue.protocols.oauth.issue import ACCESS_TOKEN_KINDS, audience_of
from segue.protocols.oauth.profile import OAuthProfile
from segue.protocols.oauth.server_rules import ServerRules
from segue.stores import ConfigStore, CredentialStore
from segue.tokens.claims import claims_for
from segue.tokens.jwt import TokenRefused, verify
from segue.tokens.signing import Signing
from segue.web.message import Json, Request, Response

_MEND: Final = "Send an access token of this server that has not expired and was not revoked."


@dataclass(frozen=True, slots=True)
class Userinfo:
    """The endpoint. A token is checked by its signature first, then by one statement that its credential lives."""

    config: ConfigStore
    store: CredentialStore
    signing: Signing
    profile: OAuthProfile
    rules: ServerRules

    async def __call__(self, request: Request, server: AuthorizationServer) -> Response:
        token = _read_token(request)
        user, credential = await self._holder(token, request, server)
        scopes, app_id = _scopes(credential.data["scopes"]), credential.app_id or ""
        if OPENID not in scopes:
            text = "The access token does not have the scope openid."
            check = Check("scope_openid", passed=False, expected=OPENID, seen=" ".join(scopes), mend=text)
            raise refusal("insufficient_scope", text, check, user_id=user.id, app_id=app_id)
        claims = claims_for(user, scopes, self.profile.claims_of_scopes)
        own = await self._own_claims(server, app_id, user, scopes)
        return Json(data={"sub": self.profile.subject(user), **claims, **own}, app_id=app_id)

    async def _own_claims(
        self, server: AuthorizationServer, app_id: str, user: User, scopes: tuple[str, ...]
    ) -> Mapping[str, JsonValue]:
        app = await self.config.application(server.org_id, app_id)
        return await self.rules.identity_claims(server, app, user, scopes) if app is not None else {}

    async def _holder(self, token: str, request: Request, server: AuthorizationServer) -> tuple[User, Credential]:
        """Whose token it is, and the token's credential. An ID token does not pass: neither its audience nor its id
        fits (JO-08)."""
        issuer = server.issuer(request.site.domain)
        try:
            claims = verify(
                token,
                keys=await self.signing.published(server.org_id, server.key_set, request.now_at),
                typ={self.profile.access_token_typ},
                issuer=issuer,
                audience=audience_of(server, issuer),
                now_ms=request.now_at,
                leeway_s=0,
                required=("jti",),
            )
        except TokenRefused as refused:
            raise _invalid(f"{refused.reason} {refused.claim or ''}".strip()) from refused
        jti, prefix = str(claims["jti"]), self.profile.access_token_prefix
        if not jti.startswith(prefix):
            raise _invalid("another kind of token")
        found = await self.store.find(server.org_id, jti.removeprefix(prefix), None, ACCESS_TOKEN_KINDS)
        if found is None or found.subject is None or found.credential.server_id != server.id:
            raise _invalid("no live credential of this id")
        return found.subject.for_application, found.credential


def _read_token(request: Request) -> str:
    """The token from the header or the form, one of them (RFC 6750 2). Never from a query: addresses are logged."""
    scheme, _, from_header = request.headers.get("authorization", "").partition(" ")
    from_form = request.form.get("access_token") or ""
    if from_header and from_form:
        text = "Send the access token in the header or in the form, not in both."
        raise refusal("invalid_request", text, Check("one_token", passed=False, seen="two", mend=text))
    if from_header and scheme.lower() == "bearer":
        return from_header.strip(" ")
    if from_form:
        return from_form
    text = "Send an access token."
    raise refusal("invalid_token", text, Check("token_presented", passed=False, seen="none", mend=text))


def _scopes(data: object) -> tuple[str, ...]:
    if not isinstance(data, list):
        raise ValueError("an access token keeps its scopes as a list")
    return tuple(str(scope) for scope in data)


def _invalid(seen: str) -> Refusal:
    check = Check("access_token", passed=False, expected="a live access token", seen=seen, mend=_MEND)
    return refusal("invalid_token", "The access token is invalid, expired or revoked.", check)
