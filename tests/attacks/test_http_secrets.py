"""Secrets stay where they belong: not in the database, not in a log, not in an address, not in a cache."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

import httpx
from tests.installation import Installation, Person
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
    session_token,
    sign_in,
    sign_in_by_page,
    signed_in,
    userinfo,
)
from tests.server import Server, Site


@dataclass
class Kept:
    """Every secret of a walk through all flows, by what it is."""

    secrets: dict[str, str] = field(default_factory=dict)
    answers: list[httpx.Response] = field(default_factory=list)

    def keep(self, name: str, text: str) -> str:
        self.secrets[f"{name} {len(self.secrets)}"] = text
        return text

    def parts(self) -> Iterator[tuple[str, str]]:
        """What to look for: the secret half of a bearer value, the signature of a token, anything else whole."""
        for name, text in self.secrets.items():
            yield name, text.rpartition(".")[2] if "." in text else text


def walk(server: Server, person: Person) -> Kept:
    """Every flow there is, some of them going wrong, with all secrets that were seen on the way."""
    site, kept = server.site, Kept()
    web, spa, pkce = site.org.clients["web"], site.org.clients["spa"], Pkce.new()
    kept.keep("password", person.password)
    kept.keep("verifier", pkce.verifier)
    kept.keep("api token", site.org.api_token)
    kept.keep("client secret", web.secret)
    kept.keep("client secret", site.org.clients["post"].secret)
    kept.answers.append(sign_in(site, person))
    kept.keep("session token, unused", kept.answers[-1].json()["sessionToken"])

    browser = site.browser()
    token = kept.keep("session token", session_token(site, person))
    for _ in range(2):
        kept.answers.append(authorize(browser, web, response_type="id_token", prompt="none", sessionToken=token))
    kept.keep("session", browser.cookies["sid"])
    kept.keep("id token", answer(kept.answers[-2])["id_token"])
    kept.keep("code, unused", code_for(browser, web))
    code = kept.keep("code", code_for(browser, spa, **pkce.challenge))
    body = exchange(site, spa, code, code_verifier=pkce.verifier).json()
    kept.keep("access token", body["access_token"])
    kept.keep("id token", body["id_token"])
    kept.answers.append(userinfo(site, body["access_token"]))
    kept.answers.append(exchange(site, spa, code, code_verifier=pkce.verifier))
    kept.answers.append(userinfo(site, body["access_token"]))
    kept.answers.append(exchange(site, site.org.clients["post"], code))
    kept.answers.append(browser.get(f"{ORG}/logout", params={"id_token_hint": body["id_token"]}))

    waiting = site.browser()
    page = authorize(waiting, web, login_hint=person.login)
    kept.keep("waiting request", quote_key(page))
    kept.keep("browser", waiting.cookies["segue-browser"])
    kept.answers.append(sign_in_by_page(waiting, page, person, password="wr0ng-passw0rd-canary"))
    kept.keep("wrong password", "wr0ng-passw0rd-canary")
    kept.answers.append(waiting.submit(kept.answers[-1], password=person.password))
    kept.keep("session", waiting.cookies["sid"])
    kept.keep("form token", waiting.submit(waiting.get("/")).request.content.decode().partition("=")[2])

    token = kept.keep("session token", session_token(site, person))
    saml = site.browser()
    kept.answers.append(saml.get(site.saml("saml").sso_path, params={"sessionToken": token}))
    kept.keep("session", saml.cookies["sid"])
    kept.answers.append(saml.get(site.saml("saml").sso_path, params={"onetimetoken": token}))
    return kept


def quote_key(page: httpx.Response) -> str:
    found = re.search(r"okta_key%3D([0-9A-Za-z.]+)", page.headers["location"])
    assert found
    return found[1]


def spellings(text: str) -> set[bytes]:
    """How a secret could have been written down."""
    raw = text.encode()
    found = {raw, quote(text, safe="").encode(), quote_plus(text).encode(), raw.hex().encode()}
    found |= {base64.b64encode(raw).rstrip(b"="), base64.urlsafe_b64encode(raw).rstrip(b"=")}
    return found


def found_in(haystack: bytes, kept: Kept) -> list[str]:
    return [name for name, text in kept.parts() if any(spelling in haystack for spelling in spellings(text))]


def test_OT_07_a_stolen_database_holds_no_token_and_no_password(crowded: Server) -> None:
    person = crowded.inside(lambda org: org.add_person("ot07@example.com"))
    kept = walk(crowded, person)
    dump = crowded.dump()
    assert person.login.encode() in dump  # it is the database of this walk
    assert found_in(dump, kept) == []
    # The digests are there, so what was looked for is what is kept a digest of.
    digests = [hashlib.sha256(text.encode()).digest() for name, text in kept.parts() if name.startswith("session ")]
    assert digests
    assert all(digest in dump or digest.hex().encode() in dump for digest in digests)


def test_OT_10_no_log_holds_a_token(server: Server) -> None:
    person = server.inside(lambda org: org.add_person("ot10@example.com"))
    kept = walk(server, person)
    said = server.said().encode()
    assert found_in(said, kept) == []
    assert b"GET /" not in said
    assert b"sessionToken" not in said


def test_OT_10_every_answer_keeps_addresses_to_itself(server: Server) -> None:
    person = server.inside(lambda org: org.add_person("ot10-answers@example.com"))
    for response in walk(server, person).answers:
        assert response.headers["referrer-policy"] == "no-referrer", response.request.url
        assert "no-store" in response.headers["cache-control"], response.request.url


def test_OT_10_a_token_is_gone_from_the_address_before_any_page_of_ours(site: Site) -> None:
    used = session_token(site)
    signed_in_browser = signed_in(site)
    for browser, token in ((site.browser(), used), (signed_in_browser, session_token(site, "bob"))):
        authorize(site.browser(), site.org.clients["web"], prompt="none", sessionToken=used)
        for response in (
            authorize(browser, site.org.clients["web"], sessionToken=token),
            browser.get(site.saml("saml").sso_path, params={"sessionToken": token}),
        ):
            assert response.status_code == 302
            assert token not in response.headers["location"]
            page = browser.follow(response)
            assert page.status_code == 200
            assert token not in str(page.url)
            assert token not in page.text


def test_OT_10_a_posted_token_never_comes_to_stand_in_an_address(site: Site) -> None:
    """Where a form has to become a GET to meet the browser's cookies, one with a token in it does not."""
    client = site.org.clients["web"]
    for name in ("sessionToken", "onetimetoken"):
        for token in (session_token(site), "nonsense"):
            response = site.browser().post(f"{ORG}/authorize", data={**asks(client), name: token})
            assert response.status_code == 303
            assert token not in response.headers["location"]


