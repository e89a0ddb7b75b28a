"""The edge attacked over HTTP, for every route there is: hosts, origins, caches, cookies, headers (ED)."""

import re
import socket
import ssl
import warnings
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.http_client import Browser, cookies_of, policy_of
from tests.installation import REDIRECT_ONLY_ORIGIN, TRUSTED_ORIGIN, service_provider_key
from tests.okta_steps import (
    AUTHN,
    DEFAULT,
    ORG,
    answer,
    asks,
    authorize,
    basic,
    code_for,
    exchange,
    is_signed_in,
    session_token,
    sign_in,
    sign_in_by_page,
    signed_in,
    tokens_for,
)
from tests.server import Server, Site, running_server

from segue.app import build
from segue.web.surface import Route

PUBLIC = re.compile(r"/keys$|/\.well-known/|^/static/")


def routes(server: Server) -> list[Route]:
    """Every route of the dialect, so that one that is added is tried as well."""
    segue = build(server.settings)
    segue.hasher.close()
    return list(segue.edge.surfaces["okta"].routes)


def path_of(route: Route, site: Site) -> str:
    """The route's path with names in it that are there, or that could be."""
    name, key = site.saml("saml").sso_path.split("/")[2:4]
    names = {"server": "default", "name": name, "key": key, "type": "SMS"}
    return re.sub(r"[{](\w+)[}]", lambda hole: names.get(hole[1], "x"), route.path)


@dataclass(frozen=True)
class Seen:
    """Answers of one route: to somebody signed in, to nobody, to nonsense."""

    route: Route
    path: str
    answers: tuple[httpx.Response, ...]


@pytest.fixture(scope="module")
def seen(server: Server) -> list[Seen]:
    return everything(server)


def everything(server: Server) -> list[Seen]:
    """Every method of every route, well and badly used, with cookies and without."""
    site, found = server.site, []
    for route in routes(server):
        path, answers = path_of(route, site), []
        for browser in (site.browser(), signed_in(site)):
            for method in route.methods:
                answers.append(browser.request(method, path))
                answers.append(browser.request(method, path, params={"client_id": "web-client", "x": "<script>"}))
                if method == "POST":
                    form = {"grant_type": "x", "username": "a", "password": "b"}
                    answers.append(browser.request(method, path, data=form))
                    answers.append(browser.request(method, path, json=form))
                    answers.append(browser.request(method, path, content=b"\xff%zz"))
            answers.append(browser.request("PATCH", path))
            answers.append(browser.request("OPTIONS", path))
            if route.methods == ("GET",):
                answers.append(browser.request("HEAD", path))
        found.append(Seen(route, path, tuple(answers)))
    nowhere = [site.browser().get(f"{path}/nothing") for path in ("", "/api/v1", "/oauth2", "/.well-known")]
    return [*found, Seen(found[0].route, "", (*good_answers(site), *nowhere))]


def good_answers(site: Site) -> list[httpx.Response]:
    """Answers that only a good request gets: with cookies, tokens, codes and pages that post by themselves."""
    browser, web = site.browser(), site.org.clients["web"]
    found = [sign_in(site, site.person("ann"))]
    found.append(authorize(browser, web, prompt="none", sessionToken=session_token(site)))
    for mode in ("query", "fragment", "form_post", "okta_post_message"):
        found.append(authorize(browser, web, prompt="none", response_mode=mode))
    found.append(exchange(site, web, code_for(browser, web)))
    found.append(browser.get(site.saml("saml").sso_path))
    waiting = site.browser()
    challenge = authorize(waiting, web)
    found += [challenge, waiting.follow(challenge)]
    found.append(sign_in_by_page(waiting, authorize(waiting, web), site.person("ann"), password="wrong-password"))
    found.append(waiting.submit(found[-1], password=site.person("ann").password))
    found.append(browser.follow(authorize(browser, web, sessionToken=session_token(site, "bob"))))
    found.append(browser.get("/"))
    found.append(browser.submit(found[-1]))
    return found


# --- ED-01: the host ---


def raw(server: Server, head: str, body: bytes = b"") -> bytes:
    """What a server answers to these very octets; "" where it only hangs up."""
    host, port = "127.0.0.1", int(server.site.authority.rpartition(":")[2])
    with socket.create_connection((host, port), timeout=20) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode("latin-1") + body)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


