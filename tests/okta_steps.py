"""The steps that the flows of the Okta dialect are made of, as a client or a browser takes them."""

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet
from lxml import html

from tests.http_client import Browser, parameters
from tests.installation import Client, Person
from tests.server import Site

AUTHN = "/api/v1/authn"
SESSIONS = "/api/v1/sessions"
ORG = "/oauth2/v1"
DEFAULT = "/oauth2/default/v1"
MESSAGE = re.compile(
    r"\(window\.opener \|\| window\.parent\)\.postMessage\((?P<data>\{.*\}), (?P<origin>\"[^\"]*\")\);"
)


def sign_in(site: Site, person: Person, **body: object) -> httpx.Response:
    """Primary authentication by a program."""
    return site.browser().post(AUTHN, json={"username": person.login, "password": person.password, **body})


def session_token(site: Site, person: Person | str = "ann") -> str:
    response = sign_in(site, site.person(person) if isinstance(person, str) else person)
    assert response.status_code == 200, response.text
    return str(response.json()["sessionToken"])


def with_api_token(site: Site) -> dict[str, str]:
    return {"authorization": f"SSWS {site.org.api_token}"}


def create_session(site: Site, person: Person | str = "ann", *, fields: str = "cookieToken") -> dict[str, Any]:
    """The Sessions API called by a program with an API token, a user name and a password."""
    someone = site.person(person) if isinstance(person, str) else person
    body = {"username": someone.login, "password": someone.password}
    address = f"{SESSIONS}?additionalFields={fields}"
    response = site.browser().post(address, json=body, headers=with_api_token(site))
    assert response.status_code == 200, response.text
    made: dict[str, Any] = response.json()
    return made


def cookie_token(site: Site, person: Person | str = "ann") -> str:
    return str(create_session(site, person)["cookieToken"])


def image_token(site: Site, person: Person | str = "ann") -> str:
    url = str(create_session(site, person, fields="cookieTokenUrl")["cookieTokenUrl"])
    return parameters(url)["token"]


