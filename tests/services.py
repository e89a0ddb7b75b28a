"""Applications with a key that manage an org, as their programs see them."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from segue.admin import applications, scope_grants
from segue.core.application import OidcClient
from tests.installation import APP, Installation
from tests.key_holder import ASSERTION_TYPE, a_key, a_proof, new_jti, registered, signed
from tests.okta_steps import ORG
from tests.server import Server, Site


@dataclass(frozen=True, slots=True)
class Service:
    """An application that authenticates by ``key``."""

    site: Site
    app_id: str
    client_id: str
    redirect_uri: str = ""
    key: Any = field(repr=False, default=None)

    def assertion(self, address: str = f"{ORG}/token", **changes: Any) -> str:
        now_s = int(time.time())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": f"{self.site.base_url}{address}",
            "exp": now_s + 60,
            "jti": new_jti(),
            **changes,
        }
        return signed(self.key, claims, "RS256")

    def ask(self, form: Mapping[str, Any], *, at: str = ORG, proof: str | None = None) -> httpx.Response:
        """A token request by this client."""
        assertion = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.assertion(f"{at}/token")}
        headers = {"dpop": proof} if proof else {}
        return self.site.browser().post(f"{at}/token", data={**assertion, **form}, headers=headers)

    def token(self, scope: str, *, at: str = ORG, proof: str | None = None) -> str:
        """An access token by the client credentials grant."""
        response = self.ask({"grant_type": "client_credentials", "scope": scope}, at=at, proof=proof)
        assert response.status_code == 200, response.text
        return str(response.json()["access_token"])

    def proof(self, key: Any, path: str, method: str = "POST", **claims: Any) -> str:
        return a_proof(key, f"{self.site.base_url}{path}", int(time.time()), htm=method, **claims)


def a_service(server: Server, client_id: str, *permissions: str, twin: bool = False, **settings: Any) -> Service:
    """Registers an application with a key, and grants it these permissions."""
    key = a_key("RS256", client_id)
    client = OidcClient(
        client_id,
        redirect_uris=(f"{APP}/{client_id}",),
        grant_types=frozenset({"authorization_code", "client_credentials"}),
        authentication="private_key_jwt",
        jwks=(registered(key),),
        **settings,
    )

    async def make(at: Installation) -> str:
        traits = applications.Traits(label=client_id, everyone=True)
        made = await applications.create_oidc(at.segue.store, traits, client, at.change)
        for permission in permissions:
            await scope_grants.grant_scope(at.segue.store, made.application.id, permission, at.change)
        return made.application.id

    app_id = server.inside(make, twin=twin)
    time.sleep(1.1)  # a worker may go by what it knew for a second
    return Service(server.twin if twin else server.site, app_id, client_id, client.redirect_uris[0], key)
