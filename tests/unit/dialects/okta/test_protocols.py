"""The protocols at this dialect's addresses and in its shapes."""

import base64
import html
import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from tests.unit.dialects.okta.conftest import BASE, CALLBACK, CLIENT_SECRET, TRUSTED, Answer, House

from segue.core.strict import split_jwt
from segue.dialects.okta.names import resume_location, sign_in_location

BASIC = "Basic " + base64.b64encode(f"webclient:{quote(CLIENT_SECRET)}".encode()).decode()


def authorize(server: str = "/oauth2/v1", **more: str) -> str:
    params = {
        "client_id": "webclient",
        "response_type": "code",
        "scope": "openid profile email",
        "state": "xyz",
        "redirect_uri": CALLBACK,
        **more,
    }
    return f"{server}/authorize?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in params.items())


def answered(answer: Answer, part: str = "query") -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(getattr(urlsplit(answer.location), part)).items()}


def test_the_names_of_the_sign_in_page():
    assert resume_location("int1.secret") == "/oauth2/v1/authorize/redirect?okta_key=int1.secret"
    assert sign_in_location("int1.secret") == (
        "/login/login.htm?fromURI=%2Foauth2%2Fv1%2Fauthorize%2Fredirect%3Fokta_key%3Dint1.secret"
    )


@pytest.mark.parametrize(
    ("document", "issuer", "base"),
    [
        ("/.well-known/openid-configuration", BASE, f"{BASE}/oauth2/v1"),
        ("/oauth2/default/.well-known/openid-configuration", f"{BASE}/oauth2/default", f"{BASE}/oauth2/default/v1"),
        ("/.well-known/oauth-authorization-server", BASE, f"{BASE}/oauth2/v1"),
        (
            "/oauth2/default/.well-known/oauth-authorization-server",
            f"{BASE}/oauth2/default",
            f"{BASE}/oauth2/default/v1",
        ),
        (
            "/.well-known/oauth-authorization-server/oauth2/default",
            f"{BASE}/oauth2/default",
            f"{BASE}/oauth2/default/v1",
        ),
    ],
)
async def test_discovery(house: House, document: str, issuer: str, base: str):
    answer = await house.browser().get(document, origin="https://anywhere.example")
    assert answer.status == 200
    assert answer.header("access-control-allow-origin") == "*"
    body = answer.json
    assert body["issuer"] == issuer
    assert body["authorization_endpoint"] == f"{base}/authorize"
    assert body["token_endpoint"] == f"{base}/token"
    assert body["jwks_uri"] == f"{base}/keys"
    assert body["end_session_endpoint"] == f"{base}/logout"
    assert body["code_challenge_methods_supported"] == ["S256"]
    assert body["subject_types_supported"] == ["public"]
    assert "okta_post_message" in body["response_modes_supported"]
    assert body["introspection_endpoint"] == f"{base}/introspect"
    assert body["revocation_endpoint"] == f"{base}/revoke"
    assert "registration_endpoint" not in body
    if "openid" in document:
        assert body["userinfo_endpoint"] == f"{base}/userinfo"
        assert body["id_token_signing_alg_values_supported"] == ["RS256"]
        assert next(iter(body)) == "issuer"
    else:
        assert not {"userinfo_endpoint", "claims_supported"} & set(body)


async def test_every_advertised_address_is_there(house: House):
    body = (await house.browser().get("/oauth2/default/.well-known/openid-configuration")).json
    for name in [name for name in body if name.endswith("_endpoint") or name == "jwks_uri"]:
        answer = await house.browser().send("OPTIONS", body[name])
        assert answer.status == 200, name


async def test_ED_01_the_issuer_does_not_follow_the_host_header(house: House):
    answer = await house.browser().get("/.well-known/openid-configuration", host="evil.example")
    assert answer.status == 421
    assert answer.body == b""


async def test_keys(house: House):
    for path in ("/oauth2/v1/keys", "/oauth2/default/v1/keys"):
        answer = await house.browser().get(path)
        (key,) = answer.json["keys"]
        assert key["alg"] == "RS256"
        assert not {"d", "p", "q"} & set(key)
        assert answer.header("cache-control").startswith("public, max-age=")


@pytest.mark.parametrize(
    "path",
    [
        "/oauth2/nowhere/.well-known/openid-configuration",
        "/oauth2/nowhere/v1/keys",
        "/.well-known/oauth-authorization-server/oauth2/nowhere",
    ],
)
async def test_an_unknown_server(house: House, path: str):
    answer = await house.browser().get(path)
    assert answer.status == 404
    assert answer.json["errorCode"] == "E0000007"
    assert answer.json["errorSummary"] == "Not found: Resource not found: nowhere (AuthorizationServer)"


