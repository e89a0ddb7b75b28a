"""Who manages an org over HTTP: a program with an API token, which acts for the token's owner, or with an access token
of the org's own server."""

from segue.admin import users
from segue.admin.change import Change
from segue.core.refusal import Refusal
from segue.core.user import User
from segue.dialects.okta.admin.bearer import bearer_actor
from segue.dialects.okta.api_tokens import actor_of_token, required_api_token
from segue.dialects.okta.errors import ResourceNotFound
from segue.protocols.oauth.bound_tokens import read_header
from segue.stores import Store
from segue.web.frontchannel import FrontDoor
from segue.web.message import Request


async def administrator(door: FrontDoor, request: Request, permission: str) -> Change:
    """The change that a caller makes who has ``permission`` (``users.read``, see ``admin.actor``).

    Raises Refusal ``invalid_token``, ``invalid_dpop_proof``, or ``forbidden`` where the caller may not.
    """
    presented = read_header(request)
    if presented is not None:
        actor = await bearer_actor(door, request, presented)
    else:
        actor = await actor_of_token(door.store, request, await required_api_token(door.store, request))
    actor.require(permission)
    return Change(door.circumstances(request), actor.id, actor)


async def user_named(store: Store, name: str, change: Change) -> User:
    """The user of that id, login or short name. Raises ResourceNotFound."""
    try:
        return await users.find_user(store, name, change)
    except Refusal as refusal:
        raise not_found(refusal, name, "User") from None


def not_found(refusal: Refusal, ident: str, type: str) -> Refusal:
    """The refusal of administration in this dialect's words, where it says that there is no such thing."""
    if refusal.reason != "not_found" or refusal.verdict.failure is None:
        return refusal
    return ResourceNotFound(ident[:80], type, refusal.verdict.failure)
