"""The refresh token grant (RFC 6749 6): new tokens for a client that the user need not meet again.

Two statements: the family is read together with its user, then the next generation and the tokens are written, only
where the family is still at the generation that was read. Of many requests with one token one wins that write; the
others read again and find their token used a moment ago, which gives them the winner's refresh token. A token that was
used longer ago was copied, by its client or by a thief: the family ends (RFC 9700 4.14.2, OA-06).
"""

from dataclasses import replace
from typing import Final

from segue.core.credential import Credential
from segue.core.refusal import Refusal
from segue.core.requirement import Requirement
from segue.core.secret import partition_of
from segue.core.user import Subject
from segue.core.verdict import Check, Verdict
from segue.policy.access import AccessQuestion, decide_access
from segue.policy.scopes import OFFLINE_ACCESS, narrow_scopes
from segue.protocols.oauth import scopes
from segue.protocols.oauth.exchanges.session_transfer import asks_for_transfer, check_transfer, give_ticket
from segue.protocols.oauth.giving import Basis, give
from segue.protocols.oauth.issue import ONLINE_SESSION, from_family
from segue.protocols.oauth.one_issuer import server_called
from segue.protocols.oauth.profile import OAuthProfile, TokenFacts
from segue.protocols.oauth.token_request import TokenRequest, Tokens, Tools
from segue.signin.sessions import SESSION_KINDS
from segue.stores import Advance, Claim, Commit, Tombstone
from segue.tokens.refresh import (
    REFRESH_KINDS,
    Family,
    RefreshToken,
    child_of,
    read_family,
    read_refresh_token,
    rotate,
    standing,
)

# A client of one vendor compares this sentence to learn that the user has to sign in again.
_NOT_USABLE: Final = "The refresh token is invalid or expired."
_NOT_ASSIGNED: Final = "The user is not assigned to the application."
_WIDER: Final = "A scope was asked for that the refresh token does not have."
_ROUNDS: Final = 3


async def refresh_token(asked: TokenRequest, tools: Tools) -> Tokens:
    """New tokens for a refresh token. Raises Refusal ``invalid_grant`` with one public text for every cause (OT-13),
    ``access_denied`` where the user lost the application, ``invalid_scope`` or what the profile says for more scopes
    than there were."""
    token = read_refresh_token(asked.need("refresh_token"))
    if token is None:
        raise _refused(asked, Check("refresh_token_shape", passed=False, expected="a refresh token"))
    for _ in range(_ROUNDS):
        credential, subject, asked = await _find(asked, tools, token)
        tokens = await _refresh(asked, tools, token, credential, subject)
        if tokens is not None:
            return tokens
    mend = "Try again; look for an event about the user or this refresh token just before."
    check = Check("unchanged_since_read", passed=False, seen=f"changed {_ROUNDS} times", mend=mend)
    raise _refused(asked, check, credential_id=token.family.id)


async def _find(asked: TokenRequest, tools: Tools, token: RefreshToken) -> tuple[Credential, Subject, TokenRequest]:
    """The live family of the token, for this client at this server and domain; and the request at that server."""
    app_id, family = asked.client.app.id, token.family
    found = await tools.store.find(asked.where.org_id, family.id, family.digest, REFRESH_KINDS, app_id=app_id)
    if found is None or found.subject is None:
        raise _refused(asked, *await _why_not(asked, tools, token), credential_id=family.id)
    credential = found.credential
    server = await server_called(tools.rules.config, tools.issuer.profile, asked.server, credential.server_id)
    asked = replace(asked, server=server)
    checks = (
        # OA-03: somebody else's token is refused and not ended, or any client could end what it found lying about.
        Check("refresh_client", credential.app_id == app_id, credential.app_id or "", app_id),
        Check("refresh_server", credential.server_id == asked.server.id, credential.server_id or "", asked.server.id),
        Check("refresh_domain", credential.domain == asked.where.domain, credential.domain or "", asked.where.domain),
    )
    if not all(check.passed for check in checks):
        raise _refused(asked, *checks, credential_id=family.id)
    return credential, found.subject, asked


async def _why_not(asked: TokenRequest, tools: Tools, token: RefreshToken) -> tuple[Check, ...]:
    """For the event alone, as where a single-use credential is not accepted."""
    where, family = asked.where, token.family
    event = where.event("oauth.token", credential_id=family.id)
    return await tools.store.explain_claim(
        Claim(where.org_id, family.id, family.digest, REFRESH_KINDS, "", event, asked.client.app.id)
    )


