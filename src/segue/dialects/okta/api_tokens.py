"""API tokens as a caller presents them: ``Authorization: SSWS …``, with or without a space.

A token may do what the roles of its owner allow, nothing where the owner has none.
"""

from segue.admin.actor import Actor
from segue.admin.roles import actor_by_roles
from segue.core.refusal import Refusal
from segue.core.secret import read_bearer
from segue.core.verdict import Check, Verdict
from segue.dialects.okta.names import API_TOKEN_SCHEME, API_TOKENS
from segue.stores import CredentialStore, Found, SignInStore
from segue.web.message import Request


async def trusted_api_token(store: SignInStore, request: Request, permission: str) -> Found | None:
    """The live API token that the request carries, whose owner has ``permission``; None where there are no credentials
    at all. Raises Refusal ``invalid_token``, ``forbidden``."""
    token = await presented_api_token(store, request)
    if token is not None:
        (await actor_of_token(store, request, token)).require(permission)
    return token


async def actor_of_token(store: SignInStore, request: Request, token: Found) -> Actor:
    """What the token may do: the roles of its owner are read each time, so that taking one back counts at once."""
    owner_id = token.credential.user_id or ""
    found = await actor_by_roles(store, request.site.org.id, owner_id)
    return found or Actor(owner_id, frozenset())


async def presented_api_token(store: CredentialStore, request: Request) -> Found | None:
    """The live API token that the request carries, whatever it may do; None where it carries no credentials at all.

    Raises Refusal ``invalid_token`` for a token that is not one of ours, and for any other kind of credentials: a
    caller who means to be somebody is never served as nobody.
    """
    given = request.headers.get("authorization", "").strip()
    if not given:
        return None
    scheme = given[: len(API_TOKEN_SCHEME)]
    bearer = read_bearer(given[len(API_TOKEN_SCHEME) :].strip()) if scheme.upper() == API_TOKEN_SCHEME else None
    if bearer is None:
        raise _refusal("something else", None)
    found = await store.find(request.site.org.id, bearer.id, bearer.digest, API_TOKENS)
    if found is None:
        raise _refusal("no live API token of this org", bearer.id)
    return found


async def required_api_token(store: CredentialStore, request: Request) -> Found:
    """The live API token that the request has to carry. Raises Refusal ``invalid_token``."""
    token = await presented_api_token(store, request)
    if token is None or token.subject is None:
        raise _refusal("no credentials", None)
    return token


def _refusal(seen: str, credential_id: str | None) -> Refusal:
    check = Check(
        "api_token",
        passed=False,
        expected=f"{API_TOKEN_SCHEME} and a live API token",
        seen=seen,
        mend="Send an API token that has not expired or been revoked; where none is needed, leave the header out.",
    )
    return Refusal(
        "invalid_token", "The API token is not valid.", Verdict((check,), rule="api_token"), credential_id=credential_id
    )
