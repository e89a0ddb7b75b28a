"""What this dialect makes of the protocols: the shape of its OAuth and its SAML, and their addresses."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from segue.core.application import Application, OidcClient
from segue.core.assurance import PASSWORD, Worth
from segue.core.org import AuthorizationServer, Domain
from segue.core.requirement import Constraint, Need, Requirement
from segue.core.user import User
from segue.core.verdict import Check
from segue.dialects.okta.errors import ResourceNotFound, either, write_error, write_page
from segue.dialects.okta.names import (
    ACCESS_TOKEN_PREFIX,
    ADMIN_SCOPE_PREFIX,
    APP_AUDIENCE,
    APP_SLOTS,
    CUSTOM_SERVER,
    HOME_LINK,
    INTERCLIENT_SCOPE,
    INTERCLIENT_TYPE,
    LIMIT_OAUTH,
    LIMIT_PAGE,
    OAUTH_DOCUMENT,
    OPENID_DOCUMENT,
    ORG_SERVER,
    REPLAYED,
    SAML_METADATA,
    SAML_SSO,
    SIGN_OUT,
    WSFED_REALM_PREFIX,
    WSFED_SSO,
)
from segue.protocols.oauth.endpoints import OAuthEndpoints
from segue.protocols.oauth.grants.token_exchange import TOKEN_EXCHANGE
from segue.protocols.oauth.profile import Claims, ClientFacts, Endpoints, OAuthProfile, TicketExchange, TokenFacts
from segue.protocols.saml.sso import SamlProfile, SamlSignOn
from segue.protocols.wsfed import WsFedProfile
from segue.stores import ConfigStore
from segue.web.message import Request, Response
from segue.web.surface import Handler, Route

_OPENID_FIELDS: Final = (
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "scopes_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "claims_supported",
    "code_challenge_methods_supported",
    "introspection_endpoint",
    "introspection_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint",
    "revocation_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
    "dpop_signing_alg_values_supported",
    "end_session_endpoint",
    "request_parameter_supported",
    "request_uri_parameter_supported",
    "prompt_values_supported",
    "claims_parameter_supported",
    "authorization_response_iss_parameter_supported",
)
_OAUTH_FIELDS: Final = tuple(
    name
    for name in _OPENID_FIELDS
    if name
    not in (
        "userinfo_endpoint",
        "id_token_signing_alg_values_supported",
        "claims_supported",
        "prompt_values_supported",
        "claims_parameter_supported",
    )
)
_PASSWORD: Final = Need("knowledge", frozenset({PASSWORD}))
_KEY: Final = Need("possession", worth=Worth(phishing_resistant=True))
_HARD_KEY: Final = Need("possession", worth=Worth(phishing_resistant=True, hardware_protected=True))
# In the order of discovery: what a request may ask for with ``acr_values``.
_ACR_REQUIREMENTS: Final[Mapping[str, Requirement]] = MappingProxyType(
    {
        "urn:okta:loa:1fa:pwd": Requirement(constraints=((Constraint(knowledge=_PASSWORD),),)),
        "urn:okta:loa:1fa:any": Requirement(),
        "urn:okta:loa:2fa:any": Requirement(factors=2),
        "urn:okta:loa:2fa:any:ifpossible": Requirement(second_if_held=True),
        "phr": Requirement(constraints=((Constraint(possession=_KEY),),)),
        "phrh": Requirement(constraints=((Constraint(possession=_HARD_KEY),),)),
    }
)
# A sign-in message may be as large as a form of a service provider gets.
_SAML_REQUEST_CHARS: Final = 32 * 1024

ServerHandler = Callable[[Request, AuthorizationServer], Awaitable[Response]]
AppHandler = Callable[[Request, Application], Awaitable[Response]]


def oauth_profile() -> OAuthProfile:
    """The vendor's OAuth. Its tokens have no ``typ``: clients of it that check one know only its absence and JWT."""
    return OAuthProfile(
        endpoints=_endpoints,
        subject=_subject,
        access_token_claims=_access_token_claims,
        sign_out_path=SIGN_OUT,
        id_token_claims=_id_token_claims,
        client_token_claims=_client_token_claims,
        admin_scopes=_admin_scopes,
        ticket_slots=APP_SLOTS,
        client_claim="cid",
        access_token_prefix=ACCESS_TOKEN_PREFIX,
        id_token_prefix="ID.",
        access_token_typ=None,
        id_token_typ=None,
        post_message_mode="okta_post_message",
        default_scope="openid",
        unknown_scopes="refuse",
        widened_scope="access_denied",
        hand_off_scope=INTERCLIENT_SCOPE,
        exchanges={INTERCLIENT_TYPE: TicketExchange("interclient", INTERCLIENT_SCOPE, APP_AUDIENCE)},
        closed_grants={TOKEN_EXCHANGE: "unsupported_grant_type"},
        codes={"ticket_replayed": REPLAYED},
        state_required=True,
        group_scope="groups",
        acr_requirements=_ACR_REQUIREMENTS,
        slim_id_token=frozenset({"name", "email", "preferred_username"}),
        introspected=("uid", "auth_time"),
        openid_fields=_OPENID_FIELDS,
        oauth_fields=_OAUTH_FIELDS,
    )