def test_ED_01_an_unknown_host_is_answered_by_nobody(server: Server, site: Site) -> None:
    port = site.authority.rpartition(":")[2]
    token = session_token(site)
    wanted = {"response_type": "id_token", "prompt": "none", "sessionToken": token}
    query = urlencode(asks(site.org.clients["seed"], **wanted))
    for host in (
        "evil.example",
        f"evil.example:{port}",
        "localhost",
        "localhost:1",
        f"localhost:0{port}",
        f"localhost:{port}.evil.example",
        f"localhost:{port}@evil.example",
        f"evil.example@localhost:{port}",
        f"localhost.:{port}",
        f"sub.localhost:{port}",
        f"localhost:{port}, evil.example",
        f"localhost:{port} evil.example",
        f"localhost:{port}/",
        f"localhost:{port}/../",
        f"localhost:{port}?x",
        f"localhost:{port}#x",
        f"http://localhost:{port}",
        f"//localhost:{port}",
        f"localhost:{port}\t",
        f"[::1]:{port}",
        f"127.1:{port}",
        f"2130706433:{port}",
        f"0.0.0.0:{port}",
        f"localhost\x00:{port}",
        "x" * 5000,
        "",
        "*",
        ".",
        ":",
        f":{port}",
        f"localhost:{port}%00",
        f"loc\xe4lhost:{port}",
    ):
        received = raw(server, f"GET {ORG}/authorize?{query} HTTP/1.1\nHost: {host}\nConnection: close\n\n")
        status = received.split(b" ")[1] if received else b""
        assert status in (b"421", b"400", b""), (host, received[:200])
        for secret in (b"location:", b"set-cookie:", b"evil.example", b"id_token"):
            assert secret not in received.lower(), host
    for head in (
        f"GET /.well-known/openid-configuration HTTP/1.1\nHost: localhost:{port}\nHost: evil.example\n\n",
        f"GET /.well-known/openid-configuration HTTP/1.1\nHost: evil.example\nHost: localhost:{port}\n\n",
        "GET /.well-known/openid-configuration HTTP/1.1\n\n",
        "GET /.well-known/openid-configuration HTTP/1.0\n\n",
        f"GET http://evil.example/.well-known/openid-configuration HTTP/1.1\nHost: evil.example:{port}\n\n",
    ):
        received = raw(server, head)
        assert b"evil.example" not in received
        assert b" 200 " not in received.partition(b"\r\n")[0], head
    # None of these spent the token: the site that it belongs to still takes it.
    assert "id_token" in answer(authorize(site.browser(), site.org.clients["seed"], **wanted))


def test_ED_01_other_spellings_of_our_own_host(site: Site) -> None:
    for host in (site.authority.upper(), site.authority.title()):
        response = site.browser().get("/.well-known/openid-configuration", headers={"host": host})
        assert response.json()["issuer"] == site.base_url


FORWARDED = [
    {"x-forwarded-host": "evil.example"},
    {"x-forwarded-host": "evil.example", "x-forwarded-proto": "https", "x-forwarded-port": "443"},
    {"forwarded": "host=evil.example;proto=https"},
    {"x-forwarded-server": "evil.example"},
    {"x-original-host": "evil.example"},
    {"x-host": "evil.example"},
    {"x-http-host-override": "evil.example"},
    {"x-original-url": "https://evil.example/"},
    {"x-rewrite-url": "/nothing"},
    {"x-forwarded-prefix": "/evil"},
    {"x-forwarded-scheme": "https"},
    {"referer": "https://evil.example/"},
    {"origin": "https://evil.example"},
]


@pytest.mark.parametrize("headers", FORWARDED, ids=str)
def test_ED_01_no_header_changes_an_issuer_an_address_or_a_cookie(site: Site, headers: dict[str, str]) -> None:
    for path in ("/.well-known/openid-configuration", "/oauth2/default/.well-known/openid-configuration", "/"):
        plain, told = site.browser().get(path), site.browser().get(path, headers=headers)
        assert re.sub(r"nonce=\"\w+\"", "", plain.text) == re.sub(r"nonce=\"\w+\"", "", told.text)
    metadata = site.saml("saml").metadata_path
    assert site.browser().get(metadata).content == site.browser().get(metadata, headers=headers).content
    browser = site.browser()
    challenge = authorize(browser, site.org.clients["web"], headers=headers)
    assert challenge.headers["location"].startswith(f"{site.base_url}/login/login.htm?")
    for cookie in cookies_of(challenge):
        assert "domain" not in cookie.attributes
        assert "secure" not in cookie.attributes
    token = session_token(site)
    told_ = authorize(site.browser(), site.org.clients["web"], prompt="none", sessionToken=token, headers=headers)
    assert answer(told_)["iss"] == site.base_url


