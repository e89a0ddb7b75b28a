"""Answers byte for byte as clients have come to know them: status, headers, body.

What is new in each answer (ids, secrets, signatures, times, the address of the test) is replaced by a name in braces.
An intended change is pinned by ``PIN=1 ./dev test tests/wire``; its difference is then read like any other code.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from tests.installation import TRUSTED_ORIGIN
from tests.okta_steps import (
    AUTHN,
    DEFAULT,
    ORG,
    ask_token,
    asks,
    authorize,
    basic,
    by_password,
    code_for,
    exchange,
    session_token,
    sign_in,
    signed_in,
    tokens_for,
    userinfo,
)
from tests.server import Site

PINNED = Path(__file__).parent / "pinned"

# Headers of the connection and of the moment.
LEFT_OUT = {"date", "content-length", "x-rate-limit-remaining", "x-rate-limit-reset", "x-rate-limit-limit"}

# The begin of a word, also where the character before it is written as an escape ([ and =).
BEGIN = r"(?:(?<![\w.])|(?<=%5B)|(?<=%3D))"
REPLACED = [
    (BEGIN + r"[0-9A-Za-z]{20}\.[0-9A-Za-z]{43}\.[0-9A-Za-z]{43}\b", "{refresh token}"),
    (BEGIN + r"[0-9A-Za-z]{20}\.[0-9A-Za-z]{43}\b", "{bearer value}"),
    (BEGIN + r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "{JWT}"),
    (r"(?<=segue-browser=)[0-9A-Za-z]{43}", "{secret}"),
    (r"(?<=name=\"SAMLResponse\" type=\"hidden\" value=\")[A-Za-z0-9+/=]+", "{SAMLResponse}"),
    (r"(?<=<ds:X509Certificate>)[A-Za-z0-9+/=\s]+", "{certificate}"),
    (r"(?<=\"kid\":\")[\w-]{43}", "{kid}"),
    (r"(?<=\"n\":\")[\w-]{342}", "{modulus}"),
    # Other tests rotate the keys: one of each kind stands for all.
    (r"(\{\"kty\":\"RSA\"[^{}]*\{kid\}[^{}]*\{modulus\}\"\})(?:,\1)+", r"\1"),
    (r"(?<=nonce-)[0-9A-Za-z]{43}", "{nonce}"),
    (r"(?<=nonce=\")[0-9A-Za-z]{43}", "{nonce}"),
    (BEGIN + r"(00o|00u|0oa|evt|req|exk|102)[0-9A-Za-z]{17}(?![0-9A-Za-z])", r"{\1 id}"),
    (r"(?<=\"jti\":\"AT\.)[0-9A-Za-z]{20}", "{id}"),
    (r"(?<=\"(?:exp|iat)\":)\d{10}", "{seconds}"),
    (r"(?<=\"auth_time\":)\d{10}", "{seconds}"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "{time}"),
]


def written(response: httpx.Response, site: Site) -> str:
    """The answer as text, with what is new in it replaced."""
    headers = [f"{name}: {value}" for name, value in response.headers.multi_items() if name not in LEFT_OUT]
    text = "\n".join([f"HTTP/1.1 {response.status_code}", *headers, "", response.text, ""])
    # The address as it stands, and as a parameter of another address.
    for address, name in ((site.base_url, "{ORG}"), (site.base_url.replace(":", "%3A").replace("/", "%2F"), "{ORG}")):
        text = text.replace(address, name)
    text = text.replace(site.authority, "{authority}")
    for pattern, replacement in REPLACED:
        text = re.sub(pattern, replacement, text)
    return text


def at_authorize(site: Site, **changes: str) -> httpx.Response:
    wanted = {"response_type": "id_token", "prompt": "none", "sessionToken": session_token(site), **changes}
    return authorize(site.browser(), site.org.clients["web"], **wanted)


def by_code(site: Site) -> httpx.Response:
    client = site.org.clients["web"]
    return exchange(site, client, code_for(signed_in(site), client))


def by_refresh_token(site: Site) -> httpx.Response:
    token = by_password(site, scope="openid offline_access").json()["refresh_token"]
    return ask_token(site, site.org.clients["direct"], "refresh_token", refresh_token=token)


def told(site: Site, what: str, token: str) -> httpx.Response:
    """The answer of ``introspect`` or ``revoke`` to the client that sends its own token."""
    client = site.org.clients["direct"]
    headers = {"authorization": basic(client.client_id, client.secret)}
    return site.browser().post(f"{ORG}/{what}", data={"token": token}, headers=headers)


PREFLIGHT = {
    "origin": TRUSTED_ORIGIN,
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type,x-okta-user-agent-extended",
}

OF_JSON = {"content-type": "application/json"}

ANSWERS: dict[str, Callable[[Site], httpx.Response]] = {
    "authn-success": lambda site: sign_in(site, site.person("ann")),
    "authn-success-relay-state": lambda site: sign_in(site, site.person("bob"), relayState="/deep/link"),
    "authn-E0000004": lambda site: site.browser().post(AUTHN, json={"username": "nobody", "password": "x"}),
    "authn-E0000001": lambda site: site.browser().post(AUTHN, json={"username": "ann@example.com"}),
    "authn-E0000003": lambda site: site.browser().post(
        AUTHN, content=b"{", headers={"content-type": "application/json"}
    ),
    "authn-E0000011": lambda site: site.browser().post(AUTHN, json={"stateToken": "00x"}),
    "authn-E0000022": lambda site: site.browser().get(AUTHN),
    "authn-preflight": lambda site: site.browser().request("OPTIONS", AUTHN, headers=PREFLIGHT),
    "nothing-E0000008": lambda site: site.browser().get("/api/v1/nothing"),
    "session-me": lambda site: signed_in(site).get("/api/v1/sessions/me"),
    "session-me-E0000007": lambda site: site.browser().get("/api/v1/sessions/me"),
    "session-me-closed": lambda site: signed_in(site).request("DELETE", "/api/v1/sessions/me"),
    "openid-configuration": lambda site: site.browser().get("/.well-known/openid-configuration"),
    "openid-configuration-default": lambda site: site.browser().get("/oauth2/default/.well-known/openid-configuration"),
    "oauth-authorization-server": lambda site: site.browser().get("/.well-known/oauth-authorization-server"),
    "keys": lambda site: site.browser().get(f"{ORG}/keys"),
    "authorize-id-token": at_authorize,
    "authorize-code": lambda site: at_authorize(site, response_type="code"),
    "authorize-login-required": lambda site: at_authorize(site, sessionToken="used"),
    "authorize-form-post": lambda site: at_authorize(site, response_mode="form_post"),
    "authorize-post-message": lambda site: at_authorize(site, response_mode="okta_post_message"),
    "authorize-sign-in": lambda site: site.browser().get(f"{ORG}/authorize", params=asks(site.org.clients["web"])),
    "token-success": by_code,
    "token-invalid-grant": lambda site: exchange(site, site.org.clients["web"], "x"),
    "token-invalid-client": lambda site: exchange(
        site, site.org.clients["web"], "x", headers={"authorization": "Basic eDp5"}
    ),
    "token-password": lambda site: by_password(site, scope="openid offline_access"),
    "token-password-wrong": lambda site: by_password(site, password="wrong-password"),
    "token-refresh": by_refresh_token,
    "token-refresh-gone": lambda site: ask_token(
        site, site.org.clients["direct"], "refresh_token", refresh_token="gone"
    ),
    "introspect-access-token": lambda site: told(site, "introspect", by_password(site).json()["access_token"]),
    "introspect-refresh-token": lambda site: told(
        site, "introspect", by_password(site, scope="openid offline_access").json()["refresh_token"]
    ),
    "introspect-not-active": lambda site: told(site, "introspect", "x"),
    "introspect-without-token": lambda site: told(site, "introspect", ""),
    "revoke": lambda site: told(site, "revoke", by_password(site).json()["access_token"]),
    "userinfo": lambda site: userinfo(site, tokens_for(signed_in(site), site)["access_token"]),
    "userinfo-invalid-token": lambda site: userinfo(site, "x", at=DEFAULT),
    "saml-response": lambda site: signed_in(site).get(site.saml("saml").sso_path, params={"RelayState": "/deep?a=b&c"}),
    "saml-metadata": lambda site: site.browser().get(site.saml("saml").metadata_path),
    "logout": lambda site: site.browser().get(
        f"{ORG}/logout",
        params={
            "client_id": "web-client",
            "post_logout_redirect_uri": "https://app.example.com/goodbye",
            "state": "s",
        },
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_as_it_was(site: Site, name: str) -> None:
    seen, pinned = written(ANSWERS[name](site), site), PINNED / f"{name}.http"
    if os.environ.get("PIN"):
        pinned.write_text(seen, encoding="utf-8")
    assert seen == pinned.read_text(encoding="utf-8")


def test_every_pinned_answer_is_compared() -> None:
    assert {path.stem for path in PINNED.iterdir()} == set(ANSWERS)
