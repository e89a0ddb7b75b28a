"""Making the two tokens: an access token that names its credential, and an ID token.

Both are signed by the server's current key: an access token by RS256, which every resource server knows, an ID token by
the algorithm that its client is registered for. The protocol sets what is compared by whoever verifies them (iss, aud,
times, jti); a dialect adds its names and cannot override these.
"""

from dataclasses import dataclass
from typing import Final

from segue.core.credential import Credential, Kind, NewCredential
from segue.core.secret import new_id, partition_of
from segue.core.strict import JsonValue
from segue.core.verdict import Check
from segue.events import Circumstances
from segue.policy.scopes import OPENID
from segue.protocols.oauth.errors import refusal
from segue.protocols.oauth.profile import Claims, ClientFacts, OAuthProfile, TokenFacts
from segue.tokens.claims import claims_for
from segue.tokens.jwt import half_hash
from segue.tokens.keys import DEFAULT_ALGORITHM, NoSigningKey, SigningKey
from segue.tokens.signing import Signing

ACCESS_TOKEN_KINDS: Final[frozenset[Kind]] = frozenset({"access_token"})
#: The name under which tokens keep the backend session that they belong to.
BACKEND_SESSION: Final = "backend_session"
#: The same for a browser's session that they end with.
ONLINE_SESSION: Final = "online_session"
#: And for the refresh token from which the sign-in came to the browser, if it did.
TRANSFERRED_FROM: Final = "transferred_from"
_ACCESS_ID_PREFIX: Final = "atk"
_ID_TOKEN_ID_PREFIX: Final = "idt"


@dataclass(frozen=True, slots=True)
class Proofs:
    """What ties an ID token to the exchange it belongs to; "" for what it has none of."""

    nonce: str = ""
    access_token: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Parent:
    """What an access token comes from. ``bind_path`` are the ids whose revocation ends it, ``root_id`` is the root of
    the lineage. Without a parent the token is a root itself."""

    id: str | None
    root_id: str | None
    bind_path: tuple[str, ...]


def from_code(code: Credential | NewCredential) -> Parent:
    """A token that a code gave, or that was given beside it, ends when the code is used a second time."""
    return Parent(code.id, code.root_id, (code.id,))


def from_transfer(code: Credential, session_id: str, *, online: bool) -> Parent:
    """As :func:`from_code`, for a sign-in that came to the browser from a refresh token: what ends the session's
    parents ends the token, and with ``online`` the end of the session itself does."""
    path = tuple(ident for ident in code.bind_path if online or ident != session_id)
    return Parent(code.id, code.root_id, (*path, code.id))


def from_family(family: Credential | NewCredential) -> Parent:
    """A token that a refresh token gave, or that was given beside the first one, ends with its family."""
    return Parent(family.id, family.root_id, (*family.bind_path, family.id))


