"""The client credentials grant (RFC 6749 4.4): an application acts for itself, with no user anywhere.

It gets scopes that the server has of its own, or permissions of the org's management API that were granted to it; those
only where it authenticates by a key, which no server of ours could leak, unless the dialect's tools know secrets alone.
There is no refresh token and no ID token.
"""

from segue.core.refusal import Refusal
from segue.core.secret import partition_of
from segue.core.verdict import Check
from segue.policy.scopes import ScopeDecision, ScopeQuestion, decide_scopes
from segue.protocols.oauth.errors import refusal
from segue.protocols.oauth.profile import ClientFacts
from segue.protocols.oauth.token_request import TokenRequest, Tokens, Tools
from segue.stores import Commit


async def client_credentials(asked: TokenRequest, tools: Tools) -> Tokens:
    """Raises Refusal ``invalid_scope``, ``unauthorized_client`` for a client that cannot prove who it is."""
    app, where = asked.client.app, asked.where
    if asked.client.oidc.public:
        text = "The application cannot prove who it is, so it may not act for itself."
        check = Check("client_confidential", passed=False, expected="a secret or a key", seen="none", mend=text)
        raise refusal("unauthorized_client", text, check, app_id=app.id)
    scopes = _scopes(asked, tools)
    server = tools.rules.for_client(asked.server, app, asked.grant_type, scopes)
    facts = ClientFacts(server, asked.issuer, app, scopes)
    access_token, credential = await tools.issuer.client_token(facts, where)
    detail = {"grant": asked.grant_type, "server": asked.server.id, "scopes": list(scopes)}
    event = where.event("token.issue", app_id=app.id, credential_id=credential.id, detail=detail)
    await tools.store.commit(Commit(where.org_id, partition_of(app.id), (event,), credentials=(credential,)))
    return Tokens(access_token, server.access_token_s, scopes)


def _scopes(asked: TokenRequest, tools: Tools) -> tuple[str, ...]:
    """A scope has to be named: nobody gets everything by saying nothing, but for what was granted one by one."""
    client, profile = asked.client.oidc, tools.issuer.profile
    strong = client.authentication == "private_key_jwt" or profile.admin_by_secret
    granted = profile.admin_scopes(asked.server, client) if strong else frozenset()
    named = asked.get("scope") or (" ".join(sorted(granted)) if profile.admin_by_secret else "")
    offered = frozenset(asked.server.scopes) | granted
    decision: ScopeDecision = decide_scopes(ScopeQuestion(named, offered, refreshable=False, unknown="refuse"))
    if decision.verdict.allowed and decision.granted:
        return decision.granted
    text = "A scope is missing, unknown, or was not granted to the application."
    raise Refusal("invalid_scope", text, decision.verdict, app_id=asked.client.app.id)
