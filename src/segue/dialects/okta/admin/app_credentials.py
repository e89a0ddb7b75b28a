"""What an application authenticates with and what it checks us by, over HTTP: secrets, certificates, metadata."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from segue.admin import client_secrets
from segue.core.application import Application, ClientSecret
from segue.core.refusal import Refusal
from segue.core.strict import read_json_object
from segue.core.verdict import Check
from segue.dialects.okta.admin.app_routes import app_route, named_app
from segue.dialects.okta.admin.caller import administrator, not_found
from segue.dialects.okta.admin.fields import Fields
from segue.dialects.okta.errors import ResourceNotFound, ValidationFailed
from segue.dialects.okta.names import (
    APP_KEY,
    APP_KEYS,
    APP_KEYS_GENERATE,
    APP_METADATA,
    APP_SECRET,
    APP_SECRET_ACTIVATE,
    APP_SECRET_DEACTIVATE,
    APP_SECRETS,
)
from segue.dialects.okta.shapes import link, timestamp
from segue.protocols.saml.sso import SamlSignOn
from segue.stores import Store
from segue.tokens.keys import SigningKey
from segue.web.frontchannel import FrontDoor
from segue.web.message import Empty, Json, Request, Response
from segue.web.surface import Route

_NO_KEYS: Final = "keys are those of applications that read assertions"


@dataclass(frozen=True, slots=True)
class AppCredentials:
    door: FrontDoor
    store: Store
    saml: SamlSignOn

    def routes(self) -> tuple[Route, ...]:
        return (
            app_route("GET", APP_SECRETS, self.secrets),
            app_route("POST", APP_SECRETS, self.add_secret, body=True),
            app_route("GET", APP_SECRET, self.secret),
            app_route("DELETE", APP_SECRET, self.remove_secret),
            app_route("POST", APP_SECRET_ACTIVATE, self.activate),
            app_route("POST", APP_SECRET_DEACTIVATE, self.deactivate),
            app_route("GET", APP_KEYS, self.keys),
            app_route("POST", APP_KEYS_GENERATE, self.generate),
            app_route("GET", APP_KEY, self.key),
            app_route("GET", APP_METADATA, self.metadata),
        )

    async def secrets(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.read")
        app = await named_app(self.store, request, change)
        found = await client_secrets.list_client_secrets(self.store, app.id, change)
        return Json(data=[_shape_secret(request, app, each) for each in found])

    async def add_secret(self, request: Request) -> Response:
        """201 with the new secret, which no later answer shows (MG-06)."""
        change = await administrator(self.door, request, "apps.manage")
        app = await named_app(self.store, request, change)
        body = Fields(read_json_object(request.body) if request.body.strip() else {})
        body.only("client_secret", "status")
        body.unless("client_secret", why="secrets are made here and shown once: leave it out")
        body.unless("status", "ACTIVE", why="a new secret is in use")
        made, secret = await client_secrets.add_client_secret(self.store, app.id, change)
        return Json(status=201, data={**_shape_secret(request, app, made), "client_secret": secret})

    async def secret(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.read")
        app = await named_app(self.store, request, change)
        ident = request.path_params["secret"]
        try:
            found = await client_secrets.find_client_secret(self.store, app.id, ident, change)
        except Refusal as refusal:
            raise not_found(refusal, ident, "OAuth2ClientSecret") from None
        return Json(data=_shape_secret(request, app, found))

    async def remove_secret(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.manage")
        app = await named_app(self.store, request, change)
        ident = request.path_params["secret"]
        try:
            await client_secrets.remove_client_secret(self.store, app.id, ident, change)
        except Refusal as refusal:
            raise not_found(refusal, ident, "OAuth2ClientSecret") from None
        return Empty(status=204)

    async def activate(self, request: Request) -> Response:
        return await self._set(request, active=True)

    async def deactivate(self, request: Request) -> Response:
        return await self._set(request, active=False)

    async def keys(self, request: Request) -> Response:
        """The certificates that assertions for this application may be signed with, newest first."""
        return Json(data=[_shape_key(key) for key in await self._published(request)])

    async def key(self, request: Request) -> Response:
        kid = request.path_params["kid"]
        found = next((key for key in await self._published(request) if key.kid == kid), None)
        if found is None:
            raise _no_key(kid)
        return Json(data=_shape_key(found))

    async def generate(self, request: Request) -> Response:
        """Refused: one key signs for every application of the org, so none is made for one of them."""
        change = await administrator(self.door, request, "apps.manage")
        await named_app(self.store, request, change)
        cause = "keys: assertions are signed by a key of the org; a new one is published by segue key rotate"
        raise ValidationFailed("keys", "keys", cause)

    async def metadata(self, request: Request) -> Response:
        change = await administrator(self.door, request, "apps.read")
        app = await named_app(self.store, request, change)
        if app.saml is None:
            raise ValidationFailed("signOnMode", "signOnMode", "signOnMode: only SAML 2.0 has metadata")
        try:
            return await self.saml.metadata(request, app, request.query.get("kid"))
        except LookupError as unknown:
            raise _no_key(str(unknown)) from None

    async def _published(self, request: Request) -> tuple[SigningKey, ...]:
        change = await administrator(self.door, request, "apps.read")
        app = await named_app(self.store, request, change)
        if app.saml is None and app.wsfed is None:
            raise ValidationFailed("signOnMode", "signOnMode", f"signOnMode: {_NO_KEYS}")
        return await self.saml.published_keys(app, request)

    async def _set(self, request: Request, *, active: bool) -> Response:
        change = await administrator(self.door, request, "apps.manage")
        app = await named_app(self.store, request, change)
        ident = request.path_params["secret"]
        try:
            changed = await client_secrets.set_client_secret(self.store, app.id, ident, change, active=active)
        except Refusal as refusal:
            raise not_found(refusal, ident, "OAuth2ClientSecret") from None
        return Json(data=_shape_secret(request, app, changed))


def _shape_secret(request: Request, app: Application, secret: ClientSecret) -> dict[str, object]:
    own = f"{request.site.domain.base_url}{APP_SECRET.format(app=app.id, secret=secret.id)}"
    act = "deactivate" if secret.active else "activate"
    links = {act: link(f"{own}/lifecycle/{act}", "POST")}
    if not secret.active:
        links["delete"] = link(own, "DELETE")
    return {
        "id": secret.id,
        "status": "ACTIVE" if secret.active else "INACTIVE",
        "created": timestamp(secret.created_at) if secret.created_at else None,
        "lastUpdated": timestamp(secret.updated_at) if secret.updated_at else None,
        "_links": links,
    }


def _shape_key(key: SigningKey) -> Mapping[str, object]:
    text = "".join(line for line in key.certificate_pem.decode().splitlines() if "-----" not in line)
    return {
        "kid": key.kid,
        "kty": key.public_jwk["kty"],
        "use": "sig",
        "created": timestamp(key.created_at),
        "lastUpdated": timestamp(key.created_at),
        "x5c": [text],
        **{name: key.public_jwk[name] for name in ("e", "n") if name in key.public_jwk},
    }


def _no_key(kid: str) -> ResourceNotFound:
    check = Check(
        "signing_key", passed=False, expected="a published key", seen=kid[:80], mend="Take a kid of the list."
    )
    return ResourceNotFound(kid[:80], "JsonWebKey", check)
