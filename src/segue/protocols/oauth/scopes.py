"""Scopes as a request asks for them and a server grants them: the same at every endpoint that takes a ``scope``."""

from segue.core.application import Application, OidcClient
from segue.core.org import AuthorizationServer
from segue.core.refusal import Refusal
from segue.policy.scopes import OPENID, ScopeDecision, ScopeQuestion, decide_scopes
from segue.protocols.oauth.profile import OAuthProfile

REFUSED = "A scope is unknown, malformed, or cannot be granted."


def decide(
    requested: str, server: AuthorizationServer, client: OidcClient, profile: OAuthProfile, *, offline: bool
) -> ScopeDecision:
    """What ``requested`` comes to. ``offline`` says whether this way of asking can lead to a refresh token at all; the
    client has to be registered for it as well (OIDC Core 11)."""
    return decide_scopes(
        ScopeQuestion(
            requested=requested or profile.default_scope,
            offered=offered(server, profile),
            refreshable=offline and "refresh_token" in client.grant_types,
            unknown=profile.unknown_scopes,
        )
    )


def offered(server: AuthorizationServer, profile: OAuthProfile) -> frozenset[str]:
    """All scopes of a server but ``offline_access``, which depends on the client."""
    return frozenset({*profile.claims_of_scopes, OPENID, *server.scopes})


def granted(decision: ScopeDecision, app: Application) -> tuple[str, ...]:
    """The scopes that were granted. Raises Refusal ``invalid_scope``."""
    if not decision.verdict.allowed:
        raise Refusal("invalid_scope", REFUSED, decision.verdict, app_id=app.id)
    return decision.granted
