"""The authorization code grant (RFC 6749 4.1.3) in two writes: the code is spent, then its tokens come to be.

Spending is one conditional statement that matches the org, the secret, the kind and the client; what does not match is
not burnt. Whatever is wrong after that burns the code. The second write is conditional on the user, the assignment and
the code with all it hangs on being untouched, so a sign-out or a second use between the two leaves nothing behind.
"""

from dataclasses import replace
from typing import Final

from segue.core.application import Application
from segue.core.credential import Credential
from segue.core.org import AuthorizationServer
from segue.core.refusal import Refusal
from segue.core.requirement import Requirement
from segue.core.secret import Bearer, new_secret, partition_of, read_bearer
from segue.core.strict import JsonValue
from segue.core.user import Subject
from segue.core.verdict import Check, Verdict
from segue.policy.access import AccessQuestion, decide_access
from segue.policy.scopes import OFFLINE_ACCESS
from segue.protocols.oauth.giving import Basis, give
from segue.protocols.oauth.issue import ONLINE_SESSION, TRANSFERRED_FROM, Parent, from_code, from_transfer
from segue.protocols.oauth.one_issuer import server_called
from segue.protocols.oauth.pkce import check_verifier
from segue.protocols.oauth.profile import TokenFacts
from segue.protocols.oauth.token_request import TokenRequest, Tokens, Tools
from segue.stores import Claim, Commit, Tombstone
from segue.tokens.codes import CODE_KINDS, CodeGrant, read_code

_NOT_USABLE: Final = "The authorization code is not valid. It may have expired or have been used already."
_NOT_ASSIGNED: Final = "The user is not assigned to the application."
# The checks of a claim that say whose code it is. Where they pass and it is spent, somebody has used it before.
_IDENTITY: Final = frozenset({"exists", "secret_matches", "kind", "target"})


async def authorization_code(asked: TokenRequest, tools: Tools) -> Tokens:
    """Exchanges a code. Raises Refusal ``invalid_grant`` with one public text for every cause (OT-13)."""
    bearer = read_bearer(asked.need("code"))
    redirect_uri = asked.need("redirect_uri")
    if bearer is None:
        raise _refused(asked, Check("code_shape", passed=False, expected="a code", mend="Start a new request."))
    code, subject = await _spend(asked, tools, bearer)
    asked = replace(asked, server=await _server(asked, tools, code))
    grant = read_code(code.data)
    _check_bindings(asked, code, grant, redirect_uri)
    facts = _facts(asked, grant, subject)
    _check_access(asked, facts, subject)
    return await _give(asked, tools, code, grant, facts)


async def _server(asked: TokenRequest, tools: Tools, code: Credential) -> AuthorizationServer:
    return await server_called(tools.rules.config, tools.issuer.profile, asked.server, code.server_id)


async def _spend(asked: TokenRequest, tools: Tools, bearer: Bearer) -> tuple[Credential, Subject]:
    app_id = asked.client.app.id
    claim = Claim(
        org_id=asked.where.org_id,
        id=bearer.id,
        digest=bearer.digest,
        kinds=CODE_KINDS,
        attempt=new_secret(asked.where.source.random),
        event=asked.where.event("code.redeem", credential_id=bearer.id, app_id=app_id),
        app_id=app_id,
    )
    found = await tools.store.claim(claim)
    if found is not None and found.subject is not None:
        return found.credential, found.subject
    checks = await tools.store.explain_claim(claim)
    if _was_used_before(checks):
        await _revoke(asked, tools, bearer)
    raise _refused(asked, *checks, credential_id=bearer.id)


def _was_used_before(checks: tuple[Check, ...]) -> bool:
    outcome = {check.name: check.passed for check in checks}
    return all(outcome.get(name, False) for name in _IDENTITY) and not outcome.get("unspent", True)


