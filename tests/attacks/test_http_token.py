"""The token endpoint and what it gives, attacked over HTTP: codes, clients, floods, and tokens in the wrong place."""

import base64
import json
import secrets
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from tests.installation import APP
from tests.okta_steps import (
    AUTHN,
    DEFAULT,
    ORG,
    Pkce,
    answer,
    asks,
    authorize,
    basic,
    code_for,
    exchange,
    signed_in,
    userinfo,
)
from tests.processes import memory_of
from tests.server import Server, Site

FORM = {"content-type": "application/x-www-form-urlencoded"}


def refused(response: Any, error: str = "invalid_grant") -> bool:
    told = response.json()
    return response.status_code in (400, 401) and told["error"] == error and "access_token" not in told


# --- OA-02, OA-03: a code is one client's, for one address, at one server, once ---


def test_OA_02_the_second_use_ends_what_the_first_gave_also_much_later(server: Server, site: Site) -> None:
    client = site.org.clients["web"]
    code = code_for(signed_in(site), client)
    token = exchange(site, client, code).json()["access_token"]
    assert userinfo(site, token).status_code == 200
    server.execute("UPDATE credentials SET expires_at = issued_at + 1 WHERE id = $1", code.partition(".")[0])
    assert refused(exchange(site, client, code))
    assert userinfo(site, token).status_code == 401


def test_OA_02_only_who_has_the_whole_code_can_end_anything(site: Site) -> None:
    client = site.org.clients["web"]
    code = code_for(signed_in(site), client)
    token = exchange(site, client, code).json()["access_token"]
    ident = code.partition(".")[0]
    for text in (ident, f"{ident}.{'a' * 43}", code[:-1], f"{code}x"):
        assert refused(exchange(site, client, text))
    assert refused(exchange(site, site.org.clients["post"], code))
    assert userinfo(site, token).status_code == 200


def test_OA_03_another_client_neither_gets_nor_burns_it(site: Site) -> None:
    client, browser = site.org.clients["web"], signed_in(site)
    for other in ("post", "spa", "code only", "assigned"):
        code = code_for(browser, client)
        for uri in (client.redirect_uri, site.org.clients[other].redirect_uri):
            assert refused(exchange(site, site.org.clients[other], code, redirect_uri=uri))
        assert exchange(site, client, code).status_code == 200


@pytest.mark.parametrize(
    "uri",
    ["https://app.example.com/callback/", "https://app.example.com/post", "https://APP.example.com/callback", "x"],
)
def test_OA_03_another_redirect_address_burns_it(site: Site, uri: str) -> None:
    client = site.org.clients["web"]
    code = code_for(signed_in(site), client)
    assert refused(exchange(site, client, code, redirect_uri=uri))
    assert refused(exchange(site, client, code))


def test_OA_03_a_code_belongs_to_the_server_that_gave_it(site: Site, twin: Site) -> None:
    client, browser = site.org.clients["web"], signed_in(site)
    for at, other in ((ORG, DEFAULT), (DEFAULT, ORG)):
        assert refused(exchange(site, client, code_for(browser, client, at=at), at=other))
        assert exchange(site, client, code_for(browser, client, at=at), at=at).status_code == 200
    code = code_for(browser, client)
    assert refused(exchange(twin, twin.org.clients["web"], code))
    assert refused(exchange(twin, client, code), "invalid_client")
    assert exchange(site, client, code).status_code == 200


# --- OA-04: PKCE in both directions ---


