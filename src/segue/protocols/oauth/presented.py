"""Access tokens as they come back to us: at userinfo, introspection, revocation and our own APIs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from segue.core.application import Application
from segue.core.credential import Credential
from segue.core.org import AuthorizationServer
from segue.core.refusal import Refusal
from segue.core.strict import JsonValue
from segue.core.user import User
from segue.core.verdict import Check
from segue.protocols.oauth.errors import refusal
from segue.protocols.oauth.issue import ACCESS_TOKEN_KINDS
from segue.protocols.oauth.one_issuer import server_of_token
from segue.protocols.oauth.profile import OAuthProfile
from segue.stores import ConfigStore, CredentialStore
from segue.tokens.jwt import TokenRefused, verify
from segue.tokens.signing import published_keys
from segue.web.message import Request

_MEND: Final = "Send an access token of this server that has not expired and was not revoked."


@dataclass(frozen=True, slots=True)
class LiveAccessToken:
    """An access token that holds right now. ``user`` is None where it is an application's own."""

    claims: Mapping[str, JsonValue]
    credential: Credential
    app: Application
    user: User | None

    @property
    def scopes(self) -> tuple[str, ...]:
        """Raises ValueError where the credential is not an access token's."""
        return read_scopes(self.credential.data)


@dataclass(frozen=True, slots=True)
class AccessTokens:
    """Reads access tokens of one dialect: by signature first, then by one statement that the credential lives."""

    config: ConfigStore
    store: CredentialStore
    profile: OAuthProfile

    async def read(
        self, token: str, request: Request, server: AuthorizationServer, *, usable: bool = True
    ) -> LiveAccessToken:
        """The token, if ``server``, or another one of the same issuer, issued it and it is alive, and so is its
        application. With ``usable`` it has to be good for something as well: its user still has the application. Raises
        Refusal ``invalid_token``.

        An ID token does not pass: neither its audience nor its id fits (JO-08).
        """
        issuer = self.profile.issuer(server, request.site.domain)
        server = await server_of_token(self.config, self.profile, server, token, issuer)
        try:
            claims = verify(
                token,
                keys=await published_keys(self.config, server.org_id, server.key_set, request.now_at),
                typ={self.profile.access_token_typ},
                issuer=issuer,
                audience=self.profile.audience(server, issuer),
                now_ms=request.now_at,
                leeway_s=0,
                required=("jti", self.profile.client_claim),
            )
        except TokenRefused as refused:
            raise _invalid(f"{refused.reason} {refused.claim or ''}".strip()) from refused
        jti, prefix = str(claims["jti"]), self.profile.access_token_prefix
        if not jti.startswith(prefix):
            raise _invalid("another kind of token")
        app = await self.config.application_by_client_id(server.org_id, str(claims[self.profile.client_claim]))
        if app is None or not app.active:
            raise _invalid("an application that is not active")
        ident = jti.removeprefix(prefix)
        found = await self.store.find(server.org_id, ident, None, ACCESS_TOKEN_KINDS, app_id=app.id)
        if found is None or (found.credential.server_id, found.credential.app_id) != (server.id, app.id):
            raise _invalid("no live credential of this id")
        subject = found.subject
        if usable and subject is not None and not app.everyone and not subject.assigned:
            raise _invalid("a user who lost the application")
        return LiveAccessToken(claims, found.credential, app, subject.for_application if subject else None)


def read_scopes(data: Mapping[str, object]) -> tuple[str, ...]:
    """The scopes that a token's credential keeps. Raises ValueError where it keeps none."""
    scopes = data.get("scopes")
    if not isinstance(scopes, list):
        raise ValueError("a token keeps its scopes as a list")
    return tuple(str(scope) for scope in scopes)


def _invalid(seen: str) -> Refusal:
    check = Check("access_token", passed=False, expected="a live access token", seen=seen, mend=_MEND)
    return refusal("invalid_token", "The access token is invalid, expired or revoked.", check)