async def _revoke(asked: TokenRequest, tools: Tools, bearer: Bearer) -> None:
    """Ends everything that the first use of the code gave, or is about to give (RFC 6749 4.1.2, OA-02)."""
    event = asked.where.event("code.reuse", credential_id=bearer.id, app_id=asked.client.app.id)
    stones = (Tombstone(bearer.id, "code_reused"),)
    await tools.store.commit(Commit(asked.where.org_id, partition_of(bearer.id), (event,), tombstones=stones))


def _check_bindings(asked: TokenRequest, code: Credential, grant: CodeGrant, redirect_uri: str) -> None:
    checks = (
        Check("code_server", code.server_id == asked.server.id, code.server_id or "", asked.server.id),
        Check("code_domain", code.domain == asked.where.domain, code.domain or "", asked.where.domain),
        # RFC 6749 4.1.3: identical to the one of the authorization request
        Check("code_redirect_uri", redirect_uri == grant.redirect_uri, grant.redirect_uri, redirect_uri[:512]),
        check_verifier(asked.get("code_verifier"), grant.code_challenge),
        # RFC 9449 10: a code that was asked for with a key is redeemed with that key
        Check("code_proof_key", grant.proof_key in ("", asked.proof_key), grant.proof_key, asked.proof_key or "none"),
    )
    if not all(check.passed for check in checks):
        raise _refused(asked, *checks, credential_id=code.id)


def _facts(asked: TokenRequest, grant: CodeGrant, subject: Subject) -> TokenFacts:
    app = asked.client.app
    return TokenFacts(
        server=asked.server,
        issuer=asked.issuer,
        app=app,
        user=subject.user,
        scopes=_scopes(grant, app),
        kept=_kept(grant, app),
        assurance=grant.assurance,
        session_id=grant.session_id,
        acr=grant.acr,
        user_name=subject.user_name,
    )


def _scopes(grant: CodeGrant, app: Application) -> tuple[str, ...]:
    """A sign-in that was handed over to the browser gives a refresh token only to applications that are let (ST-08)."""
    if not grant.transferred_from or app.transfer.allow_refresh_token:
        return grant.scopes
    return tuple(scope for scope in grant.scopes if scope != OFFLINE_ACCESS)


def _kept(grant: CodeGrant, app: Application) -> dict[str, JsonValue]:
    if not grant.transferred_from:
        return {}
    online: dict[str, JsonValue] = {ONLINE_SESSION: grant.session_id} if app.transfer.online_refresh_tokens else {}
    return {TRANSFERRED_FROM: grant.transferred_from, **online}


def _parent(code: Credential, grant: CodeGrant, app: Application) -> Parent:
    if not grant.transferred_from:
        return from_code(code)
    return from_transfer(code, grant.session_id, online=app.transfer.online_refresh_tokens)


def _check_access(asked: TokenRequest, facts: TokenFacts, subject: Subject) -> None:
    """The user may have lost the application since the code was made. How they signed in was judged then."""
    question = AccessQuestion(subject, facts.app, Requirement(), facts.assurance, asked.where.now_at)
    verdict = decide_access(question).verdict
    if not verdict.allowed:
        raise Refusal("access_denied", _NOT_ASSIGNED, verdict, user_id=facts.user.id, app_id=facts.app.id)


async def _give(asked: TokenRequest, tools: Tools, code: Credential, grant: CodeGrant, facts: TokenFacts) -> Tokens:
    tokens = await give(asked, tools, Basis(facts, _parent(code, grant, facts.app), code.lineage_path, grant.nonce))
    if tokens is None:
        mend = "Start a new request; look for an event about the user, the session or this code just before."
        raise _refused(asked, Check("unchanged_since_spent", passed=False, mend=mend), credential_id=code.id)
    return tokens


def _refused(asked: TokenRequest, *checks: Check, credential_id: str | None = None) -> Refusal:
    if all(check.passed for check in checks):  # spendable again or spent between the claim and this look
        checks = (*checks, Check("unspent", passed=False, seen="another request", mend="Start a new request."))
    return Refusal(
        "invalid_grant",
        _NOT_USABLE,
        Verdict(checks, rule="authorization_code"),
        app_id=asked.client.app.id,
        credential_id=credential_id,
    )