def saml_profile() -> SamlProfile:
    """The vendor's SAML. The entity id has its form, at our own host; an application may pin another."""
    return SamlProfile(
        sso_url=lambda app, domain: f"{domain.base_url}{SAML_SSO.format(name=app.name, key=app.external_key)}",
        entity_id=lambda app, domain: f"{domain.base_url}/{app.external_key}",
        ticket_slots=APP_SLOTS,
    )


def wsfed_profile() -> WsFedProfile:
    """The vendor's WS-Federation; its issuer has the same form as that of SAML."""
    return WsFedProfile(
        entity_id=saml_profile().entity_id,
        ticket_slots=APP_SLOTS,
        other_realm=lambda app: f"{WSFED_REALM_PREFIX}{app.external_key}",
    )


def addresses_of(app: Application, domain: Domain) -> tuple[tuple[str, str], ...]:
    """What a developer enters at the application, as (what it is, address)."""
    names = {"name": app.name, "key": app.external_key}
    base, links = (
        domain.base_url,
        [("Link", HOME_LINK.format(name=app.name, app=app.id, link=own.id)) for own in app.links],
    )
    if app.oidc is not None:
        links = [("Issuer", ""), *links]
    if app.saml is not None:
        links = [("Sign-on", SAML_SSO.format(**names)), ("Metadata", SAML_METADATA.format(**names)), *links]
    if app.wsfed is not None:
        links = [("Sign-on", WSFED_SSO.format(**names)), *links]
    return tuple((what, f"{base}{path}") for what, path in links)


def _endpoints(server: AuthorizationServer, domain: Domain) -> Endpoints:
    base = f"{domain.base_url}/{server.path or 'oauth2'}/v1"
    return Endpoints(
        authorization=f"{base}/authorize",
        token=f"{base}/token",
        userinfo=f"{base}/userinfo",
        jwks=f"{base}/keys",
        end_session=f"{base}/logout",
        introspection=f"{base}/introspect",
        revocation=f"{base}/revoke",
    )


def _subject(user: User) -> str:
    return user.id


def _access_token_claims(facts: TokenFacts) -> Claims:
    """``sub`` is the login and ``uid`` the id: what the documentation prints, the other way round, is not what real
    servers send."""
    return {
        "ver": 1,
        "cid": facts.client_id,
        "uid": facts.user.id,
        "scp": list(facts.scopes),
        "auth_time": facts.auth_time_s,
        "sub": facts.user.login,
    }


def _client_token_claims(facts: ClientFacts) -> Claims:
    """The application is subject and client; there is no ``uid`` where there is no user."""
    return {"ver": 1, "cid": facts.client_id, "scp": list(facts.scopes), "sub": facts.client_id}


def _admin_scopes(server: AuthorizationServer, client: OidcClient) -> frozenset[str]:
    """The management API takes tokens of the org's own server alone, and only that server gives its scopes."""
    granted = client.granted_permissions if server.path == "" else ()
    return frozenset(f"{ADMIN_SCOPE_PREFIX}{permission}" for permission in granted)


def _id_token_claims(facts: TokenFacts) -> Claims:
    return {"ver": 1, "idp": facts.user.org_id}