@pytest.mark.parametrize("verifier", ["absent", "right", "wrong"])
@pytest.mark.parametrize("challenge", ["absent", "S256", "plain"])
def test_OA_04_pkce_downgrade(site: Site, challenge: str, verifier: str) -> None:
    client, pkce = site.org.clients["web"], Pkce.new()
    announced = {
        "absent": {},
        "S256": pkce.challenge,
        "plain": {"code_challenge": pkce.verifier[:43], "code_challenge_method": "plain"},
    }[challenge]
    shown = {"absent": None, "right": pkce.verifier, "wrong": Pkce.new().verifier}[verifier]
    told = answer(authorize(signed_in(site), client, prompt="none", **announced))
    if challenge == "plain":
        assert told["error"] == "invalid_request"
        return
    response = exchange(site, client, told["code"], code_verifier=shown)
    if (challenge, verifier) in (("absent", "absent"), ("S256", "right")):
        assert response.status_code == 200
    else:
        assert refused(response)
        assert refused(exchange(site, client, told["code"], code_verifier=pkce.verifier))


def test_OA_04_a_method_that_is_not_named_means_plain(site: Site) -> None:
    for name in ("web", "spa"):
        challenge = {"code_challenge": Pkce.new().challenge["code_challenge"]}
        told = answer(authorize(signed_in(site), site.org.clients[name], prompt="none", **challenge))
        assert told["error"] == "invalid_request"
    for method in ("s256", "S512", "none", "PLAIN"):
        challenge = {**Pkce.new().challenge, "code_challenge_method": method}
        assert answer(authorize(signed_in(site), site.org.clients["spa"], prompt="none", **challenge))["error"]


def test_OA_04_nearly_the_verifier(site: Site) -> None:
    client, browser = site.org.clients["spa"], signed_in(site)
    verifier = Pkce.new().verifier
    for shown in (verifier[:-1], f"{verifier}a", verifier.swapcase(), "", verifier * 3, f"{verifier} "):
        code = code_for(browser, client, **Pkce(verifier).challenge)
        assert refused(exchange(site, client, code, code_verifier=shown)), shown


# --- OA-12: client authentication ---


def test_OA_12_one_method_exactly_as_it_is_registered(site: Site) -> None:
    web, post, spa = (site.org.clients[name] for name in ("web", "post", "spa"))
    code = {"grant_type": "authorization_code", "code": "x"}
    as_web, as_post = basic(web.client_id, web.secret), basic(post.client_id, post.secret)
    cases: list[tuple[str, dict[str, str], dict[str, str]]] = [
        ("basic's secret in the form", {"client_id": web.client_id, "client_secret": web.secret}, {}),
        ("post's secret in the header", {}, {"authorization": as_post}),
        ("no secret", {"client_id": web.client_id}, {}),
        ("an empty secret", {"client_id": post.client_id, "client_secret": ""}, {}),
        ("both", {"client_id": web.client_id, "client_secret": web.secret}, {"authorization": as_web}),
        ("two clients", {"client_id": post.client_id}, {"authorization": as_web}),
        ("a public client with a secret", {"client_id": spa.client_id, "client_secret": "x"}, {}),
        ("a public client by header", {}, {"authorization": basic(spa.client_id, "")}),
        ("another client's secret", {}, {"authorization": basic(web.client_id, post.secret)}),
        ("an unknown client", {}, {"authorization": basic("nobody", web.secret)}),
        ("an unknown client in the form", {"client_id": "nobody", "client_secret": web.secret}, {}),
        ("a part of the secret", {}, {"authorization": basic(web.client_id, web.secret[:-1])}),
        ("more than the secret", {}, {"authorization": basic(web.client_id, web.secret + "x")}),
        ("another case", {}, {"authorization": basic(web.client_id, web.secret.swapcase())}),
        ("another case of the id", {}, {"authorization": basic(web.client_id.upper(), web.secret)}),
    ]
    for name, form, headers in cases:
        response = site.browser().post(f"{ORG}/token", data={**code, "redirect_uri": "x", **form}, headers=headers)
        assert response.status_code in (400, 401), name
        assert response.json()["error"] in ("invalid_client", "invalid_request"), name