def test_ED_01_links_in_answers_are_the_configured_ones(site: Site) -> None:
    session = signed_in(site).get("/api/v1/sessions/me", headers={"x-forwarded-host": "evil.example"}).json()
    for link in session["_links"].values():
        assert link["href"].startswith(site.base_url)


# --- ED-02: one request is one request ---


def test_ED_02_a_request_that_could_end_in_two_places_is_refused(server: Server) -> None:
    host = server.site.authority
    body = b"grant_type=x&client_id=web-client"
    for head in (
        f"POST {ORG}/token HTTP/1.1\nHost: {host}\nContent-Length: 5\nContent-Length: {len(body)}\n\n",
        f"POST {ORG}/token HTTP/1.1\nHost: {host}\nContent-Length: {len(body)}\nTransfer-Encoding: chunked\n\n",
        f"POST {ORG}/token HTTP/1.1\nHost: {host}\nTransfer-Encoding: chunked\nContent-Length: {len(body)}\n\n",
        f"POST {ORG}/token HTTP/1.1\nHost: {host}\nContent-Length: -1\n\n",
        f"POST {ORG}/token HTTP/1.1\nHost: {host}\nContent-Length: 0x10\n\n",
        f"POST {ORG}/token HTTP/1.1\nHost: {host}\nContent-Length: 1e3\n\n",
        f"POST {ORG}/token HTTP/1.1\nHost : {host}\nContent-Length: 3\n\n",
        f"GET / HTTP/1.1\nHost: {host}\nX: a\n b\n\n",
        f"GET / HTTP/1.1\nHost: {host}\nX\x01: a\n\n",
        f"GET / HTTP/9.9\nHost: {host}\n\n",
        f"GET  / HTTP/1.1\nHost: {host}\n\n",
        f"GET /\x00 HTTP/1.1\nHost: {host}\n\n",
    ):
        received = raw(server, head, body)
        answered = re.findall(rb"HTTP/1\.[01] (\d+)", received)
        assert len(answered) <= 1, (head, received[:300])
        assert answered in ([b"400"], [b"411"], [b"413"], [b"501"], [b"505"], []), (head, received[:300])


# --- ED-03: origins ---

ORIGINS = [
    "https://evil.example",
    "null",
    REDIRECT_ONLY_ORIGIN,
    f"{TRUSTED_ORIGIN}.evil.example",
    f"{TRUSTED_ORIGIN}:8443",
    TRUSTED_ORIGIN.replace("https", "http"),
    TRUSTED_ORIGIN.replace(".", "x"),
    f"{TRUSTED_ORIGIN}/",
    f"{TRUSTED_ORIGIN} ",
    f"evil{TRUSTED_ORIGIN.removeprefix('https://')}",
    "https://evil.example?" + TRUSTED_ORIGIN,
    f"{TRUSTED_ORIGIN}, https://evil.example",
    "*",
    "file://",
    "https://",
    "x" * 3000,
]


def test_ED_03_each_route_answers_origins_as_it_says(server: Server, site: Site) -> None:
    for route in routes(server):
        path = path_of(route, site)
        for origin in (*ORIGINS, TRUSTED_ORIGIN, site.base_url):
            for method in (route.methods[0], "OPTIONS"):
                headers = {"origin": origin.strip(), "access-control-request-method": route.methods[0]}
                response = site.browser().request(method, path, headers=headers)
                allowed = response.headers.get("access-control-allow-origin")
                credentials = response.headers.get("access-control-allow-credentials")
                where = (route.path, method, origin)
                good = origin.strip() in (TRUSTED_ORIGIN, site.base_url)
                if route.cors == "public":
                    assert (allowed, credentials) == ("*", None), where
                elif route.cors in ("credentialed", "client") and good:
                    assert (allowed, credentials) == (origin.strip(), "true"), where
                elif route.cors == "client" and method == "OPTIONS":
                    # No client is known yet: the request itself decides who may read its answer.
                    assert allowed in (None, origin.strip()), where
                    assert credentials is None, where
                else:
                    assert (allowed, credentials) == (None, None), where
                if route.cors == "credentialed":
                    assert "Origin" in response.headers["vary"], where


