"""Tokens in the wrong place (JO, OA-10): each works where it is meant to, and a spoiled one nowhere."""

import base64
import json
import time

from tests.installation import Installation
from tests.key_holder import a_key
from tests.okta_steps import (
    AUTHN,
    DEFAULT,
    ORG,
    answer,
    authorize,
    claims_of,
    exchange,
    is_signed_in,
    signed_in,
    tokens_for,
    userinfo,
)
from tests.server import Server, Site
from tests.services import a_service


def test_OA_10_userinfo_answers_tokens_of_its_own_server_alone(site: Site, twin: Site) -> None:
    browser = signed_in(site)
    of_org, of_default = (tokens_for(browser, site, at=at)["access_token"] for at in (ORG, DEFAULT))
    of_twin = tokens_for(signed_in(twin), twin)["access_token"]
    assert userinfo(site, of_org).status_code == 200
    assert userinfo(site, of_default, at=DEFAULT).status_code == 200
    for token, at in ((of_default, ORG), (of_org, DEFAULT), (of_twin, ORG), (of_twin, DEFAULT)):
        response = userinfo(site, token, at=at)
        assert response.status_code == 401
        assert 'error="invalid_token"' in response.headers["www-authenticate"]
        assert "sub" not in response.json()


def jwt_consumers(site: Site, token: str) -> dict[str, bool]:
    """Every place that takes a JWT, and whether it took this one."""
    web, browser = site.org.clients["web"], signed_in(site)
    found: dict[str, bool] = {}
    for at in (ORG, DEFAULT):
        found[f"{at}/userinfo"] = userinfo(site, token, at=at).status_code == 200
        by_form = site.browser().post(f"{at}/userinfo", data={"access_token": token})
        found[f"{at}/userinfo form"] = by_form.status_code == 200
        leaving = site.browser().get(f"{at}/logout", params={"id_token_hint": token})
        found[f"{at}/logout id_token_hint"] = leaving.status_code == 302
        told = answer(authorize(browser, web, at=at, prompt="none", id_token_hint=token))
        found[f"{at}/authorize id_token_hint"] = "code" in told
        for name in ("code", "code_verifier", "client_secret", "refresh_token", "assertion", "subject_token"):
            response = exchange(site, web, "x", at=at, **{k: v for k, v in {name: token}.items() if k != "code"})
            found[f"{at}/token {name}"] = response.status_code == 200
        assertion = {
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": token,
        }
        form = {"grant_type": "authorization_code", "code": "x", "redirect_uri": web.redirect_uri, **assertion}
        response = site.browser().post(f"{at}/token", data=form)
        found[f"{at}/token client_assertion"] = response.json()["error"] != "invalid_client"
        bearer = site.browser().post(f"{at}/token", data=form, headers={"authorization": f"Bearer {token}"})
        found[f"{at}/token bearer"] = bearer.json()["error"] not in ("invalid_client", "invalid_request")
        by_proof = exchange(site, web, "x", at=at, headers={"dpop": token})
        found[f"{at}/token proof"] = by_proof.json()["error"] != "invalid_dpop_proof"
        told = answer(authorize(site.browser(), web, at=at, prompt="none", request=token))
        found[f"{at}/authorize request"] = told["error"] != "request_not_supported"
    body = {"username": "ann@example.com", "password": "x"}
    for scheme in ("Bearer", "SSWS", "DPoP"):
        response = site.browser().post(AUTHN, json=body, headers={"authorization": f"{scheme} {token}"})
        found[f"authn {scheme}"] = response.json()["errorCode"] != "E0000011"
        managed = site.browser().get("/api/v1/trustedOrigins", headers={"authorization": f"{scheme} {token}"})
        found[f"management {scheme}"] = managed.status_code != 401
    told = answer(authorize(site.browser(), web, prompt="none", sessionToken=token))
    found["sessionToken"] = told.get("error") != "login_required"
    with_cookie = site.browser()
    with_cookie.cookies["sid"] = token
    found["session cookie"] = bool(is_signed_in(with_cookie))
    return found


