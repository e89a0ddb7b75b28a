"""Native to Web SSO step by step: the tokens of the origin, the exchange, and the ticket at its target."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx
from lxml import html

from segue.admin import applications, trust
from segue.app.factors import factors_of, providers_of
from segue.core.application import OidcClient, SamlServiceProvider, WsFedRelyingParty
from segue.core.requirement import Requirement
from segue.signin.factors.factor import FactorContext
from tests.http_client import Browser, parameters
from tests.installation import APP, SP, Client, Installation, Person
from tests.okta_steps import ORG, ask_token, asks, basic, claims_of
from tests.server import Server, Site

SCOPE = "openid offline_access interclient_access"
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
INTERCLIENT = "urn:okta:params:oauth:token-type:interclient_token"
AUDIENCE = "urn:okta:apps:"


def origin_tokens(
    site: Site, person: str | Person = "ann", name: str | Client = "origin", *, at: str = ORG, scope: str = SCOPE
) -> dict[str, Any]:
    """What a user name and a password give an application that may hand sign-ins over."""
    someone = person if isinstance(person, Person) else site.person(person)
    client = site.org.clients[name] if isinstance(name, str) else name
    form = {"username": someone.login, "password": someone.password, "scope": scope}
    response = ask_token(site, client, "password", at=at, **form)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def exchange_form(tokens: Mapping[str, Any], target: str, **changes: str | None) -> dict[str, str]:
    """The form of the exchange as the seed prints it; None leaves a parameter out."""
    form = {
        "grant_type": GRANT,
        "actor_token": tokens.get("access_token"),
        "actor_token_type": ACCESS_TOKEN,
        "subject_token": tokens.get("id_token"),
        "subject_token_type": ID_TOKEN,
        "requested_token_type": INTERCLIENT,
        "audience": f"{AUDIENCE}{target}",
        **changes,
    }
    return {name: str(value) for name, value in form.items() if value is not None}


def exchange(
    site: Site,
    tokens: Mapping[str, Any],
    target: str,
    *,
    name: str | Client = "origin",
    at: str = ORG,
    proof: str = "",
    **changes: str | None,
) -> httpx.Response:
    """The exchange, sent by the client ``name``, with a proof of its key where there is one."""
    client = site.org.clients[name] if isinstance(name, str) else name
    form, headers = exchange_form(tokens, target, **changes), {"dpop": proof} if proof else {}
    if client.secret:
        headers |= {"authorization": basic(client.client_id, client.secret)}
    else:
        form = {"client_id": client.client_id, **form}
    return site.browser().post(f"{at}/token", data=form, headers=headers)


def interclient_token(
    site: Site,
    target: str,
    person: str | Person = "ann",
    *,
    tokens: Mapping[str, Any] | None = None,
    name: str | Client = "origin",
    at: str = ORG,
) -> str:
    given = origin_tokens(site, person, name, at=at) if tokens is None else tokens
    response = exchange(site, given, target, name=name, at=at)
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


def target_id(site: Site, protocol: str, name: str = "") -> str:
    """The id of an application that takes sign-ins by ``protocol``."""
    match protocol:
        case "oidc":
            return site.org.clients[name or "web"].app_id
        case "saml":
            return site.saml(name or "saml").app_id
    return site.wsfed(name or "wsfed").app_id


def present(
    browser: Browser, site: Site, protocol: str, token: str, name: str = "", *, method: str = "GET", **changes: Any
) -> httpx.Response:
    """Opens the target with the token, as the application it was handed to does."""
    address, sent = request_of(site, protocol, token, name, **changes)
    if method == "POST":
        return shown(browser, browser.post(address, data=sent))
    return shown(browser, browser.get(address, params=sent))


def request_of(site: Site, protocol: str, token: str, name: str = "", **changes: Any) -> tuple[str, dict[str, str]]:
    """The address of the target and the parameters that hand it the token."""
    match protocol:
        case "oidc":
            sent = asks(site.org.clients[name or "web"], scope="openid", interclient_token=token, **changes)
            return f"{ORG}/authorize", sent
        case "saml":
            return site.saml(name or "saml").sso_path, {"interclient_token": token, **changes}
    app = site.wsfed(name or "wsfed")
    return app.sso_path, {"wa": "wsignin1.0", "wtrealm": app.realm, "interclient_token": token, **changes}


def shown(browser: Browser, response: httpx.Response) -> httpx.Response:
    """The page of a refusal, which a link with a token leads away to; any other answer as it is."""
    refused = response.is_redirect and response.headers["location"].endswith("/login/refused")
    return browser.get(response.headers["location"]) if refused else response


def outcome(protocol: str, response: httpx.Response) -> str:
    """``in`` where the application was told that somebody signed in; else the error, or the status of a page."""
    if protocol == "oidc" and response.is_redirect:
        answer = parameters(response.headers["location"])
        return "in" if "code" in answer else answer.get("error", "page")
    if response.is_redirect:
        return "page"
    if response.status_code != 200:
        return str(response.status_code)
    names = {field.get("name") for field in html.document_fromstring(response.text).iter("input")}
    return "in" if names & {"SAMLResponse", "wresult"} else "page"


def last_refusal(server: Server, type: str = "") -> tuple[str, str, list[str]]:
    """Type, reason and failed checks of the last refusal that was recorded."""
    wanted = " AND type = $1" if type else ""
    values = (type,) if type else ()
    ((kind, reason, detail),) = server.rows(
        f"SELECT type, reason, detail FROM events WHERE outcome = 'refused'{wanted} ORDER BY at DESC, id DESC LIMIT 1",
        *values,
    )
    return kind, reason, [check["name"] for check in json.loads(detail)["trail"]["checks"] if not check["passed"]]


async def enroll_totp(installation: Installation, person: Person) -> str:
    """Gives somebody an authenticator app; answers its secret."""
    segue = installation.segue
    org = await segue.store.org(installation.org_id)
    assert org is not None
    user = await installation.user(person.id)
    context = FactorContext(org, installation.domain, user, installation.where, "test")
    factors = factors_of(providers_of(segue.settings, segue.source), segue.sealer, segue.hasher, segue.store)
    offer = await factors.enroll(context, "totp", None, {})
    event = installation.change.event("test.prepare")
    await segue.store.put_factor(replace(offer.enrollment, status="active"), event)
    return str(offer.shown["secret"])


def new_person(server: Server, *, totp: bool = False) -> tuple[Person, str]:
    """Somebody new whom no rate limit knows, and the secret of their authenticator app, "" where they have none."""

    async def add(installation: Installation) -> tuple[Person, str]:
        person = await installation.add_person(f"h{secrets.token_hex(6)}@example.com", exempt=True)
        return person, await enroll_totp(installation, person) if totp else ""

    return server.inside(add)


def backend_session(site: Site, tokens: Mapping[str, Any]) -> str:
    return str(claims_of(tokens["id_token"], site)["sid"])


def age(server: Server, credential_id: str, by_s: int) -> None:
    """Moves every proof that a credential keeps into the past."""
    ((text,),) = server.rows("SELECT data FROM credentials WHERE id = $1", credential_id)
    data = json.loads(text)
    for proof in data["assurance"]:
        proof["at"] -= by_s * 1000
    server.execute("UPDATE credentials SET data = $1 WHERE id = $2", json.dumps(data), credential_id)


@dataclass(frozen=True, slots=True)
class Target:
    app_id: str
    path: str
    query: dict[str, str]
    client: Client | None = None

    def open(self, browser: Browser, token: str, **more: str) -> httpx.Response:
        return shown(browser, browser.get(self.path, params={**self.query, "interclient_token": token, **more}))


async def a_target(
    org: Installation,
    protocol: str,
    requirement: Requirement | None = None,
    *,
    everyone: bool = True,
    origin: str = "",
    at: str = APP,
) -> Target:
    """A new application ``at`` an address that takes sign-ins from ``origin``, by its id; without, from the one of that
    name."""
    store, change, mark = org.segue.store, org.change, secrets.token_hex(4)
    traits = applications.Traits(
        f"Target {mark}",
        name=f"t{mark}",
        everyone=everyone,
        requirement=requirement or Requirement(),
        home_authority="" if protocol == "oidc" else org.domain.authority,
    )
    client = None
    match protocol:
        case "oidc":
            oidc = OidcClient(f"target-{mark}", (f"{at}/{mark}",))
            made = await applications.create_oidc(store, traits, oidc, change)
            app = made.application
            client = Client(app.id, f"target-{mark}", made.client_secret or "", f"{at}/{mark}", "client_secret_basic")
            path, query = f"{ORG}/authorize", asks(client, scope="openid")
        case "saml":
            provider = SamlServiceProvider(f"{SP}/{mark}", (f"{at}/{mark}/acs",))
            app = (await applications.create_saml(store, traits, provider, change)).application
            path, query = f"/app/{app.name}/{app.external_key}/sso/saml", {}
        case _:
            party = WsFedRelyingParty(f"urn:target:{mark}", (f"{at}/{mark}",))
            app = (await applications.create_wsfed(store, traits, party, change)).application
            path, query = (
                f"/app/{app.name}/{app.external_key}/sso/wsfed/passive",
                {
                    "wa": "wsignin1.0",
                    "wtrealm": party.realm,
                },
            )
    known = await store.application_by_client_id(org.org_id, "origin-client")
    await trust.trust_application(store, app.id, origin or (known.id if known else ""), change)
    return Target(app.id, path, query, client)


async def an_origin(org: Installation) -> Client:
    """A new application that may hand sign-ins over, and that nobody trusts yet."""
    mark = secrets.token_hex(4)
    grants = frozenset({"authorization_code", "password", "refresh_token", GRANT})
    oidc = OidcClient(f"origin-{mark}", (f"{APP}/{mark}",), grant_types=grants)
    traits = applications.Traits(f"Origin {mark}", name=f"o{mark}", everyone=True)
    made = await applications.create_oidc(org.segue.store, traits, oidc, org.change)
    secret = made.client_secret or ""
    return Client(made.application.id, oidc.client_id, secret, oidc.redirect_uris[0], "client_secret_basic")
