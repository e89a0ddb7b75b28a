"""Several authorization servers behind one issuer: which of them something is of, and whose keys hold for it.

With a dialect whose servers have addresses of their own, the address says it. Where they share their endpoints
(``OAuthProfile.one_issuer``) a code or a refresh token says it, and an access token by its audience.
"""

from segue.core.org import AuthorizationServer
from segue.core.strict import Malformed, split_jwt
from segue.protocols.oauth.profile import OAuthProfile
from segue.stores import ConfigStore
from segue.tokens.jwt import MAX_TOKEN_CHARS
from segue.tokens.keys import SigningKey
from segue.tokens.signing import published_keys


async def active_servers(
    config: ConfigStore, profile: OAuthProfile, server: AuthorizationServer
) -> tuple[AuthorizationServer, ...]:
    """The servers that speak as the issuer of ``server``, that one first."""
    if not profile.one_issuer:
        return (server,)
    known = await config.authorization_servers(server.org_id)
    return (server, *(other for other in known if other.status == "active" and other.id != server.id))


async def server_called(
    config: ConfigStore, profile: OAuthProfile, server: AuthorizationServer, server_id: str | None
) -> AuthorizationServer:
    """The server of that id where the request itself named none, which stands for the org's own one; else ``server``.

    A request that named another server keeps it, and is refused for it.
    """
    if server.path or server_id == server.id:
        return server
    servers = await active_servers(config, profile, server)
    return next((other for other in servers if other.id == server_id), server)


async def server_of_token(
    config: ConfigStore, profile: OAuthProfile, server: AuthorizationServer, token: str, issuer: str
) -> AuthorizationServer:
    """The server whose audience an access token names. Nothing is verified here: the keys and the audience of the
    server that is found have to hold for the token afterwards."""
    servers = await active_servers(config, profile, server)
    if len(servers) == 1:
        return server
    try:
        claimed = split_jwt(token, max_chars=MAX_TOKEN_CHARS).payload.get("aud")
    except Malformed:
        return server
    audiences = claimed if isinstance(claimed, list) else [claimed]
    # One of a server's own goes before the one that all tokens for the issuer's own interfaces share.
    for other in reversed(servers):
        if profile.audience(other, issuer) in audiences:
            return other
    return server


async def verifying_keys(
    config: ConfigStore, profile: OAuthProfile, server: AuthorizationServer, now_at: int
) -> tuple[SigningKey, ...]:
    """The published keys of the issuer that ``server`` belongs to, each once."""
    key_sets = dict.fromkeys(other.key_set for other in await active_servers(config, profile, server))
    return tuple([key for name in key_sets for key in await published_keys(config, server.org_id, name, now_at)])
