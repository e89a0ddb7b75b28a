"""A client as the Management API shows it. Its secret is in the answer that made it and never again (MG-06)."""

from collections.abc import Mapping
from typing import Final, cast

from segue.core.application import Application, Carrier, OidcClient, SessionTransfer
from segue.core.strict import JsonValue

ANNOTATIONS: Final = "auth0"
"""Where the settings are kept that decide nothing."""


def kept_settings(app: Application) -> Mapping[str, JsonValue]:
    """What is kept with a client and decides nothing."""
    kept = app.annotations.get(ANNOTATIONS)
    return cast("Mapping[str, JsonValue]", kept) if isinstance(kept, dict) else {}


def shape_client(app: Application, id_token_s: int, secret: str | None = None) -> dict[str, object]:
    """Raises ValueError for an application that is no OpenID Connect client. ``id_token_s`` is how long its ID tokens
    hold; ``secret`` a client secret that was made a moment ago."""
    client, kept = app.oidc, kept_settings(app)
    if client is None:
        raise ValueError("a client has the settings of one")
    return {
        "client_id": client.client_id,
        **({"client_secret": secret} if secret is not None else {}),
        "name": app.label,
        "description": "",
        "global": False,
        "is_first_party": True,
        "is_token_endpoint_ip_header_trusted": False,
        "oidc_conformant": True,
        "callbacks": list(client.redirect_uris),
        "allowed_logout_urls": list(client.post_logout_redirect_uris),
        **({"initiate_login_uri": client.initiate_login_uri} if client.initiate_login_uri else {}),
        "grant_types": sorted(client.grant_types),
        "token_endpoint_auth_method": client.authentication,
        "jwt_configuration": {
            "alg": client.id_token_algorithm,
            "lifetime_in_seconds": id_token_s,
            "secret_encoded": False,
        },
        "refresh_token": _refresh(client),
        "require_proof_of_possession": client.dpop_bound_access_tokens,
        "sso_disabled": False,
        "cross_origin_authentication": False,
        "custom_login_page_on": True,
        **({"app_type": "native"} if client.native else {}),
        **kept,
        **({} if app.session_transfer is None else {"session_transfer": shape_transfer(app.session_transfer)}),
    }


def shape_transfer(transfer: SessionTransfer) -> dict[str, object]:
    """All the settings, in the order in which they are documented to come."""
    return {
        "can_create_session_transfer_token": transfer.can_create,
        "allowed_authentication_methods": [_METHODS[carrier] for carrier in transfer.carriers],
        "enforce_device_binding": transfer.device_binding,
        "allow_refresh_token": transfer.allow_refresh_token,
        "enforce_online_refresh_tokens": transfer.online_refresh_tokens,
        "enforce_cascade_revocation": transfer.cascade,
    }


_METHODS: Final[Mapping[Carrier, str]] = {"query": "query", "cookie": "cookie"}


def _refresh(client: OidcClient) -> dict[str, object]:
    return {
        "rotation_type": "rotating" if client.refresh_rotation == "rotate" else "non-rotating",
        "expiration_type": "expiring",
        "leeway": client.refresh_grace_s,
        "token_lifetime": client.refresh_life_s,
        "idle_token_lifetime": client.refresh_idle_s,
        "infinite_token_lifetime": False,
        "infinite_idle_token_lifetime": False,
    }