def test_OA_12_an_unknown_client_and_a_wrong_secret_look_the_same(site: Site) -> None:
    texts = set()
    for name in ("web-client", "nobody", "spa-client", "post-client"):
        response = exchange(site, site.org.clients["web"], "x", headers={"authorization": basic(name, "wrong")})
        told, challenge = response.json(), response.headers["www-authenticate"]
        texts.add((response.status_code, told["error"], told["error_description"], challenge))
    assert len(texts) == 1


def test_OA_12_basic_is_read_strictly(site: Site) -> None:
    client = site.org.clients["web"]
    good = basic(client.client_id, client.secret)
    token = good.removeprefix("Basic ")
    assert refused(exchange(site, client, "x", headers={"authorization": good}))
    assert refused(exchange(site, client, "x", headers={"authorization": f"basic {token}"}))
    plain = f"{client.client_id}:{client.secret}"
    for header in (
        f"Basic  {token}",
        f"Basic {token}=",
        f"Basic {token.rstrip('=')}!",
        f"Basic {token[:10]} {token[10:]}",
        f"Basic {plain}",
        f"Bearer {token}",
        f"Basic{token}",
        token,
        "Basic",
        "Basic " + base64.b64encode(client.client_id.encode()).decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        basic(client.client_id, quote(client.secret, safe="") + "%zz"),
        basic(client.client_id + "%00", client.secret),
    ):
        response = exchange(site, client, "x", headers={"authorization": header})
        told = (response.status_code, response.json()["error"])
        assert told in ((401, "invalid_client"), (400, "invalid_request")), header


def test_OA_12_no_secret_in_an_address(site: Site) -> None:
    client, browser = site.org.clients["post"], signed_in(site)
    code = code_for(browser, client)
    form = {"grant_type": "authorization_code", "redirect_uri": client.redirect_uri}
    credentials = {"client_id": client.client_id, "client_secret": client.secret}
    for query, body in (
        (credentials, {**form, "code": code}),
        ({"code": code}, {**form, **credentials}),
        ({**form, **credentials, "code": code}, {}),
    ):
        response = site.browser().post(f"{ORG}/token", params=query, data=body)
        assert response.status_code in (400, 401)
        assert "access_token" not in response.text
    assert exchange(site, client, code).status_code == 200


def test_OA_12_a_parameter_twice(site: Site) -> None:
    client = site.org.clients["post"]
    code = code_for(signed_in(site), client)
    good = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", client.redirect_uri)]
    good += [("client_id", client.client_id), ("client_secret", client.secret)]
    for name, value in good:
        response = site.browser().post(f"{ORG}/token", content=urlencode([*good, (name, value)]), headers=FORM)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request"), name
    assert exchange(site, client, code).status_code == 200


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_OA_12_only_forms_are_read(site: Site, kind: str) -> None:
    client = site.org.clients["post"]
    form = {"grant_type": "authorization_code", "code": "x"}
    form |= {"client_id": client.client_id, "client_secret": client.secret}
    content = json.dumps(form) if "json" in kind else urlencode(form)
    response = site.browser().post(f"{ORG}/token", content=content, headers={"content-type": kind})
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


# --- OA-14: floods of parameters ---


