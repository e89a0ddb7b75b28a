"""A tenant that speaks the Auth0 dialect, and the steps that its flows are made of.

It is an org of its own at a server that other tests share, behind a proxy that ends TLS: its address is https, and
what arrives at the server is plain http with that host's name.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urlencode

import httpx

from segue.admin import applications, orgs
from segue.admin.change import Change
from segue.core.application import (
    Carrier,
    ClientAuthentication,
    OidcClient,
    SamlServiceProvider,
    SessionTransfer,
    WsFedRelyingParty,
)
from segue.core.org import Domain
from segue.events import Circumstances
from tests.http_client import Browser, form_of, parameters
from tests.installation import Installation, Person, SamlApp, WsFedApp
from tests.server import Server

HOST = "acme.example.com"
ISSUER = f"https://{HOST}/"
API = "https://orders.example.com/"
WEB_APP = "https://web.example.com"
LOGOUT_URL = f"{WEB_APP}/bye"
BOTH: tuple[Carrier, ...] = ("query", "cookie")
# The settings of session transfer by the name of the application; the tests come from two addresses of loopback.
TRANSFERS = {
    "native": SessionTransfer(can_create=True),
    "loose native": SessionTransfer(can_create=True, cascade=False),
    "static native": SessionTransfer(can_create=True),
    "web": SessionTransfer(carriers=BOTH),
    "query web": SessionTransfer(carriers=("query",)),
    "cookie web": SessionTransfer(carriers=("cookie",)),
    "offline web": SessionTransfer(carriers=BOTH, allow_refresh_token=True, can_create=True),
    "lasting web": SessionTransfer(carriers=BOTH, allow_refresh_token=True, online_refresh_tokens=False),
    "unbound web": SessionTransfer(carriers=BOTH, device_binding="none"),
    "network web": SessionTransfer(carriers=BOTH, device_binding="asn"),
}
_DIRECT = frozenset({"authorization_code", "refresh_token", "password"})


class BehindProxy(httpx.HTTPTransport):
    """Takes requests to any https host to the server on this machine, whose name they keep in ``Host``."""

    def __init__(self, base_url: str, local_address: str | None = None) -> None:
        super().__init__(local_address=local_address)
        self.base = httpx.URL(base_url)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url.copy_with(scheme=self.base.scheme, host=self.base.host, port=self.base.port)
        stream = request.stream
        return super().handle_request(
            httpx.Request(request.method, url, headers=request.headers, stream=stream, extensions=request.extensions)
        )


@dataclass(frozen=True, slots=True)
class Client:
    app_id: str
    client_id: str
    secret: str = field(repr=False)
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Tenant:
    """The org, what it holds, and how it is reached. ``server`` is the process that serves it."""

    server: Server
    org_id: str
    domain: Domain
    people: Mapping[str, Person]
    clients: Mapping[str, Client]
    service_provider: SamlApp
    relying_party: WsFedApp
    http: httpx.Client = field(repr=False)

    @property
    def base_url(self) -> str:
        return self.domain.base_url

    def saml(self, _name: str = "") -> SamlApp:
        return self.service_provider

    def browser(self, **headers: str) -> Browser:
        return Browser(self.base_url, self.http, {name.replace("_", "-"): value for name, value in headers.items()})

    @contextmanager
    def browser_from(self, address: str) -> Iterator[Browser]:
        """A browser at another address of this machine."""
        transport = BehindProxy(self.server.site.base_url, address)
        with httpx.Client(transport=transport, trust_env=False, timeout=60, cookies=_no_cookies()) as http:
            yield Browser(self.base_url, http)

    def post(self, path: str, body: Mapping[str, Any] | None = None, **rest: Any) -> httpx.Response:
        """A call by a program: JSON, unless ``data`` is given."""
        return self.browser().post(path, **({"json": body} if body is not None else {}), **rest)

    def token(self, name: str, **body: Any) -> httpx.Response:
        """A call of the token endpoint in JSON, with the client as it is registered."""
        client = self.clients[name]
        own = {"client_id": client.client_id, **({"client_secret": client.secret} if client.secret else {})}
        return self.post("/oauth/token", {**own, **body})

    def by_password(self, name: str = "native", who: str = "ann", **body: Any) -> dict[str, Any]:
        person = self.people[who]
        asked = {"scope": "openid profile email offline_access", **body}
        response = self.token(name, grant_type="password", username=person.login, password=person.password, **asked)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    def event(self, event_id: str) -> Any:
        async def read(installation: Installation) -> Any:
            return await installation.event(event_id)

        return self.inside(read)

    def inside(self, work: Any) -> Any:
        """Does something as an administrator of this org would."""

        async def here(installation: Installation) -> Any:
            return await work(Installation(installation.segue, self.org_id, self.domain))

        return self.server.inside(here)

    def events(self, type: str, reason: str = "") -> list[dict[str, Any]]:
        """The org's events of a type, oldest first."""
        rows = self.server.rows(
            "SELECT reason, user_id, app_id, detail FROM events WHERE org_id = $1 AND type = $2 ORDER BY id",
            self.org_id,
            type,
        )
        found = [{"reason": row[0], "user_id": row[1], "app_id": row[2], "detail": json.loads(row[3])} for row in rows]
        return [one for one in found if not reason or one["reason"] == reason]


