"""The pair of tokens that stands for a sign-in: an ID token says whose it is, an access token that it still goes on.

Each is verified fully, on its own and against the other (RFC 8693 2.1, NW-02): its header, issuer, audience and times;
the same client, user, backend session and proof key; and the access token's credential has to be live. Neither passes
for the other: their audiences and the prefixes of their ids differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from segue.core.credential import Credential
from segue.core.refusal import Refusal
from segue.core.strict import JsonValue
from segue.core.user import Subject
from segue.core.verdict import Check, Verdict
from segue.protocols.oauth.errors import refusal
from segue.protocols.oauth.issue import ACCESS_TOKEN_KINDS, BACKEND_SESSION
from segue.protocols.oauth.token_request import TokenRequest, Tools
from segue.tokens.jwt import TokenRefused, verify

ID_TOKEN_TYPE: Final = "urn:ietf:params:oauth:token-type:id_token"  # a name, no secret
ACCESS_TOKEN_TYPE: Final = "urn:ietf:params:oauth:token-type:access_token"  # a name, no secret
_BAD_SUBJECT: Final = "The subject_token is not an ID token of this server for this client."
_BAD_ACTOR: Final = "The actor_token is not a live access token of this server for this client."
_EXPIRED: Final = "The subject_token has expired, or the sign-in it stands for has ended."
_NO_PAIR: Final = "The subject_token and the actor_token are not of one sign-in."
_NO_SCOPE: Final = "The actor_token does not have the scope that this exchange needs."


@dataclass(frozen=True, slots=True)
class Pair:
    """Whose sign-in it is: the access token's credential, its user now, and the id of the backend session."""

    actor: Credential
    subject: Subject
    session_id: str


async def read_pair(asked: TokenRequest, tools: Tools, scope: str) -> Pair:
    """The sign-in that ``subject_token`` and ``actor_token`` stand for; the access token has to have ``scope``.

    Raises Refusal ``invalid_request``; ``invalid_grant`` for what has expired, ended or lacks the scope;
    ``requesting_client`` where the tokens are another client's.
    """
    _check_type(asked, "subject_token_type", ID_TOKEN_TYPE)
    _check_type(asked, "actor_token_type", ACCESS_TOKEN_TYPE)
    subject_token, actor_token = asked.need("subject_token"), asked.need("actor_token")
    id_claims = await _id_token(asked, tools, subject_token)
    actor, subject = await _access_token(asked, tools, actor_token)
    _check_proof_key(asked, actor)
    session_id = actor.data.get(BACKEND_SESSION)
    _check_scope(asked, actor, scope)
    user = subject.user
    checks = (
        Check("same_user", id_claims["sub"] == tools.issuer.profile.subject(user), "one user", "two users", _NO_PAIR),
        Check(
            "same_session",
            isinstance(session_id, str) and id_claims.get("sid") == session_id,
            "one backend session",
            "two, or none",
            _NO_PAIR,
        ),
    )
    if not all(check.passed for check in checks):
        raise _refused(asked, "invalid_request", _NO_PAIR, *checks, credential_id=actor.id)
    _check_same_key(asked, id_claims, actor)
    return Pair(actor, subject, str(session_id))


def session_ended(asked: TokenRequest, pair: Pair, verdict: Verdict) -> Refusal:
    """The refusal where the backend session is no longer live."""
    return Refusal(
        "invalid_grant",
        _EXPIRED,
        verdict,
        app_id=asked.client.app.id,
        user_id=pair.subject.user.id,
        credential_id=pair.session_id,
    )


def _check_type(asked: TokenRequest, name: str, expected: str) -> None:
    seen = asked.need(name)
    if seen != expected:
        text = f"The {name} has to be {expected}."
        raise _refused(asked, "invalid_request", text, Check(name, False, expected, seen[:256], text))


async def _id_token(asked: TokenRequest, tools: Tools, token: str) -> Mapping[str, JsonValue]:
    profile = tools.issuer.profile
    try:
        claims = await _verified(asked, tools, token, typ=profile.id_token_typ, audience=None)
    except TokenRefused as refused:
        code, text = ("invalid_grant", _EXPIRED) if refused.reason == "expired" else ("invalid_request", _BAD_SUBJECT)
        raise _refused(asked, code, text, _bad("subject_token", refused)) from refused
    ours = str(claims["jti"]).startswith(profile.id_token_prefix) and isinstance(claims.get("aud"), str)
    if not ours:
        check = Check("subject_token", False, "an ID token", "another kind of token", _BAD_SUBJECT)
        raise _refused(asked, "invalid_request", _BAD_SUBJECT, check)
    if claims["aud"] != asked.client.oidc.client_id:
        mend = "Send the ID token that this client was given."
        check = Check("subject_client", False, asked.client.oidc.client_id, str(claims["aud"])[:256], mend)
        raise _refused(asked, "requesting_client", _BAD_SUBJECT, check)
    return claims