def test_ED_03_only_documents_and_keys_are_public(server: Server) -> None:
    public = {route.path for route in routes(server) if route.cors == "public"}
    assert all(PUBLIC.search(path) for path in public)
    assert {f"{ORG}/keys", "/.well-known/openid-configuration"} <= public


# --- ED-04: caches ---


def test_ED_04_nothing_is_cached_but_what_is_public(seen: list[Seen]) -> None:
    for found in seen:
        for response in found.answers:
            control = response.headers.get("cache-control", "")
            where = (found.path, response.request.method, str(response.request.url), response.status_code)
            if PUBLIC.search(response.request.url.path) and response.status_code == 200 and "public" in control:
                assert "set-cookie" not in response.headers, where
            else:
                assert "no-store" in control, where


def test_ED_04_a_suffix_makes_another_address(server: Server, site: Site) -> None:
    """What a cache would take for a style sheet is not answered as the page it hides."""
    browser = signed_in(site)
    for route in routes(server):
        path = path_of(route, site)
        if path == "/" or path.startswith("/static/"):
            continue
        for suffix in ("/x.css", "/x.js", ";x.css", "%2fx.css", ".css", "/", "%00.css", "%0a.css"):
            response = browser.get(f"{path}{suffix}")
            # 401: an id that only an API token may ask for; 405: one that can only be removed. Every recovery link
            # begins with the same page (OT-13), and below the console somebody's role is asked first.
            known = 200 if path.startswith(("/signin/", "/welcome/")) else 403 if path.startswith("/console") else 404
            assert response.status_code in (400, 401, 404, 405, known), (path, suffix)
            assert "no-store" in response.headers["cache-control"]
            assert "set-cookie" not in response.headers


# --- ED-05: cookies ---


def test_ED_05_every_cookie_is_for_this_host_and_no_script(seen: list[Seen]) -> None:
    names = set()
    for found in seen:
        for response in found.answers:
            for cookie in cookies_of(response):
                where = (found.path, cookie)
                names.add(cookie.name)
                assert cookie.attributes["path"] == "/", where
                assert "httponly" in cookie.attributes, where
                assert cookie.attributes["samesite"] == "Lax", where
                assert "domain" not in cookie.attributes, where
                assert len(cookie.name) + len(cookie.value) < 1024, where
                lasting = {"max-age", "expires"} & cookie.attributes.keys()
                assert cookie.removed or not lasting or cookie.name == "segue-known", where
    assert names == {"sid", "segue-browser", "segue-known"}


# --- ED-06: headers ---


def test_ED_06_every_answer_has_its_headers(seen: list[Seen]) -> None:
    for found in seen:
        for response in found.answers:
            assert_headers(response, (found.path, response.request.method, response.status_code))


def assert_headers(response: httpx.Response, where: object) -> None:
    headers = response.headers
    assert response.status_code < 500, where
    assert headers["x-content-type-options"] == "nosniff", where
    staying = "form-action 'self'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == ("same-origin" if staying else "no-referrer"), where
    assert "camera=()" in headers["permissions-policy"], where
    assert "server" not in headers, where
    assert "x-powered-by" not in headers, where
    assert not re.search(r"uvicorn|starlette|python|segue/\d", str(headers).lower()), where
    policy = policy_of(response)
    assert policy["default-src"] == policy["base-uri"] == "'none'", where
    assert "unsafe" not in headers["content-security-policy"], where
    assert policy["frame-ancestors"] == "'none'" or "postMessage" in response.text, where
    kind = headers.get("content-type", "")
    if kind.startswith("text/html"):
        # Pages that hand something over, and those of a sign-in that may happen in a window which waits for its answer.
        hands_over = any(
            mark in response.text for mark in ('id="appForm"', "postMessage", "login-submit", "confirm-stay")
        )
        assert hands_over or headers["cross-origin-opener-policy"] == "same-origin", where
    if response.content:
        assert kind, where