def exchange(tenant: Tenant, refresh_token: str, name: str = "native", **body: Any) -> httpx.Response:
    """A refresh token for a session transfer token, as the seed document prints the request."""
    audience = f"urn:{HOST}:session_transfer"
    asked = {"grant_type": "refresh_token", "refresh_token": refresh_token, "audience": audience, **body}
    return tenant.token(name, **asked)


def transfer_token(tenant: Tenant, name: str = "native", who: str = "ann") -> str:
    """A session transfer token from a sign-in in the native application a moment ago."""
    response = exchange(tenant, tenant.by_password(name, who)["refresh_token"], name)
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


@dataclass(frozen=True, slots=True)
class Pkce:
    verifier: str

    @classmethod
    def new(cls) -> "Pkce":
        return cls(secrets.token_urlsafe(48))

    @property
    def challenge(self) -> dict[str, str]:
        sha = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")
        return {"code_challenge": sha, "code_challenge_method": "S256"}


def asks(client: Client, **changes: Any) -> dict[str, str]:
    """The parameters of an authorization request for a code; None leaves a parameter out."""
    wanted = {
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "response_type": "code",
        "scope": "openid profile email",
        "state": "st-1",
        **changes,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def authorize(browser: Browser, client: Client, *, headers: Mapping[str, str] | None = None, **changes: Any) -> Any:
    return browser.get(f"/authorize?{urlencode(asks(client, **changes))}", headers=headers)


def code_in(response: httpx.Response) -> str:
    """The code of an answer that went back to the client."""
    assert response.is_redirect, f"{response.status_code}: {response.text[:2000]}"
    answer = parameters(response.headers["location"])
    assert "code" in answer, answer
    return answer["code"]


def signs_in(browser: Browser, response: httpx.Response, person: Person) -> httpx.Response:
    """Fills in the sign-in page that ``response`` leads to."""
    page = browser.follow(response)
    assert page.status_code == 200, page.text[:2000]
    assert form_of(page).action.startswith(("/u/login?state=", "")), page.text[:500]
    return browser.follow(browser.submit(page, username=person.login, password=person.password))


def at_login(browser: Browser, response: httpx.Response) -> bool:
    """Whether the answer is the way to the sign-in page."""
    return response.is_redirect and response.headers["location"].startswith(f"{browser.base_url}/u/login?state=")


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token, unverified."""
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


def make_tenant(server: Server, host: str = HOST) -> Tenant:
    """The org at ``https://host`` with its people and applications."""

    async def make(
        installation: Installation,
    ) -> tuple[str, Domain, dict[str, Person], dict[str, Client], SamlApp, WsFedApp]:
        segue = installation.segue
        new = orgs.NewOrg(
            name=f"Acme at {host}",
            base_url=f"https://{host}",
            dialect="auth0",
            servers=(
                orgs.NewServer("Own", ""),
                orgs.NewServer("Orders", "api/orders", API, {"read:orders": "Read orders"}),
            ),
        )
        nowhere = Change(Circumstances("", segue.source.now_at(), segue.source), "cli:test")
        made = await orgs.establish_org(segue.store, segue.sealer, new, nowhere)
        here = Installation(segue, made.org.id, made.domain)
        people = {
            "ann": await here.add_person("ann@example.com", {"firstName": "Ann", "lastName": "Lee"}, exempt=True),
            "bob": await here.add_person("bob@example.com", {"firstName": "Bob"}, exempt=True),
        }
        clients = {name: await _client(here, name, client) for name, client in _clients().items()}
        for name, transfer in TRANSFERS.items():
            await here.change_application(clients[name].app_id, session_transfer=transfer)
        return made.org.id, made.domain, people, clients, await _service_provider(here), await _relying_party(here)

    org_id, domain, people, clients, provider, party = server.inside(make)
    transport = BehindProxy(server.site.base_url)
    http = httpx.Client(transport=transport, trust_env=False, timeout=60, cookies=_no_cookies())
    return Tenant(server, org_id, domain, people, clients, provider, party, http)


async def _service_provider(here: Installation) -> SamlApp:
    provider = SamlServiceProvider("https://sp.acme.example.com/saml", ("https://sp.acme.example.com/acs",))
    traits = applications.Traits(
        label="Acme SAML", name="acme-saml", everyone=True, home_authority=here.domain.authority
    )
    made = await applications.create_saml(here.segue.store, traits, provider, here.change)
    app = made.application
    await here.change_application(app.id, session_transfer=SessionTransfer(carriers=BOTH))
    key = app.external_key
    path, metadata = f"/samlp/{key}", f"/samlp/metadata/{key}"
    return SamlApp(
        app.id, path, metadata, provider.entity_id, provider.acs_urls[0], f"/u/start/{app.id}/{app.links[0].id}"
    )


async def _relying_party(here: Installation) -> WsFedApp:
    party = WsFedRelyingParty("urn:acme:intranet", ("https://intranet.acme.example.com/signin",))
    traits = applications.Traits(
        label="Acme intranet", name="acme-intranet", everyone=True, home_authority=here.domain.authority
    )
    made = await applications.create_wsfed(here.segue.store, traits, party, here.change)
    app = made.application
    await here.change_application(app.id, session_transfer=SessionTransfer(carriers=BOTH))
    key, link = app.external_key, f"/u/start/{app.id}/{app.links[0].id}"
    return WsFedApp(app.id, f"/wsfed/{key}", link, key, party.realm, party.reply_urls[0])


def _no_cookies() -> CookieJar:
    return CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))