@dataclass(frozen=True, slots=True)
class Issuer:
    """Makes tokens. One instance a dialect."""

    signing: Signing
    profile: OAuthProfile
    #: Thumbprint of the key that every access token made here is bound to (RFC 9449 6); None: a bearer token.
    proof_key: str | None = None

    async def access_token(
        self, facts: TokenFacts, *, parent: Parent, where: Circumstances
    ) -> tuple[str, NewCredential]:
        """An access token that hangs on ``parent``, and the credential to be written before it is given out."""
        user, server = facts.user, facts.server
        ident = new_id(_ACCESS_ID_PREFIX, partition_of(user.id), where.now_at, where.source.random)
        credential = NewCredential(
            org_id=user.org_id,
            id=ident,
            kind="access_token",
            digest=b"",
            life_ms=server.access_token_s * 1000,
            user_id=user.id,
            user_stamp=user.stamp,
            parent_id=parent.id,
            root_id=parent.root_id or ident,
            bind_path=parent.bind_path,
            app_id=facts.app.id,
            domain=where.domain,
            server_id=server.id,
            data={**facts.kept, **self._data(facts.scopes)},
        )
        own = {**facts.access_claims, **self.profile.access_token_claims(facts)}
        return await self._sign(own, ident, facts, where), credential

    async def client_token(self, facts: ClientFacts, where: Circumstances) -> tuple[str, NewCredential]:
        """An access token of an application that acts for itself: it lies in the application's partition."""
        app, server = facts.app, facts.server
        ident = new_id(_ACCESS_ID_PREFIX, partition_of(app.id), where.now_at, where.source.random)
        credential = NewCredential(
            org_id=app.org_id,
            id=ident,
            kind="access_token",
            digest=b"",
            life_ms=server.access_token_s * 1000,
            root_id=ident,
            app_id=app.id,
            domain=where.domain,
            server_id=server.id,
            data=self._data(facts.scopes),
        )
        own = self.profile.client_token_claims(facts)
        return await self._sign(own, ident, facts, where), credential

    def _data(self, scopes: tuple[str, ...]) -> dict[str, object]:
        return {"scopes": list(scopes), **({"jkt": self.proof_key} if self.proof_key else {})}

    async def _sign(self, own: Claims, ident: str, facts: TokenFacts | ClientFacts, where: Circumstances) -> str:
        server, issuer, now_s = facts.server, facts.issuer, where.now_at // 1000
        audience = self.profile.audience(server, issuer)
        more: tuple[JsonValue, ...] = self.profile.more_audiences(server, issuer, facts.scopes)
        claims: dict[str, JsonValue] = {
            **own,
            "jti": self.profile.access_token_prefix + ident,
            "iss": issuer,
            "aud": [audience, *more] if more else audience,
            "iat": now_s,
            "exp": now_s + server.access_token_s,
        }
        if self.proof_key:
            claims["cnf"] = {"jkt": self.proof_key}  # RFC 9449 6.1
        key = await self.signing.current(server.org_id, server.key_set, where.now_at)
        return await self.signing.issue(claims, typ=self.profile.access_token_typ, key=key)

    async def id_token(self, facts: TokenFacts, proofs: Proofs, where: Circumstances) -> str:
        """An ID token (OIDC Core 2); beside an access token it is as slim as the profile says.

        Raises Refusal ``unavailable`` where there is no key of the client's algorithm.
        """
        key = await self._id_token_key(facts, where)
        ident = new_id(_ID_TOKEN_ID_PREFIX, partition_of(facts.user.id), where.now_at, where.source.random)
        now_s = where.now_at // 1000
        claims: dict[str, JsonValue] = {
            **self._user_claims(facts, slim=bool(proofs.access_token)),
            **self._own_claims(facts, slim=bool(proofs.access_token)),
            **self.profile.id_token_claims(facts),
            "sub": self.profile.subject(facts.user),
            "iss": facts.issuer,
            "aud": facts.client_id,
            "iat": now_s,
            "exp": now_s + facts.server.id_token_s,
            "jti": self.profile.id_token_prefix + ident,
            "auth_time": facts.auth_time_s,
            "amr": list(facts.assurance.amr),
        }
        if BACKEND_SESSION in facts.kept:  # what ties this token to the one sign-in it may be exchanged for
            claims["sid"] = facts.kept[BACKEND_SESSION]
            if self.proof_key:  # so that neither half of the pair is worth anything without the key (NW-07)
                claims["cnf"] = {"jkt": self.proof_key}
        if facts.acr:
            claims["acr"] = facts.acr
        if proofs.nonce:
            claims["nonce"] = proofs.nonce
        if proofs.access_token:
            claims["at_hash"] = half_hash(proofs.access_token, key.algorithm)
        if proofs.code:
            claims["c_hash"] = half_hash(proofs.code, key.algorithm)  # OIDC Core 3.3.2.11
        return await self.signing.issue(claims, typ=self.profile.id_token_typ, key=key)

    async def _id_token_key(self, facts: TokenFacts, where: Circumstances) -> SigningKey:
        """No other algorithm stands in for the client's. A process may know the first application of an algorithm for a
        second before it knows the key that was made for it."""
        algorithm = facts.app.oidc.id_token_algorithm if facts.app.oidc else DEFAULT_ALGORITHM
        try:
            return await self.signing.current(facts.server.org_id, facts.server.key_set, where.now_at, algorithm)
        except NoSigningKey:
            mend = f"Make a key of {algorithm} for this org, or give the application another algorithm."
            check = Check("signing_key", False, f"a key of {algorithm} that signs", "none", mend)
            text = "ID tokens cannot be signed for this application right now."
            raise refusal("unavailable", text, check, app_id=facts.app.id) from None

    def _own_claims(self, facts: TokenFacts, *, slim: bool) -> dict[str, JsonValue]:
        """The claims that the server adds; beside an access token those that userinfo tells are left to it."""
        return {name: value for name, value in facts.identity_claims.items() if not slim or name in facts.always_claims}

    def _user_claims(self, facts: TokenFacts, *, slim: bool) -> dict[str, JsonValue]:
        claims = claims_for(facts.known_user, facts.scopes, self.profile.claims_of_scopes)
        keep = self.profile.slim_id_token
        if not slim or keep is None:
            return claims
        return {name: value for name, value in claims.items() if name in keep}


def wants_id_token(scopes: tuple[str, ...]) -> bool:
    """Whether a token response has an ID token: only an OpenID Connect request asked for one (OIDC Core 3.1.2.1)."""
    return OPENID in scopes