CANARY = "c4n4ry-5ecret-0f-the-te5t"


def test_ED_08_secrets_in_every_field_reach_no_log(server: Server, site: Site) -> None:
    """A secret that was typed into the wrong field is a secret all the same."""
    browser = site.browser(user_agent=f"agent {CANARY}", cookie=f"sid={CANARY}; other={CANARY}")
    web, saml = site.org.clients["web"], site.saml("saml")
    for name in ("password", "token", "stateToken", "relayState", "audience"):
        browser.post(AUTHN, json={"username": "ann@example.com", "password": "x", name: CANARY})
    browser.post(AUTHN, json={"username": CANARY, "password": CANARY})
    browser.post(AUTHN, content=f'{{"{CANARY}'.encode(), headers={"content-type": "application/json"})
    browser.post(AUTHN, json={}, headers={"authorization": f"SSWS {CANARY}"})
    for name in ("sessionToken", "onetimetoken", "id_token_hint", "state", "nonce", "login_hint", "scope", "client_id"):
        authorize(browser, web, prompt="none", **{name: CANARY})
    for name in ("code", "client_secret", "code_verifier", "refresh_token", "client_assertion"):
        form = {"grant_type": "authorization_code", "client_id": "web-client", "redirect_uri": "x", name: CANARY}
        browser.post(f"{ORG}/token", data=form)
        browser.post(f"{DEFAULT}/token", params=form)
    browser.post(f"{ORG}/token", headers={"authorization": basic("web-client", CANARY)})
    browser.get(f"{ORG}/userinfo", headers={"authorization": f"Bearer {CANARY}"})
    browser.get(f"{ORG}/logout", params={"id_token_hint": CANARY, "state": CANARY})
    browser.get("/login/login.htm", params={"fromURI": f"/app/UserHome?sessionToken={CANARY}"})
    browser.get(f"{ORG}/authorize/redirect", params={"okta_key": CANARY})
    for name in ("SAMLRequest", "RelayState", "sessionToken", "Signature", "SigAlg"):
        browser.get(saml.sso_path, params={name: CANARY})
    assert "x-okta-request-id" in browser.get(f"/{CANARY}?token={CANARY}").headers
    assert CANARY not in server.said()


def test_ED_08_a_log_is_lines_of_json_that_no_terminal_obeys(server: Server, site: Site) -> None:
    hostile = '\x1b]0;owned\x07\r\n{"level":"critical"}\u2028\u202e'
    browser = site.browser()
    answers = [
        browser.post(AUTHN, json={"username": hostile, "password": hostile}),
        authorize(browser, site.org.clients["web"], prompt="none", state=hostile, login_hint=hostile),
        browser.get(f"/{quote(hostile)}"),
    ]
    assert all("x-okta-request-id" in response.headers for response in answers)
    site.browser(user_agent="\x1b[2J").get("/")
    said = server.said()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", said)
    for line in said.splitlines():
        if not line.startswith("Segue listens at "):
            assert "level" in json.loads(line), line


def test_ED_08_the_command_line_prints_events_harmlessly(server: Server, site: Site) -> None:
    browser = site.browser(user_agent="agent\t[31mred")
    refused = browser.post(AUTHN, json={"username": "x\u202e\u2028y@example.com", "password": "x"}).json()
    said = server.command("explain", refused["errorId"]).stdout
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", said)


def test_OT_07_passwords_are_kept_as_argon2id_alone(server: Server) -> None:
    async def hashes(org: Installation) -> tuple[str, str]:
        people = [await org.add_person(f"hash{n}@example.com", password="the same password!") for n in (1, 2)]
        first, second = [(await org.user(person.id)).password_hash for person in people]
        return str(first), str(second)

    one, other = server.inside(hashes)
    assert one != other
    assert re.match(r"\$argon2id\$v=19\$m=19456,t=2,p=1\$", one)