def _clients() -> dict[str, OidcClient]:
    code = frozenset({"code"})
    web = frozenset({"authorization_code", "refresh_token"})
    post: ClientAuthentication = "client_secret_post"
    native = OidcClient("acme-native", ("com.acme.app:/done",), (), code, _DIRECT, "none", native=True)
    made = {
        name: OidcClient(f"acme-{name.replace(' ', '-')}", (f"{WEB_APP}/{name.split()[0]}",), (), code, web, post)
        for name in TRANSFERS
        if name.endswith(" web")
    }
    natives = {
        "loose native": replace(native, client_id="acme-loose"),
        "static native": OidcClient(
            "acme-static", (f"{WEB_APP}/static",), (), code, _DIRECT, post, refresh_rotation="static"
        ),
    }
    return {
        **made,
        **natives,
        "spare": OidcClient("acme-spare", (f"{WEB_APP}/spare",), (), code, _DIRECT, post),
        "native": native,
        "other native": OidcClient("acme-other", ("com.acme.other:/done",), (), code, _DIRECT, "none", native=True),
        "web": OidcClient("acme-web", (f"{WEB_APP}/callback",), (LOGOUT_URL,), code, web, post),
        "machine": OidcClient("acme-machine", (), (), frozenset(), frozenset({"client_credentials"}), post),
        "implicit": OidcClient(
            "acme-implicit",
            (f"{WEB_APP}/implicit",),
            (),
            frozenset({"code", "id_token"}),
            frozenset({"authorization_code", "implicit"}),
            "none",
        ),
    }


async def _client(here: Installation, name: str, client: OidcClient) -> Client:
    traits = applications.Traits(label=f"Acme {name}", name=name.replace(" ", "-"), everyone=True)
    made = await applications.create_oidc(here.segue.store, traits, client, here.change)
    redirect = client.redirect_uris[0] if client.redirect_uris else ""
    return Client(made.application.id, client.client_id, made.client_secret or "", redirect)
