"""Scopes as a request asks for them and a server grants them: the same at every endpoint that takes a ``scope``."""

from segue.core.application import Application, OidcClient
from segue.core.org import AuthorizationServer
from segue.core.refusal import Refusal
from segue.core.strict import JsonValue
from segue.policy.scopes import OFFLINE_ACCESS, OPENID, ScopeDecision, ScopeQuestion, decide_scopes
from segue.protocols.oauth.profile import OAuthProfile

REFUSED = "A scope is unknown, malformed, or cannot be granted."


def decide(
    requested: str, server: AuthorizationServer, client: OidcClient, profile: OAuthProfile, *, offline: bool
) -> ScopeDecision:
    """What ``requested`` comes to. ``offline`` says whether this way of asking can lead to a refresh token at all; the
    client has to be registered for it as well (OIDC Core 11)."""
    return decide_scopes(
        ScopeQuestion(
            requested=requested or named_by_default(server, profile),
            offered=offered(server, profile) | profile.admin_scopes(server, client),
            refreshable=offline and "refresh_token" in client.grant_types,
            unknown=profile.unknown_scopes,
        )
    )


def granted(decision: ScopeDecision, app: Application) -> tuple[str, ...]:
    """The scopes that were granted. Raises Refusal ``invalid_scope``."""
    if not decision.verdict.allowed:
        raise Refusal("invalid_scope", REFUSED, decision.verdict, app_id=app.id)
    return decision.granted


def offered(server: AuthorizationServer, profile: OAuthProfile) -> frozenset[str]:
    """All scopes of a server but ``offline_access``, which depends on the client."""
    return frozenset({*_standard(server, profile), *server.scopes})


def named_by_default(server: AuthorizationServer, profile: OAuthProfile) -> str:
    """The scopes of a request that names none: those the server gives by default, else the dialect's."""
    return " ".join(server.default_scopes) or profile.default_scope


def published_scopes(server: AuthorizationServer, profile: OAuthProfile) -> list[JsonValue]:
    """The scopes that discovery lists: one that is not published works all the same for whoever knows it."""
    own = [scope.name for scope in server.scopes.values() if scope.published]
    return [OPENID, *profile.claims_of_scopes, OFFLINE_ACCESS, *_groups(server, profile), *own]


def _standard(server: AuthorizationServer, profile: OAuthProfile) -> tuple[str, ...]:
    return (OPENID, *profile.claims_of_scopes, *_groups(server, profile), *_hand_off(profile))


def _groups(server: AuthorizationServer, profile: OAuthProfile) -> tuple[str, ...]:
    return (profile.group_scope,) if profile.group_scope and not server.path else ()


def _hand_off(profile: OAuthProfile) -> tuple[str, ...]:
    """Every server knows this scope; who is granted it is asked of the trust map."""
    return (profile.hand_off_scope,) if profile.hand_off_scope else ()
