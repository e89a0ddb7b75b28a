"""A refresh token as the management API shows it: never the token itself, which nobody can know."""

from collections.abc import Mapping

from segue.admin.change import Change
from segue.core.credential import Credential
from segue.dialects.okta.shapes import link, timestamp
from segue.stores import Store
from segue.tokens.refresh import read_family
from segue.web.message import Request

Issuers = Mapping[str, str]
"""The issuer of each authorization server, by its id."""


async def issuers_of(store: Store, request: Request, change: Change) -> Issuers:
    """Those of the org, at the domain that was asked."""
    servers = await store.authorization_servers(change.org_id)
    return {server.id: server.issuer(request.site.domain) for server in servers}


def refresh_token_object(
    request: Request, token: Credential, issuers: Issuers, *, client_id: str, path: str, app_id: str | None = None
) -> dict[str, object]:
    """``path`` is where it was asked for; ``app_id`` adds the way to its application."""
    family, base = read_family(token.data), request.site.domain.base_url
    ends = [at for at in (token.expires_at, token.idle_expires_at) if at is not None]
    app = {"app": {"href": f"{base}/api/v1/apps/{app_id}"}} if app_id else {}
    return {
        "id": token.id,
        "status": "ACTIVE",
        "created": timestamp(token.issued_at),
        "lastUpdated": timestamp(family.rotated_at or token.issued_at),
        "expiresAt": timestamp(min(ends)),
        "issuer": issuers.get(token.server_id or "", ""),
        "clientId": client_id,
        "userId": token.user_id,
        "scopes": list(family.grant.scopes),
        "_links": {
            **app,
            "self": link(f"{base}{path}", "GET", "DELETE"),
            "user": {"href": f"{base}/api/v1/users/{token.user_id}"},
        },
    }
