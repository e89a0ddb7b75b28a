"""The Management API as a resource of its own: which audience it has, which scopes, and what each of them allows.

It is a server like the others of the org, made up at every domain: its tokens hold where they were issued and nowhere
else. Nobody gets one for a user, only applications for themselves.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from segue.admin.actor import Actor
from segue.core.application import OidcClient
from segue.core.org import AuthorizationServer, Domain
from segue.dialects.auth0.names import MANAGEMENT

_ID: Final = "management"
_TOKEN_S: Final = 86_400

#: Each scope and the permission of administration that it comes down to.
SCOPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "read:clients": "apps.read",
        "create:clients": "apps.manage",
        "update:clients": "apps.manage",
        "delete:clients": "apps.manage",
        "read:client_keys": "apps.read",
        "update:client_keys": "apps.manage",
    }
)


def audiences(domain: Domain) -> tuple[str, ...]:
    """The identifiers of the API at a domain, the one that tokens name first. With a port it is also called without,
    since tools are configured either way."""
    bare = domain.authority.partition(":")[0]
    return tuple(dict.fromkeys(f"{domain.scheme}://{host}{MANAGEMENT}/" for host in (domain.authority, bare)))


def management_server(own: AuthorizationServer, domain: Domain) -> AuthorizationServer:
    """The API as a server: it signs as the org's own server does, and has no scope that is not granted by itself."""
    return replace(
        own,
        id=_ID,
        name="Management API",
        path=MANAGEMENT.removeprefix("/"),
        audience=audiences(domain)[0],
        scopes={},
        claims=(),
        policies=None,
        trusted_server_ids=(),
        access_token_s=_TOKEN_S,
    )


def granted_scopes(server: AuthorizationServer, client: OidcClient) -> frozenset[str]:
    """The scopes that a client was granted at a server: at this one what its permissions allow, elsewhere none."""
    if server.id != _ID:
        return frozenset()
    actor = Actor(client.client_id, client.granted_permissions)
    return frozenset(scope for scope, permission in SCOPES.items() if actor.may(permission))