async def _access_token(asked: TokenRequest, tools: Tools, token: str) -> tuple[Credential, Subject]:
    profile, server = tools.issuer.profile, asked.server
    try:
        audience = profile.audience(server, asked.issuer)
        claims = await _verified(asked, tools, token, typ=profile.access_token_typ, audience=audience)
    except TokenRefused as refused:
        code = "invalid_grant" if refused.reason == "expired" else "invalid_request"
        raise _refused(asked, code, _BAD_ACTOR, _bad("actor_token", refused)) from refused
    jti = str(claims["jti"])
    if not jti.startswith(profile.access_token_prefix):
        check = Check("actor_token", False, "an access token", "another kind of token", _BAD_ACTOR)
        raise _refused(asked, "invalid_request", _BAD_ACTOR, check)
    ident = jti.removeprefix(profile.access_token_prefix)
    found = await tools.store.find(server.org_id, ident, None, ACCESS_TOKEN_KINDS)
    if found is None or found.subject is None or found.credential.server_id != server.id:
        mend = "Refresh the tokens, or sign in again: this one was revoked, or its user changed."
        check = Check("actor_live", False, "a live credential", "none of this id", mend)
        raise _refused(asked, "invalid_grant", _BAD_ACTOR, check)
    if found.credential.app_id != asked.client.app.id:
        check = Check("actor_client", False, asked.client.app.id, found.credential.app_id or "", _BAD_ACTOR)
        raise _refused(asked, "requesting_client", _BAD_ACTOR, check, credential_id=found.credential.id)
    return found.credential, found.subject


async def _verified(
    asked: TokenRequest, tools: Tools, token: str, *, typ: str | None, audience: str | None
) -> Mapping[str, JsonValue]:
    server, now_at = asked.server, asked.where.now_at
    return verify(
        token,
        keys=await tools.issuer.signing.published(server.org_id, server.key_set, now_at),
        typ={typ},
        issuer=asked.issuer,
        audience=audience,
        now_ms=now_at,
        leeway_s=0,
        required=("jti", "sub", "aud"),
    )


def _check_proof_key(asked: TokenRequest, actor: Credential) -> None:
    """RFC 9449: a token that is bound to a key is exchanged by whoever holds the key (NW-07)."""
    bound_to = actor.data.get("jkt")
    if bound_to is not None and bound_to != asked.proof_key:
        mend = "Send a DPoP proof by the key that the access token is bound to."
        check = Check("actor_proof_key", False, str(bound_to), asked.proof_key or "none", mend)
        raise _refused(asked, "invalid_grant", _BAD_ACTOR, check, credential_id=actor.id)


def _check_same_key(asked: TokenRequest, id_claims: Mapping[str, JsonValue], actor: Credential) -> None:
    """The ID token is bound to the key of the access token, or neither is bound: a thief who has one half of a pair
    cannot complete it with a half of another response (NW-07)."""
    confirmed, bound_to = id_claims.get("cnf"), actor.data.get("jkt")
    key = confirmed.get("jkt") if isinstance(confirmed, Mapping) else None
    if key != bound_to:
        mend = "Send the ID token and the access token of one response, with a proof by the key that both are bound to."
        check = Check("subject_proof_key", False, str(bound_to or "none"), str(key or "none")[:64], mend)
        raise _refused(asked, "invalid_grant", _BAD_SUBJECT, check, credential_id=actor.id)


def _check_scope(asked: TokenRequest, actor: Credential, scope: str) -> None:
    kept = actor.data.get("scopes")
    scopes = [str(name) for name in kept] if isinstance(kept, list) else []
    if scope not in scopes:
        mend = f"Ask for the scope {scope} when the user signs in."
        check = Check("actor_scope", False, scope, " ".join(scopes)[:256], mend)
        raise _refused(asked, "invalid_grant", _NO_SCOPE, check, credential_id=actor.id)


def _bad(name: str, refused: TokenRefused) -> Check:
    mend = "Send the token as it was issued to this client by this server, before it expires."
    return Check(name, False, "a token of this server", f"{refused.reason} {refused.claim or ''}".strip(), mend)


def _refused(asked: TokenRequest, code: str, text: str, *checks: Check, credential_id: str | None = None) -> Refusal:
    return refusal(code, text, *checks, app_id=asked.client.app.id, credential_id=credential_id)