async def test_an_unknown_server_at_the_endpoints_of_people_and_clients(house: House):
    page = await house.browser().get(authorize("/oauth2/nowhere/v1"))
    assert page.status == 404
    assert page.header("content-type").startswith("text/html")
    token = await house.browser().post_form("/oauth2/nowhere/v1/token", {"grant_type": "authorization_code"})
    assert token.status == 404
    assert token.json["errorCode"] == "E0000007"


async def test_an_inactive_server_is_not_there(house: House):
    from dataclasses import replace

    server = await house.store.authorization_server(house.org.id, "default")
    gone = replace(server, status="inactive")
    await house.store.put_authorization_server(gone, house.where().event("authorization_server.update"))
    assert (await house.browser().get("/oauth2/default/v1/keys")).status == 404


@pytest.mark.parametrize("path", ["/nothing/here", "/api/v1/nothing", "/oauth2/v1/nothing"])
async def test_addresses_that_are_not_there(house: House, path: str):
    answer = await house.browser().get(path)
    assert answer.status == 404
    assert answer.header("x-okta-request-id").startswith("req")
    if path.startswith("/nothing"):
        assert "Nothing here" in answer.text
    else:
        assert answer.json["errorCode"] == "E0000008"


# --- a session token at the authorization endpoint ---


async def test_a_session_token_becomes_a_session_and_a_code(house: House):
    token = await house.session_token(house.ann)
    browser = house.browser()
    answer = await browser.get(authorize(prompt="none", sessionToken=token))
    assert answer.status == 302
    params = answered(answer)
    assert params["state"] == "xyz"
    assert "sid" in browser.cookies
    assert token not in answer.location
    assert (await browser.get("/api/v1/sessions/me")).json["login"] == "ann@example.com"
    fields = {"grant_type": "authorization_code", "code": params["code"], "redirect_uri": CALLBACK}
    tokens = await house.browser().post_form("/oauth2/v1/token", fields, authorization=BASIC)
    assert tokens.status == 200, tokens.text
    id_token = split_jwt(tokens.json["id_token"])
    assert id_token.header == {"alg": "RS256", "kid": id_token.header["kid"]}
    claims = id_token.payload
    assert (claims["iss"], claims["aud"], claims["sub"]) == (BASE, "webclient", house.ann.id)
    assert (claims["ver"], claims["idp"], claims["amr"]) == (1, house.org.id, ["pwd"])
    assert claims["jti"].startswith("ID.")
    assert {"name", "email", "preferred_username"} <= set(claims)
    assert "family_name" not in claims  # userinfo has the rest
    info = await house.browser().get(
        "/oauth2/v1/userinfo", authorization=f"Bearer {tokens.json['access_token']}", origin=TRUSTED
    )
    assert info.status == 200
    assert info.json["family_name"] == "Lee"
    assert info.header("access-control-allow-origin") == TRUSTED


async def test_access_tokens_of_a_custom_server(house: House):
    token = await house.session_token(house.ann)
    answer = await house.browser().get(authorize("/oauth2/default/v1", sessionToken=token))
    fields = {"grant_type": "authorization_code", "code": answered(answer)["code"], "redirect_uri": CALLBACK}
    tokens = await house.browser().post_form("/oauth2/default/v1/token", fields, authorization=BASIC)
    access = split_jwt(tokens.json["access_token"])
    assert set(access.header) == {"alg", "kid"}
    claims = access.payload
    assert claims["iss"] == f"{BASE}/oauth2/default"
    assert claims["aud"] == "api://default"
    assert (claims["ver"], claims["cid"], claims["uid"]) == (1, "webclient", house.ann.id)
    assert claims["sub"] == "ann@example.com"
    assert claims["scp"] == ["openid", "profile", "email"]
    assert claims["jti"].startswith("AT.")
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["auth_time"] <= claims["iat"]


async def test_F1_01_an_id_token_comes_in_the_fragment(house: House):
    token = await house.session_token(house.ann)
    address = authorize(response_type="id_token", nonce="n-1", prompt="none", onetimetoken=token)
    answer = await house.browser().get(address)
    assert urlsplit(answer.location).query == ""
    claims = split_jwt(answered(answer, "fragment")["id_token"]).payload
    assert claims["nonce"] == "n-1"
    assert claims["family_name"] == "Lee"  # nothing comes with it that could ask userinfo


async def test_F1_02_a_bad_token_with_prompt_none(house: House):
    used = await house.session_token(house.ann)
    assert "code" in answered(await house.browser().get(authorize(prompt="none", sessionToken=used)))
    expired = await house.mint(house.ann, life_ms=1)
    answers = []
    for token in (used, expired, "nonsense", "20t" + "0" * 17 + "." + "a" * 43):
        browser = house.browser()
        answer = await browser.get(authorize(prompt="none", sessionToken=token))
        assert answer.status == 302
        assert answer.all("set-cookie") == []
        answers.append({k: re.sub(r"\[evt\w+\]", "", v) for k, v in answered(answer).items()})
    assert answers[0]["error"] == "login_required"
    assert all(answer == answers[0] for answer in answers)