async def _refresh(
    asked: TokenRequest, tools: Tools, token: RefreshToken, credential: Credential, subject: Subject
) -> Tokens | None:
    client, now_at = asked.client.oidc, asked.where.now_at
    family = read_family(credential.data)
    _check_proof_key(asked, family, credential)
    how = standing(family, token, grace_ms=client.refresh_grace_s * 1000, now_at=now_at)
    if how == "reused":
        raise await _reused(asked, tools, credential)
    facts = _facts(asked, family, subject, tools.issuer.profile)
    await _check_session(asked, tools, facts, credential)
    _check_access(asked, facts, subject)
    path = credential.lineage_path
    transfer = await asks_for_transfer(asked, tools)
    if transfer:
        check_transfer(asked, Basis(facts, from_family(credential), path), credential)
    given, advance = token, None
    if how == "repeated":
        given = child_of(credential, token)
    elif client.refresh_rotation == "rotate":
        given, advance = _rotate(asked, credential, token)
    used = None if advance else credential
    basis = Basis(facts, from_family(credential), path, refresh_token=given.text, advance=advance, used=used)
    return await (give_ticket(asked, tools, basis, credential) if transfer else give(asked, tools, basis))


async def _check_session(asked: TokenRequest, tools: Tools, facts: TokenFacts, credential: Credential) -> None:
    """A refresh token that goes with a browser's session ends with it, also where the session only ran out."""
    session = facts.kept.get(ONLINE_SESSION)
    if isinstance(session, str) and await tools.store.find(asked.where.org_id, session, None, SESSION_KINDS) is None:
        check = Check("session_live", False, "a live session", "ended", "The user has to sign in again.")
        raise _refused(asked, check, credential_id=credential.id, user_id=facts.user.id)


def _check_proof_key(asked: TokenRequest, family: Family, credential: Credential) -> None:
    """RFC 9449 5. Before anything else, so that nobody without the key can spend the token or end the family."""
    bound_to = family.grant.kept.get("jkt")
    if bound_to is not None and bound_to != asked.proof_key:
        check = Check("refresh_proof_key", False, str(bound_to), asked.proof_key or "none", "Send a proof by that key.")
        raise _refused(asked, check, credential_id=credential.id)


def _rotate(asked: TokenRequest, credential: Credential, token: RefreshToken) -> tuple[RefreshToken, Advance]:
    idle_ms = asked.client.oidc.refresh_idle_s * 1000
    return rotate(credential, token, idle_ms=idle_ms, source=asked.where.source, now_at=asked.where.now_at)


def _facts(asked: TokenRequest, family: Family, subject: Subject, profile: OAuthProfile) -> TokenFacts:
    """What was granted then, of a user as they are now. When and how they proved who they are stays (OIDC Core 12.2).

    A scope that the server has lost since is left out. Raises Refusal for scopes that were never granted.
    """
    grant = family.grant
    offered = scopes.offered(asked.server, profile) | profile.admin_scopes(asked.server, asked.client.oidc)
    still = tuple(name for name in grant.scopes if name in offered or name == OFFLINE_ACCESS)
    decision = narrow_scopes(asked.get("scope"), still)
    failure = decision.verdict.failure
    if failure is not None:
        code = profile.widened_scope if failure.name == "scope_granted_before" else "invalid_scope"
        raise Refusal(code, _WIDER, decision.verdict, user_id=subject.user.id, app_id=asked.client.app.id)
    return TokenFacts(
        server=asked.server,
        issuer=asked.issuer,
        app=asked.client.app,
        user=subject.user,
        scopes=decision.granted,
        assurance=grant.assurance,
        session_id=grant.session_id or None,
        acr=grant.acr,
        kept=grant.kept,
        user_name=subject.user_name,
    )


def _check_access(asked: TokenRequest, facts: TokenFacts, subject: Subject) -> None:
    """The user may have lost the application since. How they signed in was judged then."""
    question = AccessQuestion(subject, facts.app, Requirement(), facts.assurance, asked.where.now_at)
    verdict = decide_access(question).verdict
    if not verdict.allowed:
        raise Refusal("access_denied", _NOT_ASSIGNED, verdict, user_id=facts.user.id, app_id=facts.app.id)


async def _reused(asked: TokenRequest, tools: Tools, credential: Credential) -> Refusal:
    """Ends the family with all its tokens; whoever holds the newest of them has to sign in again."""
    where, app_id = asked.where, asked.client.app.id
    event = where.event("refresh_token.reuse", user_id=credential.user_id, app_id=app_id, credential_id=credential.id)
    stones = (Tombstone(credential.id, "refresh_token_reused"),)
    await tools.store.commit(Commit(where.org_id, partition_of(credential.id), (event,), tombstones=stones))
    mend = "Sign in again. If the client did not send this twice, the token was stolen."
    check = Check(
        "refresh_token_unused", passed=False, expected="the newest of its family", seen="an older one", mend=mend
    )
    return _refused(asked, check, credential_id=credential.id, user_id=credential.user_id)


def _refused(
    asked: TokenRequest, *checks: Check, credential_id: str | None = None, user_id: str | None = None
) -> Refusal:
    if all(check.passed for check in checks):  # usable again between the two looks
        checks = (*checks, Check("live", passed=False, seen="another request", mend="Try again."))
    return Refusal(
        "invalid_grant",
        _NOT_USABLE,
        Verdict(checks, rule="refresh_token"),
        user_id=user_id,
        app_id=asked.client.app.id,
        credential_id=credential_id,
    )