def test_JO_08_a_token_works_where_it_is_meant_to_and_nowhere_else(server: Server, site: Site, twin: Site) -> None:
    browser = signed_in(site)
    of_org, of_default = (tokens_for(browser, site, at=at) for at in (ORG, DEFAULT))
    hints = {at: {f"{at}/logout id_token_hint", f"{at}/authorize id_token_hint"} for at in (ORG, DEFAULT)}
    intended: dict[str, tuple[str, set[str]]] = {
        # The management API knows it, and lets nobody without a role do anything.
        "access token": (of_org["access_token"], {f"{ORG}/userinfo", f"{ORG}/userinfo form", "management Bearer"}),
        "access token of default": (of_default["access_token"], {f"{DEFAULT}/userinfo", f"{DEFAULT}/userinfo form"}),
        "id token": (of_org["id_token"], hints[ORG]),
        "id token of default": (of_default["id_token"], hints[DEFAULT]),
    }
    service = a_service(server, "matrix-service", "trustedOrigins.read")
    key, proof_of_token = a_key("ES256", "matrix"), f"{ORG}/token"
    intended |= {
        "token of an application": (service.token("okta.trustedOrigins.read"), {"management Bearer"}),
        "token of an application of default": (service.token("orders:read", at=DEFAULT), set()),
        "bound token": (
            service.token("okta.trustedOrigins.read", proof=service.proof(key, proof_of_token)),
            set(),
        ),
        "client assertion": (service.assertion(), {f"{ORG}/token client_assertion"}),
        "proof": (service.proof(key, proof_of_token), {f"{ORG}/token proof"}),
    }
    now, person = int(time.time()), site.person("ann")
    live = claims_of(of_org["access_token"], site)
    common = {"iss": site.base_url, "iat": now, "exp": now + 600, "sub": person.id, "ver": 1}
    forged = {
        "our key, an access token nobody issued": {**common, "aud": site.base_url, "jti": "AT.atkVbVSgi209F1xxxxxx"},
        "our key, the id of a session": {**common, "aud": site.base_url, "jti": f"AT.{browser.cookies['sid'][:20]}"},
        "our key, a live access token for somebody else": {**live, "aud": "https://resource.example"},
        "our key, a live access token of another server": {**live, "iss": f"{site.base_url}/oauth2/default"},
        "our key, a live access token that is over": {**live, "exp": now - 10},
        "our key, no jti": {**common, "aud": site.base_url},
        "our key, expired": {**common, "aud": site.base_url, "jti": "AT.x", "exp": now - 10},
        "our key, another issuer": {**common, "iss": twin.base_url, "aud": site.base_url, "jti": "AT.x"},
        "our key, many audiences": {**common, "aud": [site.base_url, "web-client"], "jti": "AT.x"},
        "our key, a logout token": {**common, "aud": "web-client", "events": {"http://x": {}}, "jti": "x"},
    }

    async def sign(org: Installation) -> dict[str, str]:
        signed = {name: await org.sign(claims) for name, claims in forged.items()}
        of_saml = {**common, "aud": "web-client", "jti": "ID.x"}
        return {**signed, "the key of assertions": await org.sign(of_saml, key_set="saml")}

    intended |= {name: (token, set()) for name, token in server.inside(sign).items()}
    abroad = tokens_for(signed_in(twin), twin)
    intended["access token of the twin"] = (abroad["access_token"], set())
    intended["id token of the twin"] = (abroad["id_token"], set())
    for name, (token, places) in intended.items():
        assert {place for place, taken in jwt_consumers(site, token).items() if taken} == places, name


def variants(token: str) -> dict[str, str]:
    """A good token, spoiled in the ways that readers elsewhere have taken."""
    header, payload, signature = token.split(".")

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    known = json.loads(base64.urlsafe_b64decode(header + "=="))
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    algorithms = ("HS256", "RS512", "ES256", "PS256")
    nothings = ("none", "None", "nOnE", "NONE", "")
    headers: dict[str, object] = {
        "kid": "../../etc/passwd",
        "jku": "http://127.0.0.1:1/",
        "x5u": "http://127.0.0.1:1/",
        "jwk": {"kty": "oct", "k": ""},
        "crit": ["exp"],
        "b64": False,
        "zip": "DEF",
        "typ": "at+jwt",
    }
    found = {f"alg {alg}": f"{part({**known, 'alg': alg})}.{payload}.{signature}" for alg in algorithms}
    found |= {f"alg {alg}, unsigned": f"{part({'alg': alg})}.{payload}." for alg in nothings}
    found |= {
        f"header {name}": f"{part({**known, name: value})}.{payload}.{signature}" for name, value in headers.items()
    }
    found |= {
        "another user": f"{header}.{part({**claims, 'sub': 'bob@example.com'})}.{signature}",
        "no signature": f"{header}.{payload}.",
        "two parts": f"{header}.{payload}",
        "four parts": f"{token}.{signature}",
        "padding": f"{header}=.{payload}.{signature}",
        "another last bit": token[:-1] + ("A" if token[-1] != "A" else "B"),
        "foreign characters": f"{header}.{payload[:9]}!{payload[9:]}.{signature}",
        "a line break": f"{header}.{payload}\n.{signature}",
        "spaces": token.replace(".", " . "),
        "upper case": token.upper(),
        "twice": f"{token} {token}",
        "quoted": f'"{token}"',
        "huge": f"{header}.{payload}{'A' * 7000}.{signature}",
    }
    return found


def test_JO_01_a_spoiled_token_is_refused_everywhere(site: Site) -> None:
    tokens = tokens_for(signed_in(site), site)
    for name, token in variants(tokens["access_token"]).items():
        header = {"authorization": f"Bearer {token}"}
        if "\n" not in token:
            assert site.browser().get(f"{ORG}/userinfo", headers=header).status_code in (400, 401), name
        assert site.browser().post(f"{ORG}/userinfo", data={"access_token": token}).status_code in (400, 401), name
    browser = signed_in(site)
    for name, token in variants(tokens["id_token"]).items():
        response = browser.get(f"{ORG}/logout", params={"id_token_hint": token})
        assert response.status_code == 400, name
        assert answer(authorize(browser, site.org.clients["web"], prompt="none", id_token_hint=token))["error"], name
    assert is_signed_in(browser) == "ann@example.com"
    assert userinfo(site, tokens["access_token"]).status_code == 200
