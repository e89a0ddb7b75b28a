"""What an authorization server says about itself: keys (RFC 7517), OpenID Connect Discovery, RFC 8414.

Only what works is advertised: grants come from the table of grants, response types from the table of response types,
algorithms from the keys that sign.
"""

from dataclasses import dataclass
from typing import Final

from segue.core.org import AuthorizationServer, Domain
from segue.core.strict import JsonValue
from segue.protocols.oauth import client_auth, dpop, pkce
from segue.protocols.oauth.grants import GRANTS
from segue.protocols.oauth.one_issuer import verifying_keys
from segue.protocols.oauth.profile import OAuthProfile
from segue.protocols.oauth.request import PROMPTS, RESPONSE_TYPES
from segue.protocols.oauth.scopes import published_scopes
from segue.tokens.client_keys import CLIENT_ALGORITHMS
from segue.tokens.keys import ALGORITHMS, algorithms, jwks
from segue.tokens.signing import Signing
from segue.web.message import Json, Request, Response

_TOKEN_CLAIMS: Final = ("iss", "sub", "aud", "iat", "exp", "jti", "auth_time", "amr", "nonce", "at_hash", "c_hash")


@dataclass(frozen=True, slots=True)
class Metadata:
    """The three documents. None of them depends on who asks; a query is allowed and changes nothing."""

    signing: Signing
    profile: OAuthProfile

    async def keys(self, request: Request, server: AuthorizationServer) -> Response:
        published = await verifying_keys(self.signing.config, self.profile, server, request.now_at)
        return Json(data=jwks(published, request.now_at), cache_s=self.profile.keys_cache_s)

    async def openid_configuration(self, request: Request, server: AuthorizationServer) -> Response:
        return await self._document(self.profile.openid_fields, request, server)

    async def oauth_metadata(self, request: Request, server: AuthorizationServer) -> Response:
        return await self._document(self.profile.oauth_fields, request, server)

    async def _document(self, fields: tuple[str, ...], request: Request, server: AuthorizationServer) -> Json:
        domain = request.site.domain
        known = {**self._addresses(server, domain), **self._abilities(server)}
        keys = await verifying_keys(self.signing.config, self.profile, server, request.now_at)
        known["id_token_signing_alg_values_supported"] = [
            ALGORITHMS[name].alg for name in algorithms(keys, request.now_at)
        ]
        own: dict[str, JsonValue] = {name: known[name] for name in fields if name in known}
        return Json(data={**own, **self.profile.discovery_extras(server, domain)}, cache_s=self.profile.keys_cache_s)

    def _addresses(self, server: AuthorizationServer, domain: Domain) -> dict[str, JsonValue]:
        endpoints = self.profile.endpoints(server, domain)
        addresses: dict[str, str | None] = {
            "issuer": self.profile.issuer(server, domain),
            "authorization_endpoint": endpoints.authorization,
            "token_endpoint": endpoints.token,
            "userinfo_endpoint": endpoints.userinfo,
            "jwks_uri": endpoints.jwks,
            "end_session_endpoint": endpoints.end_session,
            "introspection_endpoint": endpoints.introspection,
            "revocation_endpoint": endpoints.revocation,
        }
        known: dict[str, JsonValue] = {name: address for name, address in addresses.items() if address is not None}
        for name in ("introspection_endpoint", "revocation_endpoint"):
            if name in known:
                known[f"{name}_auth_methods_supported"] = list(client_auth.METHODS)
                # RFC 8414 2: it has to be there where a method signs
                known[f"{name}_auth_signing_alg_values_supported"] = list(CLIENT_ALGORITHMS)
        return known

    def _abilities(self, server: AuthorizationServer) -> dict[str, JsonValue]:
        profile = self.profile
        modes = ["query", "fragment", "form_post"]
        user_claims = [name for names in profile.claims_of_scopes.values() for name in names]
        own = sorted({claim.name for claim in server.claims if claim.status == "active"} - set(user_claims))
        abilities: dict[str, JsonValue] = {
            "response_types_supported": list(RESPONSE_TYPES.values()),
            "response_modes_supported": [*modes, *([profile.post_message_mode] if profile.post_message_mode else [])],
            # The implicit grant is what a client registers to get an ID token from the authorization endpoint.
            "grant_types_supported": [*GRANTS, "implicit"],
            "subject_types_supported": ["public"],
            "scopes_supported": published_scopes(server, profile),
            "token_endpoint_auth_methods_supported": list(client_auth.METHODS),
            "token_endpoint_auth_signing_alg_values_supported": list(CLIENT_ALGORITHMS),
            "claims_supported": [*_TOKEN_CLAIMS, *(["acr"] if profile.acr_requirements else []), *user_claims, *own],
            "code_challenge_methods_supported": list(pkce.METHODS),
            "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
            "prompt_values_supported": list(PROMPTS),
            "authorization_response_iss_parameter_supported": True,
            "claims_parameter_supported": False,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
        }
        return (
            {**abilities, "acr_values_supported": list(profile.acr_requirements)}
            if profile.acr_requirements
            else abilities
        )
