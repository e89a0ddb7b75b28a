"""Steps of the tests that manage an org through the Auth0 dialect's API."""

import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from segue.admin import applications, scope_grants
from segue.core.application import OidcClient
from tests.auth0_steps import ISSUER, Client, Tenant
from tests.installation import Installation

AUDIENCE = f"{ISSUER}api/v2/"


@dataclass(frozen=True, slots=True)
class Api:
    """The API with a token for it. Every path follows its address."""

    tenant: Tenant
    client: Client
    token: str = field(repr=False)

    def call(self, method: str, path: str, **rest: Any) -> httpx.Response:
        browser = self.tenant.browser(authorization=f"Bearer {self.token}")
        return browser.request(method, f"/api/v2{path}", **rest)

    def get(self, path: str) -> httpx.Response:
        return self.call("GET", path)

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.call("POST", path, json=body)

    def patch(self, path: str, body: Any) -> httpx.Response:
        return self.call("PATCH", path, json=body)

    def delete(self, path: str) -> httpx.Response:
        return self.call("DELETE", path)


def machine(tenant: Tenant, *permissions: str) -> Client:
    """A new application for itself, which was granted these permissions."""

    async def make(here: Installation) -> Client:
        store, nobody = here.segue.store, frozenset[str]()
        client = OidcClient("", (), (), nobody, frozenset({"client_credentials"}), "client_secret_post")
        made = await applications.create_oidc(store, applications.Traits(label="Manager"), client, here.change)
        app = made.application
        for permission in permissions:
            await scope_grants.grant_scope(store, app.id, permission, here.change)
        assert app.oidc is not None
        return Client(app.id, app.oidc.client_id, made.client_secret or "", "")

    found: Client = tenant.inside(make)
    return found


def asks_for_token(tenant: Tenant, client: Client, **body: Any) -> httpx.Response:
    own = {"client_id": client.client_id, "client_secret": client.secret, "audience": f"{tenant.base_url}/api/v2/"}
    return tenant.post("/oauth/token", {**own, "grant_type": "client_credentials", **body})


def manager(tenant: Tenant, *permissions: str, **body: Any) -> Api:
    """The API as an application calls it that was granted these permissions."""
    client = machine(tenant, *permissions)
    response = asks_for_token(tenant, client, **body)
    assert response.status_code == 200, response.text
    return Api(tenant, client, response.json()["access_token"])


def refused(response: httpx.Response, status: int, code: str) -> str:
    """Checks the form of an error, and gives its message."""
    body = response.json()
    assert (response.status_code, body["statusCode"], body.get("errorCode", "")) == (status, status, code), body
    assert body["error"]
    assert body["event_id"]
    return str(body["message"])


def settled() -> None:
    """Waits until the server knows what was changed: it may go on with the settings of a second ago."""
    time.sleep(1.1)
