"""Token introspection (RFC 7662): whether a token holds right now, and what it says, for the client it was issued to.

Of a token of anybody else, and of one that is expired, revoked or made up, the answer is that it is not active and
nothing more (2.2, OA-10).
"""

from dataclasses import dataclass, replace
from typing import Final

from segue.core.application import Application
from segue.core.org import AuthorizationServer
from segue.core.refusal import Refusal
from segue.core.strict import JsonValue
from segue.core.user import User
from segue.protocols.oauth.client_auth import AuthenticatedClient, ClientAuthenticator
from segue.protocols.oauth.parameters import check_once, needed
from segue.protocols.oauth.presented import AccessTokens, LiveAccessToken
from segue.protocols.oauth.profile import OAuthProfile, TokenFacts
from segue.stores import Found
from segue.tokens.jwt import TokenRefused, verify
from segue.tokens.refresh import REFRESH_KINDS, Family, RefreshToken, read_family, read_refresh_token, standing
from segue.tokens.signing import published_keys
from segue.web.message import Json, Request, Response

# RFC 7662 2.2, RFC 9449 6.2
_CLAIMS: Final = ("exp", "iat", "nbf", "sub", "aud", "iss", "jti", "cnf")

Answer = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Introspect:
    """The endpoint."""

    clients: ClientAuthenticator
    tokens: AccessTokens
    profile: OAuthProfile

    async def __call__(self, request: Request, server: AuthorizationServer) -> Response:
        check_once(request.form)
        client = await self.clients(request, server, bare_basic=True)
        token = needed(request.form, "token", app_id=client.app.id)
        refresh_token = read_refresh_token(token)  # each kind has its own shape, so the hint is not needed (2.1)
        if refresh_token is not None:
            said = await self._refresh_token(refresh_token, request, server, client)
        else:
            said = await self._access_token(token, request, server, client)
            said = said or await self._id_token(token, request, server, client)
        return Json(data={"active": True, **said} if said else {"active": False}, app_id=client.app.id)

    async def _access_token(
        self, token: str, request: Request, server: AuthorizationServer, client: AuthenticatedClient
    ) -> Answer | None:
        try:
            live = await self.tokens.read(token, request, server)
        except Refusal:
            return None
        if live.app.id != client.app.id:
            return None
        return {**self._about(live, client), **_username(live.user)}

    def _about(self, live: LiveAccessToken, client: AuthenticatedClient) -> Answer:
        claims = {name: live.claims[name] for name in (*_CLAIMS, *self.profile.introspected) if name in live.claims}
        bound = "cnf" in claims
        scope = " ".join(live.scopes)
        return {
            "token_type": "DPoP" if bound else "Bearer",
            "scope": scope,
            "client_id": client.oidc.client_id,
            **claims,
        }

    async def _refresh_token(
        self, token: RefreshToken, request: Request, server: AuthorizationServer, client: AuthenticatedClient
    ) -> Answer | None:
        """Of a token that the refresh grant would take. Looking at an old one ends nothing: only a use does."""
        family, app = token.family, client.app
        found = await self.tokens.store.find(server.org_id, family.id, family.digest, REFRESH_KINDS, app_id=app.id)
        if found is None or found.subject is None or not _issued(found, request, server, app):
            return None
        kept = read_family(found.credential.data)
        grace_ms = client.oidc.refresh_grace_s * 1000
        if standing(kept, token, grace_ms=grace_ms, now_at=request.now_at) == "reused":
            return None
        if not (app.everyone or found.subject.assigned):
            return None
        issuer = self.profile.issuer(server, request.site.domain)
        facts = _facts(kept, found.subject.user, issuer, server, app)
        credential = found.credential
        ends_at = min(credential.expires_at, credential.idle_expires_at or credential.expires_at)
        return {
            "token_type": "Bearer",
            "scope": " ".join(kept.grant.scopes),
            "client_id": client.oidc.client_id,
            "exp": ends_at // 1000,
            "iat": credential.issued_at // 1000,
            "sub": self.profile.access_token_claims(facts).get("sub"),
            "iss": facts.issuer,
            **_username(found.subject.user),
        }

    async def _id_token(
        self, token: str, request: Request, server: AuthorizationServer, client: AuthenticatedClient
    ) -> Answer | None:
        """An ID token says who somebody was when it was issued; nothing can end it before its time."""
        try:
            claims = verify(
                token,
                keys=await published_keys(self.tokens.config, server.org_id, server.key_set, request.now_at),
                typ={self.profile.id_token_typ},
                issuer=self.profile.issuer(server, request.site.domain),
                audience=client.oidc.client_id,
                now_ms=request.now_at,
                leeway_s=0,
                required=("jti", "sub"),
            )
        except TokenRefused:
            return None
        if not str(claims["jti"]).startswith(self.profile.id_token_prefix):
            return None
        said = {name: claims[name] for name in _CLAIMS if name in claims}
        username = claims.get("preferred_username")
        return {**said, "client_id": client.oidc.client_id, **({"username": username} if username else {})}


def _issued(found: Found, request: Request, server: AuthorizationServer, app: Application) -> bool:
    credential, domain = found.credential, request.site.domain.authority
    return (credential.app_id, credential.server_id, credential.domain) == (app.id, server.id, domain)


def _facts(kept: Family, user: User, issuer: str, server: AuthorizationServer, app: Application) -> TokenFacts:
    grant = kept.grant
    facts = TokenFacts(server, issuer, app, user, grant.scopes, grant.assurance)
    return replace(facts, session_id=grant.session_id or None, acr=grant.acr, kept=grant.kept)


def _username(user: User | None) -> Answer:
    return {"username": user.login} if user else {}
