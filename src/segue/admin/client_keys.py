"""The public keys of a client, one by one (RFC 7517)."""

from collections.abc import Mapping
from dataclasses import replace

from segue.admin.application_rules import check_oidc
from segue.admin.applications import find_application, put_application
from segue.admin.change import Change, invalid, missing
from segue.admin.scope_grants import check_reach_of
from segue.core.application import Application, OidcClient
from segue.core.strict import JsonValue
from segue.stores import Store
from segue.tokens.client_keys import BadKey, ClientKey, read_key


def read_client_key(jwk: Mapping[str, JsonValue]) -> ClientKey:
    """A key as a client is registered with it. Raises Refusal ``invalid_value``."""
    try:
        return read_key(jwk)
    except BadKey as error:
        raise invalid("jwks", f"A key cannot be used: {error}.") from None


async def list_client_keys(store: Store, app_id: str, change: Change) -> tuple[Mapping[str, str], ...]:
    """The keys of an application's client. Raises Refusal ``not_found``, ``invalid_value``."""
    return _client(await find_application(store, app_id, change)).jwks


async def find_client_key(store: Store, app_id: str, kid: str, change: Change) -> Mapping[str, str]:
    """The key of that name. Raises Refusal ``not_found``, ``invalid_value``."""
    found = next((jwk for jwk in await list_client_keys(store, app_id, change) if jwk["kid"] == kid), None)
    if found is None:
        raise missing("jwk", kid, "There is no such key.")
    return found


async def add_client_key(store: Store, app_id: str, jwk: Mapping[str, JsonValue], change: Change) -> Mapping[str, str]:
    """One more key that the client may sign with at once. Raises Refusal ``invalid_value``, ``not_found``,
    ``forbidden``."""
    known = await find_application(store, app_id, change)
    client, key = _client(known), read_client_key(jwk)
    await _keep(store, known, (*client.jwks, key.public_jwk), "add", key.kid, change)
    return key.public_jwk


async def remove_client_key(store: Store, app_id: str, kid: str, change: Change) -> None:
    """Takes a key away: what it signs from now on is refused. A client that proves itself by keys alone keeps one.
    Raises Refusal ``invalid_value``, ``not_found``, ``forbidden``."""
    known = await find_application(store, app_id, change)
    left = tuple(jwk for jwk in _client(known).jwks if jwk["kid"] != kid)
    if len(left) == len(_client(known).jwks):
        raise missing("jwk", kid, "There is no such key.")
    await _keep(store, known, left, "delete", kid, change)


async def _keep(
    store: Store, known: Application, keys: tuple[Mapping[str, str], ...], act: str, kid: str, change: Change
) -> None:
    check_reach_of(known, change)
    client = replace(_client(known), jwks=keys)
    # The addresses were allowed when they were registered, under names that only the command line knows now.
    check_oidc(replace(client, redirect_uris=(), post_logout_redirect_uris=(), response_types=frozenset()))
    event = change.event("application.client_key", app_id=known.id, act=act, kid=kid)
    await put_application(store, replace(known, oidc=client, updated_at=change.now_at), event)


def _client(app: Application) -> OidcClient:
    if app.oidc is None:
        raise invalid("jwks", "This application is no OpenID Connect client.")
    return app.oidc