async def test_OT_12_two_tickets_spend_nothing(house: House):
    token = await house.session_token(house.ann)
    answer = await house.browser().get(authorize(prompt="none", sessionToken=token, onetimetoken=token))
    assert answered(answer)["error"] == "invalid_request"
    assert "code" in answered(await house.browser().get(authorize(prompt="none", sessionToken=token)))


async def test_state_is_required_and_scope_is_not(house: House):
    token = await house.session_token(house.ann)
    without_state = authorize(prompt="none", sessionToken=token).replace("&state=xyz", "")
    assert answered(await house.browser().get(without_state))["error"] == "invalid_request"
    without_scope = authorize(prompt="none", sessionToken=token).replace("scope=openid%20profile%20email&", "")
    assert "code" in answered(await house.browser().get(without_scope))


async def test_the_answer_by_message_is_for_the_registered_origin(house: House):
    token = await house.session_token(house.ann)
    answer = await house.browser().get(
        authorize(prompt="none", sessionToken=token, response_mode="okta_post_message"), sec_fetch_dest="iframe"
    )
    assert answer.status == 200
    assert "frame-ancestors https://web.example.com" in answer.header("content-security-policy")
    assert "x-frame-options" not in dict(answer.headers)
    assert re.search(
        r'\(window\.opener \|\| window\.parent\)\.postMessage\(\{"code":.*\}, "https://web\.example\.com"\);',
        answer.text,
    )
    nonce = re.search(r"script-src 'nonce-(\w+)'", answer.header("content-security-policy"))[1]
    assert f'<script nonce="{nonce}">' in answer.text


async def test_an_unknown_client_gets_a_page(house: House):
    answer = await house.browser().get(authorize(client_id="nobody"))
    assert answer.status == 400
    assert answer.header("content-type").startswith("text/html")
    assert house.events.seen[-1].id in answer.text


async def test_signing_out_from_an_application(house: House):
    browser = await house.sign_in(house.ann)
    page = await browser.get("/oauth2/v1/logout")
    assert page.status == 200
    assert "Sign out?" in page.text
    assert (await browser.get("/api/v1/sessions/me")).status == 200


# --- SAML ---

SSO = "/app/acme_expenses_1/exksaml/sso/saml"


async def test_a_session_token_opens_a_saml_application(house: House):
    token = await house.session_token(house.ann)
    browser = house.browser()
    answer = await browser.get(f"{SSO}?RelayState=%2Fdeep%2Flink&sessionToken={token}")
    assert answer.status == 200
    assert "sid" in browser.cookies
    # As the simplest scrapers look for it
    response = re.search(r'<input name="SAMLResponse" type="hidden" value="([^"]+)"/>', answer.text)[1]
    document = base64.b64decode(html.unescape(response)).decode()
    assert f"{BASE}/exksaml" in document
    assert "ann@example.com" in document
    assert '<input name="RelayState" type="hidden" value="/deep/link"/>' in answer.text
    assert '<form id="appForm" action="https://sp.example.com/acs" method="POST">' in answer.text
    assert token not in answer.text


async def test_saml_without_a_session_waits_for_the_page(house: House):
    browser = house.browser()
    page = await browser.open(SSO)
    assert page.status == 200
    assert "Expenses" in page.text
    fields = {"username": "ann@example.com", "password": "a long enough password"}
    answer = await browser.post_form(browser.page, fields)
    assert answer.status == 200
    assert 'name="SAMLResponse"' in answer.text


async def test_saml_metadata(house: House):
    answer = await house.browser().get("/app/exksaml/sso/saml/metadata")
    assert answer.status == 200
    assert f'entityID="{BASE}/exksaml"' in answer.text
    assert answer.text.count(f'Location="{BASE}{SSO}"') == 2


@pytest.mark.parametrize(
    "path", ["/app/acme_expenses_1/unknown/sso/saml", "/app/another/exksaml/sso/saml", "/app/web/exkweb/sso/saml"]
)
async def test_an_unknown_saml_application(house: House, path: str):
    answer = await house.browser().get(path)
    assert answer.status == 404
    assert answer.header("content-type").startswith("text/html")
    assert house.events.seen[-1].id in answer.text


async def test_unknown_saml_metadata(house: House):
    answer = await house.browser().get("/app/exkweb/sso/saml/metadata")
    assert answer.status == 404
    assert answer.json["errorCode"] == "E0000007"
