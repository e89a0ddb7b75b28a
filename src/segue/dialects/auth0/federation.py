"""SAML and WS-Federation applications at their addresses here, and the profiles of both protocols.

A client id stands in the address: the application's key, or the id of its OpenID Connect side where it has one.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from segue.core.application import Application
from segue.core.org import Domain
from segue.core.strict import Malformed, Params, read_query
from segue.core.url import BadUrl, parse_web_url
from segue.dialects.auth0.errors import ResourceNotFound, write_error, write_page
from segue.dialects.auth0.names import (
    APP_SLOTS,
    CLIENT_ID,
    LIMIT_PAGE,
    SAML_METADATA,
    SAML_PATHS,
    SAML_SSO,
    WSFED_PATHS,
    WSFED_REALM_PREFIX,
    WSFED_SHARED,
)
from segue.protocols.saml.sso import SamlProfile, SamlSignOn
from segue.protocols.wsfed import WsFedProfile, WsFedSignOn
from segue.stores import ConfigStore
from segue.web.message import Request, Response
from segue.web.surface import Handler, Route

_SAML_REQUEST_CHARS: Final = 32 * 1024
_REDIRECT_URI: Final = "redirect_uri"
# What an authorization request brings along to the application that its redirect_uri is the sign-in address of.
_TAKEN_ALONG: Final = frozenset({*(slot.name for slot in APP_SLOTS), "RelayState", "wctx"})
_SIGN_IN_ADDRESS: Final = re.compile(r"/(?P<protocol>samlp|wsfed)//?(?P<client>[A-Za-z0-9._~@+-]+)")

AppHandler = Callable[[Request, Application], Awaitable[Response]]


def sso_url(app: Application, domain: Domain) -> str:
    return f"{domain.base_url}{SAML_SSO.format(client=app.external_key)}"


def entity_id(_app: Application, domain: Domain) -> str:
    return f"urn:{domain.authority}"


def saml_profile() -> SamlProfile:
    return SamlProfile(sso_url=sso_url, entity_id=entity_id, ticket_slots=APP_SLOTS)


def wsfed_profile() -> WsFedProfile:
    return WsFedProfile(
        entity_id=entity_id,
        ticket_slots=APP_SLOTS,
        other_realm=lambda app: f"{WSFED_REALM_PREFIX}{app.external_key}",
    )


@dataclass(frozen=True, slots=True)
class Federation:
    config: ConfigStore
    saml: SamlSignOn
    wsfed: WsFedSignOn

    def routes(self) -> tuple[Route, ...]:
        def page(path: str, handler: Handler, event: str) -> Route:
            return Route(
                ("GET", "POST"),
                path,
                handler,
                write_page,
                event,
                body="form",
                document=True,
                limit=LIMIT_PAGE,
                value_limits=(("SAMLRequest", _SAML_REQUEST_CHARS),),
            )

        metadata = self._at(self.saml.metadata, "saml")
        return (
            *(page(path, self._at(self.saml.sign_on, "saml"), "saml.sign_on") for path in SAML_PATHS),
            *(page(path, self._at(self.wsfed.sign_on, "wsfed"), "wsfed.sign_on") for path in WSFED_PATHS),
            page(WSFED_SHARED, self.by_realm, "wsfed.sign_on"),
            Route(("GET",), SAML_METADATA, metadata, write_error, "saml.metadata", idempotent=True),
        )

    async def by_realm(self, request: Request) -> Response:
        """The shared address finds its application by ``wtrealm=urn:{client id}``."""
        client = (request.params.get("wtrealm") or "").removeprefix(WSFED_REALM_PREFIX)
        return await self.wsfed.sign_on(request, await self._application(request, client, "wsfed"))

    async def detour(self, request: Request) -> Response | None:
        """Answers an authorization request whose ``redirect_uri`` is the sign-in address of the very application it
        names: what it carries is for that address. None for every other request."""
        asked = _own_address(request)
        found = _SIGN_IN_ADDRESS.fullmatch(asked[0]) if asked else None
        if asked is None or found is None:
            return None
        protocol, client = found["protocol"], found["client"]
        named = request.params.get(CLIENT_ID) or ""
        app = await self._find(request, client)
        if app is None or not _is_called(app, named):
            return None
        along = tuple(pair for pair in request.params.items() if pair[0] in _TAKEN_ALONG)
        there = replace(request, method="GET", query=Params((*asked[1].items(), *along)), form=Params())
        if protocol == "samlp" and app.saml is not None:
            return await self.saml.sign_on(there, app)
        if protocol == "wsfed" and app.wsfed is not None:
            if "wa" in there.query:
                return await self.wsfed.sign_on(there, app)
            return await self.wsfed.start(there, app, "")
        return None

    def _at(self, handler: AppHandler, protocol: str) -> Handler:
        async def handle(request: Request) -> Response:
            return await handler(request, await self._application(request, request.path_params["client"], protocol))

        return handle

    async def _application(self, request: Request, client: str, protocol: str) -> Application:
        app = await self._find(request, client)
        if app is None or (app.saml if protocol == "saml" else app.wsfed) is None:
            raise ResourceNotFound(client, f"an application of {protocol}")
        return app

    async def _find(self, request: Request, client: str) -> Application | None:
        org_id = request.site.org.id
        app = await self.config.application_by_external_key(org_id, client)
        return app or await self.config.application_by_client_id(org_id, client)


def _is_called(app: Application, client_id: str) -> bool:
    return client_id in (app.external_key, app.oidc.client_id if app.oidc else app.external_key)


def _own_address(request: Request) -> tuple[str, Params] | None:
    """Path and query of a ``redirect_uri`` that leads to this very domain."""
    text = request.params.get(_REDIRECT_URI) or ""
    base = request.site.domain.base_url
    if not text.startswith(f"{base}/"):
        return None
    try:
        if parse_web_url(text).origin != base:
            return None
        path, _, query = text.removeprefix(base).partition("?")
        return path, read_query(query.encode())
    except (BadUrl, Malformed):
        return None