@dataclass(frozen=True, slots=True)
class OAuthRoutes:
    """The endpoints twice: of the org's own server, and of its custom servers by the name in the address."""

    config: ConfigStore
    oauth: OAuthEndpoints

    def routes(self) -> tuple[Route, ...]:
        path_order = f"{OAUTH_DOCUMENT}{CUSTOM_SERVER.removesuffix('/v1')}"
        oauth_document = self._document(path_order, self.oauth.oauth_metadata)
        return (*self._of_server(ORG_SERVER, ""), *self._of_server(CUSTOM_SERVER, "/oauth2/{server}"), oauth_document)

    def _of_server(self, base: str, issuer_path: str) -> tuple[Route, ...]:
        oauth, limit = self.oauth, LIMIT_OAUTH
        page = either(oauth.write_error_page, write_page)
        error = either(oauth.write_oauth_error, write_error)
        bearer = either(oauth.write_bearer_error, write_error)
        authorize = self._at(oauth.authorize)
        userinfo, revoke = self._at(oauth.userinfo), self._at(oauth.revoke)
        end_session = self._at(oauth.end_session)
        return (
            Route(
                ("GET", "POST"),
                f"{base}/authorize",
                authorize,
                page,
                "oauth.authorize",
                body="form",
                document=True,
                limit=LIMIT_PAGE,
            ),
            Route(
                ("POST",),
                f"{base}/token",
                self._at(oauth.token),
                error,
                "oauth.token",
                cors="client",
                body="form",
                limit=limit,
            ),
            Route(("POST",), f"{base}/revoke", revoke, error, "oauth.revoke", cors="client", body="form", limit=limit),
            Route(
                ("POST",),
                f"{base}/introspect",
                self._at(oauth.introspect),
                error,
                "oauth.introspect",
                cors="client",
                body="form",
                limit=limit,
            ),
            Route(
                ("GET", "POST"),
                f"{base}/userinfo",
                userinfo,
                bearer,
                "oauth.userinfo",
                cors="client",
                body="form",
                idempotent=True,
                limit=limit,
            ),
            Route(
                ("GET", "POST"),
                f"{base}/logout",
                end_session,
                page,
                "oauth.end_session",
                body="form",
                document=True,
                limit=LIMIT_PAGE,
            ),
            self._document(f"{base}/keys", oauth.keys),
            self._document(f"{issuer_path}{OPENID_DOCUMENT}", oauth.openid_configuration),
            self._document(f"{issuer_path}{OAUTH_DOCUMENT}", oauth.oauth_metadata),
        )

    def _document(self, path: str, handler: ServerHandler) -> Route:
        return Route(("GET",), path, self._at(handler), write_error, "oauth.metadata", cors="public", idempotent=True)

    def _at(self, handler: ServerHandler) -> Handler:
        async def handle(request: Request) -> Response:
            return await handler(request, await self._server(request))

        return handle

    async def _server(self, request: Request) -> AuthorizationServer:
        """The active server whose issuer the address belongs to. Raises ResourceNotFound."""
        name = request.path_params.get("server")
        path = "" if name is None else f"oauth2/{name}"
        for server in await self.config.authorization_servers(request.site.org.id):
            if server.path == path and server.status == "active":
                return server
        seen = name or "the org's own"
        check = Check("authorization_server", passed=False, expected="an active authorization server", seen=seen[:80])
        raise ResourceNotFound(seen, "AuthorizationServer", check)


@dataclass(frozen=True, slots=True)
class SamlRoutes:
    config: ConfigStore
    saml: SamlSignOn

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(
                ("GET", "POST"),
                SAML_SSO,
                self._at(self.saml.sign_on),
                write_page,
                "saml.sign_on",
                body="form",
                document=True,
                limit=LIMIT_PAGE,
                value_limits=(("SAMLRequest", _SAML_REQUEST_CHARS),),
            ),
            Route(("GET",), SAML_METADATA, self._at(self.saml.metadata), write_error, "saml.metadata", idempotent=True),
        )

    def _at(self, handler: AppHandler) -> Handler:
        async def handle(request: Request) -> Response:
            return await handler(request, await self._application(request))

        return handle

    async def _application(self, request: Request) -> Application:
        """The SAML application of the address; a wrong name in front of a right key is a wrong address."""
        key, name = request.path_params["key"], request.path_params.get("name")
        app = await self.config.application_by_external_key(request.site.org.id, key)
        if app is not None and app.saml is not None and name in (None, app.name):
            return app
        check = Check("saml_application", passed=False, expected="an application of this org", seen=key[:80])
        raise ResourceNotFound(key, "AppInstance", check)
