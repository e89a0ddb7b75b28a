"""The secrets of a client: two at a time, so that an application is changed over while both work."""

import hashlib
from dataclasses import replace
from typing import Final

from segue.admin import prefixes
from segue.admin.applications import find_application, put_application
from segue.admin.change import Change, invalid, missing
from segue.admin.scope_grants import check_reach_of
from segue.core.application import Application, ClientSecret, OidcClient
from segue.core.secret import digest, new_secret
from segue.stores import Store

_MOST_SECRETS: Final = 2
_ID_CHARS: Final = 17


def secrets_of(client: OidcClient) -> tuple[ClientSecret, ...]:
    """Every secret of a client, the newest first. Which ones work is said by their digests alone: one that was made
    without a record has an id that follows from it."""
    recorded = {secret.digest: secret for secret in client.secrets}
    working = [
        replace(recorded.get(each, ClientSecret(_id_of(each), each)), active=True) for each in client.secret_digests
    ]
    resting = [secret for secret in client.secrets if not secret.active and secret.digest not in client.secret_digests]
    return tuple(sorted((*working, *resting), key=lambda secret: secret.created_at, reverse=True))


async def list_client_secrets(store: Store, app_id: str, change: Change) -> tuple[ClientSecret, ...]:
    """The secrets of an application's client. Raises Refusal ``not_found``, ``invalid_value`` where it has none."""
    return secrets_of(_client(await find_application(store, app_id, change)))


async def add_client_secret(store: Store, app_id: str, change: Change) -> tuple[ClientSecret, str]:
    """One more secret, which works at once and is shown here alone. Raises Refusal ``not_found``, ``invalid_value``
    where there are two already, ``forbidden``."""
    known = await find_application(store, app_id, change)
    check_reach_of(known, change)
    secrets = secrets_of(_client(known))
    if len(secrets) >= _MOST_SECRETS:
        raise invalid("client_secret", f"A client has at most {_MOST_SECRETS} secrets: delete one first.")
    secret = new_secret(change.random)
    made = ClientSecret(change.new_id(prefixes.CLIENT_SECRET), digest(secret), change.now_at, change.now_at)
    await _keep(store, known, (made, *secrets), "add", made, change)
    return made, secret


async def find_client_secret(store: Store, app_id: str, secret_id: str, change: Change) -> ClientSecret:
    """The secret of that id, without the secret itself. Raises Refusal ``not_found``, ``invalid_value``."""
    return _named(await list_client_secrets(store, app_id, change), secret_id)


async def set_client_secret(store: Store, app_id: str, secret_id: str, change: Change, *, active: bool) -> ClientSecret:
    """Puts a secret in or out of use; the last one that works stays. Raises Refusal ``not_found``,
    ``invalid_value``."""
    known = await find_application(store, app_id, change)
    check_reach_of(known, change)
    secrets = secrets_of(_client(known))
    found = _named(secrets, secret_id)
    if found.active is active:
        return found
    changed = replace(found, active=active, updated_at=change.now_at)
    kept = tuple(changed if each.id == secret_id else each for each in secrets)
    await _keep(store, known, kept, "activate" if active else "deactivate", changed, change)
    return changed


async def remove_client_secret(store: Store, app_id: str, secret_id: str, change: Change) -> None:
    """Deletes a secret that is out of use. Raises Refusal ``not_found``, ``invalid_value``."""
    known = await find_application(store, app_id, change)
    check_reach_of(known, change)
    secrets = secrets_of(_client(known))
    found = _named(secrets, secret_id)
    if found.active:
        raise invalid("client_secret", "A secret is deleted once it is out of use: deactivate it first.")
    await _keep(store, known, tuple(each for each in secrets if each.id != secret_id), "delete", found, change)


async def _keep(
    store: Store, known: Application, secrets: tuple[ClientSecret, ...], act: str, about: ClientSecret, change: Change
) -> None:
    working = tuple(each.digest for each in secrets if each.active)
    if not working:
        raise invalid("client_secret", "The last secret that works stays in use: make another one first.")
    oidc = replace(_client(known), secret_digests=working, secrets=secrets)
    event = change.event("application.secret", app_id=known.id, act=act, secret_id=about.id)
    await put_application(store, replace(known, oidc=oidc, updated_at=change.now_at), event)


def _client(app: Application) -> OidcClient:
    if app.oidc is None or not app.oidc.has_secret:
        raise invalid("client_secret", "This application does not authenticate by a secret.")
    return app.oidc


def _named(secrets: tuple[ClientSecret, ...], secret_id: str) -> ClientSecret:
    found = next((secret for secret in secrets if secret.id == secret_id), None)
    if found is None:
        raise missing("client_secret", secret_id, "There is no such secret.")
    return found


def _id_of(secret_digest: bytes) -> str:
    return f"{prefixes.CLIENT_SECRET}{hashlib.sha256(b'id' + secret_digest).hexdigest()[:_ID_CHARS]}"