def test_ED_06_every_refusal_says_something(seen: list[Seen]) -> None:
    """A client that takes an empty body for success never gets one with an error."""
    for found in seen:
        for response in found.answers:
            if response.status_code >= 400 and response.request.method != "HEAD":
                assert response.content, (found.path, response.request.method, response.status_code)


def test_ED_06_every_answer_has_an_id_to_ask_about(seen: list[Seen]) -> None:
    ids = [response.headers.get("x-okta-request-id", "") for found in seen for response in found.answers]
    named = [ident for ident in ids if ident]
    assert len(set(named)) == len(named) > 200


# --- the same over https ---


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that speaks TLS itself."""
    folder: Path = tmp_path_factory.mktemp("secure")
    pair = service_provider_key()
    (folder / "cert.pem").write_text(pair.certificate_pem)
    key = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(key)
    assert isinstance(pair.certificate, x509.Certificate)
    with running_server(folder, tls=(folder / "cert.pem", folder / "key.pem")) as server:
        yield server


@pytest.mark.server
def test_ED_05_over_https_cookies_are_bound_to_this_very_host(secure: Server) -> None:
    site = secure.site
    browser = signed_in(site)
    assert set(browser.cookies) == {"sid", "__Host-segue-proof"}
    waiting = site.browser()
    found = cookies_of(authorize(waiting, site.org.clients["web"]))
    found += cookies_of(sign_in_by_page(waiting, authorize(waiting, site.org.clients["web"]), site.person("ann")))
    found += cookies_of(waiting.get("/login/signout"))
    for cookie in found:
        assert {"secure", "httponly"} <= cookie.attributes.keys()
        assert cookie.attributes["path"] == "/"
        assert "domain" not in cookie.attributes
    own = {"__Host-segue-proof", "__Host-segue-browser", "__Host-segue-known"}
    assert {cookie.name for cookie in found} == {"sid", *own}


@pytest.mark.server
def test_OT_16_a_sibling_host_cannot_plant_a_session(secure: Server) -> None:
    """It can set ``sid`` for its parent domain, and not a cookie whose name begins with ``__Host-``."""
    site = secure.site
    attacker, victim = signed_in(site, "bob"), signed_in(site, "ann")
    planted = site.browser()
    planted.cookies["sid"] = attacker.cookies["sid"]
    assert is_signed_in(planted) == ""
    assert answer(authorize(planted, site.org.clients["web"], prompt="none"))["error"] == "login_required"
    planted.cookies["__Host-segue-proof"] = victim.cookies["__Host-segue-proof"]
    assert is_signed_in(planted) == ""
    mixed = Browser(site.base_url, site.http, {}, {**victim.cookies, "sid": attacker.cookies["sid"]})
    assert is_signed_in(mixed) == ""
    assert is_signed_in(victim) == "ann@example.com"


@pytest.mark.server
def test_ED_06_over_https_every_answer_says_so_for_a_year(secure: Server) -> None:
    for found in everything(secure):
        for response in found.answers:
            assert response.headers["strict-transport-security"] == "max-age=31536000", found.path
            assert_headers(response, (found.path, response.request.method))


@pytest.mark.server
def test_ED_06_tls_is_of_this_decade(secure: Server) -> None:
    port = int(secure.site.authority.rpartition(":")[2])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with closing(socket.create_connection(("127.0.0.1", port))) as plain, context.wrap_socket(plain) as connection:
        assert connection.version() in ("TLSv1.2", "TLSv1.3")
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with closing(socket.create_connection(("127.0.0.1", port))) as plain, pytest.raises((ssl.SSLError, OSError)):
        old.wrap_socket(plain)


@pytest.mark.server
def test_ED_01_over_https_issuers_are_https(secure: Server) -> None:
    site = secure.site
    assert site.browser().get("/.well-known/openid-configuration").json()["issuer"] == site.base_url
    assert site.base_url.startswith("https://")
    assert tokens_for(signed_in(site), site, at=DEFAULT)["access_token"]
    assert site.browser().post(AUTHN, json={}, headers={"authorization": basic("a", "b")}).status_code == 401
