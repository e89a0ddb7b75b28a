"""Access tokens of the org's own server at the management API: what a token lets its bearer do here.

A permission counts while it is all of: a scope of the token, a grant of the application as it is now, and, where the
token speaks of a user, within that user's roles.
"""

from collections.abc import Iterable
from typing import Final

from segue.admin.actor import OWN_ACCOUNT, PERMISSIONS, Actor
from segue.admin.roles import actor_by_roles
from segue.core.org import AuthorizationServer
from segue.core.refusal import Refusal
from segue.core.verdict import Check, Verdict
from segue.dialects.okta.api_tokens import actor_of_token, trusted_api_token
from segue.dialects.okta.names import ADMIN_SCOPE_PREFIX
from segue.dialects.okta.protocols import oauth_profile
from segue.protocols.oauth.bound_tokens import BoundTokens, Presented, read_header
from segue.protocols.oauth.presented import AccessTokens, LiveAccessToken
from segue.web.frontchannel import FrontDoor
from segue.web.message import Request

_PROFILE: Final = oauth_profile()


async def bearer_actor(door: FrontDoor, request: Request, presented: Presented) -> Actor:
    """Whoever a token speaks of, with what it lets them do. Raises Refusal ``invalid_token``,
    ``invalid_dpop_proof``."""
    live, permissions = await _permissions(door, request, presented)
    if live.user is None:
        return Actor(live.app.id, permissions & PERMISSIONS)
    own = await actor_by_roles(door.store, request.site.org.id, live.user.id)
    return Actor(live.user.id, frozenset(_within(permissions & PERMISSIONS, own)))


async def own_account_actor(door: FrontDoor, request: Request, permission: str) -> Actor | None:
    """The user whose access token or API token the request carries, allowed ``permission`` (``users.read``) for their
    own account: by that scope or role, or by the scope that is for themselves alone. None where it carries neither.

    Raises Refusal ``invalid_token``, ``invalid_dpop_proof``, ``forbidden``.
    """
    presented = read_header(request)
    if presented is None:
        token = await trusted_api_token(door.store, request, permission)
        return None if token is None else await actor_of_token(door.store, request, token)
    live, permissions = await _permissions(door, request, presented)
    if live.user is None:
        raise _no_token("a token of an application, which has no account")
    wider = frozenset(name.removesuffix(".self") for name in permissions)
    actor = Actor(live.user.id, wider)
    actor.require(permission)
    return actor


async def _permissions(
    door: FrontDoor, request: Request, presented: Presented
) -> tuple[LiveAccessToken, frozenset[str]]:
    server = await _org_server(door, request.site.org.id)
    tokens = BoundTokens(AccessTokens(door.config, door.store, _PROFILE))
    live = await tokens.check(request, server, presented)
    granted = live.app.oidc.granted_permissions if live.app.oidc is not None else frozenset()
    named = {scope.removeprefix(ADMIN_SCOPE_PREFIX) for scope in live.scopes if scope.startswith(ADMIN_SCOPE_PREFIX)}
    return live, granted & named & (PERMISSIONS | OWN_ACCOUNT)


def _within(permissions: frozenset[str], own: Actor | None) -> Iterable[str]:
    """What of the permissions the user's roles allow; to manage is cut down to reading where they may only read."""
    for permission in permissions if own is not None else ():
        reading = permission.removesuffix(".manage") + ".read" if permission.endswith(".manage") else permission
        for wanted in (permission, reading):
            if own is not None and own.may(wanted):
                yield wanted
                break


async def _org_server(door: FrontDoor, org_id: str) -> AuthorizationServer:
    for server in await door.config.authorization_servers(org_id):
        if server.path == "" and server.status == "active":
            return server
    raise _no_token("a token where there is no server of the org")


def _no_token(seen: str) -> Refusal:
    mend = "Send a token of the org's own authorization server, of an active application."
    check = Check("access_token", passed=False, expected="a token for the management API", seen=seen, mend=mend)
    return Refusal("invalid_token", "The access token is not valid here.", Verdict((check,), rule="bearer"))