def floods() -> dict[str, tuple[str, str, bytes, dict[str, str]]]:
    """Requests that would cost a careless reader dearly: method, path, body, headers."""
    json_body = {"content-type": "application/json"}
    web = {"client_id": "web-client", "redirect_uri": f"{APP}/callback", "response_type": "code", "state": "s"}

    def scopes(count: int) -> bytes:
        return urlencode({**web, "scope": " ".join(f"s{number}" for number in range(count))}).encode()

    def login(user_name: str, password: str) -> bytes:
        return json.dumps({"username": user_name, "password": password}).encode()

    return {
        "100 000 scopes": ("POST", f"{ORG}/authorize", b"scope=" + b"a+" * 30_000, FORM),
        "10 000 scopes": ("POST", f"{ORG}/authorize", scopes(10_000), FORM),
        "65 scopes": ("POST", f"{ORG}/authorize", scopes(65), FORM),
        "20 000 parameters": ("POST", f"{ORG}/token", b"a=b&" * 16_000, FORM),
        "65 parameters": ("POST", f"{ORG}/token", b"&".join(b"a%d=b" % n for n in range(65)), FORM),
        "one long value": ("POST", f"{ORG}/token", b"code=" + b"x" * 60_000, FORM),
        "a long name": ("POST", f"{ORG}/token", b"x" * 60_000 + b"=1", FORM),
        "too large a form": ("POST", f"{ORG}/token", b"a=" + b"x" * 70_000, FORM),
        "a megabyte": ("POST", f"{ORG}/token", b"a=" + b"x" * 1_000_000, FORM),
        "bad escapes": ("POST", f"{ORG}/token", b"a=%zz&" * 60, FORM),
        "nothing but ampersands": ("POST", f"{ORG}/token", b"&" * 60_000, FORM),
        "deep JSON": ("POST", AUTHN, b'{"a":' * 5_000 + b"1" + b"}" * 5_000, json_body),
        "deep arrays": ("POST", AUTHN, b"[" * 60_000, json_body),
        "a long number": ("POST", AUTHN, b'{"a":' + b"9" * 60_000 + b"}", json_body),
        "many keys": ("POST", AUTHN, json.dumps({f"k{n}": n for n in range(4_000)}).encode(), json_body),
        "too large a JSON": ("POST", AUTHN, b'{"a":"' + b"x" * 70_000 + b'"}', json_body),
        "a long password": ("POST", AUTHN, login("ann", "p" * 60_000), json_body),
        "a long user name": ("POST", AUTHN, login("u" * 60_000, "p"), json_body),
        "a long token": ("POST", f"{ORG}/userinfo", b"access_token=" + b"e" * 8_000, FORM),
        "a long query": ("GET", f"{ORG}/authorize?state={'x' * 8_300}", b"", {}),
        "many parameters in a query": ("GET", f"{ORG}/authorize?{'a=b&' * 500}", b"", {}),
        "a long cookie": ("GET", "/", b"", {"cookie": "sid=" + "x" * 7_000}),
        "many cookies": ("GET", "/", b"", {"cookie": "; ".join(f"c{n}=v" for n in range(700))}),
        "a long header": ("GET", "/", b"", {"x-long": "x" * 30_000}),
    }


# These are within the limits, and what they say is only wrong.
BEARABLE = {"a long password", "a long user name", "a long token", "a long cookie", "many cookies"}


def test_OA_14_floods_of_parameters_are_refused_and_forgotten(server: Server, site: Site) -> None:
    def flood() -> None:
        for name, (method, path, body, headers) in floods().items():
            response = site.browser().request(method, path, content=body, headers=headers)
            if response.is_redirect:
                assert answer(response)["error"] == "invalid_scope", name
                continue
            expected = (200, 401) if name in BEARABLE else (400, 413, 414, 431)
            assert response.status_code in expected, (name, response.status_code)
            if response.status_code >= 400 and "x-okta-request-id" in response.headers:
                assert response.content, name

    flood()
    before = memory_of(server.process.pid)
    for _ in range(4):
        flood()
    assert memory_of(server.process.pid) - before < 64 * 1024 * 1024


def test_OA_14_names_that_nobody_has_fill_no_memory(server: Server, site: Site) -> None:
    def ask() -> None:
        for _ in range(200):
            name = secrets.token_hex(300)
            wanted = asks(site.org.clients["web"], client_id=name, login_hint=name)
            site.browser().get(f"{ORG}/authorize", params=wanted)
            site.browser().get(f"/oauth2/{name}/v1/keys")

    ask()
    before = memory_of(server.process.pid)
    ask()
    assert memory_of(server.process.pid) - before < 32 * 1024 * 1024