def asks(client: Client, **changes: Any) -> dict[str, str]:
    """The parameters of an authorization request of ``client`` for a code; None leaves a parameter out."""
    wanted = {
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "response_type": "code",
        "scope": "openid profile email",
        "state": "st-4711",
        "nonce": "n-0815",
        **changes,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def authorize(
    browser: Browser, client: Client, *, at: str = ORG, headers: Mapping[str, str] | None = None, **changes: Any
) -> httpx.Response:
    return browser.get(f"{at}/authorize", params=asks(client, **changes), headers=headers)


def answer(response: httpx.Response) -> dict[str, str]:
    """What an authorization answer by redirect tells the client."""
    assert response.is_redirect, f"{response.status_code}: {response.text[:2000]}"
    return parameters(response.headers["location"])


def signed_in(site: Site, person: Person | str = "ann", **headers: str) -> Browser:
    """A browser with a session, got the way that the seed documents print."""
    browser = site.browser(**headers)
    client = site.org.clients["web"]
    token = session_token(site, person)
    response = authorize(browser, client, response_type="id_token", prompt="none", sessionToken=token)
    assert "id_token" in answer(response), response.headers["location"]
    assert "sid" in browser.cookies
    return browser


def is_signed_in(browser: Browser) -> str:
    """The login of whoever is signed in in this browser, "" where nobody is. It is only a look."""
    response = browser.http.get(
        f"{browser.base_url}/api/v1/sessions/me",
        headers={"cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())},
    )
    assert response.status_code in (200, 404), response.text
    return str(response.json()["login"]) if response.status_code == 200 else ""


def code_for(browser: Browser, client: Client, **changes: Any) -> str:
    """An authorization code for whoever is signed in in ``browser``."""
    return answer(authorize(browser, client, prompt="none", **changes))["code"]


def exchange(
    site: Site, client: Client, code: str, /, *, at: str = ORG, headers: Mapping[str, str] | None = None, **changes: Any
) -> httpx.Response:
    """The code grant, with the client authenticated as it is registered; None leaves a parameter out."""
    form: dict[str, Any] = {"grant_type": "authorization_code", "code": code, "redirect_uri": client.redirect_uri}
    sent = dict(headers or {})
    match client.authentication:
        case "client_secret_basic":
            sent.setdefault("authorization", basic(client.client_id, client.secret))
        case "client_secret_post":
            form |= {"client_id": client.client_id, "client_secret": client.secret}
        case _:
            form |= {"client_id": client.client_id}
    form = {name: value for name, value in {**form, **changes}.items() if value is not None}
    return site.browser().post(f"{at}/token", data=form, headers=sent)


def tokens_for(browser: Browser, site: Site, name: str = "web", *, at: str = ORG, **changes: Any) -> dict[str, Any]:
    """All that the code grant gives a client for whoever is signed in in ``browser``."""
    client, pkce = site.org.clients[name], Pkce.new()
    code = code_for(browser, client, at=at, **pkce.challenge, **changes)
    response = exchange(site, client, code, at=at, code_verifier=pkce.verifier)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def by_password(
    site: Site, person: Person | str = "ann", name: str = "direct", /, *, at: str = ORG, **changes: Any
) -> httpx.Response:
    """The password grant, with the client authenticated as it is registered; None leaves a parameter out."""
    someone, client = site.person(person) if isinstance(person, str) else person, site.org.clients[name]
    form = {"username": someone.login, "password": someone.password, "scope": "openid profile", **changes}
    return ask_token(site, client, "password", at=at, **form)


def ask_token(
    site: Site,
    client: Client,
    grant_type: str,
    /,
    *,
    at: str = ORG,
    headers: Mapping[str, str] | None = None,
    **form: Any,
) -> httpx.Response:
    """Any grant, with the client authenticated as it is registered; None leaves a parameter out."""
    sent, who = dict(headers or {}), {"client_id": client.client_id}
    match client.authentication:
        case "client_secret_basic":
            sent.setdefault("authorization", basic(client.client_id, client.secret))
            who = {}
        case "client_secret_post":
            who |= {"client_secret": client.secret}
    asked = {"grant_type": grant_type, **who, **form}
    data = {name: value for name, value in asked.items() if value is not None}
    return site.browser().post(f"{at}/token", data=data, headers=sent)


def userinfo(site: Site, token: str, *, at: str = ORG) -> httpx.Response:
    return site.browser().get(f"{at}/userinfo", headers={"authorization": f"Bearer {token}"})


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def claims_of(token: str, site: Site, *, at: str = ORG) -> dict[str, Any]:
    """The claims of a token, once its signature was checked with the published keys."""
    keys = site.browser().get(f"{at}/keys").json()
    decoded = jwt.decode(token, KeySet.import_key_set(keys), algorithms=["RS256"])
    assert decoded.header["alg"] == "RS256"
    return dict(decoded.claims)


@dataclass(frozen=True, slots=True)
class Pkce:
    verifier: str

    @classmethod
    def new(cls) -> "Pkce":
        return cls(secrets.token_urlsafe(48))

    @property
    def challenge(self) -> dict[str, str]:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        text = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return {"code_challenge": text, "code_challenge_method": "S256"}


def sign_in_by_page(
    browser: Browser, page: httpx.Response, person: Person, password: str | None = None
) -> httpx.Response:
    """Fills in the hosted sign-in page; the answer is what the page led to."""
    page = browser.follow(page)
    assert page.status_code == 200, page.text[:2000]
    return browser.submit(page, username=person.login, password=person.password if password is None else password)


def message_of(page: httpx.Response) -> tuple[dict[str, object], str]:
    """The object that the page hands over, and the origin it hands it to."""
    (script,) = html.document_fromstring(page.text).iter("script")
    found = MESSAGE.fullmatch((script.text or "").strip())
    assert found, script.text
    return json.loads(found["data"]), json.loads(found["origin"])
